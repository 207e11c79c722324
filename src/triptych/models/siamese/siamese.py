"""Siamese: a similarity that is learned from pairs of items which people liked alike, or did not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from triptych.catalogue.history import History
from triptych.errors import UsageError
from triptych.models import lot
from triptych.models.kept import Kept, looked_at
from triptych.models.recommender import Recommender
from triptych.models.siamese import diagnosis, presets, saved
from triptych.models.siamese.drill import Aim, Drill
from triptych.models.siamese.genres import jaccard
from triptych.models.siamese.inputs import Inputs
from triptych.models.siamese.network import HIDDEN, OUTPUTS, Network, Plan, parameters
from triptych.models.siamese.pairs import How, Pairs, Strategy, generate
from triptych.models.similarity import Learned, Lessons, Report, Snapshot
from triptych.models.trainer import Trainer

#: Of pairs that were held back there must be so many of either kind.
LEAST = 20
NETWORK = "network"


@dataclass(frozen=True, kw_only=True)
class Siamese:
    """Settings. ``loss``: contrastive or triplet, see :mod:`~triptych.models.siamese.losses`, with ``margin`` and, for
    the first, ``half``; ``metric``; ``fusion``: hybrid, simple or ultra-simple.

    ``pairs``: how many are drawn from the training rows for teaching and for the choice of the epoch together, by
    ``strategy``, ``like`` and ``dislike``, see :mod:`~triptych.models.siamese.pairs`. ``shares``: of users, and of
    items, that teach and that choose; the two sides have neither in common, so rows of one's users with the other's
    items serve neither. ``disjoint`` False is as in the thesis: of pairs, so that an item and a user are on both sides,
    and the epoch is chosen by what was seen. ``batch``: pairs at a time.

    ``without``: features that no tower is shown; pairs are made by genres, so genres must not be seen. ``outputs``,
    ``hidden``: widths of the panel towers; ``width``: of an item's vector; ``forgetting``: how probable it is that a
    panel is taken from an item in training. ``trainer``: its seed and title are those of this. ``seed``: of all.
    """

    name: str
    trainer: Trainer
    loss: str = "contrastive"
    metric: str = "cosine"
    fusion: str = "hybrid"
    margin: float = 0.8
    half: bool = False
    pairs: int = 25_000
    strategy: Strategy = "hybrid"
    like: float = 4.0
    dislike: float = 3.0
    shares: tuple[float, float] = (0.85, 0.15)
    disjoint: bool = True
    batch: int = 16
    without: tuple[str, ...] = ("reading/genres",)
    outputs: Mapping[str, int] = field(default_factory=lambda: dict(OUTPUTS))
    hidden: Mapping[str, int] = field(default_factory=lambda: dict(HIDDEN))
    width: int = 128
    dropout: float = 0.4
    forgetting: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        if len(self.shares) != 2 or min(self.shares) <= 0 or abs(sum(self.shares) - 1) > 1e-9:
            raise UsageError(
                f"shares of {self.shares} were given; who teaches and who chooses need one each, 1 in all."
            )
        _ = self.aim, self._plan({})

    @classmethod
    def preset(cls, name: str, **changes: Any) -> Siamese:
        """One of the thesis's four, Table F.1: pair-cosine, pair-euclidean, triplet-cosine, triplet-euclidean.

        ``changes``: other settings; of the trainer's, ``epochs``, ``patience``, ``device``, ``threads``, ``precision``,
        ``plateau``, ``weight_decay`` and ``rates`` may be given here as well.
        """
        found = presets.preset(name)
        names = ("epochs", "patience", "device", "threads", "precision", "plateau", "weight_decay", "rates")
        own = {one: changes.pop(one) for one in names if one in changes}
        trainer: dict[str, Any] = {
            "epochs": found.epochs,
            "rates": found.rates,
            "rate": found.rates["fusion"],
            "weight_decay": found.weight_decay,
            "plateau": found.plateau,
            "patience": found.patience,
        }
        settings: dict[str, Any] = {
            "name": name,
            "trainer": Trainer(**{**trainer, **own}),
            "loss": found.loss,
            "metric": found.metric,
            "margin": found.margin,
            "fusion": found.fusion,
            "batch": found.batch,
        }
        return cls(**{**settings, **changes})

    @property
    def aim(self) -> Aim:
        return Aim(loss=self.loss, metric=self.metric, margin=self.margin, half=self.half, batch=self.batch)

    @property
    def key(self) -> Mapping[str, Any]:
        own = {name: getattr(self, name) for name in self.__dataclass_fields__ if name not in ("name", "trainer")}
        own |= {"shares": list(self.shares), "without": list(self.without)}
        own |= {"outputs": dict(self.outputs), "hidden": dict(self.hidden)}
        trainer = {**self.trainer.settings, "epochs": self.trainer.epochs, "seed": self.seed}
        return {"similarity": "siamese", **own, "trainer": trainer}

    def fit(self, lessons: Lessons, *, folder: Path | None = None, report: Report | None = None) -> Learned:
        """``folder`` keeps checkpoints, where items stood after the epochs, and at the end the network, see
        :mod:`~triptych.models.siamese.saved`. Those learned from are the items that taught and those that chose."""
        inputs = Inputs.of_blocks(lessons.blocks, without=self.without)
        teaching, choosing, rows = self._sides(lessons, inputs.present.any(dim=1).numpy())
        taught = np.atleast_1d(inputs.present.numpy()[teaching.items].any(axis=0))
        # A panel that no item teaches would be a tower of chance.
        inputs = inputs.only([panel for panel, has in zip(inputs.panels, taught, strict=True) if bool(has)])
        mask = inputs.present.any(dim=1).numpy()
        choosing = choosing.among(mask)
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(self.seed)
            net = Network(self._plan(inputs.widths))
        drill = Drill(net, inputs, pairs=teaching, held=choosing, genres=lessons.genres, aim=self.aim, seed=self.seed)
        rates = {name: rate for name, rate in self.trainer.rates.items() if hasattr(net, name.split(".")[0])}
        trainer = replace(self.trainer, seed=self.seed, title=self.name, rates=rates)
        kept = Kept(folder)

        def place(epoch: int, _: object) -> None:
            kept.put(epoch, {"vectors": net.embed(drill.inputs).cpu().numpy()})

        place(0, net)
        trained = trainer.train(drill, folder=folder, report=report, after_epoch=place)
        wanted = looked_at(best=trained.best, last=len(trained.epochs))
        found = tuple(Snapshot(epoch=k, vectors=kept.of(k)["vectors"], mask=mask) for k in wanted)
        kept.tidy(wanted)
        facts = self._facts(lessons, net, teaching, choosing, found)
        facts["controls"] = self._controls(lessons, choosing, rows, found)
        if folder is not None:
            used = saved.features_of(lessons.blocks, without=self._unused(lessons, net))
            notes = {"name": self.name, "key": self.key, "epoch": trained.best}
            saved.write(folder / NETWORK, saved.Saved(net=net, features=used, notes=notes))
        ids = lessons.train.item_ids
        learned_from: list[int] = np.union1d(teaching.items, choosing.items).tolist()
        return Learned(
            snapshots=found,
            best=trained.best,
            epochs=trained.epochs,
            learned_from=tuple(ids[k] for k in learned_from),
            facts=facts,
        )

    def recommender(self, snapshot: Snapshot, told: History, *, like: float) -> Recommender | None:
        """None: items are compared, and whoever ranks by it takes neighbours."""
        return None

    def _plan(self, widths: Mapping[str, int]) -> Plan:
        return Plan(
            fusion=self.fusion,
            metric=self.metric,
            widths=dict(widths),
            outputs=dict(self.outputs),
            hidden=dict(self.hidden),
            width=self.width,
            dropout=self.dropout,
            forgetting=self.forgetting,
        )

    def _unused(self, lessons: Lessons, net: Network) -> set[str]:
        held = zip(lessons.blocks.names, lessons.blocks.panels, strict=True)
        return {name for name, panel in held if name in self.without or panel not in net.panels}

    def _sides(self, lessons: Lessons, has: npt.NDArray[np.bool_]) -> tuple[Pairs, Pairs, History]:
        """Pairs that teach and pairs that choose the epoch, of users and items that the other side has none of; and the
        ratings that the latter are of."""
        train, may = lessons.train, lessons.may_learn & has
        rows = train.take(may[train.items])
        how: How = {"strategy": self.strategy, "liked": self.like, "disliked": self.dislike}
        if not self.disjoint:
            found = generate(rows, lessons.genres, n=self.pairs, items=may, seed=self.seed, **how)
            order = np.random.default_rng([self.seed, 11]).permutation(len(found))
            teaching, choosing = np.split(order, [round(len(found) * self.shares[0])])
            return self._enough(found.take(teaching), 0, rows), self._enough(found.take(choosing), 1, rows), rows
        users = _parted(rows.user_ids, rows.user_counts > 0, self.shares[1], "siamese users", self.seed)
        items = _parted(rows.item_ids, rows.item_counts > 0, self.shares[1], "siamese items", self.seed)
        made: list[Pairs] = []
        own = rows
        for side, share in enumerate(self.shares):
            own = rows.take((users[rows.users] == side) & (items[rows.items] == side))
            n = max(round(self.pairs * share), 1)
            try:
                found = generate(own, lessons.genres, n=n, items=may, seed=self.seed, **how)
            except UsageError as fault:
                raise UsageError(f"{_SIDES[side]} of {self.name} give no pairs: {fault}") from fault
            made.append(self._enough(found, side, own))
        return made[0], made[1], own

    def _enough(self, found: Pairs, side: int, rows: History) -> Pairs:
        alike, unlike = int(found.alike.sum()), int((~found.alike).sum())
        if min(alike, unlike) < LEAST:
            raise UsageError(
                f"{_SIDES[side]} of {self.name}, {len(rows)} ratings, give {alike} alike pairs and {unlike} unlike; "
                f"{LEAST} of each are needed. Give more ratings, other shares or thresholds, or another strategy."
            )
        return found

    def _facts(
        self, lessons: Lessons, net: Network, teaching: Pairs, choosing: Pairs, found: Sequence[Snapshot]
    ) -> dict[str, Any]:
        margin, told = self.margin, {}
        for one in found:
            told[str(one.epoch)] = {
                **diagnosis.diagnose(one.vectors, choosing, metric=self.metric, margin=margin),
                "triplets": diagnosis.satisfaction(
                    one.vectors, choosing, metric=self.metric, margin=self.aim.satisfied, seed=self.seed
                ),
                "spread": diagnosis.spread(one.vectors[one.mask], metric=self.metric),
            }
        return {
            "parameters": parameters(net, names={}),
            "panels": list(net.panels),
            "features_left_out": sorted(self._unused(lessons, net)),
            "pairs": {"teaching": dict(teaching.told), "choosing": dict(choosing.told)},
            "diagnosis": told,
        }

    def _controls(self, lessons: Lessons, choosing: Pairs, rows: History, found: Sequence[Snapshot]) -> dict[str, Any]:
        """What the AUC is to be read beside. Pairs that are made by genres are told apart by genres alone, so whoever
        guesses genres does well on them; pairs made by likes alone say what the network knows of taste."""
        far = 1 - jaccard(lessons.genres, choosing.first, choosing.second).astype(np.float64)
        told: dict[str, Any] = {"auc_by_genres": diagnosis.auc(far, choosing.alike)}
        n = len(choosing)
        try:
            plain = generate(
                rows,
                lessons.genres,
                n=n,
                strategy="collaborative",
                liked=self.like,
                disliked=self.dislike,
                seed=self.seed,
            ).among(found[0].mask)
        except UsageError:
            return told
        if min(int(plain.alike.sum()), int((~plain.alike).sum())) < LEAST:
            return told
        by_epoch = {
            str(one.epoch): diagnosis.auc(
                diagnosis.distances(one.vectors, plain.first, plain.second, self.metric), plain.alike
            )
            for one in found
        }
        far = 1 - jaccard(lessons.genres, plain.first, plain.second).astype(np.float64)
        return told | {
            "collaborative_pairs": len(plain),
            "collaborative_auc": by_epoch,
            "collaborative_auc_by_genres": diagnosis.auc(far, plain.alike),
        }


_SIDES = ("the training rows that are to teach", "the training rows that are to choose the epoch")


def _parted(
    ids: Sequence[str], among: npt.NDArray[np.bool_], share: float, purpose: str, seed: int
) -> npt.NDArray[np.int8]:
    """int8 ``[ids]``: 1 for a share of those ``among``, drawn by a lot for each id; 0 for the others."""
    places = np.flatnonzero(among)
    lots = lot.scattered(lot.keys([ids[k] for k in places.tolist()], purpose), seed)
    held = places[np.argsort(lots, kind="stable")][: round(len(places) * share)]
    found = np.zeros(len(ids), np.int8)
    found[held] = 1
    return found
