"""Inspection: everything that is told of one item, as numbers, and the pictures beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.records import Clip, Item
from triptych.cli.inspect_hearing import Hearing, hearing_of, rates_hz
from triptych.cli.inspect_reading import Cards, Reading, cards_of, reading_of
from triptych.errors import UsageError
from triptych.features.ledger import Ledger
from triptych.features.recipe import PANELS, Recipe
from triptych.features.settings import pooling_text, sampling_text
from triptych.features.store import FeatureStore
from triptych.media.change import change_of
from triptych.media.contact_sheet import WALL, Colour, Tile, best_picture, colours, wall
from triptych.media.flow import flow_of
from triptych.media.loader import open_reel
from triptych.media.probe import PictureFacts, SoundFacts
from triptych.media.reel import Reel, Want
from triptych.media.sampling import CARDS, TRACK, TWO_PASS
from triptych.media.shots import ShotRules, shots_of

F64 = npt.NDArray[np.float64]

#: Pictures are shown of so many shots; the rest stand in the table.
SHOWN_SHOTS = 24
#: Objects by name: the commonest.
SHOWN_OBJECTS = 15
OBJECTS = "seeing/objects"
SAMPLINGS = frozenset({TRACK, TWO_PASS, WALL})

#: What the first pass calls a stretch, for those who do not know it.
REASONS = {
    "black": "black",
    "white": "white",
    "text": "writing (credits or a text card)",
    "card": "a card or a logo",
}


@dataclass(frozen=True, kw_only=True)
class ClipFacts:
    """What the file says of itself, and what befell it. ``left_s``: seconds that are of the film itself."""

    path: str
    bytes: int
    container: str
    declared_s: float | None
    duration_s: float
    picture: PictureFacts | None
    sounds: tuple[SoundFacts, ...]
    keyframes: int
    decoded_pictures: int
    left_s: float
    warnings: tuple[str, ...]
    faults: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Segment:
    """A stretch that is not of the film: the first pass's word for it, and ours."""

    start_s: float
    end_s: float
    reason: str
    words: str


@dataclass(frozen=True, kw_only=True)
class Shot:
    """``kind``: how it begins, "start", "cut" or "fade"; a fade goes ``from_s`` … ``to_s``."""

    start_s: float
    end_s: float
    length_s: float
    kind: str
    from_s: float
    to_s: float


@dataclass(frozen=True, kw_only=True)
class ShotFacts:
    """The shots in a few numbers. ``least_s``: two borders that are closer than this count as one."""

    count: int
    mean_s: float
    median_s: float
    shortest_s: float
    longest_s: float
    per_min: float
    least_s: float


@dataclass(frozen=True, kw_only=True)
class Stored:
    """What the ledger says of one feature of the item. Sampling and pooling are those of its recipe, if it has any."""

    feature: str
    recipe: str
    status: str
    reason: str
    warnings: tuple[str, ...]
    seconds: float
    sampling: str = ""
    pooling: str = ""


@dataclass(frozen=True, kw_only=True)
class Inspection:
    """One item. Of a clip without pictures, or none, what cannot be told is empty.

    ``pictures_s, measured_s``: the times of the pictures that are shown, and of those that two-pass sampling measures.
    ``colours``: time and mean sRGB of each picture of the track. ``change``: (middle of the pair, mean absolute
    difference of luma, 0…1). ``motion``: (middle of the pair, mean speed in short sides a second),
    without the pairs that a cut lies between. ``objects``: (name, share of the pictures it is in). ``hearing``: None
    without a clip.
    """

    item: Item
    clip: ClipFacts | None = None
    rejected: tuple[Segment, ...] = ()
    pictures_s: tuple[float, ...] = ()
    measured_s: tuple[float, ...] = ()
    colours: tuple[tuple[float, Colour], ...] = ()
    change: tuple[tuple[float, float], ...] = ()
    motion: tuple[tuple[float, float], ...] = ()
    shots: tuple[Shot, ...] = ()
    shot_facts: ShotFacts | None = None
    hearing: Hearing | None = None
    reading: Reading = field(default_factory=Reading)
    stored: tuple[Stored, ...] = ()
    objects: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class Pictures:
    """What is seen beside the numbers: the wall, a picture of each of the first shots, if one was decoded, and the
    spectrum of the sound, float32 ``[columns, bands]``, 0…1, if there is any."""

    wall: tuple[Tile, ...] = ()
    shots: tuple[Tile | None, ...] = ()
    spectrum: npt.NDArray[np.float32] | None = None


def inspected(catalogue: Catalogue, item_id: str, *, read: bool = False) -> tuple[Inspection, Pictures]:
    """Decode the item's clip afresh, once, and look up what is stored of it. ``read``: read its cards too."""
    [item] = catalogue.items([item_id])
    found = Inspection(item=item, stored=_stored(catalogue, item_id), objects=_objects(catalogue, item_id))
    clip = next((clip for clip in catalogue.clips() if clip.item_id == item_id), None)
    if clip is None:
        return replace(found, reading=reading_of(item, cards_reason="there is no clip")), Pictures()
    samplings = SAMPLINGS | {CARDS} if read else SAMPLINGS
    reel = open_reel(clip.path, Want(samplings=samplings, sound_rates_hz=rates_hz()), name=item_id)
    hearing, spectrum = hearing_of(reel)
    shown = reel.probe.picture is not None and "picture" not in reel.faults
    cards, reason = _cards(reel, read=read, shown=shown)
    found = replace(
        found,
        clip=_clip_facts(clip, reel),
        hearing=hearing,
        reading=reading_of(item, cards=cards, cards_reason=reason),
    )
    if not shown:
        return found, Pictures(spectrum=spectrum)
    shots = _shots(reel)
    tiles = wall(reel)
    found = replace(
        found,
        rejected=tuple(
            Segment(start_s=s.start_s, end_s=s.end_s, reason=s.reason, words=REASONS.get(s.reason, s.reason))
            for s in reel.rejected
        ),
        pictures_s=tuple(tile.at_s for tile in tiles),
        measured_s=tuple(reel.frames[TWO_PASS].times_s.tolist()),
        colours=colours(reel.frames[TRACK]),
        change=_change(reel),
        motion=_motion(reel),
        shots=shots,
        shot_facts=_shot_facts(shots, reel.probe.duration_s),
    )
    return found, Pictures(
        wall=tiles,
        shots=tuple(best_picture(reel, shot.start_s, shot.end_s) for shot in shots[:SHOWN_SHOTS]),
        spectrum=spectrum,
    )


