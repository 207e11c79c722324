"""``triptych fit``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from triptych.cli.catalogue_argument import CatalogueFolder
from triptych.cli.output import Json, emit, progress, say, table
from triptych.errors import CatalogueError, UsageError

if TYPE_CHECKING:
    from triptych.catalogue.catalogue import Catalogue
    from triptych.desk.fitting import Made
    from triptych.desk.model_folder import ModelFolder
    from triptych.models.rerank.two_stage import TwoStage

KIND = "hybrid"
#: What settings of the re-ranker begin with.
RERANK = "rerank."


def command(
    catalogue: CatalogueFolder,
    model: Annotated[str, typer.Option(help="What to call the model; recommend takes the one called hybrid.")] = KIND,
    space: Annotated[str, typer.Option(help="By which space items are known.")] = "fused",
    like: Annotated[
        float | None, typer.Option(help="The least rating that is a like; 4 if nothing is said.", show_default=False)
    ] = None,
    implicit: Annotated[
        bool, typer.Option("--implicit", help="There are no ratings to go by: whatever was played, liked or rated is.")
    ] = False,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="NAME=VALUE", help="A setting of the model, or rerank.NAME of the re-ranker; may repeat."
        ),
    ] = None,
    settings_file: Annotated[
        Path | None,
        typer.Option("--settings", help="A file of settings, as triptych tune writes it; --set stands over it."),
    ] = None,
    rerank: Annotated[
        bool | None,
        typer.Option(
            "--rerank/--no-rerank",
            help="Learn what puts candidates in order, too; as the model that stands was fitted if nothing is said.",
            show_default=False,
        ),
    ] = None,
    due: Annotated[
        str | None,
        typer.Option(
            metavar="WHEN",
            help="Fit only if one of these is reached since the last: rows=, share=, items=, days=. For schedules.",
        ),
    ] = None,
    keep: Annotated[int, typer.Option(min=1, help="How many versions stay, the new one among them.")] = 2,
    as_json: Json = False,
) -> None:
    """Fit the model that recommends, from all that the catalogue holds.

    What comes later, titles, users and ratings, is folded in without a fit. A fit that was stopped goes on.

    Example: triptych fit films

    Example: triptych fit films --implicit --due share=0.05,days=7

    Example: triptych fit films --rerank
    """
    from triptych.catalogue.catalogue import Catalogue
    from triptych.desk.fitting import fit
    from triptych.desk.kinds import settings_of

    now = datetime.now(UTC)
    given = _given(settings or [], settings_file)
    own = {name: value for name, value in given.items() if not name.startswith(RERANK)}
    chosen = _settings(settings_of(KIND), own, like, implicit=implicit)
    opened = Catalogue.open(catalogue)
    ranker = _reranker(opened, model, rerank, {name.removeprefix(RERANK): given[name] for name in given.keys() - own})
    if due is not None and not _is_due(opened, model, due, now, as_json=as_json):
        return
    with progress("fit", "steps") as report:
        made = fit(
            opened,
            chosen,
            at=now,
            model=model,
            space=space,
            keep=keep,
            rerank=ranker,
            report=lambda what, done, total: report(done, total, what),
        )
    if as_json:
        emit(
            {
                "fitted": True,
                "folder": _folder(opened, made),
                **{k: v for k, v in made.manifest.items() if k != "files"},
            }
        )
        return
    _tell(opened, made)


def _given(texts: Sequence[str], file: Path | None) -> dict[str, Any]:
    """Name → value: what was said over what the file says."""
    from triptych.cli.model_settings import named
    from triptych.desk.settings import read

    return {**({} if file is None else read(file)), **named(texts)}


def _settings(kind: Any, given: Mapping[str, Any], like: float | None, *, implicit: bool) -> Any:
    """The settings of a model: what was said over what it has by default."""
    from triptych.desk.settings import laid_over

    if like is not None and implicit:
        raise UsageError("--like says which ratings are likes, and --implicit that all are; give one of the two.")
    if "like" in given and (like is not None or implicit):
        raise UsageError("like is set twice; give --like, --implicit, or --set like=…")
    if implicit:
        given = {**given, "like": None}
    elif like is not None:
        given = {**given, "like": like}
    return laid_over(kind(), given, model=KIND)


def _reranker(catalogue: Catalogue, model: str, asked: bool | None, given: Mapping[str, Any]) -> TwoStage | None:
    """The settings of the re-ranker; None where there is to be none."""
    from triptych.desk.model_folder import ModelFolder
    from triptych.desk.reranking import USUAL
    from triptych.desk.settings import laid_over
    from triptych.models.rerank.lambdamart import ready

    if "like" in given or "name" in given:
        raise UsageError("a re-ranker goes by the likes of its model and has no name of its own; set like, or --model.")
    if asked is None:
        asked = _was_reranked(ModelFolder(catalogue.folder, model))
    if not asked:
        if given:
            raise UsageError(f"{RERANK}{min(given)} is a setting of the re-ranker; learn one with --rerank.")
        return None
    ready()
    return laid_over(USUAL, given, model="the re-ranker")


def _was_reranked(folder: ModelFolder) -> bool:
    """Whether the model that stands has a re-ranker, so that a schedule need not say so."""
    if not folder.exists():
        return False
    try:
        return bool(folder.manifest().get("rerank"))
    except CatalogueError as fault:
        say(f"{fault} Whether it was re-ranked cannot be told; it is fitted without, unless --rerank is given.")
        return False


def _is_due(catalogue: Catalogue, model: str, when: str, now: datetime, *, as_json: bool) -> bool:
    """Whether it is time for a fit; where it is not, that is said."""
    from triptych.desk.desk import Desk
    from triptych.desk.due import Due
    from triptych.desk.model_folder import ModelFolder

    policy = Due.parse(when)
    if not ModelFolder(catalogue.folder, model).exists():
        return True
    found = Desk.open(catalogue, model=model, rerank=False).refresh(at=now, due=policy)
    if found.due:
        for reason in found.due:
            say(reason)
        return True
    if as_json:
        emit({"fitted": False, "days": round(found.days, 3), "rows": found.rows, "items": len(found.items)})
        return False
    for sentence in found.told:
        say(sentence)
    say(f"No fit is due: the model {model!r} is {found.days:.1f} days old.")
    return False


def _tell(catalogue: Catalogue, made: Made) -> None:
    from triptych.desk.reranking import sentence

    told = made.manifest
    counts: Mapping[str, int] = told["counts"]
    kinds = " and ".join(f"{kind}s" for kind in told["interactions"]["kinds"])
    likes = f", {counts['likes']:,} of them likes" if told["interactions"]["like"] is not None else ""
    say(
        f"Learned from {counts['interactions']:,} interactions ({kinds}{likes}) of {counts['users']:,} users with "
        f"{counts['with_interactions']:,} items, in {told['seconds']['fitted']:.1f} s."
    )
    without = counts["items"] - counts["with_content"]
    missing = f"; {without:,} have none of them" if without else ""
    features = len(told["space"]["features"])
    say(f"{counts['items']:,} items are known by {features} features of the space {told['space']['name']!r}{missing}.")
    if counts["of_unknown_items"]:
        say(f"{counts['of_unknown_items']:,} interactions are of items that the catalogue does not have; left out.")
    others = made.material.others
    if others:
        rest = ", ".join(f"{count:,} of kind {kind}" for kind, count in others.items())
        takes = "" if told["interactions"]["like"] is None else " --implicit takes likes and plays too."
        say(f"Not learned from: {rest}.{takes}")
    table(["figure", "value"], [[name, value] for name, value in _flat(told["figures"])])
    if told["rerank"]:
        say(sentence(told["rerank"]))
    say(f"Kept as version {told['version']} in {_folder(catalogue, made)}.")
    option = "" if told["name"] == KIND else f" --model {told['name']}"
    user = made.standing.rows.user_ids[0]
    say(f"Next: triptych recommend {catalogue.folder} --user {user}{option}")


def _flat(figures: Mapping[str, Any], before: str = "") -> list[tuple[str, Any]]:
    """Numbers and words, by the names that lead to them."""
    found: list[tuple[str, Any]] = []
    for name, value in figures.items():
        if isinstance(value, Mapping):
            found += _flat(cast("Mapping[str, Any]", value), f"{before}{name}.")
        elif isinstance(value, (int, float, str)):
            found.append((before + name, value))
    return found


def _folder(catalogue: Catalogue, made: Made) -> str:
    return str(Path(catalogue.folder) / "models" / made.manifest["name"] / str(made.manifest["version"]))
