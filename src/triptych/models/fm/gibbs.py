"""Gibbs: draws from what a factorisation machine may be, given ratings; by myFM.

Freudenthaler, Schmidt-Thieme and Rendle 2011, *Bayesian factorization machines*. With x a row of all blocks,

    score(x) = w0 + Σ_k w_k x_k + Σ_{k<l} (v_k · v_l) x_k x_l

and every weight is drawn in turn given all others, a normal of its group's mean and precision, which are drawn too.
Of each draw a block keeps two things of each of its rows: c = Σ w_k x_k − ½ Σ |v_k|² x_k², and q = Σ v_k x_k. The score
of a pair is then w0 + Σ c + ½ |Σ q|², over its rows of the blocks.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from triptych.models.fm.blocks import Block

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
#: How far the weights are from 0 where the draws start.
START = 0.1


@dataclass(frozen=True, kw_only=True, eq=False)
class Draws:
    """``w0`` ``[s]``; for each block ``c`` float32 ``[s, rows]`` and ``q`` float32 ``[s, rows, rank]``. ``noise``:
    float64 ``[s]``, the standard deviation of a rating about its score. ``cuts``: float64 ``[s, levels − 1]``, the
    scores between which the levels lie, where levels were drawn."""

    w0: F64
    c: tuple[F32, ...]
    q: tuple[F32, ...]
    noise: F64
    cuts: F64 | None = None

    def scores(self, draw: int, places: Sequence[I64]) -> F64:
        """float64 ``[n]``, in one draw; ``places``: for each block, the row of each."""
        linear = self.w0[draw] + sum(c[draw][at].astype(np.float64) for c, at in zip(self.c, places, strict=True))
        joined: Any = sum(q[draw][at].astype(np.float64) for q, at in zip(self.q, places, strict=True))
        return linear + 0.5 * (joined * joined).sum(axis=1)


@dataclass(kw_only=True, eq=False)
class _Kept:
    w0: list[float] = field(default_factory=list[float])
    noise: list[float] = field(default_factory=list[float])
    cuts: list[F64] = field(default_factory=list[F64])
    c: list[list[F32]] = field(default_factory=list[list[F32]])
    q: list[list[F32]] = field(default_factory=list[list[F32]])


def draws(
    blocks: Sequence[Block],
    places: Sequence[I64],
    targets: F64,
    *,
    levels: int,
    rank: int,
    iterations: int,
    kept: int,
    every: int,
    seed: int,
    report: Callable[[int], None],
) -> Draws:
    """``places``: for each block, the row of each rating; ``targets``: a rating each, or which of ``levels`` it is
    where there are any. Of the last ``kept`` of all iterations every ``every``-th draw is kept."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="pkg_resources is deprecated", category=UserWarning)
        from myfm import gibbs as myfm

    config: Any = myfm.ConfigBuilder()
    for name, value in (("alpha", 1), ("beta", 1), ("gamma", 1), ("mu", 0), ("reg", 1)):
        getattr(config, f"set_{name}_0")(float(value))
    sizes = [width for block in blocks for _, width in block.groups]
    config.set_group_index([k for k, width in enumerate(sizes) for _ in range(width)])
    config.set_n_iter(iterations)
    config.set_n_kept_samples(1)
    config.set_task_type(myfm.TaskType.ORDERED if levels else myfm.TaskType.REGRESSION)
    if levels:
        config.set_cutpoint_groups([(levels, list(range(len(targets))))])
    relations: list[Any] = []
    seen = _Kept(c=[[] for _ in blocks], q=[[] for _ in blocks])
    for block, at in zip(blocks, places, strict=True):
        rows, which = np.unique(at, return_inverse=True)
        relations.append(myfm.RelationBlock(which.tolist(), sp.csr_matrix(block.values[rows])))
    squares = [block.values**2 for block in blocks]
    ends = np.cumsum([block.values.shape[1] for block in blocks])[:-1]

    def drawn(step: int, machine: Any, hyper: Any, history: Any) -> bool:
        report(step + 1)
        if step >= iterations - kept and (iterations - 1 - step) % every == 0:
            linear, vectors = np.split(np.asarray(machine.w), ends), np.split(np.asarray(machine.V), ends)
            seen.w0.append(machine.w0)
            seen.noise.append(1.0 if levels else float(hyper.alpha) ** -0.5)
            if levels:
                seen.cuts.append(np.array(machine.cutpoints[0], np.float64))
            for k, block in enumerate(blocks):
                own = block.values @ linear[k] - 0.5 * (squares[k] @ (vectors[k] ** 2).sum(axis=1))
                seen.c[k].append(own.astype(np.float32))
                seen.q[k].append((block.values @ vectors[k]).astype(np.float32))
        return False

    empty = sp.csr_matrix((len(targets), 0), dtype=np.float64)
    myfm.create_train_fm(rank, START, empty, relations, targets, seed, config.build(), drawn)
    return Draws(
        w0=np.array(seen.w0),
        c=tuple(np.array(one) for one in seen.c),
        q=tuple(np.array(one) for one in seen.q),
        noise=np.array(seen.noise),
        cuts=np.array(seen.cuts) if levels else None,
    )
