"""Similarity: what learns to place items, so that near ones are liked alike; and what it is taught with.

A similarity is settings. It is fitted to *lessons* and gives a *learned* thing: where every item stands after the best
epoch, and after others along the way, so that how ranking fares while training goes on can be judged afterwards, by
whoever knows how to judge. Nothing that is fitted here sees what judges it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from triptych.catalogue.history import History
from triptych.errors import UsageError
from triptych.models.recommender import Recommender
from triptych.spaces.blocks import Blocks

#: What was done, how much of it, and of how much: ``report("pair-cosine", 3, 50)``, in epochs.
Report = Callable[[str, int, int], None]
#: The panel of a space that was learned: it is all panels at once.
PANEL = "learned"


@dataclass(frozen=True, kw_only=True, eq=False)
class Sequences:
    """Vectors in time, such as those of frames: ``values[k]`` float32 ``[t_k, d]`` of item k, ``[0, d]`` where it has
    none, and ``times_s[k]`` float64 ``[t_k]``."""

    title: str
    values: tuple[npt.NDArray[np.float32], ...]
    times_s: tuple[npt.NDArray[np.float64], ...]

    @property
    def mask(self) -> npt.NDArray[np.bool_]:
        """bool ``[n]``: which items have any."""
        return np.array([len(rows) > 0 for rows in self.values], bool)


@dataclass(frozen=True, kw_only=True, eq=False)
class Lessons:
    """``blocks``: the content of all items of ``train``, those held out too, scaled by what training items tell. Rows
    stand in the order of ``train.item_ids``. ``train``: the training side alone. ``may_learn``: bool ``[items]``, the
    items whose content may teach, of whichever ratings. ``genres``: ``[items, genres]``, 1 where an item is of one.
    ``sequences``: by title, only for who asks for them.
    """

    blocks: Blocks
    train: History
    may_learn: npt.NDArray[np.bool_]
    genres: npt.NDArray[np.float32]
    sequences: Mapping[str, Sequences] = field(default_factory=dict[str, Sequences])

    def __post_init__(self) -> None:
        n = len(self.train.item_ids)
        if not n == len(self.blocks) == len(self.may_learn) == len(self.genres):
            raise UsageError(
                f"lessons of {n} items came with content of {len(self.blocks)}, genres of {len(self.genres)} and leave "
                f"to learn from {len(self.may_learn)}; give one row for each item, in the history's order."
            )
        if len(self.train) and not self.may_learn[self.train.items].all():
            raise UsageError("the training ratings are of items whose content may not be learned from.")


@dataclass(frozen=True, kw_only=True, eq=False)
class Snapshot:
    """Where all items stand after an epoch (1 is the first; 0, before any). ``vectors``: float32 ``[items, d]``;
    ``mask``: bool ``[items]``, those that have content to be placed by. ``extra``: what else this similarity scores
    with, such as a bias for each item."""

    epoch: int
    vectors: npt.NDArray[np.float32]
    mask: npt.NDArray[np.bool_]
    extra: Mapping[str, npt.NDArray[np.float32]] = field(default_factory=dict[str, npt.NDArray[np.float32]])

    @property
    def blocks(self) -> Blocks:
        """As content, for whatever compares content."""
        return Blocks(panels=(PANEL,), values=(np.where(self.mask[:, None], self.vectors, 0),), mask=self.mask[:, None])


@dataclass(frozen=True, kw_only=True, eq=False)
class Learned:
    """What was learned, and how it went.

    ``snapshots``: of the first, the last, every fifth and the best epoch, in order; ``best``: the number of the best
    by validation. ``epochs``: a mapping for each epoch as JSON has it: ``epoch``, ``train_loss``, ``loss`` (of the
    validation side), and whatever else was looked at (``auc``, ``satisfaction``, ``rates``, ``seconds``).
    ``learned_from``: ids of the items that taught; ``facts``: JSON for readers, such as ``parameters`` and histograms.
    """

    snapshots: tuple[Snapshot, ...]
    best: int
    epochs: tuple[Mapping[str, Any], ...]
    learned_from: Sequence[str]
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def snapshot(self) -> Snapshot:
        """The best."""
        return next(one for one in self.snapshots if one.epoch == self.best)


class Similarity(Protocol):
    """Settings of one. ``key``: JSON of all that decides a number, so that what stands on disk is known again."""

    @property
    def name(self) -> str: ...

    @property
    def key(self) -> Mapping[str, Any]: ...

    def fit(self, lessons: Lessons, *, folder: Path | None = None, report: Report | None = None) -> Learned:
        """``folder`` keeps checkpoints: a run that was killed goes on from its last epoch, to the same bits."""
        ...

    def recommender(self, snapshot: Snapshot, told: History, *, like: float) -> Recommender | None:
        """Ranks for users by what they are ``told`` to have liked; None where items are merely compared."""
        ...
