"""Of a re-ranker: why an item stands where it does, by the SHAP values of the columns that it was ranked by."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from triptych.errors import UsageError
from triptych.explain.of_hybrid import Known, of_parts
from triptych.explain.reason import USUAL, Explanation, Spoken, Whom
from triptych.models.parts import Parts
from triptych.programme.arranged import Placed


def parts_of(names: Sequence[str], groups: Sequence[str], values: npt.ArrayLike, base: npt.ArrayLike = 0.0) -> Parts:
    """SHAP values as parts: what each column adds, ``[items, columns]``, and ``base``, what any item would have: one
    number, or one for each item. Those of a tree ensemble sum to its score exactly (Lundberg et al. 2018, *Consistent
    Individualized Feature Attribution for Tree Ensembles*)."""
    held = np.asarray(values, np.float64)
    if held.ndim != 2 or not np.isfinite(held).all():
        raise UsageError(
            f"contributions came as an array of {list(held.shape)}; they are finite numbers [items, columns]."
        )
    first = np.broadcast_to(np.asarray(base, np.float64), (len(held),))
    return Parts(names=(*names, USUAL), groups=(*groups, USUAL), values=np.concatenate([held, first[:, None]], axis=1))


def of_ranked(
    parts: Parts,
    item_ids: Sequence[str],
    *,
    whom: Whom,
    known: Known,
    placed: Sequence[Placed] | None = None,
    spoken: Sequence[Spoken] | None = None,
) -> tuple[Explanation, ...]:
    """One for each row of ``parts``. ``spoken``: what histories add to a score that is one of the columns; such a
    testimony says of which (``of``), since it does not sum to the re-ranker's."""
    for told in spoken or ():
        if not told.of:
            raise UsageError("a re-ranker's score does not hang on single items of a history; name the score: of=….")
    return tuple(
        of_parts(
            parts,
            row,
            item_id=item_id,
            whom=whom,
            known=known,
            placed=None if placed is None else placed[row],
            spoken=None if spoken is None else spoken[row],
        )
        for row, item_id in enumerate(item_ids)
    )
