"""What does the embedding of a trailer tell of its mean rating, and how much of that is a leak?

    python benchmarks/trailers.py             240 painted clips, two seeds: minutes
    python benchmarks/trailers.py --clips 480 --seeds 5 --folder world     the world is kept, and not made again

Lehmann 2021 (§3.5) teaches a network the mean rating of every trailer, and then regresses the mean ratings on its
embeddings, on the same trailers: R² .164. Two leaks, which are told apart here: ``network`` says whether the network
saw the ratings of the items that are judged, ``regression`` whether the least squares did. Where neither did, both were
fitted on four fifths of the items and the others judged, five times over; every figure is over all items. Each network
is trained alike but for the items it is given: at most 60 epochs, the validation side some windows of the items that
teach, as in the original. ``items held out`` is the honest row with our default in place of that.

The world: clips of six seconds whose look, sound and plot are known. Frames are measured four times a second, 24 of a
clip, which makes three windows of ten a stride of five apart; the paper's one a second would make none. There are no
weights of MobileNetV2 here, so a frame's vector is 160 light measures of colour, texture and composition. The network
has the paper's shape at an eighth of its size, 32 units and 64 and 16 in the dense layers: 16 entries of 240 items are
nearer to the paper's 512 of 13,571 than 256 would be, which fit any ratings exactly. It steps at 1e-3, and for more
epochs, since an epoch of so few windows has few steps.

Three targets: ``own``, the world's mean ratings, which an appeal decides that no picture shows; ``planted``, the same
with half of their variance by the look, which pictures show; ``shuffled``, the own ratings dealt out anew among items,
of which there is nothing to know. Controls: the look itself, known without a network; frames' means and deviations
without one, brought to 16 components by what teaches; random vectors of 16 and of more entries. Intervals are 95 %, by
resampling items. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.history import History
from triptych.catalogue.sources.synthetic import Synthetic
from triptych.catalogue.sources.synthetic.world import Settings, draw_item
from triptych.evaluate.embedding.correlation import correlation
from triptych.features import registry
from triptych.features.extraction import extract
from triptych.features.pooling import EACH
from triptych.features.store import FeatureStore
from triptych.media.sampling import Sampling
from triptych.models.similarity import Lessons, Sequences
from triptych.models.trailer_net.trailer_net import TrailerNet
from triptych.spaces.blocks import Blocks
from triptych.studies.material import Material

F64 = npt.NDArray[np.float64]

TITLE = "seeing/frames"
SEEN = ("colour", "texture", "composition")
QUARTERS = Sampling(count=None, every_s=0.25, where="all", short_side_px=80)
SECONDS = 6.0
FOLDS, WIDTH = 5, 16
#: Widths of random vectors.
RANDOM = (16, 64, 128)
RESAMPLED = 1000
NET = TrailerNet(
    title=TITLE,
    units=32,
    dense=(64, WIDTH),
    layer=WIDTH,
    rate=1e-3,
    epochs=60,
    hold="windows",
    threads=1,
)
#: Name → whether the network, and whether the regression, saw the ratings that are told.
ROWS = {
    "both saw": (True, True),
    "regression saw": (False, True),
    "network saw": (True, False),
    "neither": (False, False),
}


@dataclass(frozen=True, kw_only=True, eq=False)
class World:
    """``looks``: int64 ``[items]``."""

    history: History
    genres: npt.NDArray[np.float32]
    frames: Sequences
    pooled: F64
    looks: npt.NDArray[np.int64]
    seconds: Mapping[str, float]


def world(folder: Path, clips: int, users: int) -> World:
    began = time.perf_counter()
    catalogue = Catalogue.open(folder) if (folder / "catalogue.json").is_file() else Catalogue.init(folder)
    if catalogue.item_ids() and len(catalogue.item_ids()) != clips:
        raise SystemExit(f"{folder} holds a world of {len(catalogue.item_ids())} clips; name another folder.")
    if not catalogue.item_ids():
        catalogue.add(Synthetic(clips=clips, users=users, seconds=SECONDS, progress=tell("clips")))
    made = time.perf_counter()
    extract(catalogue, extractors=[registry.build(f"seeing/{name}", sampling=QUARTERS, pooling=EACH) for name in SEEN])
    measured = time.perf_counter()
    material = Material.of(catalogue)
    store = FeatureStore(catalogue.tables)
    parts = [store.sequences(store.recipe_of(f"seeing/{name}")) for name in SEEN]
    values: list[npt.NDArray[np.float32]] = []
    times: list[F64] = []
    for item_id in material.item_ids:
        own = [part[item_id] for part in parts]
        assert all(np.array_equal(own[0].times_s, one.times_s) for one in own)  # one sampling, one set of pictures
        values.append(np.concatenate([one.values for one in own], axis=1))
        times.append(own[0].times_s)
    settings = Settings(seed=0, seconds=SECONDS)
    return World(
        history=material.history,
        genres=material.genres[0],
        frames=Sequences(title=TITLE, values=tuple(values), times_s=tuple(times)),
        pooled=np.stack([np.concatenate([rows.mean(axis=0), rows.std(axis=0)]) for rows in values]).astype(np.float64),
        looks=np.array([draw_item(settings, int(item_id[-5:]))[1].look for item_id in material.item_ids]),
        seconds={"make": made - began, "measure": measured - made},
    )


def targets(made: World, seed: int) -> dict[str, npt.NDArray[np.float32]]:
    """Of each row of the history the rating that it has in place of its own."""
    history, rng = made.history, np.random.default_rng((seed, 7))
    own = means_of(made, history.values)
    planted = rng.permutation(np.linspace(-1, 1, int(made.looks.max()) + 1))[made.looks]
    planted *= own.std() / planted.std()
    dealt = own[rng.permutation(len(own))] - own
    return {
        "own": history.values,
        "planted": history.values + planted[history.items].astype(np.float32),
        "shuffled": history.values + dealt[history.items].astype(np.float32),
    }


def means_of(made: World, values: npt.NDArray[np.float32]) -> F64:
    history = made.history
    return np.bincount(history.items, weights=values, minlength=len(history.item_ids)) / history.item_counts


def lessons(made: World, values: npt.NDArray[np.float32], teach: npt.NDArray[np.bool_]) -> Lessons:
    """Of the items that teach, and of no other. A net that leaks is one that is given all."""
    history = replace(made.history, values=values)
    n = len(teach)
    return Lessons(
        blocks=Blocks(panels=("seeing",), values=(np.zeros((n, 1), np.float32),), mask=np.ones((n, 1), bool)),
        train=history.take(teach[history.items]),
        may_learn=teach,
        genres=np.where(teach[:, None], made.genres, 0).astype(np.float32),
        sequences={TITLE: made.frames},
    )


def embedding(made: World, values: npt.NDArray[np.float32], teach: npt.NDArray[np.bool_], net: TrailerNet) -> Fitted:
    began = time.perf_counter()
    learned = net.fit(lessons(made, values, teach))
    return Fitted(
        vectors=learned.snapshot.vectors.astype(np.float64),
        best=learned.best,
        epochs=len(learned.epochs),
        seconds=time.perf_counter() - began,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Fitted:
    vectors: F64
    best: int
    epochs: int
    seconds: float


def regressed(vectors: F64, target: F64, teach: npt.NDArray[np.bool_]) -> F64:
    """What least squares on the items that teach say of all."""
    if teach.all():
        return correlation(vectors, target, draws=1).fitted
    found = correlation(vectors, target, train=teach, draws=1)
    return np.where(found.judged, found.predicted, found.fitted)


def crossed(vectors: Sequence[F64], target: F64, fold: npt.NDArray[np.int64], *, saw: bool) -> F64:
    """Of each item what is said of it in its fold, from the vectors of that fold; ``saw``: by a regression that was
    fitted on it too."""
    told = np.zeros(len(target))
    for k, rows in enumerate(vectors):
        out = fold == k
        told[out] = regressed(rows, target, np.ones(len(target), bool) if saw else ~out)[out]
    return told


def components(rows: F64, teach: npt.NDArray[np.bool_]) -> F64:
    mean, deviation = rows[teach].mean(axis=0), rows[teach].std(axis=0)
    scaled = (rows - mean) / np.where(deviation > 1e-9, deviation, 1)
    _, _, axes = np.linalg.svd(scaled[teach], full_matrices=False)
    return scaled @ axes[:WIDTH].T


@dataclass(frozen=True, kw_only=True, eq=False)
class Found:
    """Of one seed. ``said``: target → row → what is said of each item; ``truths``: target → what is so."""

    said: Mapping[str, Mapping[str, F64]]
    truths: Mapping[str, F64]
    nets: Sequence[Fitted]


def run(made: World, seed: int) -> Found:
    n = len(made.looks)
    fold = np.random.default_rng((seed, 3)).permutation(np.arange(n) % FOLDS)
    said: dict[str, dict[str, F64]] = {}
    truths: dict[str, F64] = {}
    nets: list[Fitted] = []
    for name, values in targets(made, seed).items():
        truths[name] = means_of(made, values)
        rows, own = embedded(made, values, truths[name], fold, replace(NET, seed=seed))
        if name != "shuffled":
            honest = replace(NET, seed=seed, hold="items")
            held = [embedding(made, values, fold != k, honest) for k in range(FOLDS)]
            rows["neither, items held out"] = crossed([one.vectors for one in held], truths[name], fold, saw=False)
        said[name] = rows | controls(made, truths[name], fold, seed)
        nets += own
        epochs = np.mean([one.best for one in own])
        print(f"  seed {seed}, {name}: the best of {epochs:.0f} epochs", file=sys.stderr, flush=True)
    return Found(said=said, truths=truths, nets=nets)


def embedded(
    made: World, values: npt.NDArray[np.float32], truth: F64, fold: npt.NDArray[np.int64], net: TrailerNet
) -> tuple[dict[str, F64], list[Fitted]]:
    """The four rows, and the nets: one that saw all, and one for each fold."""
    nets = [embedding(made, values, fold != k, net) for k in (-1, *range(FOLDS))]
    leaking, honest = [nets[0].vectors] * FOLDS, [one.vectors for one in nets[1:]]
    rows = {
        row: crossed(leaking if network else honest, truth, fold, saw=regression)
        for row, (network, regression) in ROWS.items()
    }
    return rows, nets


def controls(made: World, truth: F64, fold: npt.NDArray[np.int64], seed: int) -> dict[str, F64]:
    """What is said in sample, and held out, by vectors that no network made."""
    n = len(truth)
    looks = np.eye(int(made.looks.max()) + 1)[made.looks][:, 1:]
    rng = np.random.default_rng((seed, 5))
    pooled = [components(made.pooled, fold != k) for k in (-1, *range(FOLDS))]
    vectors = {"the look itself": [looks] * (FOLDS + 1), f"frames pooled, {WIDTH} components": pooled}
    vectors |= {f"random, {width}": [rng.normal(size=(n, width))] * (FOLDS + 1) for width in RANDOM}
    rows: dict[str, F64] = {}
    for name, (whole, *parts) in vectors.items():
        rows[f"{name}: in sample"] = regressed(whole, truth, np.ones(n, bool))
        rows[f"{name}: held out"] = crossed(parts, truth, fold, saw=False)
    return rows


def r2(said: F64, truth: F64) -> float:
    return 1 - float(((truth - said) ** 2).sum() / ((truth - truth.mean()) ** 2).sum())


def interval(values: Sequence[float]) -> list[float]:
    return [round(float(one), 3) for one in np.percentile(values, (2.5, 97.5))]


def told(found: Sequence[Found], seed: int = 0) -> dict[str, Any]:
    """Target → row → R², mean over seeds, with its interval; and what each leak is worth."""
    rng = np.random.default_rng(seed)
    n = len(next(iter(found[0].truths.values())))
    draws = rng.integers(0, n, (RESAMPLED, n))
    result: dict[str, Any] = {}
    for target in found[0].said:
        point: dict[str, float] = {}
        resampled: dict[str, F64] = {}
        for row in found[0].said[target]:
            pairs = [(one.said[target][row], one.truths[target]) for one in found]
            point[row] = float(np.mean([r2(*pair) for pair in pairs]))
            resampled[row] = np.array([np.mean([r2(s[d], t[d]) for s, t in pairs]) for d in draws])
        result[target] = {
            row: {"r2": round(value, 3), "interval": interval(resampled[row])} for row, value in point.items()
        }
        result[target]["leaks"] = {
            row: {
                "worth": round(point[row] - point["neither"], 3),
                "interval": interval(resampled[row] - resampled["neither"]),
            }
            for row in list(ROWS)[:-1]
        }
    return result


def paper_epoch(made: World) -> dict[str, Any]:
    """Seconds of an epoch of the paper's own size on these windows."""
    learned = TrailerNet(title=TITLE, epochs=2, threads=1).fit(
        lessons(made, made.history.values, np.ones(len(made.looks), bool))
    )
    row = learned.epochs[-1]
    return {
        "parameters": sum(learned.facts["parameters"].values()),
        "windows": learned.facts["windows"]["train"],
        "seconds": round(row["training_s"], 2),
        "windows_per_s": round(learned.facts["windows"]["train"] / row["training_s"], 1),
    }


