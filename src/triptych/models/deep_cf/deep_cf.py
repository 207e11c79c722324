"""Deep collaborative filtering: settings of networks that say ratings from who rates, and from what a trailer is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from triptych.catalogue.history import History
from triptych.errors import UnknownName, UsageError
from triptych.features.recipe import PANELS
from triptych.fusion.normalise import SCALINGS
from triptych.models.deep_cf.inputs import ALL, Panel, Reading, panels
from triptych.models.deep_cf.subclips import STATISTICS
from triptych.models.predictor import RatingLessons, RatingPredictor, Report

if TYPE_CHECKING:  # torch is read when training begins
    from triptych.models.deep_cf.network import Network, Plan
    from triptych.models.trainer import Trained

COLD = ("mean", "untrained")
#: The networks, and which parts each has: a branch of ratings, one of content, and in that a user embedding of its own.
NETWORKS: Mapping[str, tuple[bool, bool, bool]] = {
    "deep-cf": (True, False, False),
    "lstm-av-cont": (False, True, True),
    "dcf-av-cont-1": (True, True, False),
    "dcf-av-cont-2": (True, True, True),
}


@dataclass(frozen=True, kw_only=True)
class DeepCf:
    """The four networks of the thesis on audiovisual collaborative filtering (§3.3, figures 10–12; sizes of table 11).

    ``network``: ``deep-cf`` joins a user and an item embedding of ``factors`` and leads them through dense layers
    (Eq. 13, after He et al. 2017's multilayer perceptron). ``lstm-av-cont`` reads each panel of an item's content
    through two LSTM of ``units``, joins their last states and a user embedding, and merges them. ``dcf-av-cont-1``
    has both branches, with one user embedding, in that of ratings; ``dcf-av-cont-2`` has one in each, and with
    ``pretrained`` is not begun at random: the first two are trained on the same lessons, their modules are put into
    it, and all of it is trained further. The output is a sigmoid, stretched to the scale (Eq. 48). The loss is the
    mean squared error and ``l2`` times the sum of the squared weights (Eq. 47).

    ``ratings``, ``merge``, ``join``: widths of the dense layers of the branch of ratings, of that of content, and
    behind both. ``deep-cf`` has ``ratings`` and ``join`` in a row: 32, 16 and 8.

    ``seeing``, ``hearing``, ``reading``: titles of the item fields and sequences that each panel is made of, ``*`` for
    all there are of the panel. A sequence is cut into ``subclips`` equal parts, each of which becomes a ``statistic``:
    mean, mean-variance, median or median-mad; a field is one step in time. All are brought to one ``scaling``, turned
    to the components that keep ``variance`` of their variance, which are 1 in the mean, as training items tell. An item
    without a panel has a vector in place of its LSTM's, which is learned, or the mean of the others' where all
    that teach have the panel.

    ``cold``: what stands for the embedding of a user or item without training rows. "mean" is the mean of those that
    have some: what the network says of an average one. "untrained" is what was drawn at first, as in the thesis, where
    what is told of a cold item so hangs on a lot that means nothing; it is drawn near 0, and the noise is small.
    ``forgetting``: how probable it is that an embedding is taken for unknown in training, as if cold, so that the
    network learns to do without (Volkovs et al. 2017, *DropoutNet*): what it says of a mean is not the mean of what it
    says. Not in the thesis, and 0.

    Adam at ``rate``, ``fine_rate`` after a transfer; ``batch`` rows a step; none after ``patience`` epochs without a
    lower validation loss. The best epoch's weights are those that stay. The recurrent layers see each item of a batch
    once, and so cost no more for a larger batch where items are few.

    What the thesis leaves open or says twice. How strong L2 and dropout are, and where they are, is not told: here L2
    is on all that is learned and dropout before each dense layer. Eq. 47 sums errors, and a batch of Keras has their
    mean, as here. §4.1.2 lets validation lower the rate, §4.3.1 stops by it; here it stops. The sizes are those its
    times were taken with; it says too that fewer than 64 factors were better, and not with which its errors were
    measured. Table 11 calls LSTMAvCont DCfAvCont(2) without its branch of ratings, which keeps the joining layer of
    8; §3.3 has "a final dense layer" alone. Table 11 is followed. The user embedding of the content is "early":
    before the merging layers. β of Eq. 43 is a weight there, and in §3.3 the place where branches join; here branches
    are joined end to end, unweighed. R_min and R_max are those of the training ratings there, and those of the scale
    here: a rating that nobody gave yet can be given. Weights begin as those of Keras, but the output begins at the
    mean rating, see :class:`~triptych.models.deep_cf.network.Network`. Panels are reduced to 600 entries there; sound
    has 128, so the share of 95 % is what is taken. The transfer was not seen to help there.
    """

    name: str = "deep-cf"
    network: str = "deep-cf"
    factors: int = 64
    ratings: tuple[int, ...] = (32, 16)
    units: tuple[int, ...] = (128, 64)
    merge: tuple[int, ...] = (32, 16)
    join: tuple[int, ...] = (8,)
    pretrained: bool = False
    seeing: tuple[str, ...] = (ALL,)
    hearing: tuple[str, ...] = (ALL,)
    reading: tuple[str, ...] = ()
    subclips: int = 10
    statistic: str = "mean"
    scaling: str = "z-score"
    variance: float = 0.95
    cold: str = "mean"
    forgetting: float = 0.0
    dropout: float = 0.2
    l2: float = 1e-4
    rate: float = 1e-3
    fine_rate: float = 1e-3
    batch: int = 128
    epochs: int = 100
    patience: int = 5
    device: str = "cpu"
    threads: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        for one in ("ratings", "units", "merge", "join"):  # lists, where they come from a file
            widths = tuple(getattr(self, one))
            object.__setattr__(self, one, widths)
            if not widths or min(widths) < 1:
                raise UsageError(f"{one} is {list(widths)}; give the width of one layer at least, each 1 or more.")
        for panel in PANELS:
            titles = getattr(self, panel)
            if isinstance(titles, str):
                raise UsageError(f"{panel} is {titles!r}; give a list of titles.")
            object.__setattr__(self, panel, tuple(titles))
        for kind, given, known in (
            ("network", self.network, tuple(NETWORKS)),
            ("statistic of a subclip", self.statistic, tuple(STATISTICS)),
            ("scaling", self.scaling, tuple(SCALINGS)),
            ("way with cold users and items", self.cold, COLD),
        ):
            if given not in known:
                raise UnknownName(kind, given, known)
        if min(self.factors, self.subclips, self.batch, self.epochs, self.patience, self.threads) < 1:
            raise UsageError("factors, subclips, batch, epochs, patience and threads are all at least 1.")
        if not (0 <= self.dropout < 1 and 0 <= self.forgetting < 1 and 0 < self.variance <= 1):
            raise UsageError(
                f"dropout is {self.dropout:g}, forgetting {self.forgetting:g} and variance {self.variance:g}; they are "
                "shares: the first two from 0 to below 1, the last above 0 and at most 1."
            )
        if not (0 <= self.l2 < float("inf") and 0 < self.rate < float("inf") and 0 < self.fine_rate < float("inf")):
            raise UsageError(
                f"l2 is {self.l2:g}, rate {self.rate:g} and fine_rate {self.fine_rate:g}; l2 is 0 or more, the rates "
                "are above 0."
            )
        if self.pretrained and self.network != "dcf-av-cont-2":
            raise UsageError(f"{self.network} is made of no parts that are trained apart; only dcf-av-cont-2 is.")
        if self.seed < 0:
            raise UsageError(f"the seed is {self.seed}; it is 0 or more.")

    @classmethod
    def preset(cls, preset: str, **settings: Any) -> Self:
        """One of the four, with other settings where they are given: ``DeepCf.preset("dcf-av-cont-1", dropout=0.3)``.
        ``dcf-av-cont-2`` is pretrained."""
        if preset not in NETWORKS:
            raise UnknownName("preset of a deep network", preset, NETWORKS)
        own: dict[str, Any] = {"name": preset, "network": preset, "pretrained": preset == "dcf-av-cont-2"}
        return cls(**{**own, **settings})

    @property
    def key(self) -> Mapping[str, Any]:
        held = {one: value for one, value in asdict(self).items() if one != "name"}
        return {"model": "deep-cf", **json.loads(json.dumps(held))}

    @property
    def plan(self) -> Plan:
        from triptych.models.deep_cf.network import Plan

        rating_branch, content_branch, content_users = NETWORKS[self.network]
        own = {one.name: getattr(self, one.name) for one in fields(Plan) if hasattr(self, one.name)}
        return Plan(**own, rating_branch=rating_branch, content_branch=content_branch, content_users=content_users)

    def fit(
        self, lessons: RatingLessons, *, folder: Path | None = None, report: Report | None = None
    ) -> RatingPredictor:
        """What decides when to stop is :meth:`RatingLessons.held_back`. ``folder`` keeps the trainer's checkpoints, of
        a pretrained network in a folder of each part's name."""
        from triptych.models.deep_cf.answers import DeepPredictor

        content = self._content(lessons)
        train, held = lessons.held_back(seed=self.seed)
        facts: dict[str, Any] = {"rows": {"train": len(train), "validation": len(held)}}
        if content:
            facts["content"] = {
                one.title: {
                    "titles": list(one.titles),
                    "steps": one.values.shape[1],
                    "width": one.values.shape[2],
                    "items": int(one.mask.sum()),
                }
                for one in content
            }
        net = self._network(lessons, train, content)
        if not self.pretrained:
            trained = self._trained(net, lessons, train, held, content, folder=folder, report=report)
        else:
            from triptych.models.deep_cf.transfer import transfer

            parts: dict[str, Network] = {}
            told: dict[str, Any] = {}
            for name in ("deep-cf", "lstm-av-cont"):
                part = replace(self, name=f"{self.name}/{name}", network=name, pretrained=False)
                own = content if name == "lstm-av-cont" else ()
                parts[name] = part._network(lessons, train, own)
                within = None if folder is None else folder / name
                done = part._trained(parts[name], lessons, train, held, own, folder=within, report=report)
                told[name] = _told(done)
            moved = transfer(net, ratings=parts["deep-cf"], content=parts["lstm-av-cont"])
            facts["pretrained"] = {**told, "tensors": len(moved)}
            further = replace(self, rate=self.fine_rate)
            within = None if folder is None else folder / self.network
            trained = further._trained(net, lessons, train, held, content, folder=within, report=report)
        facts["parameters"] = sum(one.numel() for one in net.parameters() if one.requires_grad)
        return DeepPredictor(net, facts={**facts, **_told(trained)})

    def _content(self, lessons: RatingLessons) -> tuple[Panel, ...]:
        if not NETWORKS[self.network][1]:
            return ()
        asked = {panel: getattr(self, panel) for panel in PANELS}
        how = Reading(subclips=self.subclips, statistic=self.statistic, scaling=self.scaling, share=self.variance)
        found = panels(lessons.background, asked, lessons.learned_items, how, model=self.name)
        if not found:
            there = sorted({**lessons.background.items, **lessons.background.sequences})
            raise UsageError(
                f"{self.name} reads content, and there is none of what it was asked to read. Of items there is "
                f"{', '.join(there) or 'nothing known'}; give titles as seeing, hearing or reading."
            )
        return found

    def _network(self, lessons: RatingLessons, train: History, content: tuple[Panel, ...]) -> Network:
        import torch

        from triptych.models.deep_cf.network import Network

        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(self.seed)
            return Network(
                self.plan,
                panels=content,
                known_users=train.user_counts > 0,
                known_items=train.item_counts > 0,
                scale=lessons.scale,
                mean=float(train.values.mean(dtype=np.float64)),
            )

    def _trained(
        self,
        net: Network,
        lessons: RatingLessons,
        train: History,
        held: History,
        content: tuple[Panel, ...],
        *,
        folder: Path | None,
        report: Report | None,
    ) -> Trained:
        from triptych.models.deep_cf.task import Rating
        from triptych.models.trainer import Trainer

        task = Rating(
            net,
            train,
            held,
            batch=self.batch,
            forgetting=self.forgetting,
            fingerprint=self._fingerprint(lessons, train, held, content),
        )
        trainer = Trainer(
            epochs=self.epochs,
            rate=self.rate,
            weight_decay=2 * self.l2,  # the gradient of l2 · w² is 2 · l2 · w
            optimiser="adam",
            device=self.device,
            patience=self.patience,
            seed=self.seed,
            threads=self.threads,
            title=self.name,
        )
        return trainer.train(task, folder=folder, report=report)

    def _fingerprint(self, lessons: RatingLessons, train: History, held: History, content: tuple[Panel, ...]) -> str:
        """Of data and settings, so that a checkpoint of others is refused; the trainer looks at its own settings."""
        digest = hashlib.blake2b(digest_size=16)
        told = {name: value for name, value in self.key.items() if name not in ("epochs", "device")}
        digest.update(json.dumps({**told, "scale": lessons.scale}, sort_keys=True).encode())
        for side in (train, held):
            for column in (side.users, side.items, side.values):
                digest.update(np.ascontiguousarray(column).data)
        for one in content:
            digest.update(json.dumps([one.title, one.titles, one.values.shape]).encode())
            digest.update(np.ascontiguousarray(one.values).data)
            digest.update(np.ascontiguousarray(one.mask).data)
        return digest.hexdigest()


def _told(trained: Trained) -> dict[str, Any]:
    lines = [{name: row[name] for name in ("epoch", "train_loss", "loss", "rmse")} for row in trained.epochs]
    best = lines[trained.best - 1]
    return {"best": trained.best, "stopped": trained.stopped, "validation_rmse": best["rmse"], "epochs": lines}
