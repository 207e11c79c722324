"""Passage: from what an item's content foretells to what its likes tell, as they come in.

Of an item i, a tower foretells m_i with variance s²_i, and n likes tell t_i with a variance of ν / n. An item also has
something of its own that no content tells, of variance λ. So what is best known of it is

    v_i = m_i + κ_i (t_i − m_i),     κ_i = (s²_i + λ) / (s²_i + λ + ν / n)

m_i where nobody has liked it, t_i where very many have; and an item whose content is unlike all others, or lacking,
leaves what is foretold sooner.

How many likes it will have is foretold as a logarithm. With n of them it is taken to be going to have

    N_i = n + ψ (exp(foretold) − 1),     ψ = FADING / (FADING + n)

and what its n likes tell is taken N_i / n times, as the more popular have longer vectors.

What a like of it says of who likes it is a sum over those who like it, e_i, so that those who are still to come will
add their share of what is foretold of it, f_i:

    e_i = t_i + (N_i − n) / N_i f_i
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

#: Likes after which half of what was foretold of an item's popularity is forgotten.
FADING = 30.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Foretold:
    """By content alone. ``liked``: float64 ``[n, d]``, what a like of an item says; ``met``: ``[n, d]``, where it lies;
    ``launch``: ``[n]``, the logarithm of 1 + its likes; ``variance``: ``[n]``, s², in units of the tower's kernel."""

    liked: F64
    met: F64
    launch: F64
    variance: F64

    @classmethod
    def of(cls, made: F64, variance: F64) -> Foretold:
        """``made``: what a tower makes: ``liked``, ``met`` and ``launch`` side by side."""
        d = (made.shape[1] - 1) // 2
        return cls(liked=made[:, :d], met=made[:, d : 2 * d], launch=made[:, -1], variance=variance)

    def __len__(self) -> int:
        return len(self.launch)


def passed(unsure: Any, likes: Any, noise: Any) -> Any:
    """κ of ``unsure``, s² + λ, and ν in any one unit, of whatever can be multiplied; 0 without likes."""
    return unsure * likes / (unsure * likes + noise)


@dataclass(frozen=True, kw_only=True)
class Passage:
    """``noise``: ν; ``own``: λ; both in units of the tower's kernel."""

    noise: float
    own: float

    def share(self, variance: F64, likes: I64) -> F64:
        """κ ``[n]``."""
        return passed(variance + self.own, likes, self.noise)

    def fading(self, likes: I64) -> F64:
        """ψ ``[n]``."""
        return np.asarray(FADING / (FADING + likes), np.float64)

    def likes_to_come(self, launch: F64, likes: I64) -> F64:
        """N ``[n]``."""
        foretold = np.maximum(np.expm1(launch), 0)
        return np.asarray(likes + self.fading(likes) * foretold, np.float64)

    def to_come(self, launch: F64, likes: I64) -> F64:
        """(N − n) / N ``[n]``: the part of an item's likes that is still to come; all where it has none."""
        coming = self.likes_to_come(launch, likes)
        return np.where(likes > 0, 1 - likes / np.maximum(coming, 1), 1.0)
