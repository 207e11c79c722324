"""Scoring: the few numbers that are learned, and how items get vectors from their content by them.

How alike items i and j are, with d_p the distance of :mod:`~triptych.models.affinity.content` by feature p, is

    k(i, j) = Σ_m a_m exp(−Σ_p w_mp d_p(i, j)) + Σ_p c_p exp(−2 d_p(i, j))

alike in all that matters, in several opinions m of what does, or in a single feature. Of the items S that anything is
known of, an item i that nothing is known of is made by kernel ridge regression (with K their k, and k_i theirs to i)

    A_i = (K + λI)⁻¹ k_i;   and leaving out i itself:   A_ti = −G_ti / G_ii,  G = (K + λI)⁻¹

the second for an item of S, exactly what the first gives without it (Rasmussen and Williams 2006, *Gaussian processes
for machine learning*, §5.4.2). So every item that teaches is met as if it were cold, all in one go. With V, σ² and the
commonness q of :mod:`~triptych.models.affinity.co_likes`,

    e_t = V_t √(σ² / (σ² + μ)),   g_t = e_t / q_t^κ less the mean,   v_i = Σ_t A_ti g_t
    s(u, i) = τ |L_u|^−ρ Σ_{j ∈ L_u} e_j · v_i + β Σ_t A_ti log(1 + likes of t)

where L_u is what the user likes. κ is the correction for popularity: with 0 what is liked by many is near to
everybody, with 1 a like counts as much as it is rare. Logarithms of a, w, c, λ, μ and τ are learned, and ρ; β if asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import cast

import torch
from torch import nn

from triptych.models.affinity.tower import LEAST, NARROW

#: Where learning starts: c is this share of equal weights; and μ, τ.
ALONE, HELD_BACK, SHARPNESS = 0.3, 0.13, 90.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Tastes:
    """CoLikes as tensors: ``vectors`` ``[n, d]``, ``energy`` ``[d]``, ``commonness`` ``[n]``, ``launches`` ``[n]``."""

    vectors: torch.Tensor
    energy: torch.Tensor
    commonness: torch.Tensor
    launches: torch.Tensor

    def to(self, device: torch.device) -> Tastes:
        return Tastes(
            vectors=self.vectors.to(device),
            energy=self.energy.to(device),
            commonness=self.commonness.to(device),
            launches=self.launches.to(device),
        )


class Scoring(nn.Module):
    """``features``: P. ``opinions``: M, which start a little apart. ``correction``: κ. ``launch``: whether β is
    learned; it is 0 otherwise."""

    def __init__(self, features: int, *, opinions: int, correction: float, launch: bool) -> None:
        super().__init__()
        apart = torch.linspace(-1, 1, opinions)[:, None] if opinions > 1 else torch.zeros(1, 1)
        self.weights = nn.Parameter(apart - log(features) * torch.ones(1, features))
        self.shares = nn.Parameter(torch.full((opinions,), -log(opinions)))
        self.alone = nn.Parameter(torch.full((features,), log(ALONE / features)))
        self.ridge = nn.Parameter(torch.zeros(()))
        self.held_back = nn.Parameter(torch.tensor(log(HELD_BACK)))
        self.sharpness = nn.Parameter(torch.tensor(log(SHARPNESS)))
        self.evenness = nn.Parameter(torch.tensor(0.5))
        self.launch = nn.Parameter(torch.zeros(()), requires_grad=launch)
        self.correction = correction

    def kernel(self, distances: torch.Tensor) -> torch.Tensor:
        """``[a, b]`` of ``[P, a, b]``."""
        features, a, b = distances.shape
        far = (self.weights.exp() @ distances.reshape(features, -1)).neg().exp()
        near = self.alone.exp() @ (-NARROW * distances).exp().reshape(features, -1)
        return (self.shares.exp() @ far + near).reshape(a, b)

    def left_out(self, kernel: torch.Tensor) -> torch.Tensor:
        """``[n, n]``: column i has what all others count in making i, 0 for itself."""
        inverse = torch.cholesky_inverse(self._factor(kernel))
        found = -inverse / inverse.diagonal()[None, :]
        return found - torch.diag(found.diagonal())

    def made_of(self, kernel: torch.Tensor, towards: torch.Tensor) -> torch.Tensor:
        """``[n, m]``: what each of n items counts in making m others; ``towards``: the kernel of those, ``[n, m]``."""
        return torch.cholesky_solve(towards, self._factor(kernel))

    def liked_and_met(self, tastes: Tastes) -> tuple[torch.Tensor, torch.Tensor]:
        """e and g, ``[n, d]``: items as they count where they are liked, and as others are made of them."""
        kept = (tastes.energy / (tastes.energy + self.held_back.exp())).sqrt()
        liked = tastes.vectors * kept
        met = liked / tastes.commonness[:, None] ** self.correction
        return liked, met - met.mean(dim=0)

    def scores(self, likes: torch.Tensor, weights: torch.Tensor, launches: torch.Tensor) -> torch.Tensor:
        """``[u, m]``. ``likes`` ``[u, n]``; ``weights`` ``[n, m]``, e · v of each pair; ``launches`` ``[m]``."""
        lengths = likes.sum(dim=1, keepdim=True).clamp_min(1) ** -self.evenness
        return self.sharpness.exp() * lengths * (likes @ weights) + self.launch * launches

    def _factor(self, kernel: torch.Tensor) -> torch.Tensor:
        """Of K + λI, in the precision that is given."""
        ridge = (self.ridge.exp() + LEAST) * torch.eye(len(kernel), dtype=kernel.dtype, device=kernel.device)
        return cast(torch.Tensor, torch.linalg.cholesky(kernel + ridge))


def listwise(scores: torch.Tensor, likes: torch.Tensor) -> torch.Tensor:
    """Scalar: the mean over users, of those with a like, of the mean over their likes of −log softmax of its score
    among all items; 0 where nobody has a like. Both ``[u, m]``."""
    counts = likes.sum(dim=1)
    own = -(torch.log_softmax(scores, dim=1) * likes).sum(dim=1) / counts.clamp_min(1)
    return own.sum() / (counts > 0).sum().clamp_min(1)
