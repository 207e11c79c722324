"""Reason: what a score is made of, part by part, and all else that brought an item before somebody."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from triptych.catalogue.records import Item
from triptych.errors import UsageError
from triptych.explain.alike import Alike
from triptych.explain.scenes import Match
from triptych.explain.thumbnails import Thumbnail
from triptych.programme.arranged import Placed

#: Parts sum to their score up to this, times the score where that is above 1.
EXACT = 1e-6
#: What any item would have, and hence speaks for none.
USUAL = "usual"


@dataclass(frozen=True, kw_only=True)
class Named:
    """An item, as sentences speak of it."""

    item_id: str
    title: str = ""
    year: int | None = None

    @classmethod
    def of(cls, item_id: str, items: Mapping[str, Item]) -> Named:
        """By its id alone where no more is known of it."""
        item = items.get(item_id)
        return cls(item_id=item_id) if item is None else cls(item_id=item_id, title=item.title, year=item.year)

    @property
    def name(self) -> str:
        return self.title.strip() or self.item_id


@dataclass(frozen=True, kw_only=True)
class Whom:
    """For whom: a user; or somebody known by a few ``likes``, a ``text``, a ``clip`` (its name) or several of these; or
    an ``item``, which the item explained is held against. Nothing at all is a stranger. ``did``: what they did with
    the items of their history."""

    user_id: str = ""
    likes: tuple[Named, ...] = ()
    text: str = ""
    clip: str = ""
    item: Named | None = None
    did: str = "liked"

    def __post_init__(self) -> None:
        if self.item is not None and (self.user_id or self.likes or self.text or self.clip):
            raise UsageError("an explanation is for somebody, or it holds an item against another one; not both.")


@dataclass(frozen=True, kw_only=True)
class Reason:
    """One part of a score: ``name``, such as ``reading/genres``; ``group``, such as ``reading``; ``value``, what it
    adds, below 0 where it speaks against."""

    name: str
    group: str
    value: float


@dataclass(frozen=True, kw_only=True)
class Witness:
    """An item of a history, and what it adds to a score. ``weight``: how much it counts there, below 0 for what was
    disliked; ``when``: the day, "" if unknown. ``alike``: what it has in common with the item explained, in words."""

    item: Named
    value: float
    weight: float = 1.0
    when: str = ""
    alike: Alike = field(default_factory=Alike)


@dataclass(frozen=True, kw_only=True)
class Spoken:
    """What the items of a history add to a score: the witnesses, those that add most first, and the ``rest``, which
    hangs on none of them. ``of``: the name of that score where it is not the one explained, but one of its inputs."""

    witnesses: tuple[Witness, ...] = ()
    rest: float = 0.0
    of: str = ""

    @property
    def score(self) -> float:
        return math.fsum([*(one.value for one in self.witnesses), self.rest])


@dataclass(frozen=True, kw_only=True)
class Cited:
    """A match of scenes: ``match.one`` lies in the clip of the item explained, ``match.other`` in that of ``item``.
    ``pictures``: one of each, None where there was none to take."""

    item: Named
    match: Match
    pictures: tuple[Thumbnail | None, Thumbnail | None] = (None, None)


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """Why an item stands before somebody. It cannot be made unless its parts sum to its score, see :meth:`check`.

    ``base``: the model's score, which ``reasons`` sum to, and ``spoken`` too where there is one of it. ``placed``:
    its place in a list, with the boosts that acted; None where there was no list. ``alike``: for an item-to-item score
    what both have in common, in words. ``ratings``: how many the model has learned from; None if that is not known, or
    does not matter. ``doubt``: the standard deviation of a popularity that was foretold. ``notes``: what could not be
    said, in sentences.
    """

    item: Named
    whom: Whom
    base: float
    reasons: tuple[Reason, ...]
    spoken: Spoken | None = None
    placed: Placed | None = None
    alike: Alike = field(default_factory=Alike)
    ratings: int | None = None
    doubt: float | None = None
    scenes: tuple[Cited, ...] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.check()

    @property
    def boosts(self) -> tuple[tuple[str, float], ...]:
        """What rules added, by their names."""
        return () if self.placed is None else self.placed.boosts

    @property
    def score(self) -> float:
        """What the list was sorted by: the model's score and the boosts."""
        return math.fsum([self.base, *(value for _, value in self.boosts)])

    def by_group(self) -> tuple[Reason, ...]:
        """One reason for each group, in the order in which groups first stand; they sum to ``base`` as well."""
        groups = dict.fromkeys(one.group for one in self.reasons)
        return tuple(
            Reason(name=group, group=group, value=math.fsum(one.value for one in self.reasons if one.group == group))
            for group in groups
        )

    def of_group(self, group: str) -> tuple[Reason, ...]:
        """Its parts, the largest first."""
        return tuple(sorted((one for one in self.reasons if one.group == group), key=lambda one: -one.value))

    def value_of(self, group: str) -> float:
        return math.fsum(one.value for one in self.reasons if one.group == group)

    @property
    def speaking(self) -> float:
        """What speaks for the item: the sum of all groups above 0, but for what any item would have."""
        return math.fsum(one.value for one in self.by_group() if one.value > 0 and one.group != USUAL)

    @property
    def opposing(self) -> float:
        """What speaks against it, as a number above 0: the same of all groups below 0."""
        return -math.fsum(one.value for one in self.by_group() if one.value < 0 and one.group != USUAL)

    def share(self, value: float) -> float:
        """How much a value is of all that speaks for the item, or of all that speaks against it if that is more."""
        whole = max(self.speaking, self.opposing)
        return value / whole if whole > 0 else 0.0

    def check(self) -> None:
        """UsageError where parts do not sum to the score, to 1e-6 (relative for scores above 1)."""
        sums = {"reasons": (math.fsum(one.value for one in self.reasons), self.base)}
        if self.spoken is not None and not self.spoken.of:
            sums["history"] = (self.spoken.score, self.base)
        if self.placed is not None:
            sums["model's score"] = (self.base, self.placed.base)
        for what, (found, wanted) in sums.items():
            if not abs(found - wanted) <= EXACT * max(1.0, abs(wanted)):
                raise UsageError(
                    f"the {what} of {self.item.item_id!r} came to {found:.9g}, and its score is {wanted:.9g}; "
                    "what is said of a score is to sum to it."
                )

    def to_json(self, *, images: bool = False) -> dict[str, Any]:
        """All of it, as JSON has it. ``images``: thumbnails too, as data: addresses."""
        placed, told = self.placed, self.spoken
        return {
            "item": asdict(self.item),
            "for": {name: value for name, value in asdict(self.whom).items() if value},
            "score": self.score,
            "base": self.base,
            "groups": [{"group": one.group, "value": one.value} for one in self.by_group()],
            "reasons": [asdict(one) for one in self.reasons],
            "history": None
            if told is None
            else {"of": told.of, "rest": told.rest, "items": [asdict(one) for one in told.witnesses]},
            "boosts": [{"name": name, "value": value} for name, value in self.boosts],
            "place": None
            if placed is None
            else {"rank": placed.rank, "chosen_by": placed.chosen_by, "by_score": placed.by_score},
            "alike": asdict(self.alike),
            "ratings": self.ratings,
            "doubt": self.doubt,
            "scenes": [
                {
                    "with": asdict(one.item),
                    **asdict(one.match),
                    "pictures": [_picture(picture, images=images) for picture in one.pictures],
                }
                for one in self.scenes
            ],
            "notes": list(self.notes),
        }


def data_address(picture: Thumbnail) -> str:
    """The picture itself, as an address."""
    return f"data:{picture.media_type};base64,{base64.b64encode(picture.image).decode()}"


def _picture(picture: Thumbnail | None, *, images: bool) -> dict[str, Any] | None:
    if picture is None:
        return None
    told: dict[str, Any] = {
        "time_s": picture.time_s,
        "width_px": picture.width_px,
        "height_px": picture.height_px,
        "media_type": picture.media_type,
    }
    return {**told, "image": data_address(picture)} if images else told
