"""Tower: what makes vectors of items by their content alone, once all is learned; and how sure it is of them.

With S the items that anything is known of, their kernel K as :mod:`~triptych.models.affinity.scoring` has it, T their
targets and R a diagonal of noise, an item that is none of them is made by Gaussian process regression (Rasmussen and
Williams 2006, *Gaussian processes for machine learning*, §2.2 and §5.4.2)

    m_i = k_i (K + R)⁻¹ T,        s²_i = k_ii − k_i (K + R)⁻¹ k_iᵀ

and one of S as if it were not, with G = (K + R)⁻¹,

    m_i = T_i − (G T)_i / G_ii,   s²_i = 1 / G_ii − R_ii

It is plain numbers: nothing here needs what taught it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt
from scipy import linalg

from triptych.errors import SpaceError, UsageError
from triptych.spaces.blocks import Blocks

if TYPE_CHECKING:
    from triptych.models.affinity.content import Content
    from triptych.models.affinity.scoring import Scoring

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

#: What one of two items adds to their distance by lacking a feature: two that lack it are then as far apart as two that
#: have it are on average, so that lacking the same things makes nobody alike.
LACKED = 0.5
#: How wide a feature's own kernel is: exp(−2 d).
NARROW = 2.0
#: Added to λ: single precision tells no smaller one from 0.
LEAST = 1e-2
#: Items that kernels are found for at a time.
ROWS = 256


@dataclass(frozen=True, kw_only=True, eq=False)
class Shown:
    """Content as a tower takes it. ``values[p]``: float32 ``[n, d_p]``, scaled, 0 where lacked; ``lacking``: bool
    ``[n, P]``."""

    values: tuple[F32, ...]
    lacking: Bool

    def __len__(self) -> int:
        return len(self.lacking)

    def take(self, which: npt.NDArray[Any] | slice) -> Shown:
        return Shown(values=tuple(one[which] for one in self.values), lacking=self.lacking[which])

    def hidden(self, hide: Bool) -> Shown:
        """As if it lacked more. ``hide``: bool ``[n, P]``."""
        values = tuple(np.where(hide[:, [p]], np.float32(0), one) for p, one in enumerate(self.values))
        return Shown(values=values, lacking=self.lacking | hide)


@dataclass(frozen=True, kw_only=True, eq=False)
class Tower:
    """``names`` and ``panels``: of P features; ``spreads``: ``[P]``, what their entries are divided by. ``anchors``:
    the items S; ``noise``: float64 ``[n]``, R. ``weights`` ``[M, P]``, ``shares`` ``[M]`` and ``alone`` ``[P]``: w, a
    and c of the kernel. ``targets``: float64 ``[n, D]``."""

    names: tuple[str, ...]
    panels: tuple[str, ...]
    spreads: F64
    anchors: Shown
    noise: F64
    weights: F64
    shares: F64
    alone: F64
    targets: F64

    @classmethod
    def of(cls, net: Scoring, content: Content, blocks: Blocks, items: I64) -> Tower:
        """What a net has learned, without targets. ``content``: of ``blocks``; ``items``: places of those that it
        learned of."""
        panel_of = dict(zip(blocks.names, blocks.panels, strict=True))
        arrays = {name: one.detach().exp().double().cpu().numpy() for name, one in net.named_parameters()}
        return cls(
            names=content.names,
            panels=tuple(panel_of[name] for name in content.names),
            spreads=np.array(content.spreads),
            anchors=Shown(
                values=tuple(one.numpy()[items] for one in content.values),
                lacking=content.lacking.numpy()[items] > 0,
            ),
            noise=np.full(len(items), float(arrays["ridge"]) + LEAST),
            weights=arrays["weights"],
            shares=arrays["shares"],
            alone=arrays["alone"],
            targets=np.zeros((len(items), 0)),
        )

    def __len__(self) -> int:
        """How many items all others are made of."""
        return len(self.noise)

    def shown(self, blocks: Blocks) -> Shown:
        """Content of whatever items, in the features that the tower knows; one that ``blocks`` has not is lacked by
        all."""
        at = {name: p for p, name in enumerate(blocks.names)}
        values: list[F32] = []
        lacking = np.ones((len(blocks), len(self.names)), bool)
        for p, name in enumerate(self.names):
            width = self.anchors.values[p].shape[1]
            if name not in at:
                values.append(np.zeros((len(blocks), width), np.float32))
                continue
            given, mask = blocks.values[at[name]], blocks.mask[:, at[name]]
            if given.shape[1] != width:
                raise SpaceError(
                    f"{name} has {given.shape[1]} entries, and the model learned from {width}; the space was made "
                    "anew with other settings. Fit the model again."
                )
            values.append(np.where(mask[:, None], given / self.spreads[p], 0).astype(np.float32))
            lacking[:, p] = ~mask
        return Shown(values=tuple(values), lacking=lacking)

    def kernel(self, rows: Shown) -> F64:
        """k of some items to each anchor, ``[rows, n]``. None of them is taken for an anchor, be it as like one as can
        be: an item is its own only in :meth:`left_out`."""
        found = np.empty((len(rows), len(self)))
        for start in range(0, len(rows), ROWS):
            part = slice(start, start + ROWS)
            found[part] = self._kernel(rows.take(part))
        return found

    def made(self, rows: Shown) -> tuple[F64, F64]:
        """m ``[rows, D]`` and s² ``[rows]`` of items that are no anchors."""
        kernel = self.kernel(rows)
        return kernel @ self.solved, self._unsure(kernel)

    def seen(self, one: Shown, looks: Bool, towards: F64) -> F64:
        """``[looks]``: the kernel of one item to each anchor, times ``towards`` ``[n]``, when only some of its features
        are shown: bool ``[looks, P]``. A distance is a sum over features, so that no look needs one of its own."""
        there, gone = self._distances(one)[:, 0], LACKED + self._squares.T
        found = np.empty(len(looks))
        size = max(ROWS * ROWS // max(len(self), 1), 1) * 16
        for start in range(0, len(looks), size):
            look = looks[start : start + size].astype(np.float64)
            kernel = np.zeros((len(look), len(self)))
            for m, share in enumerate(self.shares):
                own = self.weights[m][:, None]
                kernel += share * np.exp(-(look @ (own * (there - gone)) + (own * gone).sum(axis=0)))
            near, far = (self.alone[:, None] * np.exp(-NARROW * one) for one in (there, gone))
            kernel += look @ (near - far) + far.sum(axis=0)
            found[start : start + size] = kernel @ towards
        return found

    def left_out(self) -> tuple[F64, F64]:
        """The same of each anchor, as if nothing were known of it but its content."""
        own = np.diag(self._inverse)
        return self.targets - self.solved / own[:, None], np.maximum(1 / own - self.noise, 0)

    def without(self, anchor: int, solved: F64) -> F64:
        """What ``solved``, (K + R)⁻¹ times any ``[n]``, is when one of S is not known; its own entry is 0."""
        column = self._inverse[:, anchor]
        found = solved - column * (solved[anchor] / column[anchor])
        found[anchor] = 0
        return found

    @property
    def prior(self) -> float:
        """k of an item to itself: how unsure the tower is of one that it cannot compare with any."""
        return float(self.shares.sum() + self.alone.sum())

    def among(self, which: npt.NDArray[Any], targets: F64) -> Tower:
        """Of some of the anchors alone, with other targets."""
        if not len(targets):
            raise UsageError("no item is left that others could be made of.")
        made = replace(self, anchors=self.anchors.take(which), targets=targets, noise=self.noise[which])
        if "_square" in self.__dict__:
            places = np.arange(len(self))[which]
            made.__dict__["_square"] = self._square[np.ix_(places, places)]
        return made

    def body(self) -> dict[str, Any]:
        """As JSON has it; the rest of it is :meth:`arrays`."""
        return {"names": list(self.names), "panels": list(self.panels)}

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        plain = {name: getattr(self, name) for name in ("spreads", "noise", "weights", "shares", "alone", "targets")}
        content = {f"anchors.{p}": one for p, one in enumerate(self.anchors.values)}
        return {**plain, **content, "lacking": self.anchors.lacking}

    @classmethod
    def again(cls, body: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> Tower:
        plain = {name: arrays[name] for name in ("spreads", "noise", "weights", "shares", "alone", "targets")}
        names = tuple(body["names"])
        anchors = Shown(
            values=tuple(arrays[f"anchors.{p}"] for p in range(len(names))), lacking=arrays["lacking"].astype(bool)
        )
        return cls(names=names, panels=tuple(body["panels"]), anchors=anchors, **plain)

    @cached_property
    def _squares(self) -> F64:
        return _squares(self.anchors)

    @cached_property
    def _square(self) -> F64:
        """K ``[n, n]``."""
        found = self.kernel(self.anchors)
        found[np.diag_indices_from(found)] = self.prior
        return (found + found.T) / 2

    @cached_property
    def _factor(self) -> Any:
        return cast(Any, linalg).cho_factor(self._square + np.diag(self.noise), lower=True)

    @cached_property
    def _inverse(self) -> F64:
        return cast(Any, linalg).cho_solve(self._factor, np.eye(len(self)))

    @cached_property
    def solved(self) -> F64:
        """(K + R)⁻¹ T ``[n, D]``."""
        return cast(Any, linalg).cho_solve(self._factor, self.targets)

    def _unsure(self, kernel: F64) -> F64:
        return np.maximum(self.prior - np.einsum("ij,ij->i", kernel @ self._inverse, kernel), 0)

    def _distances(self, rows: Shown) -> F64:
        """``[P, rows, n]``."""
        own = _squares(rows)
        found = np.empty((len(self.names), len(rows), len(self)))
        for p, values in enumerate(rows.values):
            product = (values @ self.anchors.values[p].T).astype(np.float64)
            found[p] = own[:, p, None] + self._squares[None, :, p] - 2 * product
        return np.maximum(found, 0)

    def _kernel(self, rows: Shown) -> F64:
        own = _squares(rows)
        far = np.zeros((len(self.shares), len(rows), len(self)), np.float32)
        near = np.zeros((len(rows), len(self)), np.float32)
        weights = self.weights.astype(np.float32)
        for p, values in enumerate(rows.values):
            distance = (values @ self.anchors.values[p].T) * np.float32(-2)
            distance += own[:, p, None].astype(np.float32)
            distance += self._squares[None, :, p].astype(np.float32)
            np.maximum(distance, 0, out=distance)
            for m in range(len(far)):
                far[m] -= weights[m, p] * distance
            near += np.float32(self.alone[p]) * np.exp(distance * np.float32(-NARROW))
        np.exp(far, out=far)
        near += np.tensordot(self.shares.astype(np.float32), far, axes=1)
        return near.astype(np.float64)


def _squares(shown: Shown) -> F64:
    """``[n, P]``: squared lengths, and what lacking a feature adds."""
    found = LACKED * shown.lacking.astype(np.float64)
    for p, values in enumerate(shown.values):
        found[:, p] += np.einsum("ij,ij->i", values, values, dtype=np.float64)
    return found
