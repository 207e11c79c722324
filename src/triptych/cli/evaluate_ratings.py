"""``triptych evaluate ratings``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from triptych.cli.model_settings import grids_of, settings_of, whole
from triptych.cli.output import Json, emit, progress, say, table
from triptych.errors import UsageError

if TYPE_CHECKING:
    from triptych.catalogue.history import History
    from triptych.evaluate.described import Described
    from triptych.evaluate.split import Split
    from triptych.models.background import Background
    from triptych.models.predictor import RatingLessons
    from triptych.models.search import Searched

#: What is chosen where nobody says otherwise.
DEFAULT = "best"
COLUMNS = ("model", "rmse", "mae", "precision", "recall", "fit s", "predict s", "peak MiB")


def command(
    train: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE|CATALOGUE",
            help="Ratings to learn from: CSV, TSV or Parquet; u1.base, u.data or ratings.dat as they are; a catalogue.",
            show_default=False,
        ),
    ] = None,
    test: Annotated[
        Path | None, typer.Option(metavar="FILE|CATALOGUE", help="Ratings that judge.", show_default=False)
    ] = None,
    items: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE|FOLDER",
            help="What is known of items: items.csv of 100K, u.item, movies.csv; a folder of MovieLens or a catalogue.",
            show_default=False,
        ),
    ] = None,
    users: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE|FOLDER", help="What is known of users: u.user, users.dat; a folder.", show_default=False
        ),
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option("--model", "-m", help="Which model, best if not given; may be given again. --list has them all."),
    ] = None,
    setting: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="[MODEL.]NAME=VALUE",
            help="A setting of a model, such as user-knn.k=40; may be given again.",
        ),
    ] = None,
    scale: Annotated[
        str | None,
        typer.Option(
            metavar="LEAST,GREATEST",
            help="Of the ratings; those of --train if not given.",
            show_default=False,
        ),
    ] = None,
    relevant: Annotated[float, typer.Option(help="Ratings of this or more are relevant.")] = 4.0,
    recommended: Annotated[float, typer.Option(help="What is predicted so much or more is recommended.")] = 3.5,
    search: Annotated[
        str, typer.Option(help="Choose settings on ratings held back of --train: grid or tpe.", show_default=False)
    ] = "",
    budget: Annotated[int, typer.Option(min=1, help="Trials of a search, the same for each model.")] = 20,
    tried: Annotated[
        list[str] | None,
        typer.Option(
            "--try",
            metavar="[MODEL.]NAME=VALUES",
            help="What a search tries, such as k=10,20,40, in place of the model's grid; may be given again.",
        ),
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="Keep trials and checkpoints; what was stopped goes on.", show_default=False
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of what models draw, of held-back ratings and the bootstrap.")] = 0,
    models: Annotated[bool, typer.Option("--list", help="List the models instead, and what each needs.")] = False,
    as_json: Json = False,
) -> None:
    """Learn from some ratings, predict others, and say how far off the predictions are.

    Example: triptych evaluate ratings --train u1.base --test u1.test --items items.csv --users u.user --model best

    Nothing is learned or chosen by what judges. Users and items that nothing was learned of are predicted too, and
    told apart with --json: overall, warm and cold.

    Example: triptych evaluate ratings --train u1.base --test u1.test -m bias -m user-knn --set user-knn.k=40

    Example: triptych evaluate ratings --train u1.base --test u1.test -m item-knn --search grid --to trials
    """
    if models:
        _list(as_json)
        return
    if train is None or test is None:
        raise UsageError("ratings to learn from and ratings that judge are needed: give --train and --test.")
    from triptych.evaluate.described import Described, few
    from triptych.evaluate.protocols.choosing import Choosing
    from triptych.evaluate.rated import rated
    from triptych.models.predictors import model_of

    names = list(dict.fromkeys(model or [DEFAULT]))
    settings = settings_of(setting or [], names)
    grids = grids_of(tried or [], names, search)
    keys = [model_of(name, whole(name, settings, seed), where="--set").key for name in names]  # before anything is read
    split = split_of(train, test)
    described = Described.of(items, users)
    for line in few(described.told):
        say(f"{line[:1].upper()}{line[1:]}.")
    background = in_time(described, described.background(split.history), split, keys)
    lessons = _lessons(split, background, scale)
    choosing = Choosing(relevant_from=relevant, recommended_from=recommended, vectors=_genres(background), seed=seed)
    facts = _facts(split, lessons, described, scale is not None)
    if not as_json:
        _tell(facts)
    found: list[dict[str, Any]] = []
    for name in names:
        chosen = settings.get(name, {})
        searched: Searched | None = None
        if search:
            searched = _searched(name, lessons, grids[name], chosen, search, budget, seed, to)
            chosen = {**chosen, **searched.chosen}
        made = model_of(name, whole(name, {name: chosen}, seed), where="--set")
        with progress(name, "steps") as bar:
            one = rated(
                made,
                lessons,
                split,
                choosing=choosing,
                folder=None if to is None else to / name / "fit",
                report=_report(bar),
            )
        told = one.to_json(seed=seed)
        told["search"] = None if searched is None else searched.to_json()
        found.append(told)
    if as_json:
        emit({**facts, "relevant_from": relevant, "recommended_from": recommended, "seed": seed, "models": found})
        return
    table(COLUMNS, [row_of(one) for one in found])
    _close(found, relevant, recommended)


def row_of(one: Mapping[str, Any]) -> list[object]:
    """A line of the table: figures with their intervals."""
    overall, cost = one["rows"]["overall"], one["cost"]
    pooled = {metric: overall["chosen"] and overall["chosen"][f"pooled-{metric}"] for metric in ("precision", "recall")}
    peak = cost["peak_bytes"]
    return [
        one["model"],
        *(_figure(overall["metrics"][metric], overall["intervals"].get(metric)) for metric in ("rmse", "mae")),
        *(_figure(value, overall["intervals"].get(f"pooled-{metric}")) for metric, value in pooled.items()),
        f"{cost['fit_s']:.2f}",
        f"{cost['predict_s']:.2f}",
        None if peak is None else f"{peak / 2**20:.0f}",
    ]


def split_of(train: Path, test: Path) -> Split:
    """Of two files, or catalogues; what is refused of them is told."""
    from triptych.evaluate.splits import given

    return given(_ratings(train), _ratings(test))


def _ratings(path: Path) -> History:
    from triptych.catalogue.history import History
    from triptych.cli.evaluate import interactions_of

    rows = interactions_of(path)
    found = History.of_table(rows)
    if not len(found):
        raise UsageError(f"{str(path)!r} holds no rating of a user and an item.")
    if less := rows.num_rows - len(found):
        say(f"Left out of {path.name}: {less:,} rows that are no ratings, or stand for a pair that is rated again.")
    return found


def _lessons(split: Split, background: Background, scale: str | None) -> RatingLessons:
    from triptych.evaluate.protocols.rating_prediction import scale_of
    from triptych.models.predictor import RatingLessons

    ends = scale_of(split.train) if scale is None else scale_text(scale)
    if scale is None and ends[0] == ends[1]:
        raise UsageError(f"all ratings to learn from are {ends[0]:g}, so that their scale is not known; give --scale.")
    return RatingLessons(train=split.train, scale=ends, background=background)


def scale_text(text: str) -> tuple[float, float]:
    """
    >>> scale_text("1,5")
    (1.0, 5.0)
    """
    try:
        low, high = (float(part) for part in text.split(","))
    except ValueError:
        raise UsageError(f"{text!r} is no scale; write the least and the greatest rating like 1,5") from None
    return low, high


def in_time(described: Described, background: Background, split: Split, keys: Sequence[Any]) -> Background:
    """With the features in time that any of the models names; they are large."""
    from dataclasses import replace

    from triptych.studies.material import sequences_of
    from triptych.studies.predicting import titles_of

    if described.store is None:
        return background
    ids, store = split.history.item_ids, described.store
    sequences = {
        title: sequences_of(title, ids, {row.item_id: row for row in store.rows(described.running[title])})
        for title in titles_of(keys, described.running)
    }
    return replace(background, sequences=sequences)


def _genres(background: Background) -> Any:
    known = background.items.get("genres")
    return None if known is None else known.dense()


def _facts(split: Split, lessons: RatingLessons, described: Described, given: bool) -> dict[str, Any]:
    from triptych.models.predictor import Asked

    test, background = split.test, lessons.background
    low, high = lessons.scale
    return {
        "train": {
            "ratings": len(split.train),
            "users": int((~split.cold_users).sum()),
            "items": int((~split.cold_items).sum()),
        },
        "test": {
            "ratings": len(test),
            "users": int((test.user_counts > 0).sum()),
            "items": int((test.item_counts > 0).sum()),
            "cold_users": int(((test.user_counts > 0) & split.cold_users).sum()),
            "cold_items": int(((test.item_counts > 0) & split.cold_items).sum()),
            "cold_ratings": int((split.cold_users[test.users] | split.cold_items[test.items]).sum()),
            "off_scale": int(((test.values < low) | (test.values > high)).sum()),
        },
        "scale": [low, high],
        "scale_given": given,
        "known_at_prediction": {
            "items": {name: int(one.mask.sum()) for name, one in background.items.items()},
            "users": {name: int(one.mask.sum()) for name, one in background.users.items()},
            "in_time": list(background.sequences),
            "time": Asked.of(test).times is not None,
        },
        "left_out": list(described.told),
    }


def _tell(facts: Mapping[str, Any]) -> None:
    train, test, known = facts["train"], facts["test"], facts["known_at_prediction"]
    say(
        f"{train['ratings']:,} ratings by {train['users']:,} users of {train['items']:,} items are learned from; "
        f"{test['ratings']:,} judge, {test['cold_ratings']:,} of them of {test['cold_users']:,} cold users or "
        f"{test['cold_items']:,} cold items."
    )
    low, high = facts["scale"]
    of = "as given" if facts["scale_given"] else "the least and the greatest that are learned from"
    say(f"The scale is {low:g} to {high:g}, {of}.")
    if test["off_scale"]:
        say(f"{test['off_scale']:,} ratings that judge lie off it, where no prediction can be; give --scale.")
    for unit in ("items", "users"):
        if known[unit]:
            say(f"Known of {unit} when a rating is predicted: {', '.join(known[unit])}.")
    if known["in_time"]:
        say(f"Known of items in time: {', '.join(known['in_time'])}.")
    if known["time"]:
        say("Known of a rating when it is predicted: when it is given.")


def _close(found: Sequence[Mapping[str, Any]], relevant: float, recommended: float) -> None:
    if any(one["rows"]["overall"]["intervals"] for one in found):
        say("In brackets, 95 % intervals by drawing users anew.")
    say(f"Precision and recall, over all ratings: rated {relevant:g} or more, predicted {recommended:g} or more.")
    for one in found:
        if (sure := one["certainty"]) is not None:
            shares = ", ".join(f"{c:.1%} (of {n:.0%})" for n, c in zip(sure["levels"], sure["covered"], strict=True))
            say(f"{one['model']}: its intervals hold {shares} of the ratings.")
        if one["search"] is not None:
            tuned = one["search"]
            chosen = ", ".join(f"{name} {value}" for name, value in tuned["chosen"].items())
            say(f"{one['model']}: of {len(tuned['trials'])} trials the best is {chosen}, RMSE {-tuned['score']:.4f}.")
            for edge in tuned["edges"]:
                say(f"  {edge['setting']} {edge['value']:g} is at the end of what was tried; {edge['next']:g} is next.")


def _searched(
    name: str,
    lessons: RatingLessons,
    grid: Mapping[str, Sequence[Any]],
    settings: Mapping[str, Any],
    method: str,
    budget: int,
    seed: int,
    to: Path | None,
) -> Searched:
    from triptych.models.search import search
    from triptych.models.trials import Trial

    with progress(f"Searching for {name}", "trials") as bar:

        def tell(trial: Trial, number: int, of: int) -> None:
            bar(number, of, f"RMSE {-trial.score:.4f}")

        return search(
            name,
            lessons,
            grid={setting: values for setting, values in grid.items() if setting not in settings},
            settings=settings,
            budget=budget,
            method=method,
            seed=seed,
            folder=None if to is None else to / name / "trials",
            progress=tell,
        )


def _report(bar: Callable[[int, int, str], None]) -> Callable[[str, int, int], None]:
    def report(what: str, done: int, total: int) -> None:
        bar(done, total, what)

    return report


def _figure(value: float | None, reach: Mapping[str, float] | None) -> str | None:
    if value is None or reach is None:
        return None if value is None else f"{value:.4f}"
    return f"{value:.4f} [{reach['low']:.4f}, {reach['high']:.4f}]"


def _list(as_json: bool) -> None:
    from triptych.models.predictors import PREDICTORS

    if as_json:
        emit([{"model": name, "says": one.says, "extra": one.extra} for name, one in PREDICTORS.items()])
        return
    table(("model", "extra", "what it is"), [(name, one.extra or None, one.says) for name, one in PREDICTORS.items()])
