"""Desk: a warm model that answers: what is similar, what to recommend to whom, why; and that takes in what is new."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.records import Item
from triptych.desk import sketch
from triptych.desk.due import Due
from triptych.desk.fitting import aligned
from triptych.desk.folding import Folded, fold
from triptych.desk.model_folder import ModelFolder
from triptych.desk.moment import Moment
from triptych.desk.nearness import STRENGTH, lifted, nearness
from triptych.desk.order import MODEL, Order
from triptych.desk.refreshed import Refreshed
from triptych.desk.standing import Standing
from triptych.desk.who import Who
from triptych.engine import Engine
from triptych.models import scores
from triptych.programme.arranged import Arranged
from triptych.programme.day import Day
from triptych.programme.programme import Programme
from triptych.spaces.blocks import Blocks
from triptych.spaces.ranking import Neighbour
from triptych.spaces.shelf import PREFIX as SPACE
from triptych.spaces.shelf import Shelf
from triptych.spaces.space import Space

if TYPE_CHECKING:
    from triptych.explain.reason import Explanation

I64 = npt.NDArray[np.int64]

#: Scores held at a time where all users are asked about.
CELLS = 2_000_000
_DAY_S = 86_400
#: Why a list is in the model's own order though there is a re-ranker.
_NO_USER = "In the model's own order: the re-ranker knows users alone, by what they had."
_SEEN = "In the model's own order: the re-ranker knows only how to order what a user has not had."


class Desk:
    """Make it with :meth:`open`. Its answers may be asked for from several threads, while one refreshes it."""

    def __init__(
        self,
        catalogue: Catalogue,
        standing: Standing,
        *,
        space: str | None = None,
        programme: Programme | None = None,
        engine: Engine | None = None,
        strength: float = STRENGTH,
    ) -> None:
        self.standing = standing
        self.programme = programme or Programme()
        self._catalogue = catalogue
        self._space_name = space or standing.placing.space
        self._engine = engine
        self._strength = strength
        self._fit_content: Blocks | None = None
        self._all_content: tuple[tuple[str, ...], Blocks] | None = None
        self._space: tuple[int, tuple[str, ...], Space] | None = None
        self._versions: dict[str, int] = {}
        self._refreshing = threading.Lock()
        self._now = self._moment(Folded(fitted=standing.fitted, history=standing.rows))

    @classmethod
    def open(
        cls,
        catalogue: Catalogue,
        *,
        model: str = "hybrid",
        space: str | None = None,
        programme: Programme | None = None,
        engine: Engine | None = None,
        strength: float = STRENGTH,
        rerank: bool = True,
    ) -> Desk:
        """The model of that name as it was fitted; :meth:`refresh` takes in what came since.

        ``space``: by which items are similar, the one that the model was fitted on by default. ``programme``: what is
        done to scores where a request brings none. ``engine``: where clips that somebody hands in are decoded.
        ``strength``: how much what is near to a text or a clip is lifted, see :mod:`triptych.desk.nearness`.
        ``rerank``: False for the model's own order where it was fitted with a re-ranker.
        """
        standing = Standing.read(ModelFolder(catalogue.folder, model), rerank=rerank)
        return cls(catalogue, standing, space=space, programme=programme, engine=engine, strength=strength)

    # -- what there is -------------------------------------------------------------------------------------

    @property
    def manifest(self) -> Mapping[str, Any]:
        """Of the model, as its folder has it."""
        return self.standing.manifest

    @property
    def item_ids(self) -> tuple[str, ...]:
        return self._now.facts.item_ids

    @property
    def user_ids(self) -> tuple[str, ...]:
        return tuple(self._now.fitted.user_ids)

    @property
    def items(self) -> Mapping[str, Item]:
        """Of the catalogue, by id, as they were when it was opened or refreshed."""
        return self._now.items

    # -- answers -------------------------------------------------------------------------------------------

    def similar(
        self, item_id: str, *, n: int = 10, weights: Mapping[str, float] | None = None, metric: str = "cosine"
    ) -> list[Neighbour]:
        """The items most like one, by what is seen, heard and read; see :meth:`triptych.spaces.space.Space.similar`."""
        return self._known_space().similar([item_id], n=n, weights=weights, metric=metric).of(item_id)

    def recommend(self, who: Who, *, on: date, n: int | None = None, programme: Programme | None = None) -> Arranged:
        """One list. ``on``: the day that it is for. ``n`` stands over that of the programme."""
        now = self._now
        day = now.day(self._asked(programme, n), on)
        order = _order(now, day) if who.user else now.own
        unit = 1.0
        if who.user:
            place = now.user(who.user)
            given, had = order.scores(np.array([place]))[0], now.had(place)
            liked, unit = now.likes_of(place), _unit(order, day, place, given)
        elif who.stranger:
            given, had = now.fitted.scores(np.array([scores.STRANGER]))[0], np.zeros(0, np.int64)
            liked = None
        else:
            asked = self._sketched(who)
            given = now.fitted.scores_of([self._taste(now, who, asked)])[0]
            had, liked = self._likes(now, who), None
            if asked:
                content = self._content(now)
                near = {f"nearness to the {what}": nearness(rows, content) for what, rows in asked.items()}
                day = lifted(day, near, self._strength)
        return self._arranged(now, day, order, given, user=who.user, had=had, liked=liked, unit=unit)

    def recommend_all(
        self,
        users: Sequence[str] | None = None,
        *,
        on: date,
        n: int | None = None,
        programme: Programme | None = None,
    ) -> Iterator[list[Arranged]]:
        """A list for each of these users, all by default, some users at a time."""
        now = self._now
        day = now.day(self._asked(programme, n), on)
        places: I64 = np.arange(len(now.fitted.user_ids)) if users is None else now.users(users)
        size, order = max(1, CELLS // max(len(now.facts), 1)), _order(now, day)
        for start in range(0, len(places), size):
            part = places[start : start + size]
            given = order.scores(part)
            who: list[int] = part.tolist()
            yield [
                self._arranged(
                    now,
                    day,
                    order,
                    row,
                    user=now.fitted.user_ids[place],
                    had=now.had(place),
                    liked=now.likes_of(place),
                    unit=_unit(order, day, place, row),
                )
                for row, place in zip(given, who, strict=True)
            ]

    def explain(self, who: Who, item_id: str) -> Explanation:
        """Why this item, whether it is in a list or not."""
        now = self._now
        return self._explained(now, who, [now.item(item_id)], None)[0]

    def why(self, who: Who, arranged: Arranged) -> tuple[Explanation, ...]:
        """Why each item of a list that :meth:`recommend` gave, with its place there and the boosts that acted."""
        now = self._now
        places = [now.item(one.item_id) for one in arranged.placed]
        return self._explained(now, who, places, arranged) if places else ()

    # -- what is new ---------------------------------------------------------------------------------------

    def refresh(self, *, at: datetime, due: Due | None = None) -> Refreshed:
        """Take in what the catalogue got since the fit: items that were measured, users, interactions.

        Nothing is learned, and what comes out hangs on what the catalogue holds alone, not on how often this is asked.
        Requests are answered by what stood before until it is done. ``at``: now; without a zone it is UTC.
        """
        with self._refreshing:
            versions = self._looked()
            changed = versions != self._versions
            if changed:
                rows = "interactions"
                same = bool(self._versions) and versions.get(rows) == self._versions.get(rows)
                folded = fold(self.standing, self._catalogue, before=self._now.folded if same else None)
                moment = self._moment(folded)
                # Before anybody asks: sources of candidates learn from the rows that there are now.
                _ = moment.order
                self._now = moment
                self._versions = versions
        now = self._now.folded
        aware = at if at.tzinfo else at.replace(tzinfo=UTC)
        days = (aware - self.standing.fitted_at).total_seconds() / _DAY_S
        learned = len(self.standing.rows)
        return Refreshed(
            changed=changed,
            items=now.items,
            waiting=now.waiting,
            users=now.users,
            rows=now.rows,
            gone=now.gone,
            unknown=now.unknown,
            days=days,
            due=(due or Due()).reasons(rows=now.rows, learned=learned, items=len(now.items), days=days),
        )

    # -- within --------------------------------------------------------------------------------------------

    def _looked(self) -> dict[str, int]:
        """The versions of all tables that a fold reads."""
        tables = self._catalogue.tables
        return {
            name: tables.version(name) for name in tables.names() if not name.startswith((SPACE, "fit.", "commits"))
        }

    def _moment(self, folded: Folded) -> Moment:
        return Moment.of(self._catalogue, folded, like=self.standing.like, reranker=self.standing.reranker)

    def _asked(self, programme: Programme | None, n: int | None) -> Programme:
        chosen = programme or self.programme
        return chosen if n is None else replace(chosen, n=n)

    def _arranged(
        self,
        now: Moment,
        day: Day,
        order: Order,
        given: npt.NDArray[Any],
        *,
        user: str,
        had: I64,
        liked: I64 | None,
        unit: float,
    ) -> Arranged:
        """``unit``: of doubts, which are told in the model's own."""
        among = now.there
        chosen = given if among is None else given[among]
        doubts: npt.NDArray[Any] | None = None
        if _doubted(day):
            doubts = unit * (now.doubts if among is None else now.doubts[among])
        found = day.arrange(among, chosen, user=user, history=had, liked=liked, uncertainty=doubts)
        notes = found.notes
        if now.reranker is not None and order is now.own:
            notes = (*notes, _SEEN if user else _NO_USER)
        return replace(found, scored_by=order.name, notes=notes)

    def _likes(self, now: Moment, who: Who) -> I64:
        return np.array([now.item(item_id) for item_id in who.likes], np.int64)

    def _taste(self, now: Moment, who: Who, asked: Mapping[str, Blocks] | None = None) -> Any:
        """What is known of somebody who is no user, as the model has it."""
        likes = self._likes(now, who)
        rows = list((self._sketched(who) if asked is None else asked).values())
        return now.fitted.told(likes, content=stacked(rows)) if rows else now.fitted.told(likes)

    def _sketched(self, who: Who) -> dict[str, Blocks]:
        """What was asked for or shown, as content: a row of each."""
        found: dict[str, Blocks] = {}
        if who.text:
            found["text"] = sketch.of_text(self.standing.placing, who.text).blocks
        if who.clip is not None:
            found["clip"] = sketch.of_clip(self.standing.placing, who.clip, engine=self._engine).blocks
        return found

    def _content(self, now: Moment) -> Blocks:
        """Of all items of the model, in their order; kept until there are more."""
        folded = now.folded
        if self._fit_content is None:
            placing, ids = self.standing.placing, self.standing.rows.item_ids
            stands = placing.stands(self._catalogue)
            space = Shelf(self._catalogue.tables).read(placing.space) if stands else None
            self._fit_content = placing.items(self._catalogue, ids) if space is None else aligned(space, ids)
        if folded.content is None:
            return self._fit_content
        held = self._all_content
        if held is None or held[0] != folded.items:
            held = folded.items, stacked([self._fit_content, folded.content])
            self._all_content = held
        return held[1]

    def _explained(
        self, now: Moment, who: Who, places: Sequence[int], arranged: Arranged | None
    ) -> tuple[Explanation, ...]:
        from triptych.explain.of_hybrid import Known, of_hybrid
        from triptych.explain.reason import Named, Whom

        ids = now.facts.item_ids
        counts = now.history.item_counts
        known = Known(
            items=now.items,
            when=now.days_of(who.user),
            weights=now.weights_of(who.user),
            ratings={ids[place]: int(counts[place]) for place in places},
            doubts={ids[place]: float(now.doubts[place]) for place in places if now.doubts[place] > 0},
        )
        whom = Whom(
            user_id=who.user,
            likes=tuple(Named.of(item_id, now.items) for item_id in who.likes),
            text=who.text,
            clip="" if who.clip is None else who.clip.name,
            did="liked" if now.like is not None else "watched",
        )
        placed = None if arranged is None else arranged.placed
        if who.user:
            order = now.own if arranged is not None and arranged.scored_by == MODEL else now.order
            return order.explained(now.user(who.user), places, whom=whom, known=known, placed=placed)
        return of_hybrid(now.fitted, self._taste(now, who), places, whom=whom, known=known, placed=placed)

    def _known_space(self) -> Space:
        """The space as it stands, and the items that were folded in and are not placed in it yet."""
        tables, name = self._catalogue.tables, self._space_name
        folded = self._now.folded
        version = tables.version(SPACE + name) if tables.exists(SPACE + name) else 0
        held = self._space
        if held is None or held[:2] != (version, folded.items):
            held = version, folded.items, self._completed(Shelf(tables).read(name), folded)
            self._space = held
        return held[2]

    def _completed(self, space: Space, folded: Folded) -> Space:
        placing = self.standing.placing
        there = set(space.item_ids)
        missing = [k for k, item_id in enumerate(folded.items) if item_id not in there]
        if not missing or folded.content is None or space.name != placing.space or not placing.stands(self._catalogue):
            return space
        more = folded.content.rows(np.array(missing, np.int64))
        ids = (*space.item_ids, *(folded.items[k] for k in missing))
        return replace(space, item_ids=ids, blocks=stacked([space.blocks, more]))


def _order(now: Moment, day: Day) -> Order:
    """What users get. A re-ranker learned to order what is new to somebody, and says nothing of what they had."""
    return now.own if day.programme.seen else now.order


def _doubted(day: Day) -> bool:
    return bool(day.programme.explore) and day.programme.explore_by != "score"


def _unit(order: Order, day: Day, user: int, given: npt.NDArray[Any]) -> float:
    return order.unit(user, given) if _doubted(day) else 1.0


def stacked(rows: Sequence[Blocks]) -> Blocks:
    """Rows of the same blocks, one under the other."""
    first = rows[0]
    return Blocks(
        panels=first.panels,
        names=first.names,
        values=tuple(np.concatenate(own) for own in zip(*(one.values for one in rows), strict=True)),
        mask=np.concatenate([one.mask for one in rows]),
    )
