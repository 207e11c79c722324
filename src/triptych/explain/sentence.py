"""Sentence: an explanation in one to three sentences that claim nothing which its numbers do not bear.

A claim is made of a part that is above 0 and at least ``LEAST`` of all that speaks for the item, or against it if that
is more; and of nothing else.
What is not to the item's own credit is never left out: a boost, a place that was given to a new title, a popularity
that was foretold. The same explanation gives the same sentences.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from triptych.explain.alike import Alike
from triptych.explain.names import feature_of, group_name, part_name
from triptych.explain.reason import USUAL, Cited, Explanation, Reason, Whom, Witness

#: Of all that speaks for an item, or against it, what a part is at least before it is claimed.
LEAST = 0.1
#: Parts that are claimed, aspects of what is read, and items, genres, people or words that are named.
PARTS, ASPECTS, NAMED = 4, 2, 3
#: A witness is named if it adds this share of what the first one adds.
LIKE_FIRST = 0.4
#: More than this share, and the rest is not worth the words *among others*.
ENOUGH = 0.6
#: Letters of a title, a text or a name; what is longer is cut.
LETTERS = 80
#: Groups that come of what an item is, and not of who likes it.
CONTENT = ("seeing", "hearing", "reading")


@dataclass(frozen=True, kw_only=True)
class Claim:
    """``about``: ``witnesses``, a group of parts, ``against`` (what speaks against), ``boost``, ``place`` or
    ``foretold``. ``value``: the number that bears it. ``words``: a part of a sentence."""

    about: str
    value: float
    words: str


def sentence(explanation: Explanation) -> str:
    """One to three sentences, plain text: titles stand in it as they were written."""
    claims = claims_of(explanation)
    told = [_first(explanation, claims)]
    own = [one.words for one in claims if one.about in ("against", "foretold")]
    shown = [one.words for one in claims if one.about in ("boost", "place")]
    told += [f"{_capital('; '.join(part))}." for part in (own, shown) if part]
    return " ".join(told)


def claims_of(explanation: Explanation) -> tuple[Claim, ...]:
    """All that the sentences claim, each with the number that bears it, in their order."""
    named = _witnesses(explanation)
    claims: list[Claim] = []
    if named:
        words = f"{explanation.whom.did} {listed([short(one.item.name) for one in named])}"
        every = [one.value for one in _speaking(explanation)]
        held = sum(one.value for one in named)
        others = " among others" if held < ENOUGH * sum(every) else ""
        claims.append(Claim(about="witnesses", value=held, words=f"{words}{others}"))
    alike = explanation.alike if explanation.whom.item is not None else Alike.with_any([one.alike for one in named])
    groups = sorted((one for one in explanation.by_group() if one.group != USUAL), key=lambda one: -one.value)
    borne = [one for one in groups if one.value > 0 and explanation.share(one.value) >= LEAST]
    for group in borne[:PARTS]:
        claims += _of_group(explanation, group, alike)
    claims += _against(explanation, groups)
    if foretold := _foretold(explanation):
        claims.append(foretold)
    claims += [
        Claim(about="boost", value=value, words=f"the boost {short(name)} {'lifted' if value > 0 else 'lowered'} it")
        for name, value in explanation.boosts
    ]
    return (*claims, *_place(explanation))


def _first(explanation: Explanation, claims: Sequence[Claim]) -> str:
    """What speaks for the item, or that nothing does."""
    whom, name = explanation.whom, short(explanation.item.name)
    parts = [one.words for one in claims if one.about in {reason.group for reason in explanation.reasons}]
    if whom.item is not None:
        other = short(whom.item.name)
        if not parts:
            return f"Nothing that was compared makes {name} like {other}."
        if explanation.base <= 0:
            return f"On the whole {name} is not like {other}, though it {listed(parts)}."
        return f"{_capital(name)} is like {other}: it {listed(parts)}."
    causes = [one.words for one in claims if one.about == "witnesses"]
    if any(one.about in CONTENT for one in claims):
        causes += [f"asked for “{short(whom.text)}”"] * bool(whom.text) + [f"gave {short(whom.clip)}"] * bool(whom.clip)
    if causes:
        return f"Because you {listed(causes)}: {name}{' ' * bool(parts)}{listed(parts)}."
    if not parts:
        return f"Nothing in particular speaks for {name}."
    if whom != Whom() and any(one.about in (*CONTENT, "genres", "ratings") for one in claims):
        return f"Going by all that you {whom.did}: {name} {listed(parts)}."
    return f"{_capital(name)} {listed(parts)}."


# -- what speaks for it ------------------------------------------------------------------------------------------


def _speaking(explanation: Explanation) -> list[Witness]:
    """What of the history adds anything, and was liked."""
    told = explanation.spoken
    return [] if told is None else [one for one in told.witnesses if one.value > 0 and one.weight > 0]


def _witnesses(explanation: Explanation) -> list[Witness]:
    """Those that are named. None where all of them together are little of what speaks for the item."""
    found = _speaking(explanation)
    told = explanation.spoken
    if not found or told is None or explanation.whom.item is not None:
        return []
    held = sum(one.value for one in found)
    share = held / (held + abs(told.rest)) if told.of else explanation.share(held)
    if share < LEAST or (told.of and told.score <= 0):
        return []
    return [one for one in found[:NAMED] if one.value >= LIKE_FIRST * found[0].value]


def _of_group(explanation: Explanation, group: Reason, alike: Alike) -> list[Claim]:
    """What a group's part says, in words that begin with a verb; nothing where nothing can be said of it here."""
    if group.group == "reading":
        return _read(explanation, group, alike)
    if group.group in ("seeing", "hearing"):
        words = _perceived(explanation, group.group)
    elif group.group == "genres" and alike.genres:
        words = _genres(alike)
    elif group.group == "ratings":
        words = "is liked by those who like the same"
    elif group.group == "popularity":
        # That it is foretold is a sentence of its own.
        words = "" if explanation.ratings == 0 else "is popular"
    else:
        words = f"gains by {group_name(group.group)}"
    return [Claim(about=group.group, value=group.value, words=words)] if words else []


