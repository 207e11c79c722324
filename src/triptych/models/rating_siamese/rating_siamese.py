"""Rating Siamese: settings of what rates a user and an item by encodings of both (Pingali 2022)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from triptych.catalogue.history import History
from triptych.errors import UnknownName, UsageError
from triptych.models.predictor import Asked, Prediction, RatingLessons, RatingPredictor, Report
from triptych.models.rating_siamese.start import Base, Kind, Told
from triptych.models.rating_siamese.vectors import Content, RatingVectors, Vectors

if TYPE_CHECKING:  # torch is read when training begins
    from triptych.models.rating_siamese.network import RatingNetwork

F64 = npt.NDArray[np.float64]
Of = Literal["content", "ratings"]
#: Pairs that are rated together.
TOGETHER = 20_000
#: What a rating is liked from, as a share of the scale: 4 of 1…5.
LIKED = 0.75
#: What the rate is multiplied by on a plateau.
FALL = 0.3
#: Of an epoch's line.
_TOLD = ("epoch", "train_mse", "mse", "seconds")


@dataclass(frozen=True, kw_only=True)
class RatingSiamese:
    """What a user likes and what an item is, encoded, brought to one space by a Siamese network, and rated there; see
    :class:`~triptych.models.rating_siamese.network.RatingNetwork`.

    ``vectors``: ``content`` or ``ratings``. Of ``content``, an item is its fields of ``seeing``, ``hearing``,
    ``reading`` and ``meta``, whichever are given, those of one modality side by side. A user is the mean of the fields
    ``taste`` over the items of *training* that they rated ``like`` or more; without ``taste`` those of ``meta``, or all
    of the item where there are none (the paper takes metadata for users always). ``like`` is three quarters up the
    scale if not given: 4 of 1…5. Who liked nothing is given the mean user. ``scaled``: each entry in deviations, of
    items over those that teach, of users over those who like anything; as they come without. Of ``ratings``, a user is
    the row and an item the column of its training ratings, 0 where there is none; ``scaled`` they are of like lengths.

    The rest below is not in the paper, whose network is what the defaults leave. ``base``: what the network adds to:
    ``none``, the ``mean`` rating, or ``bias``, mean and what user and item are off it; rating vectors then hold what
    it leaves. ``hidden``: the share of the items whose ratings are taken out of the vectors of some users, and told by
    them, so that no vector holds what it is to tell. ``rated``: beside a rating vector stands what was rated at all, as
    ones. ``product``: the predictor is given the product of both ends too. ``dropout``: behind every layer but the
    last. ``sigmoid``: whether the layers that the paper says end in one do; in a LeakyReLU if not.

    ``towers``: how wide an encoder is that is one layer and a tanh; there is then no Siamese network behind it, and the
    rating is their dot product and what is linear in each. ``scattered``: what is hidden is drawn from all ratings one
    by one, and a batch is these, whatever ``batch`` says. ``shrink``: so many times the sum of squares of the weights
    of the encoders' first layers is added to the loss, which ``decay`` hardly does to weights that Adam moves far.
    Chosen for rating vectors by a validation part of MovieLens 100K: towers 64, scattered, hidden 0.1, rated, base
    bias, shrink 2e-4, dropout 0.3, cosine 0, rate 0.004, plateau 1, again.

    The loss is the squared error and ``cosine`` times the cosine embedding loss, Adam's rate ``rate``, ``decay`` its
    weight decay. A batch is some users with all their ratings, about ``batch`` of them. The paper has 200 epochs and
    names no batch, its authors' code one of 20,000, which is 800 steps for 80,000 ratings; 30 epochs of 2,000 are about
    as many. Of at most ``epochs`` the best by the validation side is taken, none being run after ``patience`` without a
    better one; the rate falls when more than ``plateau`` epochs bring no lower loss. ``again``: it is then trained anew
    on all rows for as many epochs.

    Ratings are told within the scale by cutting off what is outside.
    """

    name: str = "rating-siamese"
    vectors: Of = "content"
    seeing: tuple[str, ...] = ()
    hearing: tuple[str, ...] = ()
    reading: tuple[str, ...] = ("reading/sentence-mean",)
    meta: tuple[str, ...] = ("reading/knowledge",)
    taste: tuple[str, ...] = ()
    like: float | None = None
    scaled: bool = True
    base: Kind = "none"
    hidden: float = 0.0
    scattered: bool = False
    rated: bool = False
    product: bool = False
    sigmoid: bool = True
    dropout: float = 0.0
    towers: int = 0
    cosine: float = 1.0
    shrink: float = 0.0
    rate: float = 1e-3
    decay: float = 0.0
    batch: int = 2_000
    epochs: int = 30
    patience: int | None = 5
    plateau: int | None = None
    again: bool = False
    device: str = "cpu"
    threads: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        for field in ("seeing", "hearing", "reading", "meta", "taste"):
            given: Any = getattr(self, field)
            if isinstance(given, str) or not all(isinstance(one, str) for one in given):
                raise UsageError(f"{field} is {given!r}; give a list of names of fields, such as ['reading/sentence'].")
            object.__setattr__(self, field, tuple(given))
        if self.vectors not in get_args(Of):
            raise UnknownName("kind of vectors", self.vectors, get_args(Of))
        if self.base not in get_args(Kind):
            raise UnknownName("base", self.base, get_args(Kind))
        if self.vectors == "content" and not self._items:
            raise UsageError("no field of items is given; name some for seeing, hearing, reading or meta.")
        for field in ("hidden", "dropout"):
            if not 0 <= getattr(self, field) < 1:
                raise UsageError(f"{field} is {getattr(self, field)}; it is a share, 0 or more and below 1.")
        if not 0 <= self.cosine < float("inf"):
            raise UsageError(f"cosine is {self.cosine}; the weight of a loss is 0 or more.")
        if not 0 <= self.shrink < float("inf"):
            raise UsageError(f"shrink is {self.shrink}; the weight of a loss is 0 or more.")
        if self.towers < 0:
            raise UsageError(f"towers are {self.towers} wide; give a width, or 0 for the layers of the paper.")
        if self.scattered and not self.hidden:
            raise UsageError("scattered says how ratings are hidden, and none are; give the share of them as hidden.")
        if self.batch < 1:
            raise UsageError(f"a batch is {self.batch} ratings; ask for 1 at least.")
        if self.like is not None and not np.isfinite(self.like):
            raise UsageError(f"like is {self.like}; give the least rating that is a like.")
        if self.epochs < 1 or (self.patience is not None and self.patience < 1):
            raise UsageError(f"{self.epochs} epochs, patience {self.patience}; ask for at least 1 of each.")
        if not 0 < self.rate < float("inf") or not 0 <= self.decay < float("inf"):
            raise UsageError(f"the rate is {self.rate} and its decay {self.decay}; above 0, and 0 or more.")

    @property
    def key(self) -> Mapping[str, Any]:
        found = {name: value for name, value in asdict(self).items() if name not in ("name", "threads")}
        return {"predictor": "rating-siamese", **json.loads(json.dumps(found))}

    def fit(
        self, lessons: RatingLessons, *, folder: Path | None = None, report: Report | None = None
    ) -> RatingPredictor:
        """Only training rows are looked at, and those of the validation for the epoch. What was held back of training
        to choose it joins the vectors and the base that are predicted with.

        ``folder`` keeps the trainer's checkpoints, in ``chosen`` and, where it trains ``again``, in ``again``.
        """
        low, high = lessons.scale
        like = low + LIKED * (high - low) if self.like is None else self.like
        train, held = lessons.held_back(seed=self.seed)
        chosen, net, vectors = self._trained(lessons, train, held, like, folder, report, epochs=None)
        best = chosen["best"]
        if self.again:
            _, net, vectors = self._trained(lessons, lessons.train, held, like, folder, report, epochs=best)
        base, told = self._base(lessons.train)
        return _predictor(net, vectors.retold(told), told, base=base, scale=lessons.scale, facts=chosen)

    @property
    def _items(self) -> dict[str, tuple[str, ...]]:
        """The names of the fields of each modality that has any."""
        named = {name: getattr(self, name) for name in ("seeing", "hearing", "reading", "meta")}
        return {name: fields for name, fields in named.items() if fields}

    def _trained(
        self,
        lessons: RatingLessons,
        train: History,
        held: History,
        like: float,
        folder: Path | None,
        report: Report | None,
        *,
        epochs: int | None,
    ) -> tuple[dict[str, Any], RatingNetwork, Vectors]:
        """``epochs``: how many, and the last is the best; None to choose by ``held``."""
        import torch

        from triptych.models.rating_siamese.network import Plan, RatingNetwork, parameter_lines
        from triptych.models.rating_siamese.task import Rating

        base, told = self._base(train)
        vectors = self._vectors(lessons, train, told, like)
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(self.seed)
            net = RatingNetwork(
                Plan(
                    widths=vectors.widths,
                    user=vectors.user,
                    dropout=self.dropout,
                    product=self.product,
                    sigmoid=self.sigmoid,
                    towers=self.towers,
                )
            )
        task = Rating(
            net=net,
            vectors=vectors,
            base=base,
            train=told,
            held=Told.of(held),
            like=like,
            unit=_unit(lessons),
            batch=self.batch,
            hidden=self.hidden,
            cosine=self.cosine,
            scattered=self.scattered,
            shrink=self.shrink,
            fingerprint=self._fingerprint(lessons, train, held),
            judged=epochs is None,
        )
        trained = self._trainer(epochs=epochs or self.epochs, to_the_end=epochs is not None).train(
            task, folder=None if folder is None else folder / ("chosen" if epochs is None else "again"), report=report
        )
        best = trained.epochs[trained.best - 1]
        known = vectors.items(np.arange(vectors.count), base)[1]
        facts: dict[str, Any] = {
            "best": trained.best,
            "epochs": [{name: row[name] for name in _TOLD} for row in trained.epochs],
            "rmse": float(np.sqrt(best["mse"]) * _unit(lessons)),
            "like": like,
            "parameters": parameter_lines(net),
            "vectors": {"user": vectors.user, **vectors.widths},
            "unknown": dict(zip(vectors.widths, (~known).sum(axis=0).tolist(), strict=True)),
        }
        return facts, net, vectors

    def _vectors(self, lessons: RatingLessons, train: History, told: Told, like: float) -> Vectors:
        if self.vectors == "ratings":
            return RatingVectors.of(
                told, users=len(train.user_ids), items=len(train.item_ids), scaled=self.scaled, rated=self.rated
            )
        every = tuple(name for fields in self._items.values() for name in fields)
        return Content.of(
            lessons.background,
            dict(self._items),
            self.taste or self.meta or every,
            learn=train.item_counts > 0,
            told=told,
            like=like,
            scaled=self.scaled,
            model=self.name,
        )

    def _base(self, rows: History) -> tuple[Base, Told]:
        told = Told.of(rows)
        return Base.of(self.base, told, users=len(rows.user_ids), items=len(rows.item_ids)), told

    def _trainer(self, *, epochs: int, to_the_end: bool = False) -> Any:
        from triptych.models.trainer import Trainer

        return Trainer(
            epochs=epochs,
            rate=self.rate,
            weight_decay=self.decay,
            device=self.device,
            monitor="chosen_by",
            patience=None if to_the_end else self.patience,
            plateau=self.plateau,
            plateau_factor=FALL,
            seed=self.seed,
            threads=self.threads,
            title=self.name,
        )

    def _fingerprint(self, lessons: RatingLessons, train: History, held: History) -> str:
        """Of data and settings, so that a checkpoint of others is refused; the trainer looks at its own settings."""
        digest = hashlib.blake2b(digest_size=16)
        free = ("epochs", "patience", "again", "device")
        told = {**{name: value for name, value in self.key.items() if name not in free}, "scale": lessons.scale}
        digest.update(json.dumps(told, sort_keys=True).encode())
        for rows in (train, held):
            for column in (rows.users, rows.items, rows.values):
                digest.update(np.ascontiguousarray(column).data)
        if self.vectors == "content":
            for name in (*self.taste, *(name for fields in self._items.values() for name in fields)):
                field = lessons.background.of_items([name], model=self.name)[0]
                digest.update(field.dense().data)
                digest.update(field.mask.tobytes())
        return digest.hexdigest()


@dataclass(frozen=True, kw_only=True, eq=False)
class SiamesePredictor:
    """What is left to do for a pair, in float64. ``users``: ``[users, 164]`` and ``items``: ``[items, 164]``, the parts
    of the predictor's first layer, which is linear in what it joins. ``ends``: both ends, and the weights of their
    product, where there is one. ``layers``: weights and biases of the rest."""

    users: F64
    items: F64
    ends: tuple[F64, F64, F64] | None
    layers: tuple[tuple[F64, F64], ...]
    leak: float
    unit: float
    base: Base
    scale: tuple[float, float]
    facts: Mapping[str, Any]

    def predict(self, asked: Asked) -> Prediction:
        found = np.empty(len(asked))
        for start in range(0, len(asked), TOGETHER):
            part = slice(start, start + TOGETHER)
            found[part] = self._rests(asked.users[part], asked.items[part])
        mean = self.base(asked.users, asked.items) + self.unit * found
        return Prediction(mean=np.clip(mean, *self.scale))

    def _rests(self, users: npt.NDArray[np.int64], items: npt.NDArray[np.int64]) -> F64:
        entering = self.users[users] + self.items[items]
        if self.ends is not None:
            left, right, weights = self.ends
            entering = entering + (left[users] * right[items]) @ weights.T
        for weight, bias in self.layers:
            entering = np.where(entering > 0, entering, self.leak * entering) @ weight.T + bias
        return entering[:, 0]


def _predictor(
    net: RatingNetwork,
    vectors: Vectors,
    told: Told,
    *,
    base: Base,
    scale: tuple[float, float],
    facts: Mapping[str, Any],
) -> SiamesePredictor:
    import torch

    from triptych.models.rating_siamese.network import LEAK
    from triptych.models.rating_siamese.task import ends

    device = next(net.parameters()).device
    made = ends(net, vectors, told, base, users=len(base.users), device=device)
    left, right = (one.cpu().double().numpy() for one in made)
    layers = list(net.predictor.children())
    linear = [one for one in layers if isinstance(one, torch.nn.Linear)]
    (first, bias), *rest = (
        (one.weight.detach().cpu().double().numpy(), one.bias.detach().cpu().double().numpy()) for one in linear
    )
    width = left.shape[1]
    return SiamesePredictor(
        users=left @ first[:, :width].T + bias,
        items=right @ first[:, width : 2 * width].T,
        ends=(left, right, first[:, 2 * width :]) if net.plan.multiplied else None,
        layers=tuple(rest),
        leak=LEAK,
        unit=(scale[1] - scale[0]) / 4,
        base=base,
        scale=scale,
        facts=facts,
    )


def _unit(lessons: RatingLessons) -> float:
    """A quarter of the scale, 1 of 1…5, so that both losses weigh alike on any."""
    return (lessons.scale[1] - lessons.scale[0]) / 4
