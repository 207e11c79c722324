"""Film: shots that have something of a card, and must be kept."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from painted.strokes import AA, RGB, Kind, Painter, Rng, colour, lay, oval, plain, slope, smooth, word, words


def person(
    picture: RGB, at_x: float, *, size: float, skin: Sequence[int], dress: Sequence[int], turn: float, mouth: float
) -> None:
    """A head and shoulders that reach the lower border."""
    height, width = picture.shape[:2]
    x, unit = int((at_x + 0.012 * np.sin(turn)) * width), size * height
    y = int(height - 2.0 * unit + 0.02 * unit * np.sin(1.7 * turn))
    oval(picture, (x, int(y + 2.4 * unit)), (int(1.3 * unit), int(1.5 * unit)), dress)
    cv2.rectangle(
        picture, (int(x - 0.2 * unit), y), (int(x + 0.2 * unit), int(y + unit)), [int(0.85 * c) for c in skin], -1
    )
    oval(picture, (x, y), (int(0.5 * unit), int(0.68 * unit)), skin)
    cv2.ellipse(
        picture, (x, int(y - 0.2 * unit)), (int(0.54 * unit), int(0.55 * unit)), 0, 180, 360, (48, 34, 26), -1, AA
    )
    for side in (-1, 1):
        cv2.circle(picture, (int(x + side * 0.2 * unit), y), max(1, int(0.06 * unit)), (25, 20, 20), -1, AA)
    oval(picture, (x, int(y + 0.35 * unit)), (int(0.16 * unit), max(1, int(0.09 * unit * mouth))), (120, 40, 40))


def dialogue(rng: Rng, width: int, height: int, frames: int) -> Painter:
    level = int(rng.integers(205, 250))
    wall = smooth(rng, width, height, 3, (level - 12, level - 14, level - 20), (level, level - 2, level - 6))
    skins, dresses = [(225, 180, 150), (140, 95, 70)], [colour(rng, 30, 200), colour(rng, 30, 200)]
    said = [words(rng, 5).lower().capitalize() + "." for _ in range(3)]
    spoken, phase = rng.random() < 0.7, rng.uniform(0, 6, 2)

    def paint(k: int) -> RGB:
        picture = wall.copy()
        for n, at in enumerate((0.27, 0.73)):
            talks = abs(np.sin(k / 2.5)) if (k // 40) % 2 == n else 0.2
            person(picture, at, size=0.28, skin=skins[n], dress=dresses[n], turn=k / 11 + phase[n], mouth=talks)
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), 0.8))
        if spoken:
            lay(picture, said[k // 40 % 3], (0.503, 0.923), 0.062, (10, 10, 10))
            lay(picture, said[k // 40 % 3], (0.5, 0.92), 0.062, (255, 255, 255))
        return picture

    return paint


def face(rng: Rng, width: int, height: int, frames: int) -> Painter:
    level = int(rng.choice([25, 60, 120, 190, 235]))
    studio = smooth(rng, width, height, 2, (level - 8,) * 3, (level + 8,) * 3)
    skin, dress, at = (
        [(225, 180, 150), (140, 95, 70)][int(rng.integers(2))],
        colour(rng, 20, 220),
        float(rng.uniform(0.4, 0.6)),
    )

    def paint(k: int) -> RGB:
        picture = studio.copy()
        person(
            picture, at + 0.01 * np.sin(k / 17), size=0.5, skin=skin, dress=dress, turn=k / 14, mouth=abs(np.sin(k / 3))
        )
        return np.asarray(cv2.GaussianBlur(picture, (0, 0), 1.2))

    return paint


def night(rng: Rng, width: int, height: int, frames: int) -> Painter:
    ground = smooth(rng, width, height, 5, (2, 3, 8), (30, 30, 42))
    lamps = [
        (int(rng.integers(width)), int(rng.integers(int(0.7 * height))), int(rng.integers(1, 5)))
        for _ in range(int(rng.integers(4, 14)))
    ]

    def paint(k: int) -> RGB:
        picture = ground.copy()
        for x, y, size in lamps:
            cv2.circle(picture, ((x + k) % width, y), size, (250, 215, 140), -1, AA)
        x = int((k / 60 % 1.4 - 0.2) * width)
        for side in (0, height // 12):
            cv2.circle(picture, (x + side, int(0.8 * height)), height // 50, (255, 250, 220), -1, AA)
        return np.asarray(cv2.GaussianBlur(picture, (0, 0), 1.0))

    return paint


def cave(rng: Rng, width: int, height: int, frames: int) -> Painter:
    """One who is lit from the side, and nothing else."""
    dark = smooth(rng, width, height, 8, (1, 1, 2), (16, 13, 12))
    across = np.clip(np.linspace(-0.4, 1, width, dtype=np.float32), 0, 1)[None, :, None]

    def paint(k: int) -> RGB:
        picture = dark.copy()
        person(
            picture,
            0.5 + 0.02 * np.sin(k / 20),
            size=0.38,
            skin=(170, 120, 85),
            dress=(40, 32, 30),
            turn=k / 9,
            mouth=0.4,
        )
        lit = picture * across * (0.85 + 0.1 * np.sin(k / 4)) + dark * 0.4
        return np.asarray(cv2.GaussianBlur(np.clip(lit, 0, 255).astype(np.uint8), (0, 0), 1.0))

    return paint


def snow(rng: Rng, width: int, height: int, frames: int) -> Painter:
    land = smooth(rng, 2 * width, height, 6, (222, 226, 232), (252, 253, 255))
    land[: int(0.3 * height)] = smooth(rng, 2 * width, int(0.3 * height), 2, (200, 212, 228), (232, 238, 244))
    trees = [
        (int(rng.integers(2 * width)), int(rng.uniform(0.3, 0.5) * height), int(rng.uniform(0.05, 0.16) * height))
        for _ in range(7)
    ]
    for x, y, size in trees:
        cv2.fillPoly(
            land, [np.array([(x, y - 2 * size), (x - size // 2, y), (x + size // 2, y)], np.int32)], (70, 82, 78), AA
        )

    def paint(k: int) -> RGB:
        picture = land[:, k % width :][:, :width].copy()
        x, y = int((0.3 + 0.002 * k) * width), int(0.7 * height)
        oval(picture, (x, y), (height // 30, height // 10), (160, 40, 40))
        cv2.circle(picture, (x, y - height // 8), height // 35, (210, 170, 140), -1, AA)
        return picture

    return paint


def beach(rng: Rng, width: int, height: int, frames: int) -> Painter:
    base = slope(width, height, (205, 226, 246), (240, 246, 250))
    sea, sand = int(rng.uniform(0.4, 0.5) * height), int(rng.uniform(0.62, 0.72) * height)
    base[sea:sand] = slope(width, sand - sea, (60, 130, 170), (150, 205, 210))
    base[sand:] = smooth(rng, width, height - sand, 20, (226, 208, 172), (246, 232, 205))

    def paint(k: int) -> RGB:
        picture = base.copy()
        across = np.arange(0, width + 8, 8)
        for n in range(4):
            y = sea + (sand - sea) * ((n + k / 40) % 4) / 4
            crest = np.stack([across, y + 2.5 * np.sin(across / 31 + n + k / 9)], 1).astype(np.int32)
            cv2.polylines(picture, [crest], False, (245, 250, 250), 2, AA)
        return picture

    return paint


def sky(rng: Rng, width: int, height: int, frames: int) -> Painter:
    """A plane crosses a clear sky: all four margins are empty, as those of a logo are."""
    up = colour(rng, 70, 140)
    ground = slope(width, height, (up[0], up[1] + 30, 200), (190, 215, 240))
    start, drop = float(rng.uniform(0.2, 0.35)), float(rng.uniform(-0.1, 0.1))

    def paint(k: int) -> RGB:
        picture = ground.copy()
        x, y = (start + 0.004 * k) * width, (0.5 + drop * k / frames) * height
        unit = 0.06 * height
        for shape in (
            ((-3, 0), (3, -0.4), (3.4, 0), (3, 0.4)),
            ((-0.5, 0), (-1.6, 2), (-0.6, 2), (1, 0)),
            ((-3, 0), (-3.6, -1.2), (-2.9, -1.2), (-2, 0)),
        ):
            cv2.fillPoly(
                picture, [np.array([(x + unit * a, y + unit * b) for a, b in shape], np.int32)], (235, 238, 240), AA
            )
        return picture

    return paint


def street(rng: Rng, width: int, height: int, frames: int) -> Painter:
    wide = 2 * width
    land = slope(wide, height, (150, 175, 205), (120, 118, 114))
    x = 0
    while x < wide:
        across, top = int(rng.uniform(0.12, 0.25) * height) * 2, int(rng.uniform(0.05, 0.5) * height)
        cv2.rectangle(land, (x, top), (x + across - 4, int(0.86 * height)), colour(rng, 50, 190), -1)
        for y in range(top + 10, int(0.7 * height), height // 14):
            for window in range(x + 8, x + across - 16, height // 18):
                cv2.rectangle(
                    land,
                    (window, y),
                    (window + height // 36, y + height // 26),
                    (225, 215, 170) if rng.random() < 0.4 else (45, 55, 70),
                    -1,
                )
        lay(land[:, max(x, 0) : x + across], word(rng), (0.5, 0.78), 0.06, (250, 240, 120))
        x += across
    land = np.asarray(cv2.add(land, rng.integers(0, 14, land.shape, dtype=np.uint8)))

    def paint(k: int) -> RGB:
        picture = land[:, 2 * k % width :][:, :width].copy()
        for n in range(3):
            at = int(((0.3 * n + k / 70) % 1.2 - 0.1) * width)
            oval(picture, (at, int(0.88 * height)), (height // 24, height // 8), (60 + 60 * n, 50, 70))
        return picture

    return paint


def letterboxed(rng: Rng, width: int, height: int, frames: int) -> Painter:
    bar = int(rng.uniform(0.1, 0.16) * height)
    under = (street, cave, beach, night)[int(rng.integers(4))](rng, width, height - 2 * bar, frames)
    return lambda k: np.asarray(cv2.copyMakeBorder(under(k), bar, bar, 0, 0, cv2.BORDER_CONSTANT))


def cartoon(rng: Rng, width: int, height: int, frames: int) -> Painter:
    base = plain(width, height, colour(rng, 120, 240))
    oval(base, (width // 2, int(1.2 * height)), (int(0.9 * width), int(0.6 * height)), colour(rng, 60, 200))
    coat, pace = colour(rng, 60, 240), float(rng.uniform(0.5, 2))

    def paint(k: int) -> RGB:
        picture = base.copy()
        x, y, unit = int((0.3 + 0.4 * (0.5 + 0.5 * np.sin(pace * k / 30))) * width), int(0.5 * height), height // 6
        for fill, thick in ((coat, -1), ((10, 10, 10), max(2, height // 120))):
            cv2.ellipse(picture, (x, y + 2 * unit), (unit, 2 * unit), 0, 0, 360, fill, thick, AA)
            cv2.circle(picture, (x, y - unit // 2), unit, fill, thick, AA)
        for side in (-1, 1):
            cv2.circle(picture, (x + side * unit // 3, y - unit // 2), unit // 6, (250, 250, 250), -1, AA)
            cv2.circle(picture, (x + side * unit // 3, y - unit // 2), unit // 14, (10, 10, 10), -1, AA)
        return picture

    return paint


def newspaper(rng: Rng, width: int, height: int, frames: int) -> Painter:
    """Read over someone's shoulder: it sways, it lies askew, and the room is behind it."""
    room = np.asarray(cv2.GaussianBlur(smooth(rng, width, height, 7, (60, 45, 35), (170, 140, 110)), (0, 0), 3))
    paper = smooth(rng, width, height, 30, (205, 200, 188), (226, 221, 208))
    lay(paper, words(rng, 3).upper(), (0.5, 0.14), 0.12, (30, 30, 30), cv2.FONT_HERSHEY_TRIPLEX)
    for column in range(3):
        for row in range(13):
            lay(paper, words(rng, 4).lower(), (0.2 + 0.3 * column, 0.3 + 0.052 * row), 0.033, (70, 70, 70))
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    askew = corners * [0.85, 1.0] + [0.07 * width, 0.06 * height] + rng.uniform(-0.06, 0.06, (4, 2)) * [width, height]

    def paint(k: int) -> RGB:
        sway = np.array([0.012 * width * np.sin(k / 13), 0.015 * height * np.sin(k / 9)])
        move = cv2.getPerspectiveTransform(corners, (askew + sway).astype(np.float32))
        return np.asarray(
            cv2.warpPerspective(
                paper, move, (width, height), room.copy(), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_TRANSPARENT
            )
        )

    return paint


