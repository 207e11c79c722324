"""Measuring: the course of a clip, from its file or from what a catalogue holds of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt

from triptych.catalogue.records import Item
from triptych.errors import MediaError
from triptych.explain.course import PANELS, Course, Scale, Track
from triptych.features.bits import is_packed, unpacked, words
from triptych.features.extractor import Extractor, Showing
from triptych.features.feature import Presence
from triptych.features.hearing.acoustic import Acoustic
from triptych.features.hearing.fingerprint import Fingerprint
from triptych.features.hearing.harmony import Harmony
from triptych.features.measure import wanted
from triptych.features.pooling import EACH, MEAN_STD
from triptych.features.recipe import Recipe
from triptych.features.seeing.colour import Colour
from triptych.features.seeing.composition import Composition
from triptych.features.seeing.picture_hash import PictureHash
from triptych.features.seeing.texture import Texture
from triptych.features.store import FeatureStore
from triptych.media.loader import open_reel
from triptych.media.reel import Reel
from triptych.media.sampling import Sampling

#: As many pictures of a trailer as of a whole film, so that neither takes long; of the film itself, or every two clips
#: would share their black and their credits.
PICTURES = Sampling(count=240, short_side_px=96)


def extractors() -> tuple[Extractor, ...]:
    """What a clip is measured by where nothing was kept in time: light features of a catalogue, not pooled, and what
    tells the same picture and the same sound again."""
    return (
        Colour(sampling=PICTURES, pooling=EACH),
        Texture(sampling=PICTURES, pooling=EACH),
        Composition(sampling=PICTURES, pooling=EACH),
        PictureHash(sampling=PICTURES),
        Acoustic(pooling=EACH),
        Harmony(pooling=EACH),
        Fingerprint(),
    )


def course_of_clip(path: Path | str, *, name: str = "", threads: int = 0) -> Course:
    """A clip's look and sound along its time, the file being opened once.

    A panel without a track, or whose track is broken, is absent, with the reason. MediaError where the file cannot be
    read at all. ``threads``: 0 lets the decoder take all cores.
    """
    parts = extractors()
    return course_of_reel(open_reel(path, wanted(parts), name=name, threads=threads), parts)


def course_of_reel(reel: Reel, parts: Sequence[Extractor]) -> Course:
    """The same of a reel that was opened for these extractors."""
    showing = [Showing(item=Item(item_id=reel.name), reel=reel)]
    tracks: list[Track] = []
    absent: dict[str, str] = {}
    for part in parts:
        recipe = part.recipe
        try:
            feature = part.extract(showing)[0]
        except MediaError as fault:
            absent.setdefault(recipe.panel, str(fault))
            continue
        if feature.values is None or feature.times_s is None:
            absent.setdefault(recipe.panel, feature.reason)
            continue
        tracks.append(_track(recipe, feature.values, feature.times_s))
    return _course(reel.name, tracks, absent, reel.probe.duration_s)


def courses_of_catalogue(
    store: FeatureStore, item_ids: Iterable[str], *, recipes: Sequence[Recipe] | None = None
) -> dict[str, Course]:
    """Of each item what a catalogue holds of it in time; item ids in the order given.

    ``recipes``: which features; all that are seen or heard and are sequences when left out. An item of which nothing is
    held has a course without tracks.
    """
    wanted_ids = dict.fromkeys(item_ids)
    tracks: dict[str, list[Track]] = {item_id: [] for item_id in wanted_ids}
    absent: dict[str, dict[str, str]] = {item_id: {} for item_id in wanted_ids}
    for recipe in running(store) if recipes is None else recipes:
        for row in store.rows(recipe):
            if row.item_id not in tracks:
                continue
            if row.presence is not Presence.PRESENT or row.values is None or row.times_s is None:
                absent[row.item_id].setdefault(recipe.panel, f"{recipe.title} is {row.presence.value}")
                continue
            tracks[row.item_id].append(_track(recipe, row.values, row.times_s))
    return {item_id: _course(item_id, tracks[item_id], absent[item_id], 0.0) for item_id in wanted_ids}


def scales_of_catalogue(store: FeatureStore, *, limit: int = 2000) -> dict[str, Scale]:
    """What is common to all moments of a catalogue, by feature; without it, two clips that look alike all through have
    nothing in common that stands out.

    Of features that were kept in time, from their moments in the first ``limit`` items. Of those that were pooled to
    means and deviations, from these: with m_c and s_c of clip c, the mean is the mean of m_c, and the variance that of
    m_c plus the mean of s_c². Bits are left out: they are compared as they are.
    """
    scales: dict[str, Scale] = {}
    for recipe in running(store):
        if not is_packed(recipe):
            rows = [row.values for row in islice(store.rows(recipe), limit) if row.values is not None]
            scales |= {recipe.title: Scale.of(rows)} if rows else {}
    held = {recipe.title for recipe in store.recipes()}
    for part in extractors():
        title = part.recipe.title
        if title in held - scales.keys() and isinstance(part, Colour | Texture | Composition | Acoustic | Harmony):
            recipe = store.recipe_of(title)
            if recipe.params.get("pooling") != asdict(MEAN_STD) or recipe.version != part.recipe.version:
                continue
            table = store.read(recipe)
            pooled = table.values[table.present].astype(np.float64)
            width = len(part.columns())
            if len(pooled) > 1 and pooled.shape[1] >= 2 * width:
                means, deviations = pooled[:, :width], pooled[:, width : 2 * width]
                scales[title] = Scale(
                    mean=means.mean(axis=0), spread=np.sqrt(means.var(axis=0) + (deviations**2).mean(axis=0))
                )
    return scales


def running(store: FeatureStore) -> list[Recipe]:
    """The features of a catalogue that were kept in time, of what is seen and heard."""
    titles = sorted({recipe.title for recipe in store.recipes() if recipe.panel in PANELS})
    return [recipe for recipe in map(store.recipe_of, titles) if store.holds_sequences(recipe)]


def _track(recipe: Recipe, values: npt.NDArray[np.float32], times_s: npt.NDArray[np.float64]) -> Track:
    if is_packed(recipe):
        # As −1 and 1, their cosine is what share of them agrees: 1 − 2 × the share that differs.
        values = unpacked(words(values)).astype(np.float32) * 2 - 1
    return Track(feature=recipe.title, values=values, times_s=times_s)


def _course(name: str, tracks: Sequence[Track], absent: dict[str, str], duration_s: float) -> Course:
    held = {track.panel for track in tracks}
    return Course(
        name=name,
        tracks=tuple(tracks),
        absent={panel: why for panel, why in absent.items() if panel not in held},
        duration_s=duration_s,
    )
