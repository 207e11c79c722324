"""Fitted: the hybrid once it has learned. It scores, says what scores are the sum of, and takes in what is new."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from triptych.catalogue.history import History
from triptych.errors import UsageError
from triptych.models import scores
from triptych.models.affinity.tower import Shown
from triptych.models.hybrid import folding
from triptych.models.hybrid.adding import Adding
from triptych.models.hybrid.gates import Gates
from triptych.models.hybrid.passage import Foretold
from triptych.models.hybrid.shares import shares
from triptych.models.hybrid.voices import CONTENT, HISTORICAL, LATELY, NAMES, TOGETHER, Voices
from triptych.models.parts import Evidence, Parts
from triptych.models.recommender import Rough
from triptych.spaces.blocks import Blocks

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Taste:
    """What is known of somebody. ``items``: int64 ``[h]``, places of what they had; ``counted``: float64
    ``[HISTORICAL, h]``, what each counts. ``liked``: float64 ``[e, d]``, what they like besides, which is no item, as
    vectors."""

    items: I64
    counted: F64
    liked: F64

    def __len__(self) -> int:
        return len(self.items) + len(self.liked)


@dataclass(frozen=True, kw_only=True, eq=False)
class Fitted:
    """``history``: what was learned from and what was folded in since. ``shown``: the content of all items."""

    history: History
    voices: Voices
    gates: Gates
    shown: Shown
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def item_ids(self) -> tuple[str, ...]:
        return self.history.item_ids

    @property
    def user_ids(self) -> tuple[str, ...]:
        return self.history.user_ids

    def scores(self, users: I64) -> F32:
        """float32 ``[users, items]``. −1 is a stranger."""
        return self._adding.scores(self._asked(users))

    def rough(self, users: I64) -> Rough:
        """The same roughly, and exactly of pairs."""
        return self._adding.rough(self._asked(users))

    def scores_of(self, tastes: Sequence[Taste]) -> F32:
        """float32 ``[tastes, items]``."""
        rows = [
            _rows([one.items for one in tastes], [one.counted[k] for one in tastes], len(self.item_ids))
            for k in range(len(HISTORICAL))
        ]
        return self._adding.scores(rows, [one.liked for one in tastes])

    def taste(self, user: int) -> Taste:
        """Of a user that the history knows; −1 is a stranger."""
        return self._taste(self._asked(np.array([user])), self._no_likes)

    def told(
        self,
        items: npt.NDArray[Any] | Sequence[int],
        values: npt.NDArray[Any] | None = None,
        times: npt.NDArray[Any] | None = None,
        *,
        content: Blocks | None = None,
    ) -> Taste:
        """Of somebody new: places of items, the oldest first, all liked unless ``values`` say otherwise; and content
        that is liked though it is no item, such as a few words or a clip."""
        places = np.asarray(items, np.int64)
        if len(places) and not ((places >= 0) & (places < len(self.item_ids))).all():
            raise UsageError(f"there are {len(self.item_ids)} items, and one that is said to be liked is none of them.")
        if len(np.unique(places)) < len(places):
            raise UsageError("an item is told twice; tell each once.")
        counting = self.voices.counting
        like = 1.0 if counting.like is None else counting.like
        rows = History(
            user_ids=("",),
            item_ids=self.item_ids,
            users=np.zeros(len(places), np.int32),
            items=places.astype(np.int32),
            values=np.full(len(places), like, np.float32) if values is None else np.asarray(values, np.float32),
            times=np.arange(len(places)) if times is None else np.asarray(times, np.int64),
        )
        liked = self._no_likes if content is None else self._foretold(content)[0].liked
        return self._taste(counting.rows(rows), liked)

    def parts(self, taste: Taste, items: npt.NDArray[Any], *, features: bool = False) -> Parts:
        """What the score of each item is the sum of: what is liked together and what its own likes tell (``ratings``),
        its content panel by panel, its popularity, and what any item would have. ``features``: content by features."""
        places, voices = np.asarray(items, np.int64), self.voices
        weights = self._weights_for(taste)[:, places]
        names: list[str] = []
        groups: list[str] = []
        values: list[F64] = []

        def put(name: str, group: str, value: F64) -> None:
            names.append(name)
            groups.append(group)
            values.append(value)

        together = np.zeros(len(places))
        for name in TOGETHER:
            k = NAMES.index(name)
            together += weights[k] * (self._counted(taste, k) @ voices.together.between(taste.items, places))
        put("liked together", "ratings", together)
        # Content: a direction for each item, times where it lies.
        wish = np.zeros((len(places), voices.basis.of_users.shape[1]))
        for name in CONTENT:
            k = NAMES.index(name)
            wish += weights[k][:, None] * self._wish(taste, k)[None, :]
        share = voices.share[places]
        put("its own likes", "ratings", share * np.einsum("id,id->i", wish, voices.own[places]))
        self._content(put, wish * (1 - share)[:, None], places, features=features)
        put("foretold popularity", "popularity", weights[NAMES.index("promise")] * voices.promise[places])
        put("popularity", "popularity", weights[NAMES.index("standing")] * voices.standing[places])
        for k, name in enumerate(LATELY):
            put(f"the last {name}", "popularity", weights[NAMES.index(name)] * voices.lately[k, places])
        return Parts(names=tuple(names), groups=tuple(groups), values=np.stack(values, axis=1))

    def evidence(self, taste: Taste, items: npt.NDArray[Any]) -> Evidence:
        """What each item of a history, and all that hangs on none, adds to the score of each item."""
        places, voices = np.asarray(items, np.int64), self.voices
        weights = self._weights_for(taste)[:, places]
        values = np.zeros((len(places), len(taste.items)))
        rest = np.zeros(len(places))
        for k, name in enumerate(NAMES):
            if name in TOGETHER:
                counted = self._counted(taste, k)
                values += weights[k][:, None] * (counted[:, None] * voices.together.between(taste.items, places)).T
            elif name in CONTENT:
                lies = voices.lies[places]
                values += weights[k][:, None] * ((lies @ voices.liked[taste.items].T) * self._counted(taste, k))
                rest += weights[k] * (lies @ taste.liked.sum(axis=0)) * self._evened(taste, k)
            else:
                rest += weights[k] * voices.crowd[k - len(HISTORICAL), places]
        return Evidence(history=taste.items, values=values, rest=rest)

    def uncertainty(self) -> F32:
        """``[items]``: how far off the foretold popularity may be, as a deviation in units of the score; less the more
        likes an item has had."""
        voices = self.voices
        weight = self._weights[NAMES.index("promise")]
        unsure = np.sqrt(float(self.facts.get("launch_error", 1.0)) * (voices.foretold.variance + voices.passage.own))
        return (weight * unsure * voices.passage.fading(voices.likes)).astype(np.float32)

    def vectors(self) -> F32:
        """float32 ``[items, d]``: where each lies, foretold or known."""
        return self.voices.lies.astype(np.float32, order="C")

    def with_items(self, item_ids: Sequence[str], blocks: Blocks) -> Fitted:
        """With items that were not there, by their content: no learning, and nothing else changes."""
        if known := set(item_ids) & set(self.item_ids):
            raise UsageError(f"{min(known)!r} is an item that the model knows already; fold in the others.")
        if len(item_ids) != len(blocks) or len(set(item_ids)) != len(item_ids):
            raise UsageError(f"{len(item_ids)} new ids came with content of {len(blocks)}; give each a row of its own.")
        foretold, shown = self._foretold(blocks)
        return replace(
            self,
            history=replace(self.history, item_ids=(*self.item_ids, *item_ids)),
            voices=folding.with_content(self.voices, foretold),
            shown=folding.beside(self.shown, shown),
        )

    def with_rows(self, rows: History) -> Fitted:
        """With rows that were not there, of known items; users may be new. A pair that is known gets its new value.

        Who had what with what is brought up to date exactly. Where an item lies, how popular it is, and how its weights
        pass over follow from its likes. The kernel, the gates and the basis of vectors stay as they were learned: new
        users say nothing of where items lie until a new fit.
        """
        history = folding.merged(self.history, rows)
        return replace(self, history=history, voices=folding.with_history(self.voices, history))

    def body(self) -> dict[str, Any]:
        """As JSON has it; the rest of it is :meth:`arrays`."""
        return {
            "user_ids": list(self.user_ids),
            "item_ids": list(self.item_ids),
            "voices": self.voices.body(),
            "gates": self.gates.body(),
            "facts": dict(self.facts),
        }

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Each in rows, one after another in memory, as files of arrays have them."""
        history = {f"history.{name}": getattr(self.history, name) for name in ("users", "items", "values", "times")}
        found = {
            **history,
            **{f"shown.{p}": one for p, one in enumerate(self.shown.values)},
            "shown.lacking": self.shown.lacking,
            **{f"voices.{name}": one for name, one in self.voices.arrays().items()},
        }
        return {name: np.ascontiguousarray(one) for name, one in found.items()}

    @classmethod
    def again(cls, body: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> Fitted:
        history = History(
            user_ids=tuple(body["user_ids"]),
            item_ids=tuple(body["item_ids"]),
            users=arrays["history.users"],
            items=arrays["history.items"],
            values=arrays["history.values"],
            times=arrays["history.times"],
        )
        voices = {name.removeprefix("voices."): one for name, one in arrays.items() if name.startswith("voices.")}
        made = Voices.again(body["voices"], voices, history)
        return cls(
            history=history,
            voices=made,
            gates=Gates.again(body["gates"]),
            shown=Shown(
                values=tuple(arrays[f"shown.{p}"] for p in range(len(made.tower.names))),
                lacking=arrays["shown.lacking"].astype(bool),
            ),
            facts=body["facts"],
        )

    def _asked(self, users: I64) -> tuple[Any, ...]:
        return self.voices.rows(scores.asked(users, len(self.user_ids)))

    def _taste(self, rows: Sequence[Any], liked: F64) -> Taste:
        """Of one row for each voice."""
        items = np.unique(np.concatenate([one.indices for one in rows])).astype(np.int64)
        counted = np.stack([one.toarray()[0][items] for one in rows])
        return Taste(items=items, counted=counted, liked=liked)

    @cached_property
    def _adding(self) -> Adding:
        return Adding(voices=self.voices, gates=self.gates)

    @cached_property
    def _weights(self) -> F64:
        """``[voices, items]``."""
        return self.gates.at(self.voices.likes)

    @cached_property
    def _weights_of_strangers(self) -> F64:
        return self.gates.at_for_strangers(self.voices.likes)

    def _weights_for(self, taste: Taste) -> F64:
        """``[voices, items]``."""
        return self._weights if len(taste) else self._weights_of_strangers

    @property
    def _no_likes(self) -> F64:
        return np.zeros((0, self.voices.basis.of_users.shape[1]))

    def _evened(self, taste: Taste, voice: int) -> float:
        return float(max(taste.counted[voice].sum() + len(taste.liked), 1) ** -self.gates.evenness[voice])

    def _counted(self, taste: Taste, voice: int) -> F64:
        """``[h]``: what each row of a history counts for a voice."""
        return taste.counted[voice] * self._evened(taste, voice)

    def _wish(self, taste: Taste, voice: int) -> F64:
        """``[d]``: the direction that a taste looks in."""
        own = self._counted(taste, voice) @ self.voices.liked[taste.items]
        return own + taste.liked.sum(axis=0) * self._evened(taste, voice)

    def _foretold(self, blocks: Blocks) -> tuple[Foretold, Shown]:
        shown = self.voices.tower.shown(blocks)
        return Foretold.of(*self.voices.tower.made(shown)), shown

    def _content(self, put: Any, wish: F64, places: I64, *, features: bool) -> None:
        """``wish``: float64 ``[items, d]``; its product with what is foretold of an item is what is shared out."""
        voices, tower = self.voices, self.voices.tower
        d = self.voices.basis.of_users.shape[1]
        panels = list(dict.fromkeys(tower.panels))
        if features:
            players = [(p,) for p in range(len(tower.names))]
            unions = [[p for p, own in enumerate(tower.panels) if own == panel] for panel in panels]
        else:
            players = [tuple(p for p, own in enumerate(tower.panels) if own == panel) for panel in panels]
            unions = [[k] for k in range(len(panels))]
        found = np.zeros((len(places), len(players)))
        whole = np.einsum("id,id->i", wish, voices.foretold.met[places])
        anchor = {place: k for k, place in enumerate(voices.anchors.tolist())}
        towards = tower.solved[:, d : 2 * d] @ wish.T
        for row, place in enumerate(places.tolist()):
            own = self.shown.take(np.array([place]))
            lacking = own.lacking[0]
            told = [k for k, one in enumerate(players) if not lacking[list(one)].all()]
            if not told:
                continue
            among = [[told.index(k) for k in union if k in told] for union in unions]
            # An item that others are made of is itself made without itself.
            at = anchor.get(place)
            aim = towards[:, row] if at is None else tower.without(at, towards[:, row])

            def score(looks: npt.NDArray[np.bool_], own: Shown = own, aim: F64 = aim) -> F64:
                return tower.seen(own, looks, aim)

            one = shares([players[k] for k in told], [union for union in among if union], score, width=len(lacking))
            found[row, told] = one.values
        for k, one in enumerate(players):
            panel = tower.panels[one[0]]
            put(tower.names[one[0]] if features else panel, panel, found[:, k])
        # What it would have if nothing of it were shown: the rest, so that rounding leaves nothing over.
        put("what any item has", "usual", whole - found.sum(axis=1))


def _rows(items: Sequence[I64], values: Sequence[F64], count: int) -> Any:
    starts = np.cumsum([0, *(len(one) for one in items)])
    if not len(items):
        return scores.sparse((0, count), dtype=np.float64)
    return scores.sparse((np.concatenate(values), np.concatenate(items), starts), shape=(len(items), count))
