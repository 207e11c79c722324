"""Bits: fingerprints of bits as the store keeps them, sixteen to a number.

The store holds float32, which carries every whole number up to 2²⁴: sixteen bits in each cost a sixteenth of one
number for each bit, and come back exactly. As numbers they mean nothing: their means and cosines are noise. So the
recipe of such a feature says so in its params (``PACKED``), and :func:`is_packed` tells whoever would take them for
numbers.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from triptych.errors import ExtractionError
from triptych.features.recipe import Recipe

Bools = npt.NDArray[np.bool_]
#: Whole numbers 0…65535, as unsigned integers.
Words = npt.NDArray[np.uint16]

WORD_BITS = 16
#: Of the params of a recipe: how many bits are in each number.
PACKED = "packed_bits"
_PLACES = (1 << np.arange(WORD_BITS)).astype(np.uint32)


def is_packed(recipe: Recipe) -> bool:
    """Whether what a recipe makes are bits in the guise of numbers."""
    return PACKED in recipe.params


def packed(bits: Bools) -> npt.NDArray[np.float32]:
    """bool ``[t, 16 w]`` → float32 ``[t, w]`` of whole numbers 0…65535; the first of sixteen bits is worth 1.

    >>> packed(np.array([[True, True] + [False] * 14]))
    array([[3.]], dtype=float32)
    """
    steps, width = bits.shape
    if width % WORD_BITS:
        raise ExtractionError(f"{width} bits cannot be packed; a fingerprint has a multiple of {WORD_BITS}.")
    return (bits.reshape(steps, width // WORD_BITS, WORD_BITS) @ _PLACES).astype(np.float32)


def words(values: npt.NDArray[np.float32]) -> Words:
    """What :func:`packed` made, as whole numbers: float32 ``[t, w]`` → uint16 ``[t, w]``."""
    whole = values.astype(np.int64)
    if (whole != values).any() or (whole < 0).any() or (whole >= 1 << WORD_BITS).any():
        raise ExtractionError(f"packed bits are whole numbers from 0 to {(1 << WORD_BITS) - 1}; these are not.")
    return whole.astype(np.uint16)


def unpacked(packed_words: Words) -> Bools:
    """uint16 ``[t, w]`` → bool ``[t, 16 w]``.

    >>> unpacked(np.array([[3]], np.uint16))[0, :4]
    array([ True,  True, False, False])
    """
    steps, width = packed_words.shape
    return ((packed_words[..., None].astype(np.uint32) & _PLACES) > 0).reshape(steps, width * WORD_BITS)
