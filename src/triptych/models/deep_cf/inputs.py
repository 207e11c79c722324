"""Inputs: what the network reads of each item, panel by panel: steps in time, scaled and reduced by training items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from triptych.errors import UnknownName, UsageError
from triptych.features.recipe import PANELS
from triptych.fusion.normalise import SCALINGS
from triptych.fusion.reduce import PCA, IncrementalPCA
from triptych.models.background import Background
from triptych.models.deep_cf.subclips import aggregated, ends

F32 = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]
#: All that there is of a panel.
ALL = "*"


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How content is read. ``subclips``, ``statistic``: of sequences, see
    :mod:`~triptych.models.deep_cf.subclips`. ``scaling``: one of :data:`~triptych.fusion.normalise.SCALINGS`;
    ``share``: of the variance that components keep, 1 for as many entries as there are."""

    subclips: int
    statistic: str
    scaling: str
    share: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Panel:
    """``values``: float32 ``[items, steps, width]``, zeros where nothing is known. ``mask``: bool ``[items]``, of whom
    something is. ``titles``: what it was made of."""

    title: str
    titles: tuple[str, ...]
    values: F32
    mask: Bools


def named(background: Background, panel: str, asked: Sequence[str], *, model: str) -> tuple[str, ...]:
    """The titles that are read: those asked for, and where ``*`` is, all there are of the panel, in order of title.
    UnknownName for what is not there."""
    there = {**background.items, **background.sequences}
    found: list[str] = []
    for name in asked:
        if name == ALL:
            found += sorted(title for title in there if title.startswith(f"{panel}/") and title not in found)
        elif name not in there:
            raise UnknownName(f"feature of items that {model} reads as {panel}", name, there)
        elif name not in found:
            found.append(name)
    return tuple(found)


def panels(
    background: Background, asked: Mapping[str, Sequence[str]], learned: Bools, how: Reading, *, model: str
) -> tuple[Panel, ...]:
    """Of each panel of which anything is asked for and there. ``learned``: bool ``[items]``, the only ones by which
    content is scaled and reduced.

    A title is a sequence, cut into steps, or a field, which is one step. Of both, the sequence is read. Beside
    sequences a field stands in every step. What an item lacks of a panel that it has otherwise is 0, the mean.
    """
    titles = {panel: named(background, panel, asked.get(panel, ()), model=model) for panel in PANELS}
    timed = [background.sequences[name] for name in sum(titles.values(), ()) if name in background.sequences]
    ends_s = ends(timed, len(learned))
    made: list[Panel] = []
    for panel, names in titles.items():
        if not names:
            continue
        parts: list[F32] = []
        mask = np.zeros(len(learned), bool)
        for name in names:
            if name in background.sequences:
                given = background.sequences[name]
                values, known = aggregated(given, ends_s, subclips=how.subclips, statistic=how.statistic), given.mask
            else:
                values, known = background.items[name].dense()[:, None], background.items[name].mask
            parts.append(reduced(values, known, learned, how))
            mask |= known
        steps = max(part.shape[1] for part in parts)
        whole = [np.broadcast_to(part, (len(part), steps, part.shape[2])) for part in parts]
        made.append(Panel(title=panel, titles=names, values=np.concatenate(whole, axis=2), mask=mask))
    return tuple(made)


def reduced(values: F32, mask: Bools, learned: Bools, how: Reading) -> F32:
    """``[items, steps, d]`` → ``[items, steps, k]``, every step a row: scaled, turned to the components that keep the
    share of the variance, and these divided by one number, so that their variances are 1 in the mean. Each by its own
    would make the weakest directions as loud as the first. Nothing is left (k = 0) where no training item has any of
    it, or all are alike."""
    items, steps, width = values.shape
    rows = values.reshape(items * steps, width)
    there, learn = np.repeat(mask, steps), np.repeat(mask & learned, steps)
    nothing = np.zeros((items, steps, 0), np.float32)
    if how.scaling not in SCALINGS:
        raise UnknownName("scaling", how.scaling, SCALINGS)
    if not 0 < how.share <= 1:
        raise UsageError(f"components keep {how.share:g} of the variance; give a share above 0, and at most 1.")
    if not learn.any() or not width:
        return nothing
    rows = SCALINGS[how.scaling](rows, learn)(rows, there)
    if learn.sum() < 2 or not (np.ptp(rows[learn], axis=0) > 0).any():
        return nothing
    if how.share < 1:
        if width > learn.sum():
            pca = PCA.fit(rows, learn, share=how.share)
        else:  # exact, and all rows need not be copied: the products of batches so large are summed
            pca = IncrementalPCA.fit(rows, learn, share=how.share, batch=max(1024, -(-width // 4))).pca
        rows = pca(rows, there) / np.float32(np.sqrt(pca.variances.mean()))
    return rows.reshape(items, steps, -1)
