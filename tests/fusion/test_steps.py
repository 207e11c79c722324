"""Steps: all kinds are written as arrays and come back bit for bit, and none looks at what is not training."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triptych.errors import SpaceError, UnknownName, UsageError
from triptych.fusion.normalise import SCALINGS
from triptych.fusion.reduce import PCA, UMAP, IncrementalPCA
from triptych.fusion.step import F32, Mask, Step
from triptych.fusion.steps import KINDS, again, kind_of, width


def mapped(values: F32, mask: Mask) -> UMAP:
    """Rows on a map that nothing was learned for; drawing one takes seconds, and is tested where it is made."""
    return UMAP(rows=values[mask], places=values[mask][:, :2] + np.float32(1), neighbours=3)


FITS: dict[str, Callable[[F32, Mask], Step]] = {
    **SCALINGS,
    "pca": lambda values, mask: PCA.fit(values, mask, components=2),
    "incremental-pca": lambda values, mask: IncrementalPCA.fit(values, mask, share=0.9, batch=5),
    "umap": mapped,
}


def rows(seed: int, *, count: int = 14) -> tuple[F32, Mask]:
    """Of unlike units, one entry constant, one that is mostly 0; three rows are masked."""
    rng = np.random.default_rng(seed)
    values = rng.normal(rng.normal(0, 10, 5), rng.lognormal(0, 2, 5), (count, 5))
    values[:, 3] = 4.5
    values[:, 4] *= rng.random(count) < 0.4
    mask = np.ones(count, bool)
    mask[rng.choice(count, 3, replace=False)] = False
    return values.astype(np.float32), mask


def test_every_kind_is_tried() -> None:
    assert set(FITS) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**31))
def test_a_step_comes_back_from_its_arrays_bit_for_bit(kind: str, seed: int) -> None:
    values, mask = rows(seed)
    step = FITS[kind](values, mask)
    assert kind_of(step) == kind
    kept = {name: np.frombuffer(part.tobytes(), part.dtype).reshape(part.shape) for name, part in step.arrays().items()}
    back = again(kind, kept)
    assert type(back) is type(step)
    for name, part in back.arrays().items():
        assert (part.dtype, part.shape) == (kept[name].dtype, kept[name].shape)
        assert part.tobytes() == kept[name].tobytes()
    others, _ = rows(seed + 1)
    for given_ in (values, others):
        assert back(given_, mask).tobytes() == step(given_, mask).tobytes()


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**31))
def test_rows_outside_of_training_move_nothing(kind: str, seed: int) -> None:
    """What stands in test rows, how it is shuffled, how many there are: no fitted number knows."""
    values, mask = rows(seed)
    rng = np.random.default_rng(seed)
    learned = FITS[kind](values, mask).arrays()
    elsewhere = values.copy()
    elsewhere[~mask] = rng.normal(0, 1e6, (3, 5))
    more = np.concatenate([rng.normal(0, 1e6, (4, 5)).astype(np.float32), elsewhere])
    for given_, training in ((elsewhere, mask), (more, np.concatenate([np.zeros(4, bool), mask]))):
        for name, part in FITS[kind](given_, training).arrays().items():
            assert part.tobytes() == learned[name].tobytes(), name
    moved = values.copy()
    moved[mask, 0] += 100
    assert any(part.tobytes() != learned[name].tobytes() for name, part in FITS[kind](moved, mask).arrays().items())


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_comes_out_the_same_alone_as_among_others(kind: str) -> None:
    """So that a title placed later stands where it would have stood at once."""
    values, mask = rows(5, count=600)
    step = FITS[kind](*rows(6))
    among = step(values, mask)
    assert among.shape == (600, width(step, 5))
    assert among.dtype == np.float32
    assert (among[~mask] == 0).all()
    for start, stop in pairwise((0, 1, 3, 258, 260, 599, 600)):
        part = step(values[start:stop], mask[start:stop])
        assert part.tobytes() == among[start:stop].tobytes()


def test_widths() -> None:
    widths = {kind: width(fit(*rows(1)), 5) for kind, fit in FITS.items()}
    assert {widths.pop("pca"), widths.pop("umap")} == {2}
    assert 1 <= widths.pop("incremental-pca") <= 4
    assert set(widths.values()) == {5}


def test_what_cannot_come_back_is_said() -> None:
    with pytest.raises(UnknownName, match=r"no kind of step 'zscore'; there is 'z-score'"):
        again("zscore", {})
    with pytest.raises(SpaceError, match=r"'pca' lacks 'components' among what it learned; there is mean"):
        again("pca", {"mean": np.zeros(3)})
    with pytest.raises(UsageError, match="a Mine cannot be kept; these can: z-score, "):
        kind_of(Mine())


class Mine:
    """A step of someone else's."""

    def __call__(self, values: F32, mask: Mask) -> F32:
        return values

    def arrays(self) -> dict[str, np.ndarray]:
        return {}
