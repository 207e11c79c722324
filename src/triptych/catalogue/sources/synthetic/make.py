"""Make: the folder of a world — clips, the two tables that any source could have brought, and the truth."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from triptych.catalogue.records import Item
from triptych.catalogue.sources.synthetic.themes import LOOKS, PANELS, PLOTS, SOUNDS
from triptych.catalogue.sources.synthetic.world import Settings, Truth, World, clip_path, draw_item, draw_world
from triptych.errors import SourceError, UsageError

ITEM_COLUMNS = (
    *("item_id", "title", "year", "genres", "plot", "people", "languages", "countries", "runtime_min", "certificate"),
    *("released_at", "path"),
)
INTERACTION_COLUMNS = ("user_id", "item_id", "rating", "timestamp")


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """One title with its file and its truth."""

    item: Item
    clip: Path
    truth: Truth


def make_world(
    folder: Path,
    *,
    clips: int = 48,
    users: int = 200,
    seed: int = 0,
    seconds: float = 8.0,
    width_px: int = 320,
    height_px: int = 180,
    rate_fps: float = 15.0,
    gaps: float = 0.0,
    workers: int = 2,
    progress: Callable[[int, int], None] | None = None,
) -> World:
    """Draw a world and write it: ``clips/*.mp4``, ``items.csv``, ``interactions.csv``, ``truth.json``.

    A clip that is there already is not made again, so a run that was stopped goes on where it was; the tables
    come last and replace those of an earlier run. ``progress`` is told the clips that stand and the clips
    asked for, from the calling thread. ``workers`` threads make clips side by side and change no byte.

    Raises :class:`UsageError` for settings that cannot be honoured, :class:`SourceError` where nothing can be written.
    """
    settings = Settings(
        seed=seed, seconds=seconds, width_px=width_px, height_px=height_px, rate_fps=rate_fps, gaps=gaps
    )
    if workers < 1:
        raise UsageError(f"{workers} workers make nothing; ask for 1 or more.")
    world = draw_world(folder, settings=settings, clips=clips, users=users)
    with ThreadPoolExecutor(max_workers=workers) as pool:
        jobs = [pool.submit(make_clip, folder, index, settings=settings) for index in range(clips)]
        try:
            for done, job in enumerate(as_completed(jobs), start=1):
                job.result()
                if progress is not None:
                    progress(done, clips)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    _write_tables(world)
    return world


def make_clip(folder: Path, index: int, *, settings: Settings) -> Arrival:
    """Make title number ``index`` alone and leave the tables of the folder as they are.

    This is how one more title arrives after a world was made: ``make_clip(world.folder, len(world.items),
    settings=world.settings)``. It is the title that a larger world would have had at this place.
    """
    from triptych.catalogue.sources.synthetic import clip

    item, truth = draw_item(settings, index)
    path = clip_path(folder, index)
    if not clip.is_made(path, truth=truth, settings=settings):
        clip.write(path, item=item, truth=truth, settings=settings)
    return Arrival(item=item, clip=path, truth=truth)


def _write_tables(world: World) -> None:
    rows = (_item_row(world, item, path) for item, path in zip(world.items, world.clips, strict=True))
    _write(world.folder / "items.csv", _csv(ITEM_COLUMNS, rows))
    _write(world.folder / "interactions.csv", _csv(INTERACTION_COLUMNS, _rating_rows(world)))
    _write(world.folder / "truth.json", json.dumps(_truth(world), indent=1) + "\n")


def _rating_rows(world: World) -> Iterator[tuple[str, str, int, int]]:
    ratings = world.interactions
    columns = np.stack([ratings.user, ratings.item, ratings.rating, ratings.timestamp], axis=1)
    for user, item, rating, timestamp in columns.tolist():
        yield world.users.ids[user], world.items[item].item_id, rating, timestamp


def _item_row(world: World, item: Item, path: Path) -> tuple[Any, ...]:
    lists = ("|".join(item.genres), item.plot, "|".join(item.people), "|".join(item.languages))
    record = ("|".join(item.countries), item.runtime_min, item.certificate, item.released_at)
    return item.item_id, item.title, item.year, *lists, *record, path.relative_to(world.folder).as_posix()


def _truth(world: World) -> dict[str, Any]:
    """The truth as JSON has it: themes by number and name, times in seconds, tastes by panel."""
    return {
        "settings": {**asdict(world.settings), "clips": len(world.items), "users": len(world.users)},
        "themes": {"look": [look.name for look in LOOKS], "sound": SOUNDS, "plot": PLOTS},
        "items": [
            {
                **{name: value for name, value in asdict(truth).items() if name != "parts"},
                "look_name": truth.look_name,
                "sound_name": truth.sound_name,
                "plot_name": truth.plot_name,
                "cuts_s": truth.cuts_s,
                "parts": [asdict(part) for part in truth.parts],
            }
            for truth in world.truths
        ],
        "users": [
            {
                "user_id": user_id,
                "mix": dict(zip(PANELS, mix, strict=True)),
                "likes": dict(zip(PANELS, likes, strict=True)),
            }
            for user_id, mix, likes in zip(
                world.users.ids, world.users.mix.round(6).tolist(), world.users.likes.round(6).tolist(), strict=True
            )
        ],
    }


def _csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()


def _write(path: Path, text: str) -> None:
    """Replace the file whole: a reader never sees half a table."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_text(text, encoding="utf-8", newline="")
        part.replace(path)
    except OSError as error:
        raise SourceError(f"{path} cannot be written: {error}. Free some space or choose another folder.") from error
    finally:
        with suppress(OSError):
            part.unlink()