def _perceived(explanation: Explanation, panel: str) -> str:
    verb = "looks" if panel == "seeing" else "sounds"
    scene = next((one for one in explanation.scenes if one.match.panel == panel and one.match.carried > 0), None)
    if scene is not None:
        return f"{verb} {_scene(scene)}"
    names = _features(explanation, panel)
    return f"{verb} alike" + (f" in {listed(names)}" if names else "")


def _scene(scene: Cited) -> str:
    one, other = scene.match.one, scene.match.other
    return (
        f"from {clock(one.start_s)} to {clock(one.end_s, end=True)} as {short(scene.item.name)} does "
        f"from {clock(other.start_s)} to {clock(other.end_s, end=True)}"
    )


def _features(explanation: Explanation, panel: str) -> list[str]:
    """The largest features of a panel by name, where they are told apart; no name twice."""
    parts = [one for one in _borne(explanation, panel) if one.name.startswith(f"{panel}/")]
    return list(dict.fromkeys(part_name(one.name) for one in parts))[:ASPECTS]


def _borne(explanation: Explanation, panel: str) -> list[Reason]:
    """Its parts that carry a share worth telling of what the panel gives, the largest first."""
    parts = [one for one in explanation.of_group(panel) if one.value > 0]
    whole = sum(one.value for one in parts)
    return [one for one in parts if one.value >= LEAST * whole]


def _read(explanation: Explanation, group: Reason, alike: Alike) -> list[Claim]:
    """By what both have in common where the feature that it is of adds to the score; else by the features' names."""
    said: dict[str, Claim] = {}
    for part in _borne(explanation, "reading"):
        aspect = ASPECT_OF.get(feature_of(part.name))
        words = aspect(alike) if aspect is not None else ""
        if words and words not in said:
            said[words] = Claim(about="reading", value=part.value, words=words)
    if said:
        return list(said.values())[:ASPECTS]
    names = _features(explanation, "reading")
    words = f"reads alike by {listed(names)}" if names else "reads alike"
    if not names and alike.genres:
        words += f" ({listed(alike.genres[:NAMED])} in common)"
    return [Claim(about="reading", value=group.value, words=words)]


