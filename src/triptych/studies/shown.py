"""Shown: what a report needs of items to show where they were placed: titles, genres, mean ratings, and the content.

It stands beside what was learned, so that a report is drawn from the folder of a run alone. It describes; nothing
learns from it, and nothing is judged by it: mean ratings are of all ratings there are, those that judge among them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from triptych.catalogue.history import History
from triptych.catalogue.records import Item
from triptych.errors import SourceError, SpaceError
from triptych.spaces.blocks import Blocks
from triptych.studies.draft import replaced

FORMAT = "triptych-shown/1"
ITEMS, CONTENT = "shown.json", "content.safetensors"
CURE = "What was learned stands; make room, or the folder writable, and run the study again."


@dataclass(frozen=True, kw_only=True, eq=False)
class Shown:
    """Items in the order in which they are placed. ``ratings``: float64 ``[n]`` means, 0 of those not ``rated``.

    ``content``: what the row was given to learn from, with ``weights`` of its panels and the ``metric`` by which it is
    compared where nothing is learned; None where it is not kept.
    """

    ids: tuple[str, ...]
    titles: tuple[str, ...]
    genres: tuple[tuple[str, ...], ...]
    ratings: npt.NDArray[np.float64]
    rated: npt.NDArray[np.bool_]
    counts: npt.NDArray[np.int64]
    content: Blocks | None = None
    weights: Mapping[str, float] | None = None
    metric: str = "cosine"

    @classmethod
    def of(
        cls,
        items: Sequence[Item],
        history: History,
        *,
        content: Blocks | None = None,
        weights: Mapping[str, float] | None = None,
        metric: str = "cosine",
    ) -> Shown:
        counts = history.item_counts
        sums = np.bincount(history.items, weights=history.values, minlength=len(items))
        return cls(
            ids=tuple(item.item_id for item in items),
            titles=tuple(item.title or item.item_id for item in items),
            genres=tuple(tuple(item.genres) for item in items),
            ratings=np.divide(sums, counts, out=np.zeros(len(items)), where=counts > 0),
            rated=counts > 0,
            counts=counts.astype(np.int64),
            content=content,
            weights=weights,
            metric=metric,
        )

    def first_genres(self, most: int) -> tuple[str, ...]:
        """The first genres of most items, the commonest first; equals by their names."""
        firsts = [own[0] for own in self.genres if own]
        return tuple(sorted(set(firsts), key=lambda name: (-firsts.count(name), name))[:most])

    def write(self, place: Path) -> None:
        """The content first: whoever finds the items finds it too."""
        panels: tuple[str, ...] = ()
        names: tuple[str, ...] = ()
        if self.content is not None:
            from safetensors.numpy import save

            panels, names = self.content.panels, self.content.names
            arrays = {str(k): np.ascontiguousarray(one, np.float32) for k, one in enumerate(self.content.values)}
            body = save({**arrays, "mask": np.ascontiguousarray(self.content.mask, np.bool_)})
            replaced(place / CONTENT, partial(Path.write_bytes, data=body), cure=CURE)
        means = zip(self.ratings.tolist(), self.rated.tolist(), strict=True)
        told = {
            "format": FORMAT,
            "item_ids": self.ids,
            "titles": self.titles,
            "genres": self.genres,
            "mean_ratings": [mean if known else None for mean, known in means],
            "counts": self.counts.tolist(),
            "panels": panels,
            "blocks": names,
            "weights": dict(self.weights or {}),
            "metric": self.metric,
        }
        # A title may hold a lone surrogate, which UTF-8 has not: written with escapes it is kept.
        text = json.dumps(told, allow_nan=False) + "\n"
        replaced(place / ITEMS, lambda path: path.write_text(text, encoding="utf-8"), cure=CURE)

    @classmethod
    def read(cls, place: Path) -> Shown | None:
        """None where nothing of the kind was kept; SourceError of what someone has damaged."""
        path = place / ITEMS
        if not path.is_file():
            return None
        try:
            told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            if told["format"] != FORMAT:
                raise ValueError(f"it is of format {told['format']!r}, and what is read here is {FORMAT!r}")
            means: list[float | None] = told["mean_ratings"]
            found = cls(
                ids=tuple(map(str, told["item_ids"])),
                titles=tuple(map(str, told["titles"])),
                genres=tuple(tuple(map(str, own)) for own in told["genres"]),
                ratings=np.array([mean or 0.0 for mean in means], np.float64),
                rated=np.array([mean is not None for mean in means], bool),
                counts=np.array(told["counts"], np.int64),
                content=_content(place, told),
                weights=told["weights"],
                metric=str(told["metric"]),
            )
            n = len(found.ids)
            lengths = (found.titles, found.genres, found.ratings, found.counts)
            if any(len(one) != n for one in lengths) or (found.content is not None and len(found.content) != n):
                raise ValueError("it tells of some items more than of others")
            if not np.isfinite(found.ratings).all():
                raise ValueError("a mean rating is no number")
            return found
        except (OSError, ValueError, LookupError, TypeError, AttributeError, SpaceError) as fault:
            raise SourceError(f"{str(path)!r} tells of no items: {fault}. {CURE}") from fault


def _content(place: Path, told: Mapping[str, Any]) -> Blocks | None:
    if not told["panels"] or not (place / CONTENT).is_file():
        return None
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        arrays = load((place / CONTENT).read_bytes())
    except SafetensorError as fault:
        raise ValueError(str(fault)) from fault
    return Blocks(
        panels=tuple(told["panels"]),
        names=tuple(told["blocks"]),
        values=tuple(arrays[str(k)] for k in range(len(told["panels"]))),
        mask=arrays["mask"],
    )
