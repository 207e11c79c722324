"""Every rating model on MovieLens 100K: how far off it is, how sure it is, and what it costs.

    python benchmarks/ratings.py DATA                       the folder ml-100k
    python benchmarks/ratings.py DATA --models bias,libfm   some of them
    python benchmarks/ratings.py DATA --trailers MMTF       where mmtf-14k is: beside DATA, unless said

1. One table, u1.base → u1.test: RMSE, MAE, precision and recall (rated 4 or more, predicted 3.5 or more, over all
   ratings) with 95 % intervals by drawing users anew; seconds to fit and to predict, and the most memory held above
   what was held before. Each model runs in a process of its own, so that its memory is its own.
2. The best over u1 … u5: the mean RMSE. No setting here was chosen by any of these tests.
3. Of a model that says how sure it is, how many test ratings its intervals of 80 % hold.

Known when a rating is predicted: the user and the item; which items each user has rated in training, and how; what
items.csv tells of films (genres, people, directors, year, title, plot) and u.user of users (gender, age, occupation,
region); the moment, where a model reads it, since whoever is shown a prediction is shown it at some moment. Not known:
the rating, any other rating of the test, and that its pair is there at all. The ratings of u1 … u5 are dealt by lot, so
that those learned from may be later than the one that is predicted; models that read the moment (fm the day; gaussian,
and so best, the second) gain by that. The rows "without moments" do not read it.

Networks that see and hear are given what mmtf-14k has of 583 films' trailers; where it is not there, they read genres
and directors in place of it. The last column says what each model reads.
Finished models are kept under build/bench/ratings and not run again while their settings are the same (--fresh: they
are). The last line is JSON; it fails where a requirement is missed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from triptych.errors import TriptychError
from triptych.models.predictors import PREDICTORS, model_of

METRICS = ("rmse", "mae", "precision", "recall")
FOLDS = ("u1", "u2", "u3", "u4", "u5")
BEST = "best"
READ = ("genres", "people", "directors", "plot-words")
#: By networks: thousands of words make them slow.
FEW = ("genres", "directors")
GIVEN = {
    "seeing/avf": "fused_llm_mmtf_avf_avg.csv",
    "hearing/i-vector": "fused_llm_mmtf_audio_IVec_splitItem_fold_1_gmm_512_tvDim_100.csv",
}
MAP = "ml100k_item_to_mmtf.csv"


@dataclass(frozen=True, kw_only=True)
class Row:
    """``settings``: where they are not the model's own. ``trailers``: those that are added where trailers were seen."""

    model: str
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    trailers: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def with_trailers(self, trailers: bool) -> dict[str, Any]:
        return {**self.settings, **(self.trailers if trailers else {})}


