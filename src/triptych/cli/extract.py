"""``triptych extract``."""

from __future__ import annotations

from typing import Annotated

import typer

from triptych.cli.catalogue_argument import CatalogueFolder
from triptych.cli.output import Json, emit, progress, say


def command(
    catalogue: CatalogueFolder,
    profile: Annotated[str, typer.Option(help="Which set of extractors.")] = "light",
    feature: Annotated[
        list[str] | None,
        typer.Option("--feature", "-f", help="Measure only this, such as seeing/colour; may be given again."),
    ] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; one for each core if not given.")] = None,
    limit: Annotated[float, typer.Option(min=1, help="Seconds after which a clip is given up.")] = 600.0,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Try quarantined clips again.")] = False,
    as_json: Json = False,
) -> None:
    """Measure what is missing: decode each clip once, see, hear and read, and remember what came of it.

    A run that was stopped or killed goes on where it was. A clip that cannot be read is set aside with its
    reason, and the run goes on.

    Example: triptych extract films
    """
    from triptych.catalogue.catalogue import Catalogue
    from triptych.features import registry
    from triptych.features.extraction import Progress
    from triptych.features.extraction import extract as run

    opened = Catalogue.open(catalogue)
    extractors = [registry.build(title) for title in feature] if feature else registry.profile(profile)
    with progress("Extracting", "items") as report:

        def tell(state: Progress) -> None:
            report(state.done, state.total, f"{state.failed} failed" if state.failed else "")

        made = run(
            opened, extractors=extractors, workers=workers, limit_s=limit, retry_failed=retry_failed, progress=tell
        )
    if as_json:
        emit(made)
        return
    say(
        f"{made.done} measured, {made.skipped} with nothing to measure, {made.failed} failed, {made.settled} were "
        f"there; {made.clips_decoded} clips decoded in {made.seconds:.1f} s."
    )
    if made.failed:
        say(f"See why: triptych ledger {catalogue} --status failed")
    say(f"Next: triptych fuse {catalogue}")
