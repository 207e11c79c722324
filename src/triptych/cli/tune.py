"""``triptych tune``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from triptych.cli.catalogue_argument import CatalogueFolder
from triptych.cli.output import Json, emit, printable, progress, say, table
from triptych.errors import UsageError

if TYPE_CHECKING:
    from triptych.desk.choosing import Candidate, Chosen
    from triptych.desk.kinds import Settings

KIND = "hybrid"
#: Where fits are kept, within the catalogue; no model can be called so.
KEPT = Path("models") / ".tuning"


def command(
    catalogue: CatalogueFolder,
    tries: Annotated[
        list[str] | None,
        typer.Option("--try", metavar="NAME=A,B,…", help="Values of a setting; of several, every combination."),
    ] = None,
    split: Annotated[str, typer.Option(help="What judges: last, time or cold-items.")] = "last",
    metric: Annotated[str, typer.Option(help="What more of is better.")] = "ndcg@10",
    seeds: Annotated[
        int, typer.Option(min=1, help="Fit each so often, with seeds of its own; the mean is judged.")
    ] = 1,
    budget: Annotated[
        int | None, typer.Option(min=1, help="Try at most so many combinations, drawn by lot; else all.")
    ] = None,
    extend: Annotated[
        int, typer.Option(min=0, help="So many more past the ends of what was given, where the best stands there.")
    ] = 0,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="What is set whatever is tried; may be given again."),
    ] = None,
    implicit: Annotated[
        bool, typer.Option("--implicit", help="There are no ratings to go by, see triptych fit.")
    ] = False,
    space: Annotated[str, typer.Option(help="By which space items are known.")] = "fused",
    folder: Annotated[
        Path | None, typer.Option(help="Where fits are kept; in the catalogue if nothing is said.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write what was chosen, as TOML, or as JSON where the name ends so.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Choose settings of the model that recommends, on rows that it did not learn from.

    The default stays unless another is better by more than chance. The test side of the split is left alone, to judge
    what was chosen. A search that was stopped goes on.

    Example: triptych tune films --try half_life_rows=3,5,20 --try regularisation=50,200,800 --out settings.toml

    Example: triptych tune films --split cold-items --try without=none,seeing/colour --seeds 3
    """
    from triptych.catalogue.catalogue import Catalogue
    from triptych.cli.model_settings import named
    from triptych.desk.choosing import GRID, checked, choose
    from triptych.desk.ground import ground
    from triptych.desk.kinds import settings_of

    base = named(settings or [], verb="give")
    if implicit:
        if "like" in base:
            raise UsageError("--implicit says that all rows are likes, and like which are; give one of the two.")
        base["like"] = None
    usual = _laid_over(settings_of(KIND)(), base)
    grid: Mapping[str, Sequence[Any]] = _tries(usual, tries) if tries else GRID
    checked(usual, grid)
    opened = Catalogue.open(catalogue)
    found = ground(opened, usual, split=split, space=space)
    say(
        f"Learning from {len(found.lessons.train):,} interactions, judging by those held back from them; "
        f"{found.put_away:,} of the test are left alone."
    )
    with progress("tune", "steps") as report:

        def told(one: Candidate | None, number: int, of: int) -> None:
            if one is not None:
                rank = f"{number} of {of}" if of else "first"
                value, seconds = one.interval.value, one.seconds
                say(f"{rank}: {printable(one.told)}: {metric} {value:.4f}, fitted in {seconds:.1f} s")

        chosen = choose(
            found,
            usual,
            grid,
            folder=folder or opened.folder / KEPT,
            metric=metric,
            seeds=seeds,
            budget=budget,
            extend=extend,
            report=lambda what, done, total: report(done, total, what),
            progress=told,
        )
    whole = {**base, **chosen.chosen.params}
    if out is not None:
        _write(out, whole, chosen)
    if as_json:
        emit({**chosen.to_json(), "settings": whole, "out": None if out is None else str(out)})
        return
    _tell(catalogue, chosen, whole)


def _tries(usual: Settings, texts: Sequence[str]) -> dict[str, list[Any]]:
    from triptych.cli.model_settings import named, value_of
    from triptych.desk.settings import value_of as held_by

    found: dict[str, list[Any]] = {}
    for name, given in named(texts, verb="give").items():
        many = isinstance(held_by(usual, name, model=KIND), tuple)
        values = [value_of(one.strip()) for one in given.split(",")] if isinstance(given, str) else given
        listed = cast("list[Any]", values) if isinstance(values, list) else [values]
        # Of a setting that is a list each is a list of one, and none an empty one.
        found[name] = [_listed(one) for one in listed] if many else listed
    return found


def _listed(value: Any) -> list[Any]:
    if isinstance(value, list):
        return cast("list[Any]", value)
    return [] if value is None else [value]


def _laid_over(usual: Settings, changes: Mapping[str, Any]) -> Settings:
    from triptych.desk.settings import laid_over

    return laid_over(usual, changes, model=KIND)


def _write(out: Path, whole: Mapping[str, Any], chosen: Chosen) -> None:
    from triptych.desk.settings import write

    told = [
        f"Settings of the {KIND}, chosen by {chosen.metric} ({chosen.row}) on the validation side of a split:",
        f"{chosen.split}; {chosen.users:,} users judged; fits of each candidate: {chosen.seeds}.",
        chosen.why,
    ]
    write(out, whole, told=told)


def _tell(catalogue: Path, chosen: Chosen, whole: Mapping[str, Any]) -> None:
    rows: list[list[Any]] = []
    for one in sorted(chosen.candidates, key=lambda one: -one.interval.value):
        own, test = one.interval, one.against
        apart = [None] * 4 if test is None else [test.difference, test.low, test.high, test.p_holm]
        mark = "*" if one is chosen.chosen else ""
        rows.append([mark, one.told, own.value, own.low, own.high, *apart, one.seconds])
    against = ["against default", "from", "to", "p"]
    table(["chosen", "settings", chosen.metric, "low", "high", *against, "seconds"], rows)
    say(f"{chosen.users:,} users judged, by {chosen.split}, validation side, row {chosen.row!r}.")
    say(printable(chosen.why))
    for edge in chosen.edges:
        say(f"{edge}.")
    if chosen.chosen is not chosen.default:
        say("The best of many looks better than it is: what it is worth is for rows to tell that chose nothing.")
    options = "".join(f" --set '{name}={_text(value)}'" for name, value in whole.items() if value is not None)
    implicit = " --implicit" if "like" in whole and whole["like"] is None else ""
    say(f"Next: triptych fit {catalogue}{implicit}{options}")


def _text(value: Any) -> str:
    import json

    return value if isinstance(value, str) else json.dumps(value)