_BY_CONTENT = {"fields": READ, "scaling": "rarity"}
_SEEN = {"seeing": ("*",), "hearing": ("*",), "reading": ()}
#: What is other than the model's name says.
OTHER: Mapping[str, Row] = {
    "content-knn": Row(model="content-knn", settings=_BY_CONTENT),
    "content-weighted": Row(model="content-weighted", settings=_BY_CONTENT),
    **{
        name: Row(model=name, settings={"reading": FEW}, trailers=_SEEN)
        for name in ("lstm-av-cont", "dcf-av-cont-1", "dcf-av-cont-2")
    },
    "rating-siamese": Row(
        model="rating-siamese",
        settings={"reading": ("plot-words",), "meta": ("genres", "people", "directors")},
        trailers={"seeing": ("seeing/avf",), "hearing": ("hearing/i-vector",)},
    ),
    "rating-siamese, rating vectors": Row(model="rating-siamese", settings={"vectors": "ratings"}),
    "rating-siamese, two towers": Row(
        model="rating-siamese",
        settings={
            "vectors": "ratings",
            "base": "bias",
            "rated": True,
            "towers": 64,
            "scattered": True,
            "hidden": 0.1,
            "shrink": 2e-4,
            "dropout": 0.3,
            "cosine": 0.0,
            "rate": 4e-3,
            "plateau": 1,
            "again": True,
        },
    ),
    "fm, without moments": Row(model="fm", settings={"moments": ()}),
    "gaussian, without moments": Row(model="gaussian", settings={"moods": ()}),
    "best, without moments": Row(
        model=BEST,
        settings={
            "parts": (
                {"model": "gaussian", "settings": {"moods": ()}},
                {"model": "fm", "settings": {"moments": ()}},
            )
        },
    ),
}
ROWS: Mapping[str, Row] = {**{name: Row(model=name) for name in PREDICTORS}, **OTHER}
#: Row → the RMSE on u1 that it must not be above.
REQUIRED = {"bias": 0.962, "libfm": 0.910, "fm-content": 0.898, BEST: 0.884}
REQUIRED_MEAN, AIM, AIM_MEAN = 0.880, 0.878, 0.874
COVERED, COVERED_BY = (0.78, 0.82), "fm"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path, help="the folder ml-100k")
    parser.add_argument("--trailers", type=Path, help="the folder mmtf-14k")
    parser.add_argument("--models", default="", help="rows of the table, with commas; all unless given")
    parser.add_argument("--folds", default=",".join(FOLDS), help="of the best; one alone leaves its mean out")
    parser.add_argument("--to", type=Path, default=Path("build/bench/ratings"))
    parser.add_argument("--fresh", action="store_true", help="run again what is there")
    parser.add_argument("--one", nargs=2, metavar=("ROW", "FOLD"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        return one(*arguments.one, arguments)
    if arguments.trailers is None and (arguments.data.parent / "mmtf-14k" / MAP).is_file():
        arguments.trailers = arguments.data.parent / "mmtf-14k"
    names = [name.strip() for name in arguments.models.split(",") if name.strip()] or list(ROWS)
    folds = [fold.strip() for fold in arguments.folds.split(",") if fold.strip()]
    if unknown := [name for name in (*names, *folds) if name not in ROWS and name not in FOLDS]:
        parser.error(f"there is no {', '.join(unknown)}; rows are {', '.join(ROWS)}, and folds {', '.join(FOLDS)}")
    if arguments.fresh:
        shutil.rmtree(arguments.to, ignore_errors=True)
    if arguments.trailers:
        catalogue(arguments)
    found: dict[str, dict[str, Any]] = {}
    lacking: dict[str, str] = {}
    for name in names:
        run(name, "u1", arguments, found, lacking)
    shown(found, lacking, bool(arguments.trailers))
    means = best(folds, arguments, found) if BEST in found and len(folds) > 1 else {}
    judged = requirements(found, means)
    told = {row: figures(one) for row, one in found.items()}
    print(json.dumps({"benchmark": "ratings", "rows": told, "lacking": lacking, "folds": means, "required": judged}))
    return 0 if all(line["met"] for line in judged if line["kind"] == "required") else 1


# -- running ---------------------------------------------------------------------------------------------------


def run(
    name: str, fold: str, arguments: argparse.Namespace, found: dict[str, dict[str, Any]], lacking: dict[str, str]
) -> None:
    """By a process of its own, or as it was left."""
    try:
        key = model_of(ROWS[name].model, ROWS[name].with_trailers(bool(arguments.trailers)), where=name).key
    except (TriptychError, ImportError) as fault:
        lacking[name] = str(fault)
        return
    path = kept(arguments.to, name, fold, bool(arguments.trailers))
    if path.exists():
        before: dict[str, Any] = json.loads(path.read_text())
        if before["key"] == json.loads(json.dumps(dict(key))):
            found[name] = before
            return
    print(f"{name}, {fold} …", file=sys.stderr, flush=True)
    began = time.monotonic()
    command = [sys.executable, __file__, str(arguments.data), "--to", str(arguments.to), "--one", name, fold]
    if arguments.trailers:
        command += ["--trailers", str(arguments.trailers)]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        lacking[name] = lines[-1] if lines else f"it ended with {done.returncode}"
        print(f"  {lacking[name]}", file=sys.stderr)
        return
    found[name] = json.loads(path.read_text())
    overall = found[name]["rows"]["overall"]["metrics"]["rmse"]
    print(f"  RMSE {overall:.4f} after {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)


def one(name: str, fold: str, arguments: argparse.Namespace) -> int:
    """In the process of its own: fit, judge, and leave what was found, whole or not at all."""
    from triptych.catalogue.sources.events import EventFile
    from triptych.evaluate.described import Described
    from triptych.evaluate.protocols.choosing import Choosing
    from triptych.evaluate.rated import rated
    from triptych.evaluate.splits import given
    from triptych.models.predictor import RatingLessons

    layout = {"names": ("user_id", "item_id", "rating", "timestamp"), "separator": "\t"}
    base, test = (EventFile(path=arguments.data / f"{fold}.{side}", **layout) for side in ("base", "test"))
    split = given(base, test)
    items = catalogue_at(arguments.to) if arguments.trailers else arguments.data / "items.csv"
    background = Described.of(items, arguments.data / "u.user").background(split.history)
    genres = background.items["genres"].dense()
    row, trailers = ROWS[name], bool(arguments.trailers)
    try:
        model = model_of(row.model, row.with_trailers(trailers), where=name)
        digest = hashlib.sha256(json.dumps(dict(model.key), sort_keys=True).encode()).hexdigest()[:12]
        fits = arguments.to / "fits" / fold / f"{name}-{digest}"
        found = rated(
            model,
            RatingLessons(train=split.train, scale=(1.0, 5.0), background=background),
            split,
            choosing=Choosing(relevant_from=4.0, recommended_from=3.5, vectors=genres),
            folder=fits,
        )
    except TriptychError as fault:
        print(fault, file=sys.stderr)
        return 2
    path = kept(arguments.to, name, fold, trailers)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.draft")
    known = {"items": list(background.items), "users": list(background.users), "day": True}
    draft.write_text(json.dumps({**found.to_json(seed=0), "known": known}, allow_nan=False))
    draft.replace(path)
    shutil.rmtree(fits, ignore_errors=True)
    return 0


def kept(to: Path, name: str, fold: str, trailers: bool) -> Path:
    return to / ("seen" if trailers else "read") / fold / f"{name}.json"


def catalogue_at(to: Path) -> Path:
    return to / "films"


def catalogue(arguments: argparse.Namespace) -> None:
    """The films with what was seen and heard of their trailers; made once."""
    from triptych.catalogue.catalogue import Catalogue
    from triptych.catalogue.sources.movielens.movielens import MovieLens
    from triptych.interchange.given.attach import attach
    from triptych.interchange.given.join import Join
    from triptych.interchange.given.read import read_given

    folder = catalogue_at(arguments.to)
    if folder.exists():
        return
    draft = folder.with_name(".films.draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.parent.mkdir(parents=True, exist_ok=True)
    opened = Catalogue.init(draft)
    opened.add(MovieLens(path=arguments.data))
    join = Join.read(arguments.trailers / MAP, theirs="mmtf_itemId", ours="ml100k_itemId")
    for title, file in GIVEN.items():
        offering = read_given(arguments.trailers / file, panel=title.partition("/")[0])
        attach(opened, offering, title, join=join, on_bad_cells="columns")
    draft.rename(folder)


# -- telling ---------------------------------------------------------------------------------------------------


def shown(found: Mapping[str, dict[str, Any]], lacking: Mapping[str, str], trailers: bool) -> None:
    print("u1.base → u1.test, with 95 % intervals")
    print(
        f"  {'':31}"
        + "".join(f"{head.upper() if len(head) < 5 else head:24}" for head in METRICS)
        + f"{'fit s':>8}{'predict s':>11}{'MiB':>7}{'in 80 %':>9}  reads"
    )
    for name, row in found.items():
        one = figures(row)
        peak, covered = one["peak_mib"], one["covered_80"]
        cells = (
            f"{one[head]:.4f} [{one[f'{head}_interval'][0]:.3f}, {one[f'{head}_interval'][1]:.3f}]" for head in METRICS
        )
        print(
            f"  {name:31}"
            + "".join(f"{cell:24}" for cell in cells)
            + f"{one['fit_s']:8.1f}{one['predict_s']:11.2f}{'-' if peak is None else f'{peak:.0f}':>7}"
            + f"{'-' if covered is None else f'{covered:.1%}':>9}  {', '.join(reads(row['key'], trailers))}".rstrip()
        )
    for name, why in lacking.items():
        print(f"  {name:31}not run: {why}")
    for row in list(found.values())[:1]:
        known = row["known"]
        print(
            f"  Known when a rating is predicted, for whoever reads it: of items {', '.join(known['items'])}; of users "
            f"{', '.join(known['users'])}; the moment; what each rated in training."
        )


def figures(row: Mapping[str, Any]) -> dict[str, Any]:
    overall, cost, sure = row["rows"]["overall"], row["cost"], row["certainty"]
    intervals = overall["intervals"]
    covered = None if sure is None else dict(zip(sure["levels"], sure["covered"], strict=True))[0.8]
    return {
        "rmse": overall["metrics"]["rmse"],
        "rmse_interval": [intervals["rmse"]["low"], intervals["rmse"]["high"]],
        "mae": overall["metrics"]["mae"],
        "mae_interval": [intervals["mae"]["low"], intervals["mae"]["high"]],
        "precision": overall["chosen"]["pooled-precision"],
        "precision_interval": [intervals["pooled-precision"][end] for end in ("low", "high")],
        "recall": overall["chosen"]["pooled-recall"],
        "recall_interval": [intervals["pooled-recall"][end] for end in ("low", "high")],
        "fit_s": cost["fit_s"],
        "predict_s": cost["predict_s"],
        "peak_mib": None if cost["peak_bytes"] is None else cost["peak_bytes"] / 2**20,
        "covered_80": covered,
    }


def reads(key: Any, trailers: bool) -> list[str]:
    """Names of fields in the settings of a model, wherever they stand."""
    named = ("fields", "items", "users", "moments", "seeing", "hearing", "reading", "meta", "histories")
    found: list[str] = []
    if isinstance(key, Mapping):
        if key.get("vectors") == "ratings":  # whose fields stand there unread
            return ["rating vectors"]
        for name, value in key.items():
            if name not in named or not isinstance(value, list | tuple):
                found += reads(value, trailers)
                continue
            for one in value:
                if one == "*":
                    found += [title for title in GIVEN if trailers and title.startswith(f"{name}/")]
                else:
                    found.append(f"{one} histories" if name == "histories" else str(one).rstrip("?"))
    elif isinstance(key, list | tuple):
        for value in key:
            found += reads(value, trailers)
    return list(dict.fromkeys(found))


def best(folds: list[str], arguments: argparse.Namespace, found: Mapping[str, dict[str, Any]]) -> dict[str, float]:
    rows: dict[str, float] = {}
    for fold in folds:
        again: dict[str, dict[str, Any]] = {}
        lacking: dict[str, str] = {}
        run(BEST, fold, arguments, again, lacking)
        if lacking:
            print(f"  {BEST} on {fold}: {lacking[BEST]}")
            return {}
        rows[fold] = figures(again[BEST])["rmse"]
    mean = sum(rows.values()) / len(rows)
    print("\nThe best over the folds: " + "  ".join(f"{fold} {value:.4f}" for fold, value in rows.items()))
    print(f"  mean {mean:.4f}")
    return {**rows, "mean": mean}


def requirements(found: Mapping[str, dict[str, Any]], means: Mapping[str, float]) -> list[dict[str, Any]]:
    """A line for each; of what was not run, none."""
    lines: list[dict[str, Any]] = []

    def line(what: str, value: float, goal: str, met: bool, kind: str = "required") -> None:
        lines.append({"what": what, "value": value, "goal": goal, "met": met, "kind": kind})
        print(f"  {kind:9}{what:40}{value:8.4f}  {goal:14}{'yes' if met else 'NO'}")

    print()
    for name, most in REQUIRED.items():
        if name in found:
            value = figures(found[name])["rmse"]
            line(f"{name}: RMSE on u1", value, f"≤ {most:.3f}", value <= most)
    if BEST in found:
        value = figures(found[BEST])["rmse"]
        line(f"{BEST}: RMSE on u1", value, f"≤ {AIM:.3f}", value <= AIM, "aim")
    if set(FOLDS) <= set(means):
        line(f"{BEST}: mean RMSE of u1 … u5", means["mean"], f"≤ {REQUIRED_MEAN:.3f}", means["mean"] <= REQUIRED_MEAN)
        line(f"{BEST}: mean RMSE of u1 … u5", means["mean"], f"≤ {AIM_MEAN:.3f}", means["mean"] <= AIM_MEAN, "aim")
    if COVERED_BY in found and (share := figures(found[COVERED_BY])["covered_80"]) is not None:
        low, high = COVERED
        line(f"{COVERED_BY}: ratings in intervals of 80 %", share, f"{low:.0%} to {high:.0%}", low <= share <= high)
    return lines


if __name__ == "__main__":
    sys.exit(main())
