"""``triptych panels``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from triptych.cli.catalogue_argument import CatalogueFolder
from triptych.cli.output import Json, Report, emit, progress, say, table

if TYPE_CHECKING:
    from triptych.catalogue.catalogue import Catalogue
    from triptych.evaluate.worth import Account, Price, Worth
    from triptych.models.hybrid.hybrid import Hybrid

#: Folds of the items; of so many parts one is cold at a time.
FOLDS = 5
SHOWN = ("cold", "warm", "overall")


def command(
    catalogue: CatalogueFolder,
    like: Annotated[float, typer.Option(help="The least rating that is a like.")] = 4.0,
    space: Annotated[str, typer.Option(help="By which space items are known.")] = "fused",
    folds: Annotated[
        int, typer.Option(min=1, max=FOLDS, help=f"How many of {FOLDS} folds of the items are judged.")
    ] = 1,
    quick: Annotated[
        bool, typer.Option("--quick", help="Fit lightly, for a first look: fewer epochs and rehearsals.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Of the folds and the fits.")] = 0,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a page with the gains and the cost.")] = None,
    as_json: Json = False,
) -> None:
    """Tell what each panel adds to recommendations, and what it costs to measure.

    Seven fits for each fold of a catalogue of three panels: with all, without each, and with each alone.

    Example: triptych panels films --html worth.html
    """
    from triptych.catalogue.catalogue import Catalogue
    from triptych.cli import panels_page
    from triptych.errors import CatalogueUnwritable

    opened = Catalogue.open(catalogue)
    with progress("panels", "fits") as report:
        account, costs = _judged(
            opened,
            _settings(like, seed, quick=quick),
            space=space,
            folds=folds,
            told=report,
        )
    if html is not None:
        try:
            panels_page.write(html, opened.folder.resolve().name, account, costs)
        except OSError as fault:
            raise CatalogueUnwritable(
                f"{str(html)!r} cannot be written: {fault.strerror}. Give another place: --html FILE.html"
            ) from fault
    if as_json:
        emit(_json(account, costs))
    else:
        _tell(account, costs)
    if html is not None:
        say(f"The page is {html}")


def _settings(like: float, seed: int, *, quick: bool) -> Hybrid:
    from triptych.models.affinity.affinity import Affinity
    from triptych.models.hybrid.hybrid import Hybrid

    if not quick:
        return Hybrid(like=like, seed=seed)
    tower = Affinity.preset("affinity-launch", batch=4096, steps=1, epochs=10)
    return Hybrid(like=like, seed=seed, rounds=2, tower=tower)


def _judged(
    catalogue: Catalogue, settings: Hybrid, *, space: str, folds: int, told: Report
) -> tuple[Account, dict[str, Price]]:
    from dataclasses import replace

    from triptych.curation.probes import Probes
    from triptych.desk.fitting import gather
    from triptych.evaluate.split import Split
    from triptych.evaluate.worth import cold_and_warm, prices, worth
    from triptych.features.ledger import Ledger
    from triptych.models.recommender import Recommender
    from triptych.models.similarity import Lessons

    found = gather(catalogue, space=space)
    whole = found.lessons

    def lessons(split: Split) -> Lessons:
        return replace(whole, train=split.train, may_learn=~split.cold_items)

    def fit(lessons: Lessons, without: tuple[str, ...]) -> Recommender:
        return replace(settings, without=without).fit(lessons)

    account = worth(
        fit,
        cold_and_warm(whole.train, k=FOLDS, seed=settings.seed)[:folds],
        lessons,
        like=4.0 if settings.like is None else settings.like,
        rows=SHOWN,
        seed=settings.seed,
        told=lambda what, done, total: told(done, total, what),
    )
    durations_s = {
        item_id: facts.duration_s
        for item_id, facts in Probes(catalogue.tables).read().items()
        if facts.duration_s is not None
    }
    recipes = {title: recipe.hash for title, recipe in found.placing.recipes.items()}
    costs = prices(Ledger(catalogue.tables).entries(), durations_s, recipes)
    return account, {one.panel: one for one in costs}


def _tell(account: Account, costs: dict[str, Price]) -> None:
    heads = ["panel", *(f"{row} {what}" for row in SHOWN for what in ("adds", "[95 %]", "p")), "seconds an hour"]
    rows = [
        [panel, *(cell for row in SHOWN for cell in _cells(account.of(panel, row))), _cost(costs.get(panel))]
        for panel in account.panels
    ]
    table(heads, rows)
    for row in SHOWN:
        one = account.whole[row]
        if one is None:
            say(f"{row}: too few users like such an item to judge by.")
            continue
        alone = [(panel, account.of(panel, row).alone) for panel in account.panels]
        told = ", ".join(f"{panel} alone {own.value:.3f}" for panel, own in alone if own is not None)
        say(f"{row}: {account.metric} of all panels {one.value:.3f} [{one.low:.3f}, {one.high:.3f}]; {told}.")
    if any(panel not in costs or costs[panel].seconds_an_hour is None for panel in account.panels):
        say(
            "Of some panels it is not known what they cost: the ledger has no row of them, or how long clips are was "
            "never looked at. triptych report looks at the clips."
        )


def _cells(one: Worth) -> list[object]:
    if one.added is None:
        return [None, None, None]
    return [f"{one.added.difference:+.4f}", f"[{one.added.low:+.4f}, {one.added.high:+.4f}]", one.added.p_holm]


def _cost(price: Price | None) -> str:
    if price is None or price.seconds_an_hour is None:
        return "not known"
    return f"{'≥ ' if price.unknown else ''}{price.seconds_an_hour:,.0f}"


def _json(account: Account, costs: dict[str, Price]) -> dict[str, Any]:
    return {
        "metric": account.metric,
        "splits": account.splits,
        "whole": account.whole,
        "panels": {
            panel: {
                **{row: account.of(panel, row) for row in SHOWN},
                "cost": _cost_json(costs.get(panel)),
            }
            for panel in account.panels
        },
    }


def _cost_json(price: Price | None) -> dict[str, Any] | None:
    if price is None or price.seconds_an_hour is None:
        return None
    return {
        "seconds_an_hour": price.seconds_an_hour,
        "of_features": price.of_features,
        "hours": price.hours,
        "unknown": price.unknown,
    }
