"""Scenery: the painters of the six looks.

A painter is made once per shot and called with the seconds since the shot began; it returns float32
``[height, width, 3]``, sRGB 0–1, which the caller may change. ``close`` asks for the near view of the theme,
so that neighbouring shots of one clip differ in composition and stay of one kind.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np
import numpy.typing as npt

from triptych.catalogue.sources.synthetic.colour import Image, Shade, shades
from triptych.catalogue.sources.synthetic.strokes import (
    Field,
    Plane,
    Stage,
    cloud,
    disc,
    fill,
    line,
    pan,
    screen,
    splat,
    step,
    through,
    to_bytes,
)

Painter = Callable[[float], Field]


# ------------------------------------------------------------------------------------------- amber discs

_AMBER_SKY = shades((0.24, 0.08, 350), (0.42, 0.13, 15), (0.62, 0.15, 40), (0.78, 0.13, 65), (0.9, 0.07, 85))
_AMBER_DISCS = shades((0.86, 0.11, 75), (0.74, 0.16, 48), (0.66, 0.18, 25), (0.92, 0.06, 90), (0.6, 0.16, 5))


def amber_discs(rng: np.random.Generator, stage: Stage) -> Painter:
    """A dusk of warm gradients in which discs out of focus drift upwards."""
    x, y = stage.grid()
    tilt = rng.normal(0.0, 0.35)
    along = np.cos(tilt) * y + np.sin(tilt) * (x / stage.aspect)
    sky = through(stage.tint.ramp(_AMBER_SKY), (along - along.min()) / np.ptp(along) * rng.uniform(0.75, 1.0))
    sun_x, sun_y = rng.uniform(0.2, 0.8) * stage.aspect, rng.uniform(0.35, 0.8)
    far = np.hypot(x - sun_x, y - sun_y)
    glow = np.exp(-((far / (0.5 if stage.close else 0.32)) ** 2)) * 0.55
    back = screen(sky, glow, stage.tint.rgb(_AMBER_DISCS[3]))
    if not stage.close:
        back = screen(back, step((rng.uniform(0.1, 0.16) - far) / 0.012) * 0.8, stage.tint.rgb(_AMBER_DISCS[0]))
    count = int(rng.integers(6, 9)) if stage.close else int(rng.integers(14, 20))
    radius = rng.uniform(0.12, 0.3, count) if stage.close else rng.uniform(0.025, 0.1, count)
    start = np.stack([rng.uniform(-0.1, stage.aspect + 0.1, count), rng.uniform(-0.1, 1.1, count)], axis=1)
    speed = np.stack([stage.heading * rng.uniform(0.02, 0.09, count), -rng.uniform(0.03, 0.12, count)], axis=1)
    colours = _picks(rng, stage, _AMBER_DISCS, count)
    alpha, soft = rng.uniform(0.2, 0.6, count), rng.uniform(0.006, 0.03, count)

    def paint(at_s: float) -> Field:
        image = back.copy()
        where = start + speed * (at_s * stage.pace)
        for k in range(count):
            disc(image, where[k], float(radius[k]), colour=colours[k], alpha=float(alpha[k]), soft=float(soft[k]))
        return image

    return paint


# -------------------------------------------------------------------------------------------- teal waves

_TEAL_SKY = shades((0.93, 0.03, 190), (0.87, 0.05, 200), (0.78, 0.07, 205))
_TEAL_SEA = shades((0.74, 0.08, 200), (0.6, 0.1, 205), (0.46, 0.09, 212), (0.32, 0.07, 225), (0.2, 0.05, 240))


def teal_waves(rng: np.random.Generator, stage: Stage) -> Painter:
    """Ridges of paper-cut sea, one before the other, that roll sideways under a pale sky."""
    x, y = stage.grid()
    sky = through(stage.tint.ramp(_TEAL_SKY), 1.0 - np.clip(y * 1.3, 0.0, 1.0))
    centre = np.hypot(x - rng.uniform(0.15, 0.85) * stage.aspect, y - rng.uniform(0.16, 0.3))
    size = rng.uniform(0.07, 0.13)
    sky = screen(sky, np.exp(-((centre / 0.35) ** 2)) * 0.5 + step((size - centre) / 0.01) * 0.45, np.ones(3))
    back = to_bytes(sky)
    layers = 4 if stage.close else 7
    sea = stage.tint.ramp(_TEAL_SEA, layers)
    base = np.linspace(0.3 if stage.close else 0.42, 0.9, layers) + rng.normal(0.0, 0.01, layers)
    tall = np.linspace(0.4, 1.0, layers) * (0.12 if stage.close else 0.055)
    waves = rng.uniform(1.6, 4.2, (layers, 3)) * np.array([1.0, 1.9, 3.7]) * (0.6 if stage.close else 1.0)
    phase = rng.uniform(0.0, 2 * np.pi, (layers, 3))
    roll = stage.heading * np.linspace(0.5, 2.6, layers) * rng.uniform(0.8, 1.2)
    across = np.linspace(0.0, stage.aspect, max(24, stage.width // 4))
    depth = np.clip((y - 0.3) / 0.7, 0.0, 1.0)[..., None]
    shading = (1.08 - 0.2 * depth).astype(np.float32)

    def paint(at_s: float) -> Field:
        image = back.copy()
        for k in range(layers):
            swing = np.sin(
                waves[k] * across[:, None] + phase[k] + roll[k] * at_s * stage.pace * np.array([1.0, 1.4, 0.7])
            )
            crest = base[k] + tall[k] * (swing @ np.array([0.6, 0.3, 0.1]))
            top = np.stack([across, crest], axis=1)
            corners = np.array(
                [[stage.aspect + 0.1, crest[-1]], [stage.aspect + 0.1, 1.2], [-0.1, 1.2], [-0.1, crest[0]]]
            )
            fill(image, np.concatenate([top, corners]), sea[k])
            line(image, top, np.minimum(sea[k] * 1.25 + 0.05, 1.0), 1)
        return image.astype(np.float32) * (shading / np.float32(255))

    return paint


# -------------------------------------------------------------------------------------------- green mist

_MIST = shades((0.2, 0.035, 165), (0.34, 0.06, 150), (0.52, 0.08, 140), (0.72, 0.07, 125), (0.9, 0.05, 110))


def green_mist(rng: np.random.Generator, stage: Stage) -> Painter:
    """Clouds of moss light that flow through one another; from afar, rows of firs stand in them."""
    ramp = stage.tint.ramp(_MIST)
    fogs = [cloud(rng, stage, power) for power in (2.4, 1.7)]
    drifts = [stage.heading * 0.05 * stage.height, -stage.heading * 0.03 * stage.height]
    x, y = stage.grid()
    light = np.exp(-(np.hypot(x - rng.uniform(0.1, 0.9) * stage.aspect, (y + rng.uniform(0.0, 0.3)) * 0.8) ** 2) / 0.35)
    rows = 0 if stage.close else 3
    firs = [_firs(rng, stage, near=(k + 1) / rows) for k in range(rows)]
    inks = [stage.tint.rgb(shade) for shade in shades((0.62, 0.06, 135), (0.42, 0.06, 150), (0.22, 0.04, 165))]

    base, strength = (0.3, 1.1) if stage.close else (0.3, 0.35)

    def paint(at_s: float) -> Field:
        moved = at_s * stage.pace
        a, b = (pan(fog, drift * moved, 0.4 * drift * moved) for fog, drift in zip(fogs, drifts, strict=True))
        field = base + 0.45 * light + strength * (0.6 * a + 0.4 * b - 0.5)
        image = through(ramp, np.clip(field, 0.0, 1.0))
        for k, row in enumerate(firs):
            shape = pan(row, stage.heading * (k + 1) * 0.035 * stage.height * moved, 0.0)[: stage.height, : stage.width]
            veil = shape * (1.0 - 0.55 * b * y)
            image += veil[..., None] * (inks[k] - image)
        return image

    return paint


def _firs(rng: np.random.Generator, stage: Stage, *, near: float) -> Plane:
    """A strip of firs twice as wide as the picture, 1 where a tree stands, joined at its ends."""
    wide = 2 * stage.width
    strip = np.zeros((stage.height, wide), np.uint8)
    ground = 0.5 + 0.38 * near
    across = np.linspace(0.0, 2 * stage.aspect, 96)
    hill = ground + 0.04 * np.sin(across * 2 * np.pi / stage.aspect + rng.uniform(0, 6)) * (1.3 - near)
    fill(strip, np.concatenate([np.stack([across, hill], 1), [[2 * stage.aspect, 1.1], [0, 1.1]]]), 255)
    for middle in np.arange(0.0, 2 * stage.aspect, 0.075 + 0.06 * near):
        foot_x = middle + rng.normal(0.0, 0.02)
        foot = float(np.interp(foot_x, across, hill)) + 0.02
        tall = (0.12 + 0.26 * near) * rng.uniform(0.55, 1.15)
        for tier in range(4):
            top = foot - tall * (1.0 - tier * 0.2)
            half = tall * (0.07 + 0.045 * tier)
            low = foot - tall * (0.62 - tier * 0.2)
            for wrap in (-2 * stage.aspect, 0.0, 2 * stage.aspect):
                fill(strip, np.array([[foot_x, top], [foot_x + half, low], [foot_x - half, low]]) + [wrap, 0], 255)
    return strip.astype(np.float32) / np.float32(255)


# ------------------------------------------------------------------------------------------ crimson grid

_GRID_SKY = shades((0.14, 0.02, 20), (0.22, 0.06, 18), (0.4, 0.14, 22), (0.62, 0.2, 32))
_GRID_LIGHT = Shade(lightness=0.72, chroma=0.2, hue_deg=38)


def crimson_grid(rng: np.random.Generator, stage: Stage) -> Painter:
    """Graphite and embers: a lit grid that rushes past, as a floor to the horizon or as walls of windows."""
    return _windows(rng, stage) if stage.close else _floor(rng, stage)


def _floor(rng: np.random.Generator, stage: Stage) -> Painter:
    x, y = stage.grid()
    horizon = rng.uniform(0.4, 0.58)
    centre = rng.uniform(0.35, 0.65) * stage.aspect
    back = through(stage.tint.ramp(_GRID_SKY), np.where(y < horizon, (y / horizon) ** 2.2, 0.0))
    sun = np.hypot(x - centre, y - horizon + 0.06)
    slats = np.where((y - horizon) % 0.045 < 0.012, 0.25, 1.0) * (y < horizon)
    back = screen(back, step((rng.uniform(0.16, 0.26) - sun) / 0.008) * slats * 0.75, stage.tint.rgb(_GRID_LIGHT))
    top = int(np.ceil(horizon * stage.height)) + 1
    below = (y[top:] - horizon).astype(np.float32)
    deep = 0.35 / below
    sideways = (x[top:] - centre) * deep * 3.2
    width = 0.03 + 0.012 * deep
    posts = np.clip(1.0 - np.abs(sideways - np.rint(sideways)) / (width * 1.6), 0.0, 1.0)
    fade = np.clip(below * 5.0, 0.0, 1.0)
    light = stage.tint.rgb(_GRID_LIGHT)
    speed = rng.uniform(2.6, 4.0) * stage.pace

    def paint(at_s: float) -> Field:
        image = back.copy()
        forward = deep * 1.6 + np.float32(at_s * speed)
        bars = np.clip(1.0 - np.abs(forward - np.rint(forward)) / (width * 1.8), 0.0, 1.0)
        lines = np.maximum(bars, posts) * fade
        image[top:] += (lines[..., None] * 0.9 + 0.08 * fade[..., None]) * light
        return image

    return paint


def _windows(rng: np.random.Generator, stage: Stage) -> Painter:
    rows, columns, cell = 8, 12, max(8, stage.height // 6)
    lit = rng.random((rows, columns)) ** 2.5
    ramp = stage.tint.ramp(_GRID_SKY[1:] + (Shade(lightness=0.86, chroma=0.13, hue_deg=60),))
    wall = np.empty((rows * cell, columns * cell, 3), np.float32)
    wall[:] = stage.tint.rgb(_GRID_SKY[0])
    inset, tall = max(1, cell // 7), cell - max(1, cell // 6)
    falloff = np.linspace(1.0, 0.65, tall - inset, dtype=np.float32)[:, None, None]
    for r in range(rows):
        for c in range(columns):
            window = wall[r * cell + inset : r * cell + tall, c * cell + inset : (c + 1) * cell - inset]
            window[:] = ramp[int(lit[r, c] * 255)] * falloff
    lean = stage.heading * rng.uniform(0.25, 0.45)
    speed = rng.uniform(0.8, 1.3) * stage.pace * stage.height * stage.heading
    zoom = rng.uniform(0.9, 1.5)

    def paint(at_s: float) -> Field:
        # Destination to wall: a plane that leans away, moved past the eye.
        turn = np.array([[zoom, 0.12 * lean, speed * at_s], [0.1 * lean, zoom, 0.25 * speed * at_s], [0.0, 0.0, 1.0]])
        turn[2, 0] = -lean / stage.width * 0.9
        if lean > 0:
            turn[2, 2] = 1.0 + 0.1 * lean
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        size = (stage.width, stage.height)
        seen = cv2.warpPerspective(wall, turn, size, flags=flags, borderMode=cv2.BORDER_WRAP)
        return np.asarray(seen, dtype=np.float32)

    return paint


# ------------------------------------------------------------------------------------------ indigo night

_NIGHT = shades((0.1, 0.03, 275), (0.17, 0.06, 278), (0.27, 0.1, 285), (0.4, 0.13, 295))
_NIGHT_LIGHTS = shades((0.86, 0.08, 250), (0.8, 0.12, 300), (0.9, 0.05, 90), (0.76, 0.13, 225))


def indigo_night(rng: np.random.Generator, stage: Stage) -> Painter:
    """Points of light in the dark: a flight through stars, or a skyline under them."""
    x, y = stage.grid()
    haze = cloud(rng, stage, 2.0)[: stage.height, : stage.width]
    band = np.exp(-(((y - 0.5 - (x / stage.aspect - 0.5) * stage.heading * 0.7) / 0.3) ** 2))
    back = through(stage.tint.ramp(_NIGHT), np.clip(haze * band * 1.1, 0.0, 1.0))
    count = 320 if stage.close else 160
    place = rng.uniform(-1.0, 1.0, (count, 2)) * [stage.aspect, 1.0]
    depth, strength = rng.uniform(0.05, 1.0, count), rng.uniform(0.25, 1.0, count)
    colours = np.stack(_picks(rng, stage, _NIGHT_LIGHTS, count))
    skyline = None if stage.close else _skyline(rng, stage)
    speed = (0.3 if stage.close else 0.02) * stage.pace
    glow_px = max(0.6, stage.height / 200)

    def paint(at_s: float) -> Field:
        near = (depth - at_s * speed) % 0.95 + 0.05
        where = (
            place / near[:, None] * 0.35 + [stage.aspect / 2, 0.5] if stage.close else (place + [stage.aspect, 1]) / 2
        )
        bright = strength * np.clip(1.25 - near, 0.1, 1.0) * (1.6 if stage.close else 1.0)
        if not stage.close:
            bright = bright * (0.75 + 0.25 * np.sin(at_s * 5 + depth * 60))
        points = splat(where * stage.height, bright[:, None] * colours, stage)
        image = (
            back + cv2.GaussianBlur(points, (0, 0), glow_px) * 4.5 + cv2.GaussianBlur(points, (0, 0), 4 * glow_px) * 9.0
        )
        if skyline is None:
            return image
        paned = pan(skyline, stage.heading * 0.05 * stage.height * stage.pace * at_s, 0.0)
        shape = paned[: stage.height, : stage.width]
        return image * (1.0 - shape[..., 3:]) + shape[..., :3]

    return paint


def _skyline(rng: np.random.Generator, stage: Stage) -> Image:
    """Towers with lit windows, twice as wide as the picture: float32 ``[height, 2·width, 4]``, alpha last."""
    strip = np.zeros((stage.height, 2 * stage.width, 4), np.float32)
    dark = stage.tint.rgb(Shade(lightness=0.08, chroma=0.02, hue_deg=275))
    lights = [stage.tint.rgb(shade) for shade in shades((0.85, 0.1, 85), (0.8, 0.1, 60), (0.8, 0.09, 240))]
    left, unit = 0, max(2, stage.height // 60)
    while left < strip.shape[1]:
        wide = int(rng.uniform(0.08, 0.2) * stage.height) // unit * unit + unit
        top = int((1 - rng.uniform(0.14, 0.5)) * stage.height)
        strip[top:, left : left + wide, :3] = dark
        strip[top:, left : left + wide, 3] = 1.0
        for row in range(top + unit, stage.height, 2 * unit):
            for column in range(left + unit, min(left + wide, strip.shape[1]) - unit, 2 * unit):
                if rng.random() < 0.3:
                    pane = lights[int(rng.integers(0, 3))] * rng.uniform(0.25, 0.85)
                    strip[row : row + unit, column : column + unit, :3] = pane
        left += wide
    return strip


# ------------------------------------------------------------------------------------------ ivory sketch

_PAPER = shades((0.97, 0.012, 90), (0.94, 0.02, 85))
_INK = Shade(lightness=0.3, chroma=0.03, hue_deg=265)
_WASHES = shades((0.86, 0.07, 230), (0.88, 0.07, 75), (0.85, 0.08, 25), (0.89, 0.06, 145), (0.87, 0.05, 300))


def ivory_sketch(rng: np.random.Generator, stage: Stage) -> Painter:
    """Ink lines that draw themselves over pale washes on paper, trembling as a hand does."""
    x, y = stage.grid()
    grain = cloud(rng, stage, 0.6)[: stage.height, : stage.width]
    paper = through(stage.tint.ramp(_PAPER), np.clip(0.3 + 0.35 * y + 0.35 * grain, 0.0, 1.0))
    edge = cloud(rng, stage, 2.0)[: stage.height, : stage.width] - 0.5
    for wash in _picks(rng, stage, _WASHES, 2 if stage.close else 3):
        far = np.hypot((x - rng.uniform(0.1, 0.9) * stage.aspect) * 0.7, y - rng.uniform(0.2, 0.8))
        pool = step((rng.uniform(0.2, 0.36) + 0.3 * edge - far) / 0.05)
        paper += (pool * 0.75)[..., None] * (wash * paper - paper)
    strokes = _drawing(rng, stage)
    trembles = [[rng.normal(0.0, 0.0028, stroke.shape) for stroke in strokes] for _ in range(3)]
    ink = stage.tint.rgb(_INK)
    thick = max(1, stage.height // (70 if stage.close else 120))
    slide = stage.heading * 0.03 * stage.pace

    def paint(at_s: float) -> Field:
        mask = np.zeros((stage.height, stage.width), np.uint8)
        tremble = trembles[int(at_s * 8) % len(trembles)]
        drawn = min(1.0, 0.45 + 0.9 * at_s * stage.pace) * len(strokes)
        for k, stroke in enumerate(strokes[: int(np.ceil(drawn))]):
            points = stroke + tremble[k] + [slide * at_s, 0.0]
            if drawn < k + 1:
                points = points[: max(2, int(len(points) * (drawn - k)))]
            line(mask, points, 255, thick)
        lines = mask.astype(np.float32)[..., None] * np.float32(0.88 / 255)
        return paper * (1.0 - lines) + lines * ink

    return paint


def _drawing(rng: np.random.Generator, stage: Stage) -> list[npt.NDArray[np.float64]]:
    """Strokes in the order they are drawn: hills, then what stands on them."""
    across = np.linspace(-0.15, stage.aspect + 0.15, 48)
    round_ = np.linspace(0.0, 2 * np.pi, 26)
    strokes: list[npt.NDArray[np.float64]] = []
    size = 1.9 if stage.close else 1.0
    ground = rng.uniform(0.62, 0.78)
    for k in range(1 if stage.close else 3):
        hill = ground + 0.1 * k + 0.05 * np.sin(across * rng.uniform(1.5, 3.5) + rng.uniform(0, 6))
        strokes.append(np.stack([across, hill], axis=1))
    slots = rng.permutation(5)[: 2 if stage.close else 4]
    for at_x in [(int(slot) + rng.uniform(0.3, 0.7)) / 5 * stage.aspect for slot in slots]:
        foot = float(np.interp(at_x, strokes[0][:, 0], strokes[0][:, 1]))
        stand = _house if rng.random() < 0.4 else _tree
        strokes += [stroke * size * rng.uniform(0.8, 1.2) + [at_x, foot] for stroke in stand(rng)]
    sun = rng.uniform(0.05, 0.09) * size
    strokes.append(np.stack([np.cos(round_), np.sin(round_)], 1) * sun + [rng.uniform(0.2, 0.8) * stage.aspect, 0.22])
    for _ in range(int(rng.integers(2, 5))):
        wing = np.linspace(-1, 1, 9)
        bird = np.stack([wing * 0.03 * size, -0.018 * size * np.abs(np.sin(wing * np.pi))], axis=1)
        strokes.append(bird + [rng.uniform(0.1, 0.9) * stage.aspect, rng.uniform(0.1, 0.45)])
    return strokes


def _house(rng: np.random.Generator) -> list[npt.NDArray[np.float64]]:
    wide, tall = rng.uniform(0.07, 0.1), rng.uniform(0.1, 0.15)
    wall = np.array([[-wide, 0.02], [-wide, -tall], [wide, -tall], [wide, 0.02]])
    roof = np.array([[-wide * 1.2, -tall], [0.0, -tall - wide * 1.1], [wide * 1.2, -tall]])
    door = np.array([[-0.018, 0.02], [-0.018, -0.05], [0.018, -0.05], [0.018, 0.02]])
    return [_smooth(shape) for shape in (wall, roof, door)]


def _tree(rng: np.random.Generator) -> list[npt.NDArray[np.float64]]:
    tall = rng.uniform(0.16, 0.26)
    trunk = _smooth(np.array([[0.0, 0.02], [rng.normal(0, 0.008), -tall * 0.5], [0.0, -tall]]))
    turn = np.linspace(0.0, 2 * np.pi * 2.6, 60)
    reach = (0.055 + 0.018 * np.sin(turn * 3.3)) * rng.uniform(0.8, 1.3)
    crown = np.stack([np.cos(turn) * reach, np.sin(turn) * reach * 1.15 - tall], axis=1)
    return [trunk, crown]


def _smooth(corners: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """More points along the corners, so that the line can grow and tremble."""
    at, steps = np.arange(len(corners)), np.linspace(0, len(corners) - 1, 6 * len(corners))
    return np.stack([np.interp(steps, at, corners[:, axis]) for axis in range(2)], axis=1)


def _picks(rng: np.random.Generator, stage: Stage, choices: Sequence[Shade], count: int) -> list[Image]:
    """So many of the colours, each as often as chance has it."""
    return [stage.tint.rgb(choices[int(rng.integers(0, len(choices)))]) for _ in range(count)]


#: In the order of ``themes.LOOKS``.
PAINTERS: tuple[Callable[[np.random.Generator, Stage], Painter], ...] = (
    amber_discs,
    teal_waves,
    green_mist,
    crimson_grid,
    indigo_night,
    ivory_sketch,
)
