"""``triptych clean``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from triptych.cli.output import Json, emit, printable, progress, say, table

if TYPE_CHECKING:
    from triptych.curation.rulebook import Rulebook
    from triptych.curation.selection import Selection

#: So many of what a rule removed are shown; --json has twelve.
SHOWN = 3


def command(
    catalogue: Annotated[
        Path | None,
        typer.Argument(metavar="CATALOGUE", help="The folder that [b]triptych init[/b] made.", show_default=False),
    ] = None,
    rules: Annotated[
        str | None,
        typer.Argument(
            metavar="RULES", help="A TOML file of rules, or the name of a built-in rulebook.", show_default=False
        ),
    ] = None,
    name: Annotated[str, typer.Option(help="What the selection is called.")] = "default",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be removed; write nothing.")] = False,
    show: Annotated[str | None, typer.Option(metavar="NAME", help="Print a built-in rulebook, and stop.")] = None,
    as_json: Json = False,
) -> None:
    """Select what is fit for use, by rules, and show what each rule removes. Nothing is deleted.

    Example: triptych clean films lehmann-2021 --dry-run
    """
    if show is not None:
        _show(show, as_json=as_json)
        return
    if catalogue is None or rules is None:
        _list(catalogue, as_json=as_json)
        return
    from triptych.catalogue.catalogue import Catalogue
    from triptych.curation.attrition import attrition
    from triptych.curation.cleaning import clean

    rulebook = _rulebook(rules)
    opened = Catalogue.open(catalogue)
    with progress("Looking through clips", "clips") as report:
        selection = clean(opened, rulebook, name=name, write=not dry_run, progress=report)
    found = attrition(selection.steps)
    if as_json:
        emit(
            {"name": name, "written": not dry_run, "tables": found, "steps": selection.steps, "rules": selection.rules}
        )
        return
    table(*found.stage_table())
    typer.echo()
    table(*found.issue_table())
    _tell(selection)
    if dry_run:
        say(f"Nothing was written. Next: triptych clean {catalogue} {rules} --name {name}")
    else:
        say(f"The selection {name!r} is in the catalogue; nothing was deleted.")
        say(f"Next: triptych report data {catalogue} --selection {name}")


def _tell(selection: Selection) -> None:
    """A few of what each rule removed, with the reason."""
    for step in selection.steps[1:]:
        for item_id, reason in step.examples[:SHOWN]:
            say(f"{step.rule}: {printable(item_id)}: {printable(reason)}")
        if step.items_unknown:
            say(f"{step.rule}: {step.items_unknown:,} items could not be judged.")


def _rulebook(rules: str) -> Rulebook:
    from triptych.curation.rulebook import Rulebook

    path = Path(rules)
    return Rulebook.read(path) if path.suffix == ".toml" or path.is_file() else Rulebook.built_in(rules)


def _show(name: str, *, as_json: bool) -> None:
    from triptych.curation.rulebook import built_in_text

    text = built_in_text(name)
    if as_json:
        emit({"name": name, "rules": text})
    else:
        typer.echo(text, nl=False)


def _list(catalogue: Path | None, *, as_json: bool) -> None:
    """What there is to choose from, and what there is already."""
    from triptych.catalogue.catalogue import Catalogue
    from triptych.curation.rulebook import RULES, Rulebook, built_in_names
    from triptych.curation.selection import Selections

    books = {name: Rulebook.built_in(name) for name in built_in_names()}
    there = Selections(Catalogue.open(catalogue).tables).names() if catalogue is not None else []
    if as_json:
        titles = {name: book.title for name, book in books.items()}
        emit({"rulebooks": titles, "rules": list(RULES), "selections": there})
        return
    table(["rulebook", "rules", "what for"], [[name, len(book.entries), book.title] for name, book in books.items()])
    say("A rulebook is a TOML file of [[rule]] tables, applied in their order. Each rule says which it is:")
    say(f"  use = {' | '.join(RULES)}")
    if there:
        say(f"Selections in the catalogue: {', '.join(there)}.")
    say("See one and make it your own: triptych clean --show lehmann-2021 > rules.toml")
    say(f"Next: triptych clean {catalogue or 'CATALOGUE'} rules.toml --dry-run")
