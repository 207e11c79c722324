"""Trailer network: settings of what embeds trailers frame by frame, taught by ratings, genres and who is who."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from triptych.catalogue.history import History
from triptych.errors import UnknownName, UsageError
from triptych.models import lot
from triptych.models.kept import Kept, looked_at
from triptych.models.recommender import Recommender
from triptych.models.similarity import Learned, Lessons, Report, Snapshot
from triptych.models.trailer_net.paths import paths
from triptych.models.trailer_net.sequences import Windows

if TYPE_CHECKING:  # torch is read when training begins
    from triptych.models.trailer_net.teaching import Answers

Hold = Literal["items", "windows"]


@dataclass(frozen=True, kw_only=True)
class TrailerNet:
    """The embedding network of Lehmann 2021 as a similarity: an item stands where the mean of its windows does, read
    off the dense layer of ``layer`` entries, 512 or 256. Nothing but the sequences named ``title`` is looked at.

    Windows have ``length`` frames, 10 or 20, and begin ``stride`` apart. The heads are taught the mean ratings of the
    training rows, in deviations from their mean, the genres, and which trailer it is; the losses weigh ``rating``,
    ``genres`` and ``trailer``. Adam at ``rate``, ``batch`` windows together, at most ``epochs``, and none after
    ``patience`` without a better validation loss.

    ``hold``: what the validation side is, ``validation`` a share of it. "items" are held out with all their windows: no
    rating, genre or number of theirs is taught. Whose trailer it is cannot be told of trailers never seen, so their
    loss is of ratings and genres. "windows" are some of those of each item, the others being taught: the paper does not
    say, its authors' code drew pictures of all trailers. Such windows overlap with ones that are taught, so that early
    stopping hardly ever sees learning by heart. Neither kind sees an item that may not teach.

    ``scaled``: each entry of a frame is brought to mean 0 and deviation 1 over the frames that teach. The activation,
    the dropout, the loss weights and the scaling are not in the paper; see
    :class:`~triptych.models.trailer_net.network.TrailerNetwork`.

    ``shown``: ids of items whose paths through the plane are told in ``facts``.
    """

    title: str = "seeing/mobilenetv2-frames"
    length: int = 10
    stride: int = 5
    layer: int = 256
    units: int = 256
    dense: tuple[int, int] = (512, 256)
    activation: str = "elu"
    dropout: float = 0.2
    scaled: bool = True
    rating: float = 1.0
    genres: float = 1.0
    trailer: float = 1.0
    hold: Hold = "items"
    validation: float = 0.15
    rate: float = 3e-4
    batch: int = 32
    epochs: int = 16
    patience: int | None = 2
    device: str = "cpu"
    precision: str = "float32"
    threads: int | None = None
    seed: int = 0
    shown: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        if self.layer not in self.dense:
            raise UnknownName("dense layer to embed with", str(self.layer), [str(width) for width in self.dense])
        if self.hold not in get_args(Hold):
            raise UnknownName("kind of validation", self.hold, get_args(Hold))
        if not 0 < self.validation < 1:
            raise UsageError(f"validation is {self.validation}; it is a share, above 0 and below 1.")
        if min(self.length, self.stride, self.units, self.batch, *self.dense) < 1:
            raise UsageError("length, stride, units, batch and the dense layers are all at least 1.")
        if not 0 <= self.dropout < 1:
            raise UsageError(f"dropout is {self.dropout}; it is a share, 0 or more and below 1.")
        if min(self.rating, self.genres, self.trailer) < 0 or not self.rating + self.genres + self.trailer:
            raise UsageError("the heads' weights are 0 or more, and one of them is above 0.")

    @property
    def name(self) -> str:
        return f"trailer-net-{self.layer}-{self.length}"

    @property
    def key(self) -> Mapping[str, Any]:
        return {"similarity": "trailer-net", **json.loads(json.dumps(asdict(self)))}

    def fit(self, lessons: Lessons, *, folder: Path | None = None, report: Report | None = None) -> Learned:
        """Only rows of ``lessons.train`` and items that may teach are looked at; all items that have frames are placed.

        ``folder`` keeps the trainer's checkpoints, where items stood after the epochs, and at the end the network
        without its heads, see :mod:`~triptych.models.trailer_net.saved`. The snapshot of epoch 0 is of weights that
        learned nothing but how frames are scaled.
        """
        import torch

        from triptych.models.trailer_net import saved
        from triptych.models.trailer_net.network import Heads, Taught, TrailerNetwork, parameter_lines
        from triptych.models.trailer_net.teaching import Teaching, Weights, embedded
        from triptych.models.trainer import Trainer

        if self.title not in lessons.sequences:
            raise UnknownName("sequence of frames", self.title, lessons.sequences)
        given = lessons.sequences[self.title]
        if len(given.values) != len(lessons.train.item_ids):
            raise UsageError(
                f"{self.title} is of {len(given.values)} items and the lessons of {len(lessons.train.item_ids)}; give "
                "one sequence for each item, in the history's order."
            )
        windows = Windows.of(given.values, given.times_s, length=self.length, stride=self.stride)
        teach = lessons.may_learn & given.mask
        train, held, fitting = self._sides(windows, teach, lessons)
        answers, scale = answers_of(lessons, fitting=fitting)
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(self.seed)
            shape: dict[str, Any] = {
                "width": windows.frames.shape[1],
                "units": self.units,
                "dense": list(self.dense),
                "activation": self.activation,
                "dropout": self.dropout,
            }
            body = TrailerNetwork(**shape, standing=standing(windows, fitting) if self.scaled else None)
            heads = Heads(
                width=self.dense[1],
                genres=max(1, lessons.genres.shape[1]),
                trailers=int(answers.trailers.max()) + 1,
                activation=self.activation,
            )
        net = Taught(body, heads)
        task = Teaching(
            net=net,
            train=train,
            held=held,
            answers=answers,
            weights=Weights(rating=self.rating, genres=self.genres, trailer=self.trailer),
            batch=self.batch,
            fingerprint=self._fingerprint(train, held, answers),
        )
        kept = Kept(folder)
        layer = self.dense.index(self.layer)

        def after(epoch: int, _: torch.nn.Module) -> None:
            kept.put(epoch, {"vectors": windows.mean(embedded(body, windows, layer))})

        after(0, net.eval())
        trained = Trainer(
            epochs=self.epochs,
            rate=self.rate,
            weight_decay=0.0,
            optimiser="adam",
            precision=self.precision,
            device=self.device,
            patience=self.patience,
            seed=self.seed,
            threads=self.threads,
            title=self.name,
        ).train(task, folder=folder, report=report, after_epoch=after)
        last = len(trained.epochs)
        numbers = looked_at(best=trained.best, last=last)
        kept.tidy(numbers)
        if folder is not None:
            saved.write(
                folder,
                saved.Saved(
                    net=body, shape=shape, title=self.title, length=self.length, stride=self.stride, place=layer
                ),
            )
        facts: dict[str, Any] = {
            "parameters": parameter_lines(net),
            "windows": {"train": len(train), "validation": len(held), "all": len(windows)},
            "items": {
                "teach": int(teach.sum()),
                "numbered": int(answers.trailers.max()) + 1,
                "placed": int(given.mask.sum()),
            },
            "ratings": scale,
        }
        if self.shown:
            facts["paths"] = paths(
                embedded(body, windows, layer), windows, item_ids=lessons.train.item_ids, shown=self.shown
            )
        return Learned(
            snapshots=tuple(Snapshot(epoch=k, vectors=kept.of(k)["vectors"], mask=given.mask) for k in numbers),
            best=trained.best,
            epochs=trained.epochs,
            # Those of the validation side too: they chose the epoch.
            learned_from=[lessons.train.item_ids[k] for k in np.flatnonzero(teach).tolist()],
            facts=facts,
        )

    def recommender(self, snapshot: Snapshot, told: History, *, like: float) -> Recommender | None:
        """None: what it learns is where items stand."""
        del snapshot, told, like
        return None

    def _sides(
        self, windows: Windows, teach: npt.NDArray[np.bool_], lessons: Lessons
    ) -> tuple[Windows, Windows, npt.NDArray[np.bool_]]:
        """Windows that are taught, windows that judge, and bool ``[items]``, the items of the former."""
        told = teach & (lessons.genres.any(axis=1) | (lessons.train.item_counts > 0))
        lots = lot.scattered(lot.keys(lessons.train.item_ids, "validation"), self.seed)
        own = windows.take(teach[windows.items])
        if self.hold == "items":
            order = np.flatnonzero(told)[np.argsort(lots[told], kind="stable")]
            held = order[: max(1, round(self.validation * len(order)))]
            if len(order) < 2:
                raise UsageError(
                    f"{len(order)} items that may teach have {self.title} and a rating or a genre; it takes 2 at "
                    "least, of which one is held out."
                )
            fitting = teach.copy()
            fitting[held] = False
            out = ~fitting[own.items]
        else:
            fitting = teach
            draws = np.random.default_rng((self.seed, 1)).random(len(own))
            # One of each item's is always taught: the one that was drawn last.
            order = np.lexsort((draws, own.items))
            spare = order[np.flatnonzero(np.append(own.items[order][:-1] == own.items[order][1:], False))]
            count = min(len(spare), max(1, round(self.validation * len(own))))
            if not count:
                raise UsageError("no item has two windows, so none can be held out; hold out items.")
            out = np.zeros(len(own), bool)
            out[spare[np.argsort(draws[spare], kind="stable")[:count]]] = True
        return own.take(~out), own.take(out), fitting

    def _fingerprint(self, train: Windows, held: Windows, answers: Answers) -> str:
        """Of data and settings, so that a checkpoint of others is refused; the trainer looks at its own settings."""
        digest = hashlib.blake2b(digest_size=16)
        free = ("epochs", "shown", "device")
        digest.update(json.dumps({k: v for k, v in self.key.items() if k not in free}, sort_keys=True).encode())
        for side in (train, held):
            for column in (side.firsts, side.counts, side.items):
                digest.update(np.ascontiguousarray(column).tobytes())
        for column in (train.frames, answers.ratings, answers.rated, answers.genres, answers.trailers):
            digest.update(np.ascontiguousarray(column).data)
        return digest.hexdigest()


def answers_of(lessons: Lessons, *, fitting: npt.NDArray[np.bool_]) -> tuple[Answers, dict[str, float]]:
    """What the heads are taught, or judged by; and the mean and deviation, over the items of ``fitting``, that mean
    ratings are told in. Of items that may not teach nothing is known, whatever stands in the lessons."""
    from triptych.models.trailer_net.teaching import Answers

    train, n = lessons.train, len(lessons.may_learn)
    counts = train.item_counts
    means = np.bincount(train.items, weights=train.values, minlength=n) / np.maximum(counts, 1)
    rated = (counts > 0) & lessons.may_learn
    known = means[rated & fitting]
    mean = float(known.mean()) if len(known) else 0.0
    deviation = float(known.std()) if len(known) else 0.0
    deviation = deviation if deviation > 1e-9 else 1.0
    numbers = np.where(fitting, np.cumsum(fitting) - 1, -1)
    answers = Answers(
        ratings=np.where(rated, (means - mean) / deviation, 0).astype(np.float32),
        rated=rated,
        genres=np.where(lessons.may_learn[:, None], lessons.genres, 0).astype(np.float32),
        trailers=numbers.astype(np.int64),
    )
    return answers, {"mean": mean, "deviation": deviation}


def standing(windows: Windows, fitting: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
    """float32 ``[2, d]``: mean and deviation of each entry over the frames of those items that are in a window. An
    entry that never changes is left as it is."""
    own = windows.take(fitting[windows.items])
    seen = np.zeros(len(windows.frames), bool)
    seen[own.places] = True
    rows = windows.frames[seen]
    mean, deviation = rows.mean(axis=0, dtype=np.float64), rows.std(axis=0, dtype=np.float64)
    return np.stack([mean, np.where(deviation > 1e-9, deviation, 1)]).astype(np.float32)
