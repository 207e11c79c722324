"""``triptych extract``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from triptych.cli.id_file import item_ids
from triptych.cli.output import Json, emit, progress, say

#: What the built-in extractors that take one of these settings need beyond the core; and others, by title.
EXTRAS = {"weights": "deep", "model": "text"}
EXTRAS_OF = {
    "hearing/speech": "speech",
    "reading/entities": "",
    "reading/entities-spacy": "spacy",
    "reading/knowledge": "text",
    "reading/on-screen": "ocr",
}


@dataclass(frozen=True, kw_only=True)
class Offer:
    """An extractor as ``--list`` tells of it. ``extra`` is what to install for it; ``wants`` is what it still lacks, or
    its weights and where they are; ``settings`` what each setting is unless ``--set`` says otherwise."""

    feature: str
    panel: str
    profiles: tuple[str, ...]
    extra: str
    wants: str
    measures: str
    settings: dict[str, str]


def command(
    catalogue: Annotated[
        Path | None, typer.Argument(metavar="CATALOGUE", help="The catalogue's folder.", show_default=False)
    ] = None,
    profile: Annotated[str, typer.Option(help="Which set of extractors; --list has them all.")] = "light",
    feature: Annotated[
        list[str] | None,
        typer.Option("--feature", "-f", help="Measure only this, such as seeing/colour; may be given again."),
    ] = None,
    setting: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="TITLE.NAME=VALUE",
            help="A parameter of an extractor, such as seeing/colour.pooling=20:median-mad; may be given again.",
        ),
    ] = None,
    offers: Annotated[bool, typer.Option("--list", help="List the extractors and their settings instead.")] = False,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; one for each core if not given.")] = None,
    limit: Annotated[float, typer.Option(min=1, help="Seconds after which a clip is given up.")] = 600.0,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Try quarantined clips again.")] = False,
    train: Annotated[
        Path | None,
        typer.Option(help="A file of item ids, one in a line: vocabularies are learned from these items alone."),
    ] = None,
    relearn: Annotated[
        bool, typer.Option("--relearn", help="Learn vocabularies anew, in place of what stands.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Measure what is missing: decode each clip once, see, hear and read, and remember what came of it.

    A run that was stopped or killed goes on where it was. A clip that cannot be read is set aside with its
    reason, and the run goes on. What is measured with other settings is another feature, kept beside the first.

    Example: triptych extract films

    What looks at all items before it measures one (which words are worth counting, which genres there are) learns once;
    items that come later are measured by what was learned, until --relearn.

    Example: triptych extract films -f seeing/colour --set seeing/colour.sampling=each-second

    Example: triptych extract --list
    """
    from triptych.catalogue.catalogue import Catalogue
    from triptych.errors import UnknownName, UsageError
    from triptych.features import registry
    from triptych.features.extraction import Progress
    from triptych.features.extraction import extract as run
    from triptych.features.settings import settings

    if offers:
        _list(as_json)
        return
    if catalogue is None:
        raise UsageError("no catalogue was given. Say whose clips are measured: triptych extract CATALOGUE")
    if not feature and profile not in registry.PROFILES:
        raise UnknownName("profile", profile, registry.PROFILES)
    opened = Catalogue.open(catalogue)
    chosen = settings(setting or (), chosen=feature or registry.PROFILES[profile])
    if feature:
        extractors = [registry.build(title, **chosen.get(title, {})) for title in feature]
    else:
        extractors = registry.profile(profile, settings=chosen)
    with progress("Extracting", "items") as report:

        def tell(state: Progress) -> None:
            report(state.done, state.total, f"{state.failed} failed" if state.failed else "")

        made = run(
            opened,
            extractors=extractors,
            train=None if train is None else item_ids(train),
            relearn=relearn,
            workers=workers,
            limit_s=limit,
            retry_failed=retry_failed,
            progress=tell,
        )
    if as_json:
        emit(made)
        return
    say(
        f"{made.done} measured, {made.skipped} with nothing to measure, {made.failed} failed, {made.settled} were "
        f"there; {made.clips_decoded} clips decoded in {made.seconds:.1f} s."
    )
    for note in made.notes:
        say(note.replace("CATALOGUE", str(catalogue)))
    if made.failed:
        say(f"See why: triptych ledger {catalogue} --status failed")
    say(f"Next: triptych fuse {catalogue}")


def _list(as_json: bool) -> None:
    from triptych.cli.output import table
    from triptych.features.registry import ASKED, titles
    from triptych.features.settings import written

    found = [_offer(title) for title in sorted(titles(), key=_panel_first)]
    if as_json:
        emit(found)
        return
    heads = ["feature", "panel", "profiles", "extra", "wants", "measures", "settings"]
    told = [[f"{name}={value}" if value else name for name, value in one.settings.items()] for one in found]
    rows = [
        [
            *(one.feature, one.panel, ", ".join(one.profiles) or None, one.extra or None, one.wants or None),
            *(one.measures, " ".join(words) or None),
        ]
        for one, words in zip(found, told, strict=True)
    ]
    table(heads, rows)
    for name, asked in ASKED.items():
        words = [f"{title}.{key}={written(value)}" for title, given in asked.items() for key, value in given.items()]
        say(f"The profile {name} sets {' '.join(words)}")
    say("Set one: triptych extract CATALOGUE -f seeing/colour --set seeing/colour.bins=16")


def _panel_first(title: str) -> tuple[int, str]:
    from triptych.features.recipe import PANELS

    panel = title.partition("/")[0]
    return (PANELS.index(panel) if panel in PANELS else len(PANELS), title)


def _offer(title: str) -> Offer:
    from triptych.errors import TriptychError
    from triptych.features import registry
    from triptych.features.backbones.weights import reach
    from triptych.features.settings import known_settings, purpose

    measures, extra, wants = "", "", ""
    known: dict[str, str] = {}
    try:
        measures = purpose(title).replace("``", "")
        known = {one.name: one.default for one in known_settings(title)}
        if title in registry.BUILT_IN:
            extra = EXTRAS_OF.get(title, next((extra for name, extra in EXTRAS.items() if name in known), ""))
        if "weights" in known:
            # Making one looks at its weights, and fetches them if they are on a hub: too much to ask of a list.
            wants = ": ".join(word for word in (known["weights"], reach(known["weights"])) if word)
        else:
            registry.ready([registry.build(title)])
    except TriptychError as fault:  # said in its row: a part that is not installed does not hide the others
        wants = str(fault)
    return Offer(
        feature=title,
        panel=title.partition("/")[0],
        profiles=tuple(name for name, chosen in registry.PROFILES.items() if title in chosen),
        extra=extra,
        wants=wants,
        measures=measures,
        settings=known,
    )