def _cards(reel: Reel, *, read: bool, shown: bool) -> tuple[Cards | None, str]:
    """What is written on the cards, or why nobody read them."""
    if not shown:
        return None, "the clip has no picture that could be read"
    return (cards_of(reel), "") if read else (None, "not asked for: --read")


def _clip_facts(clip: Clip, reel: Reel) -> ClipFacts:
    probe = reel.probe
    return ClipFacts(
        path=clip.path,
        bytes=clip.bytes,
        container=probe.container,
        declared_s=probe.declared_s,
        duration_s=probe.duration_s,
        picture=probe.picture,
        sounds=probe.sounds,
        keyframes=len(reel.keyframes_s),
        decoded_pictures=reel.decoded_frames,
        left_s=max(probe.duration_s - sum(span.end_s - span.start_s for span in reel.rejected), 0.0),
        warnings=reel.warnings,
        faults=dict(reel.faults),
    )


def _shots(reel: Reel) -> tuple[Shot, ...]:
    found = reel.once(shots_of, ShotRules())
    if found is None:
        return ()
    numbers = (found.starts_s, found.ends_s, found.lengths_s, found.from_s, found.to_s)
    rows = zip(found.kinds, *(column.tolist() for column in numbers), strict=True)
    return tuple(
        Shot(start_s=start, end_s=end, length_s=length, kind=kind, from_s=from_, to_s=to)
        for kind, start, end, length, from_, to in rows
    )


def _shot_facts(shots: Sequence[Shot], duration_s: float) -> ShotFacts | None:
    if not shots:
        return None
    lengths = np.array([shot.length_s for shot in shots])
    return ShotFacts(
        count=len(shots),
        mean_s=float(lengths.mean()),
        median_s=float(np.median(lengths)),
        shortest_s=float(lengths.min()),
        longest_s=float(lengths.max()),
        per_min=60 * len(shots) / duration_s if duration_s > 0 else 0.0,
        least_s=ShotRules().least_s,
    )


def _change(reel: Reel) -> tuple[tuple[float, float], ...]:
    found = reel.once(change_of)
    return () if found is None else _points((found.times_s[:-1] + found.times_s[1:]) / 2, found.pixels)


def _motion(reel: Reel) -> tuple[tuple[float, float], ...]:
    found = reel.once(flow_of)
    return () if found is None else _points(found.times_s, found.magnitude)


def _points(times_s: F64, values: F64) -> tuple[tuple[float, float], ...]:
    return tuple(zip(times_s.tolist(), values.tolist(), strict=True))


def _stored(catalogue: Catalogue, item_id: str) -> tuple[Stored, ...]:
    """The item's rows of the ledger, those of seeing first."""
    recipes = {recipe.hash: recipe for recipe in FeatureStore(catalogue.tables).recipes()}
    found = [
        Stored(
            feature=entry.feature,
            recipe=entry.recipe,
            status=entry.status.value,
            reason=entry.reason,
            warnings=entry.warnings,
            seconds=entry.seconds,
            **_choices(recipes.get(entry.recipe)),
        )
        for entry in Ledger(catalogue.tables).entries(item_id=item_id)
    ]
    order = {panel: place for place, panel in enumerate(PANELS)}
    return tuple(sorted(found, key=lambda s: (order.get(s.feature.partition("/")[0], 9), s.feature, s.recipe)))


def _choices(recipe: Recipe | None) -> dict[str, str]:
    """Which pictures, and how they were pooled, in the words of a setting."""
    found: dict[str, str] = {}
    for name, said in (("sampling", sampling_text), ("pooling", pooling_text)):
        params = None if recipe is None else recipe.params.get(name)
        if isinstance(params, dict):
            found[name] = said(params)  # pyright: ignore[reportUnknownArgumentType]
    return found


def _objects(catalogue: Catalogue, item_id: str) -> tuple[tuple[str, float], ...]:
    """What is in most of the pictures, by the first recipe of seeing/objects that can tell of this item."""
    from triptych.features.seeing.objects import top_objects

    store = FeatureStore(catalogue.tables)
    for recipe in store.recipes():
        if recipe.title != OBJECTS or "labels" not in recipe.params:
            continue  # what was attached under this title does not say which column is what
        values = next((row.values for row in store.rows(recipe) if row.item_id == item_id), None)
        if values is None:
            continue
        try:
            return tuple(top_objects(recipe, values, SHOWN_OBJECTS))
        except UsageError:
            continue  # pooled by medians or the like, which tell no share; another recipe may
    return ()
