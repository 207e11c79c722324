"""Ground: what settings of a model are tried on: training rows, content, and validation rows that judge.

The catalogue's interactions are split as asked. The rows of the test side, and where items are cold its items too, are
taken away before anything is fitted or scaled: nobody can read them here, and they may judge what was chosen.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.history import History
from triptych.desk.fitting import EXPLICIT, IMPLICIT, gather, packages
from triptych.desk.kinds import Settings
from triptych.desk.placing import Placing
from triptych.errors import UnknownName, UsageError
from triptych.evaluate import scenarios, splits
from triptych.evaluate.split import TEST, Split
from triptych.features.store import FeatureStore
from triptych.fusion.fuse import tables_of
from triptych.models.similarity import Lessons
from triptych.spaces.blocks import Blocks

#: How rows are split, and which row of a full ranking judges then.
SPLITS: Mapping[str, str] = {"last": "overall", "time": "overall", "cold-items": "cold"}
#: Of a split by time and of one by items: the share that is the test, and that of the rest which chooses.
SHARE, FOLDS = 0.2, 5


@dataclass(frozen=True, kw_only=True, eq=False)
class Ground:
    """What settings are tried on. ``lessons``: training rows, and content scaled by what training items tell.
    ``split``: without its test. ``row``: of a full ranking. ``like``: least value that is one, None for all rows.
    ``put_away``: how many rows of the test side nobody looks at."""

    lessons: Lessons
    split: Split
    row: str
    like: float | None
    put_away: int

    @property
    def digest(self) -> str:
        """Of all that is learned from and that judges."""
        found = hashlib.blake2b(digest_size=16)
        history, blocks = self.split.history, self.lessons.blocks
        told = [history.user_ids, history.item_ids, self.row, self.like, blocks.panels, blocks.names, packages()]
        found.update(json.dumps(told).encode())
        rows = (history.users, history.items, history.values, history.times, self.split.side)
        for one in (*rows, blocks.mask, *blocks.values, self.lessons.genres):
            values: npt.NDArray[Any] = np.ascontiguousarray(one)
            found.update(f"{values.dtype}{values.shape}".encode())
            found.update(values.tobytes())
        return found.hexdigest()


def ground(catalogue: Catalogue, settings: Settings, *, split: str = "last", space: str = "fused") -> Ground:
    """What a catalogue offers to choose by: "last", each user's last row but one judges; "time", what is newest before
    the newest fifth; "cold-items", items that nothing is known of, which are not those of the test."""
    if split not in SPLITS:
        raise UnknownName("way to split", split, SPLITS)
    found = gather(catalogue, space=space, kinds=IMPLICIT if settings.like is None else EXPLICIT)
    rows = found.lessons.train
    parted = _parted(rows, split)
    kept = _without_test(parted, items=split == "cold-items")
    put_away = len(rows) - len(kept.history)
    train = kept.train
    judged = kept.validation if settings.like is None else kept.validation.liked(settings.like)
    judges = int(np.count_nonzero(judged.user_counts))
    if judges < 2:
        raise UsageError(
            f"{judges} users of the {len(rows.user_ids):,} have a like that could judge by a split {split!r}, and an "
            "interval needs two at least. Add interactions, or split in another way: "
            f"{', '.join(one for one in SPLITS if one != split)}."
        )
    known = train.item_counts > 0
    learned_from = [train.item_ids[k] for k in np.flatnonzero(known)]
    place = {item_id: k for k, item_id in enumerate(rows.item_ids)}
    blocks = _content(catalogue, found.placing, learned_from, train.item_ids)
    lessons = Lessons(
        blocks=blocks,
        train=train,
        may_learn=known,
        genres=found.lessons.genres[[place[item_id] for item_id in train.item_ids]],
    )
    return Ground(lessons=lessons, split=kept, row=SPLITS[split], like=settings.like, put_away=put_away)


def _parted(rows: History, split: str) -> Split:
    if split == "last":
        return splits.leave_last(rows)
    if split == "time":
        return splits.by_time(rows, share=SHARE, validation=SHARE)
    return scenarios.cold_items(rows, k=FOLDS, validation=SHARE)[0]


def _without_test(parted: Split, *, items: bool) -> Split:
    """As if what the test side holds had never been."""
    keep = parted.side != TEST
    history = parted.history.take(keep)
    if items:
        params = parted.params
        fold = scenarios.folds(len(history.item_ids), int(params["k"]), int(params["seed"]))
        stays = np.flatnonzero(fold != params["fold"])
        place = np.full(len(fold), -1, np.int32)
        place[stays] = np.arange(len(stays))
        history = replace(history, item_ids=tuple(history.item_ids[k] for k in stays), items=place[history.items])
    return replace(parted, history=history, side=parted.side[keep])


def _content(catalogue: Catalogue, placing: Placing, train: Sequence[str], item_ids: Sequence[str]) -> Blocks:
    """Of these items, as the space has it, but scaled by what training items tell alone."""
    fusion = placing.fusion.fusion
    features = [f"{title}@{recipe.hash}" for title, recipe in placing.recipes.items()]
    tables, _ = tables_of(FeatureStore(catalogue.tables), features, fusion)
    return fusion.fit(tables, train).blocks(tables, item_ids)
