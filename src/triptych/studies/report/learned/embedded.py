"""Embedded: where learned rows place items, read from the folder of a run: what maps, lists and correlations are of."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import numpy.typing as npt

from triptych.errors import SourceError
from triptych.evaluate.embedding.cases import Cases, Near
from triptych.models.similarity import Learned
from triptych.spaces.blocks import Blocks
from triptych.spaces.search import nearest
from triptych.studies.learned import read
from triptych.studies.report.learned.told import taught, told_of
from triptych.studies.results import Judgement
from triptych.studies.run import LEARNED, Done
from triptych.studies.shown import Shown

#: What the folder of a learned row is called.
_PLACE = re.compile(r"[0-9a-f]{16}")
#: What the content that a row was given is called, beside the rows.
GIVEN = "content, as given"


@dataclass(frozen=True, kw_only=True, eq=False)
class Embedded:
    """Where items stand, of one fold. ``taught``: bool ``[n]``, the items that were learned from; ``fixed``: whether
    nothing was learned, so that it is content as it was given."""

    name: str
    blocks: Blocks
    metric: str
    taught: npt.NDArray[np.bool_]
    shown: Shown
    epoch: int = 0
    fixed: bool = False

    @property
    def mask(self) -> npt.NDArray[np.bool_]:
        """bool ``[n]``: the items that have content to be placed by."""
        return np.logical_or.reduce(self.blocks.mask, axis=1)

    @property
    def vectors(self) -> npt.NDArray[np.float32]:
        """float32 ``[n, d]``: all blocks side by side. By the cosine each row has length 1, as only its direction is
        compared; by distances all together have a mean square of 1."""
        blocks = self.blocks
        whole = np.concatenate([np.where(blocks.mask[:, p, None], v, 0) for p, v in enumerate(blocks.values)], axis=1)
        whole = whole.astype(np.float32, copy=False)
        lengths = np.linalg.norm(whole, axis=1, keepdims=True)
        if self.metric == "cosine":
            found = whole / np.maximum(lengths, np.finfo(np.float32).tiny)
        else:
            found = whole / (float(np.sqrt(np.square(lengths).sum() / max(self.mask.sum(), 1))) or 1.0)
        return found.astype(np.float32)

    def cases(self, named: Sequence[int], lengths: Sequence[int]) -> Cases:
        """The nearest items of some, which have content; what two items do not both have is not compared."""
        asked, ids = np.asarray(named, np.int64), self.shown.ids
        weights = dict.fromkeys(self.blocks.panels, 1.0) | dict(self.shown.weights or {} if self.fixed else {})
        rows, scores = nearest(
            self.blocks.rows(asked), self.blocks, n=max(lengths), weights=weights, exclude=asked, metric=self.metric
        )
        found: dict[str, tuple[Near, ...]] = {}
        for at, place in enumerate(named):
            own: list[int] = rows[at].tolist()
            near = zip(own, scores[at].tolist(), strict=True)
            found[ids[place]] = tuple(
                Near(item_id=ids[row], rank=rank, score=score)
                for rank, (row, score) in enumerate(near, start=1)
                if row >= 0
            )
        return Cases(metric=self.metric, lengths=tuple(lengths), items=int(self.mask.sum()) - 1, lists=found)


def embedded(done: Done, judgement: Judgement) -> list[Embedded]:
    """The content as it was given to the first learned row, if it is kept, and where learned rows place items; all on
    their first fold. Rows whose folder is gone, or tells nothing of items, are left out."""
    if find_spec("safetensors") is None:
        return []
    found: list[Embedded] = []
    for line in taught(judgement):
        told = told_of(line.facts[0])
        name = str(told.get("place", ""))
        read_ = _read(done.folder / LEARNED / name) if _PLACE.fullmatch(name) else None
        if read_ is None:
            continue
        learned, shown = read_
        epoch = told.get("epoch", learned.best)
        snapshot = next((one for one in learned.snapshots if one.epoch == epoch), learned.snapshot)
        source = set(learned.learned_from)
        from_ = np.array([one in source for one in shown.ids], bool)
        if len(snapshot.vectors) != len(shown.ids) or (found and found[0].shown.ids != shown.ids):
            continue
        if not found and shown.content is not None:
            found.append(
                Embedded(name=GIVEN, blocks=shown.content, metric=shown.metric, taught=from_, shown=shown, fixed=True)
            )
        metric = "euclidean" if told.get("metric") == "euclidean" else "cosine"
        found.append(
            Embedded(
                name=line.name, blocks=snapshot.blocks, metric=metric, taught=from_, shown=shown, epoch=snapshot.epoch
            )
        )
    return found


def _read(place: Path) -> tuple[Learned, Shown] | None:
    try:
        shown = Shown.read(place)
        return None if shown is None else (read(place), shown)
    except SourceError:  # cells stand by themselves: the report is told without these pictures
        return None