def _genres(alike: Alike) -> str:
    return f"is of the same {_many('genre', alike.genres)} ({', '.join(alike.genres[:NAMED])})" if alike.genres else ""


def _people(alike: Alike) -> str:
    named = tuple(dict.fromkeys((*alike.directors, *alike.people)))
    return (
        f"is by or with the same {'person' if len(named) == 1 else 'people'} ({', '.join(named[:NAMED])})"
        if named
        else ""
    )


def _plot(alike: Alike) -> str:
    return f"has a like plot ({', '.join(alike.words[:NAMED])})" if alike.words else ""


def _languages(alike: Alike) -> str:
    return (
        f"is in the same {_many('language', alike.languages)} ({', '.join(alike.languages[:NAMED])})"
        if alike.languages
        else ""
    )


def _countries(alike: Alike) -> str:
    return f"comes from {', '.join(alike.countries[:NAMED])} too" if alike.countries else ""


def _years(alike: Alike) -> str:
    return f"is of the same time ({alike.years[0]})" if alike.years else ""


def _certificate(alike: Alike) -> str:
    return f"has the same certificate ({alike.certificate})" if alike.certificate else ""


#: By the feature that adds to the score, what of both to tell; "" where they have nothing of it in common.
ASPECT_OF: Mapping[str, Callable[[Alike], str]] = {
    "genres": _genres,
    "people": _people,
    "tfidf-plot": _plot,
    "sentence": _plot,
    "bert-plot": _plot,
    "entities": _plot,
    "languages": _languages,
    "countries": _countries,
    "year": _years,
    "certificate": _certificate,
}


# -- what must be admitted ---------------------------------------------------------------------------------------


def _against(explanation: Explanation, groups: Iterable[Reason]) -> list[Claim]:
    """What speaks against it as much as another part would have to for being claimed."""
    found = [one for one in groups if explanation.share(-one.value) >= LEAST and one.group != "popularity"]
    if not found:
        return []
    names = listed([group_name(one.group) for one in found])
    words = "sets them apart" if explanation.whom.item is not None else "speaks against it"
    if len(found) > 1:
        words = words.replace("sets", "set").replace("speaks", "speak")
    return [Claim(about="against", value=sum(one.value for one in found), words=f"{names} {words}")]


def _foretold(explanation: Explanation) -> Claim | None:
    value = explanation.value_of("popularity")
    if explanation.ratings != 0:
        return None
    words = "nobody has rated it yet"
    # A re-ranker says of such an item that nothing is known of its popularity; that is no forecast.
    ranked = explanation.spoken is not None and explanation.spoken.of
    told = f"{words}: its popularity is foretold" if value and not ranked else words
    return Claim(about="foretold", value=value, words=told)


def _place(explanation: Explanation) -> tuple[Claim, ...]:
    placed = explanation.placed
    if placed is None or placed.chosen_by == "score":
        return ()
    what = (
        "it stands here as a new title, to be tried" if placed.chosen_by == "exploration" else "it is here for variety"
    )
    return (
        Claim(about="place", value=float(placed.by_score), words=f"{what} (by score it is number {placed.by_score})"),
    )


# -- words -------------------------------------------------------------------------------------------------------


def clock(seconds: float, *, end: bool = False) -> str:
    """A time of a clip, in whole seconds: where a scene begins, or where it is over.

    >>> clock(72.6), clock(72.2, end=True), clock(3725)
    ('1:12', '1:13', '1:02:05')
    """
    whole = -int(-seconds // 1) if end else int(seconds)
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02d}:{left:02d}" if hours else f"{minutes}:{left:02d}"


def listed(words: Sequence[str]) -> str:
    """
    >>> listed(["a", "b", "c"]), listed(["a"])
    ('a, b and c', 'a')
    """
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def short(text: str) -> str:
    """A title, or whatever was written, on one line and no longer than a sentence bears.

    >>> short(" Alien\\n3 "), len(short("x" * 100))
    ('Alien 3', 80)
    """
    one_line = " ".join(text.split())
    return one_line if len(one_line) <= LETTERS else f"{one_line[: LETTERS - 1].rstrip()}…"


def _many(word: str, of: Sequence[str]) -> str:
    return word if len(of) == 1 else f"{word}s"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
