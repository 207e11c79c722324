"""Series: films that a catalogue holds several parts of, told by how their titles begin and go on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

from triptych.catalogue.records import Item
from triptych.curation.groups import Group, Kind, components
from triptych.curation.titles import NormalTitle, normal_title

#: Words that make no name: a series is not told by them.
_SMALL = frozenset(
    (
        "the",
        "a",
        "an",
        "and",
        "of",
        "in",
        "on",
        "at",
        "to",
        "for",
        "from",
        "with",
        "by",
        "de",
        "la",
        "le",
        "les",
        "el",
        "il",
        "du",
        "des",
        "and",
        "or",
        "my",
        "your",
        "his",
        "her",
        "our",
        "i",
        "you",
        "he",
        "she",
        "it",
        "we",
        "they",
        "me",
        "is",
        "are",
        "was",
        "be",
        "not",
        "no",
        "who",
        "what",
        "that",
        "this",
        "dont",
        "mr",
        "mrs",
        "ms",
        "miss",
        "dr",
        "st",
        "new",
        "big",
        "little",
        "good",
        "bad",
    )
)
#: What the next film of a series is called after it: "Batman Returns", "Alien Resurrection".
_AGAIN = frozenset(
    (
        "again",
        "returns",
        "return",
        "forever",
        "begins",
        "resurrection",
        "reloaded",
        "revolutions",
        "rises",
        "strikes",
        "rides",
        "meets",
        "meet",
        "vs",
        "versus",
        "goes",
        "lives",
        "reborn",
        "unleashed",
        "salvation",
        "genisys",
        "beyond",
        "continues",
        "v",
    )
)
#: Two parts of a series whose numbers are this near belong together when the first part is not there.
_NEXT = 2
#: A film without a number goes with parts up to this one: "Super 8" is not the eighth "Super".
_LATE = 5
#: A single word names a series where this share of the titles that begin with it show it: "Batman", but not "Dead".
_PURITY = 0.5
#: A word is rare where no more titles than this have it beside those of the series.
_ELSEWHERE = 1
#: So many titles that go on from one word as those of a series do make that word a series.
_MANY = 3
#: So many, and later films of the plain name are of it too; such a share, and so is all that begins with the word.
_SETTLED, _SETTLED_PURITY = 6, 0.85
#: Of titles that begin alike no more than this are compared two by two.
_MOST_COMPARED = 40
#: Films further apart than this are of one series only if something else than the title says so.
_GENERATION_YEARS = 30
_SOON_YEARS = 10


@dataclass(frozen=True, kw_only=True, eq=False)
class Work:
    """An item with its title read."""

    item: Item
    title: NormalTitle
    year: int | None
    tokens: tuple[str, ...]
    people: frozenset[str]

    @classmethod
    def of(cls, item: Item) -> Work:
        title = normal_title(item.title)
        people = frozenset(name.casefold().strip() for name in (*item.people, *item.directors))
        return cls(
            item=item,
            title=title,
            year=item.year if item.year is not None else title.year,
            tokens=tuple(title.key.split()),
            people=people,
        )

    def named(self) -> str:
        text = self.item.title or self.item.item_id
        return text if self.year is None or str(self.year) in text else f"{text} ({self.year})"


def franchises(items: Iterable[Item]) -> tuple[Group, ...]:
    """Series: by sequel numbers, by names that titles begin with, and by people where they are known.

    Precision comes first: what is left out is a series less, what is wrong is a tie between strangers.
    """
    works = [work for work in (Work.of(item) for item in items) if work.tokens]
    return _Series(sorted(works, key=lambda work: (_year(work), work.item.item_id))).groups()


class _Series:
    """Finds the series of a catalogue: a name, who begins with it, and what else says so."""

    def __init__(self, works: Sequence[Work]) -> None:
        self._works = works
        self._links: dict[tuple[str, str], str] = {}
        self._having = Counter(token for work in works for token in set(work.tokens))
        self._starting: dict[tuple[str, ...], list[Work]] = {}
        for work in works:
            for length in range(1, min(len(work.tokens), 6) + 1):
                self._starting.setdefault(work.tokens[:length], []).append(work)
        self._leading: dict[str, list[Work]] = {}
        for work in works:
            for lead in dict.fromkeys((*work.title.leads, work.title.key)):
                self._leading.setdefault(lead, []).append(work)

    def groups(self) -> tuple[Group, ...]:
        for lead, works in self._leading.items():
            if len(works) > 1:
                self._by_number(lead, works)
                self._by_subtitle(lead, works)
        for name, works in self._starting.items():
            if len(works) > 1 and name[-1] not in _SMALL:
                self._by_beginning(name, sorted(works, key=_year))
        return grouped("franchise", self._works, self._links)

    def _by_number(self, lead: str, works: Sequence[Work]) -> None:
        """'Godfather', 'Godfather: Part II': parts whose numbers follow on each other, and the first without one."""
        parts = sorted((w for w in works if w.title.number is not None and w.title.base == lead), key=_number)
        if not parts:
            return
        several = len(telling(lead.split())) > 1
        for one, other in pairwise(parts):
            in_order = several or _year(one) <= _year(other) or bool(one.people & other.people)
            step = _number(other) - _number(one)
            if step > 0 and (several or step <= _NEXT) and in_order and _near(one, other, _GENERATION_YEARS):
                self._link(one, other, f"parts {_number(one)} and {_number(other)} of {lead!r}")
        plain = [w for w in works if w.title.key == lead]
        sequels = [part for part in parts if 1 < _number(part) <= _LATE]
        for work in plain:
            # Takeshi Kitano's "Brother" is of the year of another's "Brother 2", and is not its first part.
            after = [part for part in sequels if _year(part) > _year(work) or work.year is None]
            after = after or (sequels if several else [])
            sequel = min(after, key=_number, default=None)
            if sequel is None:
                continue
            apart = _SOON_YEARS if not several and not self._pure(lead) else _GENERATION_YEARS
            last = several or not any(_year(work) < _year(w) <= _year(sequel) for w in plain)
            if work.people & sequel.people or (last and _near(work, sequel, apart)):
                self._link(work, sequel, f"{lead!r} and part {_number(sequel)} of it")
        if not several and (len(parts) > 1 or plain):
            # 'Alien', 'Aliens', 'Alien³'
            begun = min(map(_year, (*plain, *parts)))
            for work in self._leading.get(f"{lead}s", ()):
                if (
                    work.title.key == f"{lead}s"
                    and begun < _year(work) <= _year(parts[-1]) <= begun + _GENERATION_YEARS
                ):
                    self._link(work, parts[-1], f"{lead!r} in the plural, among its parts")

    def _by_subtitle(self, lead: str, works: Sequence[Work]) -> None:
        """'Star Trek: …', 'Mission: Impossible - …': one name before colons."""
        if all(work.title.key == lead or lead not in work.title.leads for work in works):
            return
        single = len(telling(lead.split())) < 2
        members = sorted((w for w in works if not (single and self._longer(w, lead))), key=_year)
        for one, other in pairwise(members):
            numbers = {one.title.number, other.title.number} - {None}
            # "District 9" is no part of "District 13"; of "Babylon 5: …" the number is the name.
            parts = single and len(numbers) == 2 and abs(_number(one) - _number(other)) > _NEXT
            film_of_it = len(numbers) == 1 and one.title.number == other.title.number
            bare = film_of_it and not (one.title.subtitle and other.title.subtitle)
            # Whether a number follows on no number is for the parts to say.
            counted = single and len(numbers) == 1 and lead in (one.title.key, other.title.key)
            if one.title.key == other.title.key or parts or bare or counted:
                continue
            # "Spirit: Stallion of the Cimarron" is followed by another film's "The Spirit".
            begun = one.title.key == lead or other.title.key != lead
            if (not single or begun) and self._tied(lead, one, other):
                self._link(one, other, f"both are called {lead!r}")

    def _by_beginning(self, name: tuple[str, ...], works: Sequence[Work]) -> None:
        """'Harry Potter and the …', 'Batman Returns': titles that begin alike and go on in the way of series."""
        lead, single = " ".join(name), len(telling(name)) < 2
        if single and len(name) > 1:
            return
        if single and self._by_one_word(name, works):
            return
        originals = [w for w in works if w.title.key == lead]
        for work in works:
            first = next((w for w in reversed(originals) if _year(w) <= _year(work)), None)
            again = len(work.tokens) > len(name) and work.tokens[len(name)] in _AGAIN
            if first is not None and again and self._tied(lead, first, work):
                self._link(first, work, f"{lead!r} goes on")
        if not self._rare(name):
            return
        adventures = [w for w in works if w.tokens[len(name) : len(name) + 2] == ("and", "the")]
        if not single:
            for one, other in pairwise(adventures):
                if one.title.key != other.title.key:
                    self._link(one, other, f"both are called {lead!r} and the …")
        for one, other in combinations(works[:_MOST_COMPARED], 2):
            common = one.people & other.people
            if one.title.key != other.title.key and len(common) >= (2 if single else 1):
                who = ", ".join(sorted(person.title() for person in common)[:3])
                self._link(one, other, f"both begin with {lead!r}, with {who}")

    def _by_one_word(self, name: tuple[str, ...], works: Sequence[Work]) -> bool:
        """'Batman', 'Superman', 'Jaws': a word from which most titles go on as those of a series do."""
        lead = name[0]
        plain = [work for work in works if work.title.key == lead]
        goes_on = [work for work in works if self._goes_on(name, work)]
        own = [work for work in goes_on if not self._longer(work, lead)]
        if len(own) < _MANY or len(goes_on) + len(plain) < _PURITY * len(works):
            return False
        first = _year(goes_on[0])
        before = [work for work in plain if first - _GENERATION_YEARS <= _year(work) <= first][-1:]
        settled = len(own) >= _SETTLED
        all_of_it = settled and len(goes_on) + len(plain) >= _SETTLED_PURITY * len(works)
        own_kind = {*goes_on, *(plain if settled else before)}
        members = works if all_of_it else [work for work in works if work in own_kind]
        why = f"{len(goes_on)} of {len(works)} titles with {lead!r} go on as a series does"
        for k, work in enumerate(members):
            one = next((members[at] for at in range(k - 1, -1, -1) if _in_step(members[at], work)), None)
            if one is not None:
                self._link(one, work, why)
        return True

    def _goes_on(self, name: tuple[str, ...], work: Work) -> bool:
        """Whether a title goes on after its name as those of series do: a colon, a number, 'returns', 'and the'."""
        rest = work.tokens[len(name) :]
        if not rest:
            return False
        named = " ".join(name)
        colon = named in work.title.leads and work.title.key != named
        return colon or rest[0] in _AGAIN or rest[0].isdigit() or rest[:2] == ("and", "the")

    def _longer(self, work: Work, lead: str) -> bool:
        """Whether a longer name of this title is shared too: then it is that one's, and not the shorter one's."""
        return any(len(other) > len(lead) and len(self._leading[other]) > 1 for other in work.title.leads)

    def _tied(self, lead: str, one: Work, other: Work) -> bool:
        """Whether a shared name is enough: a name of several words, or of a rare one, or people in both."""
        if one.people & other.people:
            return True
        words = telling(lead.split())
        genres = [{genre.casefold() for genre in work.item.genres} for work in (one, other)]
        # A film and a documentary about it, or about another thing of that name.
        if not words or (all(genres) and ("documentary" in genres[0]) != ("documentary" in genres[1])):
            return False
        if len(words) > 1:
            return _near(one, other, _GENERATION_YEARS)
        if (one.people and other.people) or (all(genres) and not genres[0] & genres[1] - {"drama"}):
            return False
        return self._pure(lead) and _near(one, other, _SOON_YEARS)

    def _pure(self, lead: str) -> bool:
        """Whether most titles that begin so have it as their name: 'Batman', but not 'Dead'."""
        starting = self._starting.get(tuple(lead.split()), [])
        return len(self._leading.get(lead, ())) >= _PURITY * len(starting)

    def _rare(self, name: Sequence[str]) -> bool:
        """Whether some word of the name is hardly met in other titles."""
        own = len(self._starting.get(tuple(name), ()))
        return any(self._having[token] - own <= _ELSEWHERE for token in telling(name))

    def _link(self, one: Work, other: Work, why: str) -> None:
        first, second = sorted((one, other), key=lambda work: work.item.item_id)
        if first.item.item_id != second.item.item_id:
            pair = (first.item.item_id, second.item.item_id)
            self._links.setdefault(pair, f"{first.named()} and {second.named()}: {why}")


def _in_step(one: Work, other: Work) -> bool:
    """Whether their numbers may be of one series: "District 9" is no part of "District 13"."""
    numbers = {one.title.number, other.title.number} - {None}
    return len(numbers) < 2 or abs(_number(one) - _number(other)) <= _NEXT


def grouped(kind: Kind, works: Sequence[Work], links: dict[tuple[str, str], str]) -> tuple[Group, ...]:
    """What hangs together, the oldest film first. ``links``: two item ids, the lesser first → the evidence."""
    by_id = {work.item.item_id: work for work in works}
    why: dict[str, list[str]] = {}
    for (one, _), evidence in sorted(links.items()):
        why.setdefault(one, []).append(evidence)
    groups: list[Group] = []
    for members in components(links):
        held = sorted((by_id[member] for member in members), key=lambda work: (_year(work), work.item.item_id))
        groups.append(
            Group(
                kind=kind,
                item_ids=tuple(work.item.item_id for work in held),
                name=held[0].title.key if kind == "title" else _name(held),
                evidence=tuple(line for member in members for line in why.get(member, ())),
            )
        )
    return tuple(groups)


def _name(works: Sequence[Work]) -> str:
    """What all titles begin with, less small words at its end; else what most are called, of equals the shortest."""
    shared = list(works[0].tokens)
    for work in works[1:]:
        same = next((k for k, (a, b) in enumerate(zip(shared, work.tokens, strict=False)) if a != b), None)
        shared = shared[: min(len(shared), len(work.tokens)) if same is None else same]
    while shared and (shared[-1] in _SMALL or shared[-1].isdigit()):
        shared.pop()
    if shared:
        return " ".join(shared)
    leads = Counter(work.title.base for work in works)
    return min(leads, key=lambda lead: (-leads[lead], len(lead)))


def telling(tokens: Sequence[str]) -> list[str]:
    """The words that make a name: without "the", "of", "and" and their like."""
    return [token for token in tokens if token not in _SMALL]


def _number(work: Work) -> int:
    return work.title.number or 1


def _year(work: Work) -> int:
    return work.year if work.year is not None else 9999


def _near(one: Work, other: Work, years: int) -> bool:
    return one.year is None or other.year is None or abs(one.year - other.year) <= years