def tell(what: str) -> Callable[[int, int], None]:
    return lambda done, total: print(f"\r  {what}: {done} of {total}", end="", file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--clips", type=int, default=240)
    parser.add_argument("--users", type=int, default=400)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--workers", type=int, default=2, help="processes that train")
    parser.add_argument("--folder", type=Path, help="a folder to make the world in and keep it")
    parser.add_argument("--skip-paper", action="store_true", help="do not time the network at the paper's size")
    arguments = parser.parse_args()
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as temporary:
        made = world(arguments.folder or Path(temporary), arguments.clips, arguments.users)
    print(file=sys.stderr)
    # One process a seed; each of them takes one thread.
    with ProcessPoolExecutor(arguments.workers, mp_context=get_context("spawn")) as pool:
        found = list(pool.map(partial(run, made), range(arguments.seeds)))
    nets = [one for each in found for one in each.nets]
    result = told(found)
    rated = made.history.item_counts
    print(
        f"{len(made.looks)} clips, {rated.sum():,} ratings, {rated.min()} to {rated.max()} an item; {arguments.seeds} "
        f"seeds; the best epoch of a net is {np.mean([one.best for one in nets]):.0f} in the mean, after "
        f"{np.mean([one.seconds for one in nets]):.1f} s"
    )
    for target, rows in result.items():
        print(f"\n{target:36} R²")
        for row, value in rows.items():
            if row != "leaks":
                low, high = value["interval"]
                print(f"  {row:34} {value['r2']:6.3f}  ({low:.3f}–{high:.3f})")
        for row, value in rows["leaks"].items():
            low, high = value["interval"]
            print(f"  worth of it, {row:21} {value['worth']:+6.3f}  ({low:+.3f} to {high:+.3f})")
    paper = {} if arguments.skip_paper else paper_epoch(made)
    if paper:
        print(
            f"\nthe paper's size: {paper['parameters']:,} parameters, {paper['seconds']} s an epoch of "
            f"{paper['windows']} windows"
        )
    print(
        json.dumps(
            {
                "benchmark": "trailers",
                "clips": arguments.clips,
                "seeds": arguments.seeds,
                "r2": result,
                "paper": paper,
                "nets": {"count": len(nets), "seconds": round(sum(one.seconds for one in nets), 1)},
                "seconds": {
                    **{name: round(value, 1) for name, value in made.seconds.items()},
                    "all": round(time.perf_counter() - began, 1),
                },
            }
        )
    )


if __name__ == "__main__":
    main()
