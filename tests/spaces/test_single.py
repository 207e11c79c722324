"""Single: one query by itself, to the last bit what a search finds and what every pair scores."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triptych.spaces import single as singles
from triptych.spaces import top
from triptych.spaces.blocks import Blocks
from triptych.spaces.search import nearest, panel_scores
from triptych.spaces.single import single

PANELS = ("seeing", "hearing", "reading")


def made(rng: np.random.Generator, count: int, owners: tuple[str, ...], *, held: float, whole: bool) -> Blocks:
    """Of whole numbers, so that ties and rows of zeros abound, or of any."""
    widths = rng.integers(1, 12, len(owners))
    mask = rng.random((count, len(owners))) < held
    values = [rng.integers(-1, 2, (count, d)) if whole else rng.standard_normal((count, d)) for d in widths]
    twins = rng.integers(0, count, count // 4)
    for rows in (*values, mask):
        rows[: len(twins)] = rows[twins]
    return Blocks(
        panels=owners,
        names=tuple(f"{p}-{owner}" for p, owner in enumerate(owners)),
        values=tuple(np.where(mask[:, [p]], one, 0).astype(np.float32) for p, one in enumerate(values)),
        mask=mask,
    )


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(1, 60),
    owners=st.lists(st.sampled_from(range(3)), min_size=1, max_size=9).map(sorted),
    held=st.sampled_from([0.3, 0.8, 1.0]),
    whole=st.booleans(),
    weights=st.tuples(*[st.sampled_from([0.0, 0.3, 1.0, 1.0, 7.0])] * 3),
    n=st.integers(1, 12),
    share=st.sampled_from([None, 0.0, 0.4, 1.0]),
    group=st.integers(1, 4),
)
def test_it_is_what_a_search_finds(
    seed: int,
    count: int,
    owners: list[int],
    held: float,
    whole: bool,
    weights: tuple[float, ...],
    n: int,
    share: float | None,
    group: int,
) -> None:
    rng = np.random.default_rng(seed)
    blocks = made(rng, count, tuple(PANELS[k] for k in owners), held=held, whole=whole)
    chosen = {PANELS[k]: weights[k] for k in dict.fromkeys(owners)}
    chosen = chosen if any(chosen.values()) else dict.fromkeys(chosen, 1.0)
    among = None if share is None else np.flatnonzero(rng.random(count) < share)
    rows = blocks if among is None else blocks.rows(among)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(top, "GROUP", group)
        patch.setattr(top, "GROUPS", 1)
        patch.setattr(singles, "SHARE", 0.0)
        for row in rng.integers(0, count, 4).tolist():
            found = single(blocks, row, among, n=n, weights=chosen)
            assert found is not None
            own = row if among is None else int(np.searchsorted(among, row)) if row in among else -1
            query = blocks.rows(np.array([row]))
            expected, scores = nearest(query, rows, n=n, weights=chosen, exclude=[own])
            expected = expected if among is None else np.append(among, -1)[expected]
            assert found[0].tolist() == expected.tolist()
            assert found[1].tobytes() == scores.tobytes()
            alone = panel_scores(query, blocks, expected)
            assert list(found[2]) == list(alone)
            assert all(found[2][panel].tobytes() == alone[panel].tobytes() for panel in alone)


@pytest.mark.parametrize("factor", [1e-15, 1.0, 1e12])
def test_nor_does_it_hang_on_how_long_rows_are(factor: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some of them by that factor, so that short and long ones stand beside one another, and far more than a group."""
    rng = np.random.default_rng(2)
    blocks = made(rng, 3000, (*PANELS, "tasting"), held=0.9, whole=False)
    times = np.where(rng.random(3000) < 0.5, factor, 1.0)[:, None].astype(np.float32)
    longer = Blocks(panels=blocks.panels, values=tuple(one * times for one in blocks.values), mask=blocks.mask)
    weights = dict(zip(longer.panels, (1.0, 0.2, 0.0, 0.7), strict=True))
    monkeypatch.setattr(singles, "KEPT", 3)
    for row in range(40):
        found = single(longer, row, None, n=10, weights=weights)
        assert found is not None
        expected, scores = nearest(longer.rows(np.array([row])), longer, n=10, weights=weights, exclude=[row])
        assert found[0].tolist() == expected.tolist()
        assert found[1].tobytes() == scores.tobytes()
    assert 0 < len(longer.measured) <= 3


def test_where_it_would_take_longer_a_search_is_to_find_it() -> None:
    """More rows tie for the last place than there is room for, or few are to be chosen from."""
    tied = Blocks(
        panels=("seeing",),
        values=(np.repeat(np.eye(2, dtype=np.float32), 1000, axis=0),),
        mask=np.ones((2000, 1), bool),
    )
    assert single(tied, 3, None, n=10, weights={"seeing": 1.0}) is None
    rng = np.random.default_rng(3)
    spread = made(rng, 800, PANELS, held=1.0, whole=False)
    weights = dict.fromkeys(PANELS, 1.0)
    assert single(spread, 0, np.arange(99), n=10, weights=weights) is None
    assert single(spread, 0, np.arange(100), n=10, weights=weights) is not None