def sign(rng: Rng, width: int, height: int, frames: int) -> Painter:
    """A road sign against the sky, from a car."""
    above = smooth(rng, width, height, 3, (150, 180, 215), (215, 228, 240))
    oval(above, (width // 3, height), (width // 2, int(0.2 * height)), (62, 86, 50))
    board = plain(int(0.42 * width), int(0.34 * height), (20, 92, 60))
    cv2.rectangle(board, (3, 3), (board.shape[1] - 4, board.shape[0] - 4), (240, 240, 240), 2)
    for row in range(2):
        lay(board, f"{word(rng)} {rng.integers(2, 90)}", (0.5, 0.32 + 0.36 * row), 0.24, (245, 245, 245))

    def paint(k: int) -> RGB:
        picture, by = above.copy(), 0.7 + 0.8 * k / frames
        shown_board = np.asarray(cv2.resize(board, None, fx=by, fy=by, interpolation=cv2.INTER_AREA))
        top, left = int(0.2 * height + 2 * np.sin(k)), int(0.35 * width)
        tall, wide = min(shown_board.shape[0], height - top), min(shown_board.shape[1], width - left)
        cv2.rectangle(picture, (left + wide // 2 - 5, top), (left + wide // 2 + 5, height), (110, 110, 112), -1)
        picture[top : top + tall, left : left + wide] = shown_board[:tall, :wide]
        return picture

    return paint


def deep_sea(rng: Rng, width: int, height: int, frames: int) -> Painter:
    water = slope(width, height, (40, 130, 175), (4, 26, 60))
    fish = [(rng.random(), rng.uniform(0.2, 0.8), rng.uniform(0.02, 0.07)) for _ in range(5)]

    def paint(k: int) -> RGB:
        picture = water.copy()
        for x, y, size in fish:
            at = (int(((x + 0.1 * size * k) % 1.2 - 0.1) * width), int(y * height))
            oval(picture, at, (int(2 * size * height), int(size * height)), (20, 60, 90))
        return np.asarray(cv2.GaussianBlur(picture, (0, 0), 2))

    return paint


def interview(rng: Rng, width: int, height: int, frames: int) -> Painter:
    """One who speaks to us, and who that is."""
    under, name = face(rng, width, height, frames), words(rng, 2)

    def paint(k: int) -> RGB:
        picture = under(k).copy()
        cv2.rectangle(
            picture, (int(0.06 * width), int(0.78 * height)), (int(0.5 * width), int(0.91 * height)), (30, 60, 130), -1
        )
        lay(picture, name, (0.28, 0.845), 0.07, (250, 250, 250))
        return picture

    return paint


def sunset(rng: Rng, width: int, height: int, frames: int) -> Painter:
    ground = slope(width, height, (60, 30, 70), (250, 150, 60))
    cv2.circle(ground, (int(0.6 * width), int(0.7 * height)), height // 8, (255, 220, 150), -1, AA)
    hill = np.array(
        [
            (0, height),
            (0, int(0.85 * height)),
            (width // 2, int(0.74 * height)),
            (width, int(0.88 * height)),
            (width, height),
        ],
        np.int32,
    )

    def paint(k: int) -> RGB:
        picture = ground.copy()
        cv2.fillPoly(picture, [hill], (8, 6, 10), AA)
        x = int((0.3 + 0.002 * k) * width)
        oval(picture, (x, int(0.7 * height)), (height // 40, height // 11), (8, 6, 10))
        return picture

    return paint


FILM: dict[str, Kind] = {
    "dialogue": dialogue,
    "face": face,
    "night": night,
    "cave": cave,
    "snow": snow,
    "beach": beach,
    "sky": sky,
    "street": street,
    "letterboxed": letterboxed,
    "cartoon": cartoon,
    "newspaper": newspaper,
    "sign": sign,
    "deep_sea": deep_sea,
    "interview": interview,
    "sunset": sunset,
}
