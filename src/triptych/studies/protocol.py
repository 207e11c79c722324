"""Protocol: how the rows of a study are judged, and which split decides what they may learn from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from triptych.errors import UnknownName, UsageError
from triptych.studies.section import Section

KINDS = ("item-based", "ranking", "ratings")
SPLITS = (
    "cold-items",
    "cold-users",
    "cold-both",
    "non-cold",
    "hard-cold",
    "rows",
    "per-user",
    "leave-last",
    "by-time",
    "given",
    "all",
)
#: The splits that go round, so that every item, user or rating is tested once.
FOLDED = ("cold-items", "cold-users", "cold-both", "non-cold", "hard-cold", "rows")
#: Those under which ratings alone are predicted, and nothing ranked.
OF_RATINGS = ("non-cold", "hard-cold", "rows", "given")
#: Those that the protocols of rankings do without.
UNRANKED = ("relevant", "recommended", "scale", "validation", "mask", "cap", "top", "train", "test", "seeds")
#: And those that protocols of predicted ratings do without.
RANKED = ("like", "least", "neighbours")
#: Those under which lists can be judged: by users that nothing is learned from.
BY_USERS = ("all", "cold-users", "cold-both")
ROWS = ("overall", "warm", "cold")


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """How rankings and predicted ratings are judged.

    ``item-based``: lists of neighbours of items, judged by users who like both, see
    :mod:`triptych.evaluate.protocols.item_based`. ``ranking``: all candidates ranked for every user, in ``rows``.
    ``ratings``: every rating of the test predicted, in ``rows``.
    ``split`` with its ``folds`` (of items, users, both or rows) or ``share`` decides what is learned from.
    ``neighbours``: how many of an item's neighbours may speak for it.

    Of ratings alone: ``relevant`` and ``recommended``, the least rating and prediction that count as liked and as
    recommended, by which ``cutoffs`` are judged; ``scale``, the least and the greatest rating, without it those that
    there are. ``validation``: the share of what is left beside the test that decides choices. ``mask``: the share of
    the training rows that is left out; ``cap``: so many ratings of each user, and ``top``: only the items and the users
    with most, before anything is split. ``train`` and ``test``: files in the folder of data, a fold for each pair of
    them. ``seeds``: so many fits of a model that draws, each of a seed of its own.
    """

    name: str
    kind: str
    title: str = ""
    split: str = "all"
    folds: int = 0
    share: float = 0
    seed: int = 0
    like: float = 4.0
    least: int = 0
    rows: tuple[str, ...] = ("overall",)
    cutoffs: tuple[int, ...] = (1, 3, 5, 10)
    neighbours: int = 40
    relevant: float = 3.5
    recommended: float = 3.5
    scale: tuple[float, ...] = ()
    validation: float = 0
    mask: float = 0
    cap: int = 0
    top: tuple[int, ...] = ()
    train: tuple[str, ...] = ()
    test: tuple[str, ...] = ()
    seeds: int = 1

    @classmethod
    def of(cls, section: Section) -> Protocol:
        kind = section.choice("kind", KINDS, "ranking")
        by_items, rated = kind == "item-based", kind == "ratings"
        train, test = (section.texts(name) for name in ("train", "test"))
        split = section.choice("split", SPLITS, "all" if by_items else "per-user" if rated else "cold-items")
        found = cls(
            name=section.named(),
            kind=kind,
            title=section.take("title", str, ""),
            split=split,
            folds=section.take("folds", int, len(test) if split == "given" else 0),
            share=section.take("share", float, 0.0),
            seed=section.take("seed", int, 0),
            like=section.take("like", float, 3.5 if by_items else 4.0),
            least=section.take("least", int, 5 if by_items else 0 if rated else 1),
            rows=section.texts("rows", ("overall",)),
            cutoffs=section.wholes("cutoffs", (4, 10) if rated else (1, 3, 5, 10)),
            neighbours=section.take("neighbours", int, 40),
            relevant=section.take("relevant", float, 3.5),
            recommended=section.take("recommended", float, 3.5),
            scale=section.numbers("scale"),
            validation=section.take("validation", float, 0.0),
            mask=section.take("mask", float, 0.0),
            cap=section.take("cap", int, 0),
            top=section.wholes("top"),
            train=tuple(inside(one, section.where) for one in train),
            test=tuple(inside(one, section.where) for one in test),
            seeds=section.take("seeds", int, 1),
        )
        section.end()
        found._check(section.where)
        return found

    @property
    def parts(self) -> tuple[str, ...]:
        """The rows that each cell has figures of; lists of items have one alone, "" ."""
        return ("",) if self.kind == "item-based" else self.rows

    @property
    def judged_by(self) -> str:
        """In words."""
        if self.rated:
            return f"all ratings; {self.relevant:g} or more is relevant, {self.recommended:g} recommended"
        return f"likes of {self.like:g} or more"

    @property
    def rated(self) -> bool:
        """Whether ratings are predicted, and nothing is ranked."""
        return self.kind == "ratings"

    @property
    def settings(self) -> dict[str, Any]:
        """All that decides a number. How many seeds there are decides none: each fit has a cell of its own."""
        told: Mapping[str, Any] = asdict(self)
        # What rankings are judged by is told as before there were ratings, so that what was computed stands.
        left = ("seeds",) if self.rated else UNRANKED
        return {name: value for name, value in told.items() if name not in ("name", "title", *left)}

    def _check(self, where: str) -> None:
        for row in self.rows:
            if row not in ROWS:
                raise UnknownName(f"row in {where}", row, ROWS)
        if not self.cutoffs or min(self.cutoffs) < 1 or self.neighbours < 1:
            raise UsageError(f"{where}: cutoffs and neighbours are 1 or more.")
        if self.split in FOLDED and self.folds < 2:
            raise UsageError(f"{where} splits by {self.split} into {self.folds} folds; give folds = 2 or more.")
        if self.split in ("per-user", "by-time") and not 0 < self.share < 1:
            raise UsageError(f"{where} splits {self.split} and needs share, what is tested, between 0 and 1.")
        by_items = self.kind == "item-based"
        if not by_items and self.split == "all":
            does = "predicts ratings" if self.rated else "ranks for users"
            raise UsageError(f"{where} {does} and must hold something back: give it a split.")
        if by_items and self.split not in BY_USERS:
            allowed = f"{', '.join(BY_USERS[:-1])} or {BY_USERS[-1]}"
            raise UsageError(f"{where} judges lists by users; its split is {allowed}, not {self.split}.")
        if self.rated:
            self._check_rated(where)
            return
        if self.split in OF_RATINGS:
            raise UsageError(f"{where} ranks, and its split {self.split} is one by which ratings are predicted.")
        if told := [name for name in UNRANKED if getattr(self, name) != getattr(type(self), name)]:
            raise UsageError(
                f"{where} has {told[0]}, which protocols of the kind ratings have; this one is {self.kind}."
            )

    def _check_rated(self, where: str) -> None:
        if self.split == "given":
            if not self.test or len(self.train) != len(self.test) or self.folds != len(self.test):
                raise UsageError(
                    f"{where} splits as files do: give train and test, lists of as many files, a fold for each pair."
                )
        elif self.train or self.test:
            raise UsageError(f'{where} names files of a split; give it split = "given".')
        if told := [name for name in RANKED if getattr(self, name) != getattr(type(self), name)]:
            raise UsageError(f"{where} predicts ratings, and {told[0]} is of protocols that rank.")
        if self.scale and (len(self.scale) != 2 or self.scale[0] >= self.scale[1]):
            raise UsageError(f"{where}: scale is the least and the greatest rating, such as [1, 5].")
        if self.top and (len(self.top) != 2 or min(self.top) < 1):
            raise UsageError(f"{where}: top is how many items and how many users, such as [400, 600].")
        if not (0 <= self.validation < 1 and 0 <= self.mask < 1):
            raise UsageError(f"{where}: validation and mask are shares, 0 or more and less than 1.")
        if self.cap < 0 or self.seeds < 1:
            raise UsageError(f"{where}: cap is 0, which cuts nothing, or more, and seeds 1 or more.")


def inside(path: str, where: str) -> str:
    """A path within the data that the caller names: a study that someone sends must not read elsewhere."""
    parts = Path(path).parts
    if path and (Path(path).is_absolute() or ".." in parts or "\\" in path):
        raise UsageError(f"{where} names {path!r}; paths lead into the folder of data, without .. or a drive.")
    return path
