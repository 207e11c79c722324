"""Order: by whose scores items stand before a user, and why they stand there.

A moment has one order for users: the model's own, or that of a re-ranker over it. Who is no user is known by a taste
alone, of which a re-ranker knows nothing: theirs is always the model's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from triptych.desk.kinds import FittedModel
from triptych.models.rerank.two_stage import Reranked
from triptych.programme.arranged import Placed

if TYPE_CHECKING:
    from triptych.explain.of_hybrid import Known
    from triptych.explain.reason import Explanation, Whom

I64 = npt.NDArray[np.int64]
F32 = npt.NDArray[np.float32]

#: Whose scores they are, as answers tell it.
MODEL, RANKER = "model", "re-ranker"
BELOW = (
    "It is none of the candidates that were re-ranked for this user, and stands below them, in the order of the model."
)


class Order(Protocol):
    """Users and items are places, as the model has them."""

    @property
    def name(self) -> str:
        """:data:`MODEL` or :data:`RANKER`."""
        ...

    def scores(self, users: I64) -> F32:
        """float32 ``[users, items]``."""
        ...

    def unit(self, user: int, given: npt.NDArray[Any]) -> float:
        """How much of ``given``, the scores of a user, one of the model's own score is: doubts are told in those."""
        ...

    def explained(
        self, user: int, items: Sequence[int], *, whom: Whom, known: Known, placed: Sequence[Placed] | None
    ) -> tuple[Explanation, ...]:
        """Why each of ``items`` scores for the user what :meth:`scores` says."""
        ...


@dataclass(frozen=True, kw_only=True, eq=False)
class Own:
    """The order of the model itself."""

    fitted: FittedModel
    name: str = MODEL

    def scores(self, users: I64) -> F32:
        return self.fitted.scores(users)

    def unit(self, user: int, given: npt.NDArray[Any]) -> float:
        return 1.0

    def explained(
        self, user: int, items: Sequence[int], *, whom: Whom, known: Known, placed: Sequence[Placed] | None
    ) -> tuple[Explanation, ...]:
        from triptych.explain.of_hybrid import of_hybrid

        return of_hybrid(self.fitted, self.fitted.taste(user), items, whom=whom, known=known, placed=placed)


@dataclass(frozen=True, kw_only=True, eq=False)
class Ranked:
    """The model's candidates and those of other sources, as a re-ranker puts them in order; then all the rest."""

    fitted: FittedModel
    reranked: Reranked
    source: str
    name: str = RANKER

    def scores(self, users: I64) -> F32:
        return self.reranked.scores(users)

    def unit(self, user: int, given: npt.NDArray[Any]) -> float:
        own, other = (_spread(one) for one in (self.fitted.scores(np.array([user]))[0], given))
        return other / own if own > 0 else 1.0

    def explained(
        self, user: int, items: Sequence[int], *, whom: Whom, known: Known, placed: Sequence[Placed] | None
    ) -> tuple[Explanation, ...]:
        from triptych.explain.of_hybrid import witnessed
        from triptych.explain.of_ranked import of_ranked, parts_of

        places, ids = np.array(items, np.int64), self.fitted.item_ids
        told = self.reranked.explain(user, places)
        names, groups = [one.name for one in told.columns], [one.group for one in told.columns]
        evidence = self.fitted.evidence(self.fitted.taste(user), places)
        found = of_ranked(
            parts_of(names, groups, told.values, told.start),
            [ids[place] for place in items],
            whom=whom,
            known=known,
            placed=placed,
            spoken=[witnessed(evidence, k, ids, place, known, of=self.source) for k, place in enumerate(items)],
        )
        among: list[bool] = told.candidate.tolist()
        return tuple(
            one if candidate else replace(one, notes=(*one.notes, BELOW))
            for one, candidate in zip(found, among, strict=True)
        )


def _spread(values: npt.NDArray[Any]) -> float:
    known = np.isfinite(values)
    return float(values[known].std()) if known.any() else 0.0
