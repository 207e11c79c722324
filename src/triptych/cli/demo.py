"""``triptych demo``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from triptych.cli.output import Json, emit, progress, say, table

if TYPE_CHECKING:
    from triptych.catalogue.catalogue import Catalogue
    from triptych.catalogue.sources.synthetic import Arrival, World
    from triptych.engine import Engine
    from triptych.spaces.space import Space

#: Marks a folder that the demo made, and may therefore make anew.
MARK = ".triptych-demo"


def command(
    folder: Annotated[Path, typer.Option(help="Where; a demo that stands there is made anew.")] = Path("demo"),
    clips: Annotated[int, typer.Option(min=6, help="How many clips to begin with.")] = 48,
    seed: Annotated[int, typer.Option(min=0, help="Another seed makes another catalogue.")] = 0,
    as_json: Json = False,
) -> None:
    """Make short clips, build a catalogue from them, show similar titles, add one more, and recommend.

    The clips' looks, sounds and plots are drawn independently, so the truth is known: the demo counts how
    often the nearest title shares each, for every panel alone and for all three together. Recommendations
    are for two of the users that came with the clips, and for a stranger who says what it is to be like.

    Example: triptych demo --folder demo
    """
    import time
    from datetime import datetime

    from triptych.catalogue.catalogue import Catalogue
    from triptych.catalogue.sources.synthetic import make_world
    from triptych.cli import demo_answers, demo_page
    from triptych.engine import LocalPool
    from triptych.features.registry import profile

    started = time.perf_counter()
    profile("light")  # a missing extra is said now, not after the clips were made
    _clear(folder)
    with progress("Making clips", "clips") as report:
        world = make_world(folder / "clips", clips=clips, seed=seed, progress=lambda d, t: report(d, t, ""))
    say(f"Made {clips} clips of {world.settings.seconds:g} s with a look, a sound and a plot each, and users.")
    catalogue = Catalogue.init(folder / "catalogue")
    with LocalPool() as engine:
        space = _build(catalogue, world, engine)
        agreement = _agreement(space, world)
        shown = list(space.item_ids[:3])
        if not as_json:
            _tell_neighbours(space, shown, {item.item_id: item.title for item in world.items})
            say("\nHow often the nearest title shares the truth, by what it was searched with:")
            rows = [[name, *row.values()] for name, row in agreement.items()]
            table(["searched with", "look", "sound", "plot"], rows)
        fit_s = demo_answers.fit(catalogue, seed)
        say(f"\nLearned from their ratings who likes what, and why, in {fit_s:.1f} s.")
        say("\nOne more title arrives …")
        arrival, seconds, space, places = _arrive(catalogue, world, engine)
    say(
        f"{arrival.item.title!r} was added, seen, heard, read and placed in {sum(seconds.values()):.1f} s; "
        f"it now stands among the five most similar of {len(places)} titles."
    )
    today = datetime.now().astimezone().date()
    answers = demo_answers.answer(catalogue, folder / "why.html", fit_s=fit_s, on=today)
    if not as_json:
        say("\nRecommended, one place of each user's list being for new titles:")
        rows = [[whom, one.rank, one.title, one.sentence] for whom, told in answers.lists.items() for one in told]
        table(["for", "rank", "title", "why"], rows)
    page = demo_page.write(folder / "index.html", catalogue, space, world, arrival, seconds, agreement, answers)
    whole_s = time.perf_counter() - started
    if as_json:
        emit(
            {
                "page": str(page),
                "catalogue": str(catalogue.folder),
                "clips": clips + 1,
                "seconds": whole_s,
                "new_item": arrival.item.item_id,
                "new_item_seconds": seconds,
                "new_item_recommended_for": places,
                "agreement": agreement,
                "fit_seconds": fit_s,
                "recommended": answers.lists,
                "explained": str(answers.strip),
            }
        )
        return
    say(f"\nThe page: {page.resolve().as_uri()}")
    say(f"The catalogue: {catalogue.folder} (try: triptych info {catalogue.folder})")
    say(f"Done in {whole_s:.0f} s.")


def _clear(folder: Path) -> None:
    """Make way for a demo, but never delete what the demo did not make."""
    import shutil

    from triptych.errors import CatalogueExists

    if folder.exists():
        if not (folder / MARK).is_file() and (not folder.is_dir() or any(folder.iterdir())):
            raise CatalogueExists(f"{str(folder)!r} exists and no demo made it. Give another with --folder.")
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    (folder / MARK).write_text("made by: triptych demo\n")


def _build(catalogue: Catalogue, world: World, engine: Engine) -> Space:
    from triptych.catalogue.sources.folder import Folder
    from triptych.features.extraction import extract
    from triptych.fusion.fuse import fuse

    added = catalogue.add(Folder(path=world.folder))
    say(f"Added {added.items_new} items, {added.clips_new} clips, {added.interactions:,} ratings.")
    with progress("Extracting", "items") as report:
        made = extract(catalogue, engine=engine, progress=lambda p: report(p.done, p.total, ""))
    say(f"Saw, heard and read them in {made.seconds:.1f} s: {made.done} features, {made.failed} failed.")
    fused = fuse(catalogue)
    widths = [f"{panel} {fused.space.width(panel)}-d" for panel in fused.space.panels]
    say(f"Fused {', '.join(widths)} into one space of {len(fused.space.item_ids)} titles.")
    return fused.space


def _tell_neighbours(space: Space, shown: list[str], titles: dict[str, str]) -> None:
    say("\nMost similar titles, with the score of each panel:")
    rows = [
        [titles.get(query, query), near.rank, titles.get(near.item_id, near.item_id), near.score]
        + [near.panels.get(panel) for panel in space.panels]
        for query, neighbours in space.similar(shown, n=3)
        for near in neighbours
    ]
    table(["title", "rank", "similar title", "score", *space.panels], rows)


def _agreement(space: Space, world: World) -> dict[str, dict[str, float]]:
    """Share of titles whose nearest neighbour has the same look, sound, plot; and what chance would give."""
    import numpy as np

    themes = {truth.item_id: truth.themes for truth in world.truths}
    names = ("look", "sound", "plot")
    own = np.array([themes[item_id] for item_id in space.item_ids])
    found: dict[str, dict[str, float]] = {}
    searches: dict[str, dict[str, float] | None] = {panel: {panel: 1.0} for panel in space.panels}
    for label, weights in {**searches, "all three": None}.items():
        ranking = space.similar(space.item_ids, n=1, weights=weights)
        nearest = np.array([themes[item_id] if item_id else (-1, -1, -1) for item_id in ranking.items[:, 0]])
        found[label] = dict(zip(names, (own == nearest).mean(axis=0).tolist(), strict=True))
    same = (own[:, None, :] == own[None, :, :]).sum(axis=(0, 1)) - len(own)
    found["chance"] = dict(zip(names, (same / (len(own) * (len(own) - 1))).tolist(), strict=True))
    return found


def _arrive(
    catalogue: Catalogue, world: World, engine: Engine
) -> tuple[Arrival, dict[str, float], Space, dict[str, int]]:
    """Add one clip to the standing catalogue, timed from its file's arrival to its place in others' lists."""
    import time

    from triptych.catalogue.sources.synthetic import Late, make_clip
    from triptych.features.extraction import extract
    from triptych.fusion.fuse import fuse

    arrival = make_clip(world.folder, len(world.items), settings=world.settings)
    seconds: dict[str, float] = {}
    clock = time.perf_counter()

    def lap(name: str) -> None:
        nonlocal clock
        now = time.perf_counter()
        seconds[name], clock = now - clock, now

    catalogue.add(Late(arrival=arrival))
    lap("add")
    extract(catalogue, engine=engine)
    lap("extract")
    space = fuse(catalogue).space
    lap("fuse")
    new = arrival.item.item_id
    ranking = space.similar(space.item_ids, n=5)
    places: dict[str, int] = {}
    for query, neighbours in ranking:
        for near in neighbours:
            if near.item_id == new:
                places[query] = near.rank
    lap("recommend")
    return arrival, seconds, space, places
