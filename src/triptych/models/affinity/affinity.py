"""Affinity: a similarity that is learned by ranking, for users by what they like and items by what they are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import torch

from triptych.catalogue.history import History
from triptych.errors import UnknownName, UsageError
from triptych.models import lot, scores
from triptych.models.affinity.co_likes import CoLikes
from triptych.models.affinity.content import Content
from triptych.models.affinity.rehearsal import Held, Rehearsal
from triptych.models.affinity.scoring import Scoring, Tastes
from triptych.models.affinity.taste import Taste
from triptych.models.affinity.tower import Tower
from triptych.models.kept import Kept, looked_at
from triptych.models.recommender import Recommender
from triptych.models.similarity import Learned, Lessons, Report, Snapshot
from triptych.models.trainer import Trained, Trainer

Bool = npt.NDArray[np.bool_]
I64 = npt.NDArray[np.int64]

#: Fewer items cannot be parted into those that teach and those that judge.
FEWEST = 4
#: Users who judge, at most: their likes are held whole.
JUDGES = 4096
#: Items that vectors are made for at a time.
ROWS = 512
#: Settings that depart from those by default.
PRESETS: Mapping[str, Mapping[str, Any]] = {
    "affinity": {},
    # What content says of how popular an item becomes counts as well, as far as that ranks better.
    "affinity-launch": {"launch": True},
    # No correction: what is liked by many is near to everybody.
    "affinity-popular": {"correction": 0.0},
}


def _trainer() -> Trainer:
    return Trainer(epochs=40, rate=0.1, weight_decay=0.0, plateau=3, plateau_factor=0.5)


@dataclass(frozen=True, kw_only=True)
class Affinity:
    """Settings. ``like``: the least value that counts as liked. ``opinions``, ``correction`` and ``launch``: see
    :mod:`~triptych.models.affinity.scoring`. ``width``: of an item's vector, at most. ``without``: features that are
    left out.

    ``items``: at most so many are learned from, those that are liked most. Nothing larger than their square is held.
    ``validation``: the share of these, and of users, that choose the epoch and teach nothing before; when it is chosen,
    vectors are made of all, in closed form. ``batch`` and ``users``: how many of either at a time, in each of the
    ``steps`` of an epoch. ``forgetting``: how probable it is that an item is shown without a panel.
    ``trainer``: its seed and title are those of this. ``seed``: of all.
    """

    name: str = "affinity"
    trainer: Trainer = field(default_factory=_trainer)
    like: float = 4.0
    opinions: int = 2
    correction: float = 0.5
    launch: bool = False
    width: int = 256
    without: tuple[str, ...] = ()
    items: int = 4096
    validation: float = 0.1
    batch: int = 512
    users: int = 2048
    steps: int = 3
    forgetting: float = 0.1
    seed: int = 0

    def __post_init__(self) -> None:
        least = {"opinions": 1, "width": 1, "items": FEWEST, "batch": 2, "users": 1, "steps": 1}
        for name, number in least.items():
            if getattr(self, name) < number:
                raise UsageError(f"{name} is {getattr(self, name)}; it is {number} or more.")
        if not 0 <= self.correction <= 1:
            raise UsageError(f"the correction is {self.correction:g}; it is from 0 (none) to 1.")
        if not 0 < self.validation < 1:
            raise UsageError(f"a share of {self.validation:g} chooses the epoch; it is above 0 and below 1.")
        if not 0 <= self.forgetting < 1:
            raise UsageError(f"panels are forgotten with a chance of {self.forgetting:g}; it is 0 or more, below 1.")

    @classmethod
    def preset(cls, name: str, **changes: Any) -> Affinity:
        """One of :data:`PRESETS`. ``changes``: other settings; of the trainer's, ``epochs``, ``rate``, ``patience``,
        ``plateau``, ``device`` and ``threads`` may be given here as well."""
        if name not in PRESETS:
            raise UnknownName("preset of an affinity", name, PRESETS)
        names = ("epochs", "rate", "patience", "plateau", "device", "threads")
        own = {one: changes.pop(one) for one in names if one in changes}
        settings: dict[str, Any] = {"name": name, "trainer": replace(_trainer(), **own), **PRESETS[name], **changes}
        return cls(**settings)

    @property
    def key(self) -> Mapping[str, Any]:
        own = {name: getattr(self, name) for name in self.__dataclass_fields__ if name not in ("name", "trainer")}
        trainer = {**self.trainer.settings, "epochs": self.trainer.epochs, "seed": self.seed}
        return {"similarity": "affinity", **own, "without": list(self.without), "trainer": trainer}

    def fit(self, lessons: Lessons, *, folder: Path | None = None, report: Report | None = None) -> Learned:
        """``folder`` keeps checkpoints, and what was learned by each epoch that is looked at."""
        found = self._course(lessons, folder, report)
        return Learned(
            snapshots=found.learning.placed(found.nets, found.tastes),
            best=found.trained.best,
            epochs=found.trained.epochs,
            learned_from=found.learning.item_ids,
            facts=found.facts,
        )

    def tower(
        self, lessons: Lessons, *, folder: Path | None = None, report: Report | None = None
    ) -> tuple[Tower, I64, Mapping[str, Any]]:
        """What was learned after the best epoch, for whoever makes items by it: a tower without targets, the places of
        its anchors, and facts of it as JSON has them."""
        found = self._course(lessons, folder, report)
        net, learning = found.nets[found.trained.best], found.learning
        tower = Tower.of(net, learning.content, lessons.blocks, learning.items)
        facts = {
            **found.facts,
            "best": found.trained.best,
            "epochs": [dict(one) for one in found.trained.epochs],
            # Whoever practises on items practises on these: the kernel was not fitted to them.
            "held_back_items": cast(Any, learning.items[found.judge]).tolist(),
        }
        return tower, learning.items, facts

    def _course(self, lessons: Lessons, folder: Path | None, report: Report | None) -> _Course:
        learning = _Learning.of(self, lessons)
        teach, judge, users, judges = learning.parted(self)
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(self.seed)
            net = self._net(learning.content)
        taught = learning.likes[users][:, teach]
        rehearsal = Rehearsal(
            net,
            learning.content,
            items=learning.items[teach],
            likes=taught,
            tastes=_tastes(taught, self.width),
            held=Held(
                items=torch.from_numpy(learning.items[judge]),
                known=_dense(learning.likes[judges][:, teach]),
                likes=_dense(learning.likes[judges][:, judge]),
            ),
            forgetting=self.forgetting,
            batch=self.batch,
            users=self.users,
            steps=self.steps,
        )
        kept = Kept(folder)

        def keep(epoch: int, _: object) -> None:
            # At least one entry long, as the file has them.
            kept.put(
                epoch, {name: one.detach().cpu().numpy().reshape(-1).copy() for name, one in net.named_parameters()}
            )

        keep(0, net)
        trainer = replace(self.trainer, seed=self.seed, title=self.name)
        trained = trainer.train(rehearsal, folder=folder, report=report, after_epoch=keep)
        wanted = looked_at(best=trained.best, last=len(trained.epochs))
        nets = {epoch: _restored(self._net(learning.content), kept.of(epoch)) for epoch in wanted}
        kept.tidy(wanted)
        tastes = _tastes(learning.likes, self.width)
        facts = _facts(nets[trained.best], learning, taught, tastes)
        return _Course(learning=learning, judge=judge, trained=trained, nets=nets, tastes=tastes, facts=facts)

    def recommender(self, snapshot: Snapshot, told: History, *, like: float) -> Recommender:
        sharpness, evenness, launch = snapshot.extra["scale"].astype(np.float64).tolist()
        return Taste(
            likes=told.liked(like).pairs,
            liked=snapshot.extra["liked"],
            vectors=np.where(snapshot.mask[:, None], snapshot.vectors, 0),
            launches=snapshot.extra["launches"],
            sharpness=sharpness,
            evenness=evenness,
            launch=launch,
        )

    def _net(self, content: Content) -> Scoring:
        return Scoring(len(content.names), opinions=self.opinions, correction=self.correction, launch=self.launch)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Course:
    """A training that has ended. ``judge``: which of the items that are learned from judged it; ``nets``: by the epochs
    that are looked at; ``tastes``: of all users and items."""

    learning: _Learning
    judge: I64
    trained: Trained
    nets: Mapping[int, Scoring]
    tastes: Tastes
    facts: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Learning:
    """``items``: places of those learned from; ``likes``: sparse ``[users with a like, items]``; ``item_ids`` and
    ``user_ids``: of both; ``present``: bool ``[all items]``, those with content."""

    content: Content
    items: I64
    likes: Any
    item_ids: Sequence[str]
    user_ids: Sequence[str]
    present: Bool

    @classmethod
    def of(cls, settings: Affinity, lessons: Lessons) -> _Learning:
        train = lessons.train
        liked = scores.needed(train, settings.name, like=settings.like)
        used = [p for p, name in enumerate(lessons.blocks.names) if name not in settings.without]
        among = np.flatnonzero((train.item_counts > 0) & lessons.may_learn & lessons.blocks.mask[:, used].any(axis=1))
        lots = lot.scattered(lot.keys(_named(train.item_ids, among), "affinity most"), settings.seed)
        most = np.lexsort((lots, -liked.item_counts[among]))[: settings.items]
        items = np.sort(among[most])
        likes: Any = cast(Any, liked.pairs)[:, items]
        users = np.flatnonzero(np.diff(likes.indptr))
        if len(items) < FEWEST or not len(users):
            raise UsageError(
                f"{settings.name} has {len(items)} items with content and ratings to learn from, and {len(users)} "
                f"users who like any; it needs {FEWEST} and 1. Give more ratings, more features, or a lower 'like'."
            )
        teach = np.isin(np.arange(len(train.item_ids)), items)
        content = Content.of_blocks(lessons.blocks, teach, without=settings.without)
        return cls(
            content=content,
            items=items,
            likes=scores.sparse(likes[users]),
            item_ids=_named(train.item_ids, items),
            user_ids=_named(train.user_ids, users),
            present=content.present,
        )

    def parted(self, settings: Affinity) -> tuple[I64, I64, I64, I64]:
        """Places of the items that teach and of those that judge, then of users: those who teach and those who judge.
        Where one user is all there is, that user does both."""
        teach, judge = _parted(self.item_ids, settings.validation, "affinity items", settings.seed, least=2)
        users = judges = np.arange(len(self.user_ids))
        if len(users) > 1:
            users, judges = _parted(self.user_ids, settings.validation, "affinity users", settings.seed, least=1)
        if self.likes[users][:, teach].nnz == 0:
            raise UsageError(
                f"the likes are too few: of {len(users)} users who are to teach {settings.name}, none likes any of "
                f"{len(teach)} items. Give more ratings, or a lower 'like'."
            )
        return teach, judge, users, judges[:JUDGES]

    def placed(self, nets: Mapping[int, Scoring], tastes: Tastes) -> tuple[Snapshot, ...]:
        """Where all items stand by each net, solved in double precision. Distances are the same for all of them."""
        items, n = torch.from_numpy(self.items), len(self.content)
        held = torch.from_numpy(np.flatnonzero(self.present))
        kernels = {epoch: torch.empty(len(items), len(items)) for epoch in nets}
        with torch.no_grad():
            for start in range(0, len(items), ROWS):
                rows = torch.arange(start, min(start + ROWS, len(items)))
                distances = self.content.distances(items[rows], items)
                for epoch, net in nets.items():
                    kernels[epoch][rows] = net.kernel(distances)
            ready: dict[int, torch.Tensor] = {}
            for epoch, net in nets.items():
                _, met = net.liked_and_met(tastes)
                sums = torch.cat([met, tastes.launches[:, None]], dim=1).double()
                ready[epoch] = net.made_of(kernels.pop(epoch).double(), sums)
            found = {epoch: torch.zeros(n, tastes.vectors.shape[1] + 1) for epoch in nets}
            for start in range(0, len(held), ROWS):
                rows = held[start : start + ROWS]
                distances = self.content.distances(rows, items)
                for epoch, net in nets.items():
                    found[epoch][rows] = (net.kernel(distances).double() @ ready[epoch]).float()
            return tuple(self._snapshot(epoch, net, tastes, found[epoch].numpy()) for epoch, net in nets.items())

    def _snapshot(self, epoch: int, net: Scoring, tastes: Tastes, found: npt.NDArray[np.float32]) -> Snapshot:
        liked, _ = net.liked_and_met(tastes)
        known = np.zeros((len(found), found.shape[1] - 1), np.float32)
        known[self.items] = liked.numpy()
        scale = [net.sharpness.exp().item(), net.evenness.item(), net.launch.item()]
        return Snapshot(
            epoch=epoch,
            vectors=np.ascontiguousarray(found[:, :-1]),
            mask=self.present,
            extra={
                "liked": known,
                "launches": np.ascontiguousarray(found[:, -1]),
                "scale": np.array(scale, np.float32),
            },
        )


def _named(ids: Sequence[str], places: I64) -> tuple[str, ...]:
    found: list[int] = places.tolist()
    return tuple(ids[k] for k in found)


def _parted(ids: Sequence[str], share: float, purpose: str, seed: int, *, least: int) -> tuple[I64, I64]:
    """Places of most, ``least`` or more, and of a share, 1 or more, drawn by a lot for each id."""
    order = np.argsort(lot.scattered(lot.keys(ids, purpose), seed), kind="stable")
    held = min(max(round(len(ids) * share), 1), len(ids) - least)
    return np.sort(order[held:]), np.sort(order[:held])


def _tastes(likes: Any, width: int) -> Tastes:
    found = CoLikes.of(likes, width=width)
    return Tastes(
        vectors=torch.from_numpy(found.vectors),
        energy=torch.from_numpy(found.energy),
        commonness=torch.from_numpy(found.commonness),
        launches=torch.from_numpy(found.launches),
    )


def _dense(likes: Any) -> torch.Tensor:
    return torch.from_numpy(likes.toarray().astype(np.float32))


def _restored(net: Scoring, arrays: Mapping[str, npt.NDArray[np.float32]]) -> Scoring:
    with torch.no_grad():
        for name, one in net.named_parameters():
            one.copy_(torch.from_numpy(arrays[name]).reshape(one.shape))
    return net


def _facts(net: Scoring, learning: _Learning, taught: Any, tastes: Tastes) -> dict[str, Any]:
    """As JSON has it: what learned from how much, and what it came to."""
    names = learning.content.names
    shares, weights, alone = _numbers(net.shares), _numbers(net.weights), _numbers(net.alone)
    return {
        "parameters": sum(one.numel() for one in net.parameters() if one.requires_grad),
        "items": {"all": len(learning.items), "teaching": int(taught.shape[1])},
        "users": {"all": len(learning.user_ids), "teaching": int(taught.shape[0])},
        "width": int(tastes.vectors.shape[1]),
        "opinions": [
            {"share": share, "weights": dict(zip(names, own, strict=True))}
            for share, own in zip(shares, weights, strict=True)
        ],
        "alone": dict(zip(names, alone, strict=True)),
        "ridge": net.ridge.exp().item(),
        "held_back": net.held_back.exp().item(),
        "sharpness": net.sharpness.exp().item(),
        "evenness": net.evenness.item(),
        "launch": net.launch.item(),
    }


def _numbers(logs: torch.Tensor) -> list[Any]:
    return cast(Any, logs.detach().exp()).tolist()
