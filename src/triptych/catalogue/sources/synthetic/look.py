"""The look of one clip: its timeline turned into pictures, one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

import cv2
import numpy as np
import numpy.typing as npt

from triptych.catalogue.records import Item
from triptych.catalogue.sources.synthetic import cards
from triptych.catalogue.sources.synthetic.colour import Image, Tint
from triptych.catalogue.sources.synthetic.scenery import PAINTERS
from triptych.catalogue.sources.synthetic.strokes import Stage, to_bytes
from triptych.catalogue.sources.synthetic.timeline import Stretch
from triptych.catalogue.sources.synthetic.world import Settings, Truth, stretches

#: Shots are painted no taller than this and enlarged: they are soft by nature, and painting is what costs.
PAINTED_MAX_PX = 240

_GRAIN = 0.009


def pictures(item: Item, truth: Truth, settings: Settings) -> Iterator[npt.NDArray[np.uint8]]:
    """Every picture of the clip in order: uint8 ``[height, width, 3]``, sRGB. One at a time: memory stays small."""
    plan = stretches(settings, truth.index, truth.look)
    for scene, group in groupby(plan, key=lambda stretch: stretch.scene):
        members = tuple(group)
        frames = sum(stretch.frames for stretch in members)
        source = _scene(item, truth, settings, picture=members[0].picture, scene=scene, frames=frames)
        for gain, image in zip(_gains(members), source, strict=True):
            yield _enlarged(to_bytes(image if gain == 1.0 else image * gain), settings)


def _enlarged(image: npt.NDArray[np.uint8], settings: Settings) -> npt.NDArray[np.uint8]:
    size = (settings.width_px, settings.height_px)
    if (image.shape[1], image.shape[0]) == size:
        return image
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_CUBIC), dtype=np.uint8)


def _gains(members: tuple[Stretch, ...]) -> Iterator[np.float32]:
    """1 where the picture stands, and on the way there or back inside a fade: never quite 0 and never quite 1."""
    for stretch in members:
        for k in range(stretch.frames):
            if stretch.kind == "fade_in":
                yield np.float32((k + 1) / (stretch.frames + 1))
            elif stretch.kind == "fade_out":
                yield np.float32((stretch.frames - k) / (stretch.frames + 1))
            else:
                yield np.float32(1)


def _scene(item: Item, truth: Truth, settings: Settings, *, picture: str, scene: int, frames: int) -> Iterator[Image]:
    width, height = settings.width_px, settings.height_px
    rng = settings.generator("cards", truth.index, scene)
    if picture == "shot":
        yield from shot(truth, settings, scene=scene, frames=frames)
    elif picture == "credits":
        yield from cards.roll(item, rng, width, height, frames)
    else:
        if picture == "logo":
            card = cards.logo(rng, width, height)
        elif picture == "card":
            card = cards.between(rng, width, height)
        elif picture == "title":
            card = cards.title(item, width, height)
        else:
            card = np.zeros((height, width, 3), np.float32)
        for _ in range(frames):
            yield card


def shot(truth: Truth, settings: Settings, *, scene: int, frames: int) -> Iterator[Image]:
    """One shot of the clip's look as it is painted: float32 ``[height, width, 3]``, sRGB 0–1, before it is enlarged.

    What makes the clip itself (tint, speed, direction) is drawn once per clip, what makes the shot once per scene.
    """
    clip = settings.generator("look", truth.index)
    hue, lightness, chroma = clip.normal(0.0, 8.0), clip.normal(0.0, 0.02), clip.uniform(0.82, 1.12)
    pace, heading, first = clip.uniform(0.75, 1.35), int(clip.choice([-1, 1])), int(clip.integers(0, 2))
    rng = settings.generator("look", truth.index, scene)
    shrink = min(1.0, PAINTED_MAX_PX / min(settings.height_px, settings.width_px))
    stage = Stage(
        width=round(settings.width_px * shrink),
        height=round(settings.height_px * shrink),
        tint=Tint(
            hue_deg=float(hue + rng.normal(0.0, 3.0)),
            lightness=float(lightness + rng.normal(0.0, 0.015)),
            chroma=float(chroma),
        ),
        pace=float(pace),
        heading=heading,
        close=(scene + first) % 2 == 0,
    )
    paint = PAINTERS[truth.look](rng, stage)
    finish = _vignette(stage)
    grain = rng.normal(0.0, _GRAIN, (stage.height + 32, stage.width + 32, 1)).astype(np.float32)
    offsets = rng.integers(0, 32, size=(frames, 2))
    for frame in range(frames):
        dy, dx = offsets[frame]
        image = np.asarray(paint(frame / float(settings.rate)) * finish, dtype=np.float32)
        image += grain[dy : dy + stage.height, dx : dx + stage.width]
        yield image


def _vignette(stage: Stage) -> Image:
    """Corners fall off as they do behind a lens: float32 ``[height, width, 1]``."""
    x, y = stage.grid()
    far = ((x / stage.aspect - 0.5) ** 2 + (y - 0.5) ** 2) * 2
    return (1.0 - 0.28 * far**1.3)[..., None].astype(np.float32)
