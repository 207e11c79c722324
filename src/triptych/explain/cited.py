"""Cited: the scenes that an explanation shows, found in the clips, or why there are none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from triptych.errors import MediaError
from triptych.explain.reason import Cited, Explanation, Named
from triptych.explain.scenes import Scenes, scenes_of_clips
from triptych.explain.thumbnails import Thumbnail, thumbnails_of

#: Scenes that are cited of each panel.
MOST = 2


def cited(
    explanation: Explanation, clips: Mapping[str, Path], *, others: int = 1, most: int = MOST, pictures: bool = True
) -> Explanation:
    """The explanation with scenes: of the item's clip and that of the item it is held against; for a recommendation of
    those ``others`` of the history that speak most for it and have a clip.

    ``clips``: item id → file. A clip that is not there, or cannot be read, is told in the notes, and the rest stands.
    """
    notes: list[str] = []
    scenes: list[Cited] = []
    mine, why = _file(explanation.item, clips)
    against = _held_against(explanation)
    there = [(named, path) for named in against if (path := _file(named, clips)[0]) is not None][:others]
    if mine is None:
        notes.append(why)
    elif len(against) == 1 and not there:
        notes.append(_file(against[0], clips)[1])
    elif against and not there:
        notes.append("Nothing that speaks for it has a clip to compare scenes with.")
    for named, theirs in there if mine is not None else []:
        try:
            found = scenes_of_clips(mine or theirs, theirs, most=most, weights=_weights(explanation))
            shown = thumbnails_of(found, mine or theirs, theirs) if pictures else ()
        except MediaError as fault:
            notes.append(f"No scenes are compared: {fault}")
            continue
        notes += [f"{why[:1].upper()}{why[1:]}" for why in found.absent.values()]
        scenes += _together(found, named, shown)
    return replace(explanation, scenes=tuple(scenes), notes=(*explanation.notes, *notes))


def _together(found: Scenes, named: Named, shown: tuple[tuple[Thumbnail | None, Thumbnail | None], ...]) -> list[Cited]:
    none: tuple[Thumbnail | None, Thumbnail | None] = (None, None)
    return [
        Cited(item=named, match=match, pictures=shown[k] if k < len(shown) else none)
        for k, match in enumerate(found.matches)
    ]


def _held_against(explanation: Explanation) -> tuple[Named, ...]:
    if explanation.whom.item is not None:
        return (explanation.whom.item,)
    told = explanation.spoken
    return () if told is None else tuple(one.item for one in told.witnesses if one.value > 0 and one.weight > 0)


def _file(named: Named, clips: Mapping[str, Path]) -> tuple[Path | None, str]:
    """The clip's file; or None, and the sentence that says so."""
    path = clips.get(named.item_id)
    if path is None:
        return None, f"{named.name} has no clip, so no scenes are compared."
    if not path.is_file():
        return None, f"The clip of {named.name} is not where it was, so no scenes are compared: {path}"
    return path, ""


def _weights(explanation: Explanation) -> dict[str, float] | None:
    """Scenes of the panel that adds more come first."""
    found = {panel: max(explanation.value_of(panel), 0.0) for panel in ("seeing", "hearing")}
    return found if any(found.values()) else None
