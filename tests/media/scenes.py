"""Painted scenes, some of a film and some of what surrounds it, as pictures ``[h, w, 3]``."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import cv2
import numpy as np
import numpy.typing as npt

RGB = npt.NDArray[np.uint8]
Scene = Callable[[np.random.Generator, int, int, int], Iterator[RGB]]

FONTS = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_COMPLEX, cv2.FONT_HERSHEY_TRIPLEX)
WORDS = (
    "following",
    "preview",
    "has",
    "been",
    "approved",
    "for",
    "all",
    "audiences",
    "film",
    "director",
    "music",
    "cast",
)


def cloud(rng: np.random.Generator, width: int, height: int, grain: int) -> npt.NDArray[np.float32]:
    """Smooth noise in 0…1, its lumps about ``grain`` pixels wide."""
    small = rng.random((height // grain + 3, width // grain + 3)).astype(np.float32)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC).clip(0, 1)


def tinted(light: npt.NDArray[np.float32], dark: tuple[int, ...], bright: tuple[int, ...]) -> npt.NDArray[np.float32]:
    a, b = np.array(dark, np.float32), np.array(bright, np.float32)
    return a + light[..., None] * (b - a)


def shown(picture: npt.NDArray[np.float32]) -> RGB:
    return picture.clip(0, 255).astype(np.uint8)


def grained(rng: np.random.Generator, picture: npt.NDArray[np.float32], strength: float = 3) -> RGB:
    return shown(picture + strength * rng.standard_normal(picture.shape[:2], np.float32)[..., None])


# Of the film.


def landscape(rng: np.random.Generator, width: int, height: int, count: int) -> Iterator[RGB]:
    """A pan over ground and sky."""
    far = 3 * width
    land = tinted(0.6 * cloud(rng, far, height, 12) + 0.4 * cloud(rng, far, height, 4), (30, 50, 20), (170, 160, 120))
    horizon = (height * (0.35 + 0.15 * cloud(rng, far, 1, 40)[0])).astype(int)
    sky = tinted(cloud(rng, far, height, 60), (90, 130, 190), (220, 230, 240))
    land[np.arange(height)[:, None] < horizon] = sky[np.arange(height)[:, None] < horizon]
    for k in range(count):
        yield grained(rng, land[:, 2 * k % (far - width) :][:, :width])


def dialogue(rng: np.random.Generator, width: int, height: int, count: int) -> Iterator[RGB]:
    """Two faces out of focus before a light wall with some texture."""
    wall = tinted(
        0.7 * cloud(rng, width, height, 40) + 0.3 * cloud(rng, width, height, 6), (190, 180, 165), (240, 235, 225)
    )
    for k in range(count):
        picture = wall.copy()
        for side, skin in ((0.3, (205, 160, 135)), (0.72, (150, 105, 80))):
            sway = 0.01 * np.sin(k / 7 + side * 9)
            centre = (int((side + sway) * width), int(0.45 * height))
            cv2.ellipse(picture, centre, (int(0.09 * width), int(0.24 * height)), 0, 0, 360, skin, -1)
            dress = (60, 70, 110) if side < 0.5 else (110, 40, 40)
            cv2.ellipse(
                picture, (centre[0], int(1.05 * height)), (int(0.2 * width), int(0.4 * height)), 0, 0, 360, dress, -1
            )
            cv2.ellipse(
                picture,
                (centre[0], int(0.25 * height)),
                (int(0.09 * width), int(0.1 * height)),
                0,
                180,
                360,
                (50, 35, 25),
                -1,
            )
        yield grained(rng, cv2.GaussianBlur(picture, (0, 0), height / 60))


def night(rng: np.random.Generator, width: int, height: int, count: int) -> Iterator[RGB]:
    """Small lights in the dark, and what they let see."""
    ground = tinted(cloud(rng, width, height, 25), (4, 5, 10), (26, 28, 40))
    lamps = [(int(rng.integers(width)), int(rng.integers(height)), int(rng.integers(1, 4))) for _ in range(18)]
    for k in range(count):
        picture = ground.copy()
        for x, y, size in lamps:
            cv2.circle(picture, ((x + k) % width, y), size, (250, 220, 150), -1)
        yield grained(rng, cv2.GaussianBlur(picture, (0, 0), 1.2))


def drawn(rng: np.random.Generator, width: int, height: int, count: int) -> Iterator[RGB]:
    """Animation: flat colours that reach the borders, outlines, one thing that moves."""
    picture = np.zeros((height, width, 3), np.float32)
    picture[:] = rng.integers(100, 230, 3)
    for _ in range(7):
        corners = np.stack(
            [rng.integers(-width // 5, 6 * width // 5, 4), rng.integers(-height // 5, 6 * height // 5, 4)], 1
        )
        hull = cv2.convexHull(corners.astype(np.int32))
        cv2.fillPoly(picture, [hull], [int(c) for c in rng.integers(20, 255, 3)])
        cv2.polylines(picture, [hull], True, (15, 15, 15), 2)
    for k in range(count):
        frame = picture.copy()
        x = int((0.2 + 0.6 * (k / max(count, 1))) * width)
        cv2.circle(frame, (x, int(0.6 * height)), height // 6, (250, 200, 60), -1)
        cv2.circle(frame, (x, int(0.6 * height)), height // 6, (15, 15, 15), 2)
        yield shown(frame)


def snow(rng: np.random.Generator, width: int, height: int, count: int) -> Iterator[RGB]:
    """Noise, as of a set without an aerial."""
    for _ in range(count):
        grey = cv2.resize(rng.integers(0, 256, (height // 2, width // 2), np.uint8), (width, height), interpolation=0)
        yield np.repeat(grey[..., None], 3, 2)


def city(rng: np.random.Generator, width: int, height: int, count: int) -> Iterator[RGB]:
    """Houses with windows and shop signs: edges in rows, as letters have, all over the picture."""
    street = tinted(cloud(rng, 2 * width, height, 30), (70, 80, 95), (150, 150, 150))
    for left in range(0, 2 * width, width // 6):
        tall = int(height * rng.uniform(0.3, 0.9))
        shade = [float(c) for c in rng.integers(40, 190, 3)]
        cv2.rectangle(street, (left, height - tall), (left + width // 6 - 4, height), shade, -1)
        for y in range(height - tall + 6, height - 8, 14):
            for x in range(left + 5, left + width // 6 - 12, 12):
                lit = (235, 220, 160) if rng.random() < 0.5 else (30, 35, 50)
                cv2.rectangle(street, (x, y), (x + 6, y + 8), lit, -1)
        cv2.putText(street, str(rng.choice(WORDS)).upper(), (left + 2, height - 12), 0, height / 500, (250, 240, 90), 1)
    for k in range(count):
        yield grained(rng, street[:, k % width : k % width + width])


def letterboxed(rng: np.random.Generator, width: int, height: int, count: int) -> Iterator[RGB]:
    """A wide film between two black bars."""
    bar = height // 7
    for frame in landscape(rng, width, height - 2 * bar, count):
        yield cv2.copyMakeBorder(frame, bar, bar, 0, 0, cv2.BORDER_CONSTANT)


def subtitled(rng: np.random.Generator, width: int, height: int, count: int) -> Iterator[RGB]:
    """Film with a line of speech written over it."""
    line = " ".join(rng.choice(WORDS, 5))
    for frame in landscape(rng, width, height, count):
        written(frame, line, 0.9, 0.06, (255, 255, 255))
        yield frame


def closeup(rng: np.random.Generator, width: int, height: int, count: int) -> Iterator[RGB]:
    """One face that fills the picture, before a plain dark room."""
    room = tinted(cloud(rng, width, height, 50), (20, 18, 16), (55, 48, 42))
    for k in range(count):
        picture = room.copy()
        x, y = int((0.5 + 0.02 * np.sin(k / 9)) * width), int(0.55 * height)
        cv2.ellipse(picture, (x, y), (int(0.2 * width), int(0.5 * height)), 0, 0, 360, (200, 150, 120), -1)
        cv2.ellipse(
            picture, (x - width // 40, y), (int(0.1 * width), int(0.45 * height)), 0, 0, 360, (150, 105, 80), -1
        )
        for eye in (-1, 1):
            cv2.circle(picture, (x + eye * width // 14, int(0.42 * height)), height // 40, (30, 20, 15), -1)
        cv2.ellipse(picture, (x, int(0.8 * height)), (width // 16, height // 40), 0, 0, 360, (150, 60, 60), -1)
        cv2.rectangle(picture, (0, int(0.93 * height)), (width, height), (90, 30, 30), -1)
        yield grained(rng, cv2.GaussianBlur(picture, (0, 0), 2))


def fire(rng: np.random.Generator, width: int, height: int, count: int) -> Iterator[RGB]:
    """Bright flames before black, which change from picture to picture."""
    rising = np.linspace(-0.6, 0.9, height, dtype=np.float32)[:, None]
    for _ in range(count):
        heat = (0.6 * cloud(rng, width, height, 30) + 0.4 * cloud(rng, width, height, 8) + rising).clip(0, 1.2)
        yield shown(np.stack([heat * 255, (heat - 0.35) * 300, (heat - 0.8) * 400], -1))


def fog(rng: np.random.Generator, width: int, height: int, count: int) -> Iterator[RGB]:
    """Bright and almost without contrast, a shape in the middle of it."""
    for k in range(count):
        haze = tinted(cloud(rng, width, height, 60), (196, 200, 205), (226, 229, 232)) if k == 0 else haze  # noqa: F821
        picture = np.roll(haze, 2 * k, axis=1)
        cv2.rectangle(
            picture,
            (width // 2 - width // 30 + k // 4, height // 3),
            (width // 2 + width // 30 + k // 4, height),
            (150, 155, 160),
            -1,
        )
        yield grained(rng, cv2.GaussianBlur(picture, (0, 0), 5))


def spoken(rng: np.random.Generator, width: int, height: int, count: int) -> Iterator[RGB]:
    """The dialogue before the light wall, with what is said written below."""
    line = " ".join(rng.choice(WORDS, 5))
    for frame in dialogue(rng, width, height, count):
        written(frame, line, 0.91, 0.06, (20, 20, 20))
        yield frame


def plane(rng: np.random.Generator, width: int, height: int, count: int) -> Iterator[RGB]:
    """A plane crosses a clear sky: nothing touches the borders, as on a card."""
    sky = tinted(
        np.repeat(np.linspace(0, 1, height, dtype=np.float32)[:, None], width, 1), (90, 130, 210), (200, 220, 240)
    )
    for k in range(count):
        picture = sky.copy()
        x, y = int((0.2 + 0.6 * k / max(count, 1)) * width), int(0.45 * height)
        size = height // 10
        cv2.ellipse(picture, (x, y), (2 * size, size // 3), 0, 0, 360, (245, 245, 245), -1)
        cv2.fillPoly(picture, [np.array([(x, y), (x - size, y + size), (x + size // 2, y)], np.int32)], (225, 225, 230))
        yield grained(rng, picture, 1)


def cave(rng: np.random.Generator, width: int, height: int, count: int) -> Iterator[RGB]:
    """Someone lit from one side, in the dark."""
    room = tinted(cloud(rng, width, height, 20), (1, 1, 2), (18, 15, 13))
    for k in range(count):
        picture = room.copy()
        x = int((0.45 + 0.02 * np.sin(k / 5)) * width)
        cv2.ellipse(picture, (x, height), (height // 2, int(0.55 * height)), 0, 0, 360, (34, 28, 26), -1)
        cv2.ellipse(picture, (x, int(0.4 * height)), (height // 6, height // 4), 0, 0, 360, (30, 22, 18), -1)
        cv2.ellipse(picture, (x, int(0.4 * height)), (height // 6, height // 4), 0, -80, 80, (150, 105, 75), -1)
        yield grained(rng, cv2.GaussianBlur(picture, (0, 0), 2), 2)


def signpost(rng: np.random.Generator, width: int, height: int, count: int) -> Iterator[RGB]:
    """A road sign, which says something, before hills."""
    land = tinted(cloud(rng, width, height, 25), (150, 185, 220), (225, 232, 240))
    cv2.ellipse(land, (width // 3, height), (width // 2, height // 3), 0, 0, 360, (70, 95, 60), -1)
    cv2.ellipse(land, (width, height), (width // 3, height // 2), 0, 0, 360, (84, 106, 70), -1)
    for k in range(count):
        picture = land.copy()
        by = 1 + 0.3 * k / max(count, 1)
        high, wide, middle = int(0.3 * height * by), int(0.4 * width * by), int(0.42 * height)
        board = ground(wide, high, (20, 90, 60))
        written(board, "HARBOUR 12", 0.3, 0.2, (245, 245, 245))
        written(board, "NORTHFIELD 40", 0.7, 0.2, (245, 245, 245))
        cv2.rectangle(picture, (width // 2 - 4, middle), (width // 2 + 4, height), (105, 105, 105), -1)
        left, top = (width - wide) // 2, middle - high // 2
        picture[top : top + high, left : left + wide] = board
        yield grained(rng, picture, 2)


FILM: dict[str, Scene] = {
    "landscape": landscape,
    "dialogue": dialogue,
    "night": night,
    "drawn": drawn,
    "snow": snow,
    "city": city,
    "letterboxed": letterboxed,
    "subtitled": subtitled,
    "closeup": closeup,
    "fire": fire,
    "fog": fog,
    "spoken": spoken,
    "plane": plane,
    "cave": cave,
    "signpost": signpost,
}


# Around the film.


def written(
    picture: npt.NDArray[np.generic], line: str, centre: float, size: float, colour: tuple[int, ...], font: int = 1
) -> None:
    """One line in the middle, ``size`` of the picture's height tall, at ``centre`` of its height."""
    height, width = picture.shape[:2]
    scale = size * height / 22
    (wide, tall), _ = cv2.getTextSize(line, font, scale, max(round(1.6 * scale), 1))
    if wide > 0.92 * width:
        scale *= 0.92 * width / wide
        (wide, tall), _ = cv2.getTextSize(line, font, scale, max(round(1.6 * scale), 1))
    at = ((width - wide) // 2, int(centre * height + tall / 2))
    cv2.putText(picture, line, at, font, scale, colour, max(round(1.6 * scale), 1), cv2.LINE_AA)


def still(picture: npt.NDArray[np.float32], count: int) -> Iterator[RGB]:
    for _ in range(count):
        yield shown(picture)


def ground(width: int, height: int, colour: tuple[int, ...]) -> npt.NDArray[np.float32]:
    return np.full((height, width, 3), colour, np.float32)


def black(rng: np.random.Generator, width: int, height: int, count: int) -> Iterator[RGB]:
    for _ in range(count):
        yield grained(rng, ground(width, height, (6, 6, 7)), 2)


def white(rng: np.random.Generator, width: int, height: int, count: int) -> Iterator[RGB]:
    yield from still(ground(width, height, (250, 250, 250)), count)


def emblem(picture: npt.NDArray[np.float32], rng: np.random.Generator, colour: tuple[int, ...]) -> None:
    height, width = picture.shape[:2]
    middle = (width // 2, int(0.42 * height))
    kind = int(rng.integers(3))
    if kind == 0:
        cv2.circle(picture, middle, height // 5, colour, -1)
        cv2.circle(picture, middle, height // 9, picture[0, 0].tolist(), -1)
    elif kind == 1:
        corners = [(0, -0.24), (0.2, 0.14), (-0.2, 0.14)]
        hull = np.array([(middle[0] + int(x * height), middle[1] + int(y * height)) for x, y in corners], np.int32)
        cv2.fillPoly(picture, [hull], colour)
    else:
        for k in range(5):
            x = middle[0] + (k - 2) * height // 10
            cv2.rectangle(
                picture, (x, middle[1] - height // 6 + k * 5), (x + height // 14, middle[1] + height // 8), colour, -1
            )


def dark_logo(rng: np.random.Generator, width: int, height: int, count: int) -> Iterator[RGB]:
    picture = ground(width, height, (10, 12, 22))
    emblem(picture, rng, (214, 178, 92))
    written(picture, "NORTHLIGHT PICTURES", 0.75, 0.075, (220, 220, 220), FONTS[int(rng.integers(4))])
    yield from still(picture, count)


def light_logo(rng: np.random.Generator, width: int, height: int, count: int) -> Iterator[RGB]:
    picture = ground(width, height, (244, 243, 240))
    emblem(picture, rng, (180, 40, 50))
    written(picture, "Harbour Films", 0.75, 0.08, (40, 40, 50), FONTS[int(rng.integers(4))])
    yield from still(picture, count)


def coloured_logo(rng: np.random.Generator, width: int, height: int, count: int) -> Iterator[RGB]:
    """An emblem without a word, growing, on a ground lit from its middle."""
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    glow = np.exp(-3 * (x**2 + y**2)).astype(np.float32)
    base = tinted(glow, (20, 30, 80), (60, 80, 150))
    for k in range(count):
        picture = base.copy()
        size = int(height * (0.12 + 0.1 * k / count))
        cv2.circle(picture, (width // 2, height // 2), size, (235, 235, 245), -1)
        cv2.circle(picture, (width // 2, height // 2), size // 2, (60, 80, 150), -1)
        yield shown(picture)


def rating_card(rng: np.random.Generator, width: int, height: int, count: int) -> Iterator[RGB]:
    """Lines of writing on green, within a frame."""
    picture = ground(width, height, (24, 94, 48))
    written(picture, "THE FOLLOWING PREVIEW HAS BEEN APPROVED FOR", 0.2, 0.045, (250, 250, 250))
    written(picture, "ALL AUDIENCES", 0.33, 0.09, (250, 250, 250))
    written(picture, "BY THE BOARD OF FILM CLASSIFICATION", 0.46, 0.045, (250, 250, 250))
    cv2.rectangle(picture, (width // 5, int(0.56 * height)), (4 * width // 5, int(0.86 * height)), (250, 250, 250), 2)
    written(picture, "PG  PARENTAL GUIDANCE", 0.66, 0.06, (250, 250, 250))
    written(picture, "some scenes may be unsuitable", 0.78, 0.045, (250, 250, 250))
    yield from still(picture, count)


def text_page(rng: np.random.Generator, width: int, height: int, count: int) -> Iterator[RGB]:
    dark = bool(rng.integers(2))
    picture = ground(width, height, (8, 8, 8) if dark else (245, 245, 240))
    ink = (235, 235, 235) if dark else (25, 25, 25)
    font = FONTS[int(rng.integers(4))]
    for k in range(int(rng.integers(2, 6))):
        written(picture, " ".join(rng.choice(WORDS, 4)), 0.25 + 0.12 * k, 0.06, ink, font)
    yield from still(picture, count)


def title(rng: np.random.Generator, width: int, height: int, count: int) -> Iterator[RGB]:
    """A few large letters."""
    picture = ground(width, height, (5, 5, 5))
    written(
        picture,
        str(rng.choice(["COMING SOON", "THIS SUMMER", "OBLIVION", "NO RETURN"])),
        0.5,
        0.16,
        (230, 225, 215),
        FONTS[int(rng.integers(4))],
    )
    yield from still(picture, count)


def names(rng: np.random.Generator, width: int, height: int, count: int) -> Iterator[RGB]:
    """Names that scroll."""
    long = ground(width, height * 4, (4, 4, 4))
    for k in range(60):
        words = [str(word).title() for word in rng.choice(WORDS, 4)]
        line = f"{words[0]} {words[1]}   {words[2]} {words[3]}"
        written(long, line, (k + 0.5) / 60, 0.011, (220, 220, 220))
    for k in range(count):
        yield shown(long[2 * k % (3 * height) :][:height])


def fading_logo(rng: np.random.Generator, width: int, height: int, count: int) -> Iterator[RGB]:
    """It comes out of the dark and goes back there, a third of its time each."""
    for k, frame in enumerate(
        dark_logo(rng, width, height, count) if rng.integers(2) else light_logo(rng, width, height, count)
    ):
        yield shown(frame * np.float32(min(1.0, 3 * (k + 1) / (count + 1), 3 * (count - k) / (count + 1))))


def sloped_logo(rng: np.random.Generator, width: int, height: int, count: int) -> Iterator[RGB]:
    """An emblem before a ground that is dark above and light below."""
    down = np.repeat(np.linspace(0, 1, height, dtype=np.float32)[:, None], width, 1)
    picture = tinted(down, (8, 16, 60), (70, 120, 170))
    emblem(picture, rng, (240, 240, 245))
    yield from still(picture, count)


def barred_card(rng: np.random.Generator, width: int, height: int, count: int) -> Iterator[RGB]:
    """The rating card of a wide film: black bars above and below the green."""
    bar = height // 8
    for frame in rating_card(rng, width, height - 2 * bar, count):
        yield cv2.copyMakeBorder(frame, bar, bar, 0, 0, cv2.BORDER_CONSTANT)


CARDS: dict[str, Scene] = {
    "black": black,
    "white": white,
    "dark_logo": dark_logo,
    "light_logo": light_logo,
    "coloured_logo": coloured_logo,
    "rating_card": rating_card,
    "text_page": text_page,
    "title": title,
    "names": names,
    "fading_logo": fading_logo,
    "sloped_logo": sloped_logo,
    "barred_card": barred_card,
}
