"""Piece: one feature, or one panel, of many items on its way into a space."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from triptych.fusion.step import F32, Mask

#: How features share the weight of their panel.
BALANCES = ("features", "panels", "none")


@dataclass(frozen=True, kw_only=True, eq=False)
class Piece:
    """``values`` float32 ``[n, e]``, 0 where masked; ``mask`` bool ``[n]``.

    ``width``: of how many entries of about length 1 a row is made. Principal components keep the lengths of what they
    are made of, so that a reduced piece still has the width that it had.
    """

    panel: str
    name: str
    values: F32
    mask: Mask
    width: int


def by_panel(pieces: Sequence[Piece]) -> dict[str, list[Piece]]:
    """The pieces of each panel, in order."""
    found: dict[str, list[Piece]] = {}
    for piece in pieces:
        found.setdefault(piece.panel, []).append(piece)
    return found


def balanced(pieces: Sequence[Piece], balance: str) -> list[Piece]:
    """Pieces divided so that for an average item that has all of them

    - ``features``: each of the F features of a panel has length 1/√F, by dividing it by √(width · F);
    - ``panels``: each entry of a panel weighs alike and the panel has length 1, by dividing by √(its whole width);
    - ``none``: nothing is divided, and what is wide weighs more.
    """
    if balance == "none":
        return list(pieces)
    found: list[Piece] = []
    for own in by_panel(pieces).values():
        whole = sum(piece.width for piece in own)
        for piece in own:
            divisor = np.float32(np.sqrt(len(own) * piece.width if balance == "features" else whole))
            found.append(replace(piece, values=(piece.values / divisor).astype(np.float32, copy=False)))
    return found


def weighted(pieces: Sequence[Piece], weights: Mapping[str, float]) -> list[Piece]:
    """Times √w of the panel: dot products, which scores are made of, then count w-fold."""
    return [
        piece
        if weights[piece.panel] == 1
        else replace(piece, values=piece.values * np.float32(weights[piece.panel] ** 0.5))
        for piece in pieces
    ]


def directed(pieces: Sequence[Piece]) -> list[Piece]:
    """Every row brought to length 1, over the root of how many pieces its panel has. Rows of length 0 stay 0."""
    found: list[Piece] = []
    for own in by_panel(pieces).values():
        for piece in own:
            values = piece.values.astype(np.float64)
            length = np.sqrt(np.square(values).sum(axis=1, keepdims=True) * len(own))
            unit = np.divide(values, length, out=np.zeros_like(values), where=length > 0)
            found.append(replace(piece, values=unit.astype(np.float32)))
    return found


def averaged(wholes: Sequence[Piece], weights: Mapping[str, float], width: int) -> Piece:
    """``f = Σ w_p f_p / Σ w_p`` over the panels p that an item has; narrower panels are filled up with 0.

    An item that lacks a panel has the weights of the others brought to the sum of 1; one that has none is masked.
    """
    items = len(wholes[0].mask)
    total, shares = np.zeros((items, width)), np.zeros(items)
    for piece in wholes:
        total[:, : piece.values.shape[1]] += weights[piece.panel] * piece.values.astype(np.float64)
        shares += weights[piece.panel] * piece.mask
    mask = shares > 0
    values = np.divide(total, shares[:, None], out=np.zeros_like(total), where=mask[:, None])
    return Piece(panel="all", name="all", values=values.astype(np.float32), mask=mask, width=width)
