"""Protocol: how the rows of a study are judged, and which split decides what they may learn from."""

from __future__ import annotations

from dataclasses import dataclass

from triptych.errors import UnknownName, UsageError
from triptych.studies.section import Section

KINDS = ("item-based", "ranking")
SPLITS = ("cold-items", "cold-users", "cold-both", "per-user", "leave-last", "by-time", "all")
#: The splits that go round, so that every item or user is tested once.
FOLDED = ("cold-items", "cold-users", "cold-both")
#: Those under which lists can be judged: by users that nothing is learned from.
BY_USERS = ("all", "cold-users", "cold-both")
ROWS = ("overall", "warm", "cold")


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """How rankings are judged.

    ``item-based``: lists of neighbours of items, judged by users who like both, see
    :mod:`triptych.evaluate.protocols.item_based`. ``ranking``: all candidates ranked for every user, in ``rows``.
    ``split`` with its ``folds`` (of items, users or both) or ``share`` decides what is learned from. ``neighbours``:
    how many of an item's neighbours may speak for it.
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

    @classmethod
    def of(cls, section: Section) -> Protocol:
        kind = section.choice("kind", KINDS, "ranking")
        by_items = kind == "item-based"
        found = cls(
            name=section.named(),
            kind=kind,
            title=section.take("title", str, ""),
            split=section.choice("split", SPLITS, "all" if by_items else "cold-items"),
            folds=section.take("folds", int, 0),
            share=section.take("share", float, 0.0),
            seed=section.take("seed", int, 0),
            like=section.take("like", float, 3.5 if by_items else 4.0),
            least=section.take("least", int, 5 if by_items else 1),
            rows=section.texts("rows", ("overall",)),
            cutoffs=section.wholes("cutoffs", (1, 3, 5, 10)),
            neighbours=section.take("neighbours", int, 40),
        )
        section.end()
        found._check(section.where)
        return found

    @property
    def parts(self) -> tuple[str, ...]:
        """The rows that each cell has figures of; lists of items have one alone, "" ."""
        return ("",) if self.kind == "item-based" else self.rows

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
            raise UsageError(f"{where} ranks for users and must hold something back: give it a split.")
        if by_items and self.split not in BY_USERS:
            allowed = f"{', '.join(BY_USERS[:-1])} or {BY_USERS[-1]}"
            raise UsageError(f"{where} judges lists by users; its split is {allowed}, not {self.split}.")
