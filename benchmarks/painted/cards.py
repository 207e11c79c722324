"""Cards: what surrounds a film, as no part of the project paints it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np

from painted.film import FILM
from painted.strokes import (
    AA,
    FACES,
    RGB,
    Kind,
    Painter,
    Rng,
    colour,
    lay,
    plain,
    slope,
    smooth,
    still,
    word,
    words,
    zoomed,
)


def emblem(rng: Rng, picture: RGB, ink: Sequence[int], *, size: float = 1.0) -> None:
    height, width = picture.shape[:2]
    x, y, unit = width // 2, int(0.42 * height), 0.2 * height * size
    kind = int(rng.integers(5))
    if kind == 0:
        for k in range(12):
            turn = k * np.pi / 6
            far = (int(x + unit * np.cos(turn)), int(y + unit * np.sin(turn)))
            cv2.line(picture, (x, y), far, ink, max(2, height // 120), AA)
    elif kind == 1:
        for k, part in enumerate((1.0, 0.7, 0.4)):
            cv2.ellipse(
                picture, (x, y), (int(unit * part), int(unit * part)), 0, 30 * k, 300, ink, max(2, height // 60), AA
            )
    elif kind == 2:
        corners = [(x + unit * a, y + unit * b) for a, b in ((-1.2, 0.8), (-0.4, -0.7), (0, 0), (0.4, -1), (1.2, 0.8))]
        cv2.fillPoly(picture, [np.array(corners, np.int32)], ink, AA)
    elif kind == 3:
        cv2.rectangle(
            picture,
            (int(x - unit), int(y - unit * 0.8)),
            (int(x + unit), int(y + unit * 0.8)),
            ink,
            max(2, height // 45),
        )
        lay(
            picture,
            "".join(chr(65 + int(c)) for c in rng.integers(0, 26, 2)),
            (0.5, 0.42),
            0.22 * size,
            ink,
            FACES[int(rng.integers(5))],
        )
    else:
        for k in range(4):
            spot = (int(x + unit * (0.55 * k - 0.8)), int(y + unit * 0.5 * (k % 2)))
            cv2.circle(picture, spot, int(unit * 0.35), ink, -1, AA)


def logo(ground: Callable[[Rng, int, int], RGB], ink: Callable[[Rng], Sequence[int]], *, moves: bool = False) -> Kind:
    def make(rng: Rng, width: int, height: int, frames: int) -> Painter:
        picture, pen = ground(rng, width, height), ink(rng)
        emblem(rng, picture, pen)
        if rng.random() < 0.85:
            lay(
                picture,
                f"{words(rng, 1)} {rng.choice(['Pictures', 'FILMS', 'Studios', 'Entertainment'])}",
                (0.5, 0.76),
                float(rng.uniform(0.06, 0.1)),
                pen,
                FACES[int(rng.integers(5))],
            )
        if not moves:
            return still(picture)
        # It grows a little, and a glint passes over it.
        glint = np.exp(-(((np.arange(3 * width) - 1.5 * width) / (0.06 * width)) ** 2)).astype(np.float32)[
            None, :, None
        ]

        def paint(k: int) -> RGB:
            large = zoomed(picture, 0.9 + 0.12 * k / frames)
            at = int(2 * width * (1 - k / frames))
            lit = 1 + 0.5 * glint[:, at : at + width]
            return np.clip(large * lit, 0, 255).astype(np.uint8)

        return paint

    return make


def rating(rng: Rng, width: int, height: int, frames: int) -> Painter:
    ground = ((18, 92, 40), (20, 100, 52), (150, 24, 30), (30, 40, 110))[int(rng.integers(4))]
    picture, ink = plain(width, height, ground), (240, 240, 240)
    lay(picture, "THE FOLLOWING PREVIEW HAS BEEN APPROVED TO", (0.5, 0.14), 0.045, ink)
    lay(picture, "ACCOMPANY THIS FEATURE", (0.5, 0.24), 0.055, ink)
    lay(picture, f"BY THE {words(rng, 2).upper()} ASSOCIATION", (0.5, 0.34), 0.035, ink)
    left, top, right, low = int(0.18 * width), int(0.48 * height), int(0.82 * width), int(0.8 * height)
    cv2.rectangle(picture, (left, top), (right, low), ink, max(1, height // 150))
    cv2.line(picture, (int(0.32 * width), top), (int(0.32 * width), low), ink, max(1, height // 150))
    lay(picture, str(rng.choice(["PG", "R", "G", "12", "PG-13"])), (0.25, 0.64), 0.14, ink)
    for k in range(3):
        lay(picture, words(rng, 4).upper(), (0.57, 0.55 + 0.08 * k), 0.04, ink)
    lay(picture, f"www.{word(rng).lower()}ratings.example", (0.5, 0.9), 0.035, ink)
    return still(picture)


def lead(level: Callable[[Rng], int], noise: float) -> Kind:
    def make(rng: Rng, width: int, height: int, frames: int) -> Painter:
        ground = np.full((height, width, 3), level(rng), np.int16)
        grain = rng.normal(0, noise * rng.random(), (height, 2 * width, 1)).round().astype(np.int16)
        return lambda k: np.clip(ground + grain[:, 7 * k % width : 7 * k % width + width], 0, 255).astype(np.uint8)

    return make


def sheet_of(rng: Rng, width: int, height: int, rows: int, *, one_column: bool) -> RGB:
    sheet = plain(width, round(height * 0.075 * rows), (0, 0, 0))
    tall = height / sheet.shape[0]
    for k in range(rows):
        at = (k + 0.5) / rows
        if k % 7 == 6:
            continue
        if one_column:
            lay(sheet, words(rng, 3), (0.5, at), 0.045 * tall, (225, 225, 225))
        else:
            lay(sheet, words(rng, 2), (0.3, at), 0.042 * tall, (190, 190, 190))
            lay(sheet, words(rng, 2), (0.7, at), 0.042 * tall, (230, 230, 230))
    return sheet


def roll(rng: Rng, width: int, height: int, frames: int) -> Painter:
    sheet = sheet_of(rng, width, height, 60, one_column=bool(rng.integers(2)))
    speed = float(rng.uniform(0.4, 1.4)) * height / 240
    return lambda k: sheet[int(speed * k) % (len(sheet) - height) :][:height]


def credits_over_film(rng: Rng, width: int, height: int, frames: int) -> Painter:
    sheet, under = sheet_of(rng, width, height, 60, one_column=True), FILM["street"](rng, width, height, frames)
    return lambda k: np.maximum(cv2.convertScaleAbs(under(k), alpha=0.3), sheet[k % (len(sheet) - height) :][:height])


def words_on_smoke(rng: Rng, width: int, height: int, frames: int) -> Painter:
    smoke = smooth(rng, 2 * width, height, 4, (0, 0, 8), (50, 50, 80))
    letters = plain(width, height, (0, 0, 0))
    lay(letters, words(rng, 2).upper(), (0.5, 0.5), 0.13, (230, 220, 190), FACES[int(rng.integers(5))])
    return lambda k: np.maximum(smoke[:, 2 * k % width :][:, :width], zoomed(letters, 1 + 0.1 * k / frames))


def title(rng: Rng, width: int, height: int, frames: int) -> Painter:
    dark = rng.random() < 0.8
    picture = plain(width, height, (0, 0, 0) if dark else (246, 246, 246))
    ink = colour(rng, 170, 255) if dark else colour(rng, 0, 90)
    lay(
        picture,
        words(rng, int(rng.integers(1, 3))).upper(),
        (0.5, 0.42),
        float(rng.uniform(0.12, 0.2)),
        ink,
        FACES[int(rng.integers(5))],
    )
    lay(picture, f"IN CINEMAS {rng.integers(1, 29)} {rng.choice(['MARCH', 'JUNE', 'OCTOBER'])}", (0.5, 0.68), 0.06, ink)
    grows = rng.random() < 0.5
    return (lambda k: zoomed(picture, 1 + 0.12 * k / frames)) if grows else still(picture)


def billing(rng: Rng, width: int, height: int, frames: int) -> Painter:
    """The last card: title, names in a narrow block, small logos, an address."""
    picture = plain(width, height, (2, 2, 4))
    lay(picture, words(rng, 2).upper(), (0.5, 0.3), 0.13, colour(rng, 150, 255))
    for k in range(4):
        lay(picture, words(rng, 7).upper(), (0.5, 0.58 + 0.055 * k), 0.04, (150, 150, 150))
    for k in range(3):
        cv2.rectangle(
            picture,
            (int((0.3 + 0.15 * k) * width), int(0.84 * height)),
            (int((0.38 + 0.15 * k) * width), int(0.9 * height)),
            (150, 150, 150),
            1,
        )
    return still(picture)


def text(rng: Rng, width: int, height: int, frames: int) -> Painter:
    picture = (
        plain(width, height, (0, 0, 0))
        if rng.random() < 0.8
        else smooth(rng, width, height, 2, (10, 10, 30), (25, 25, 60))
    )
    rows = int(rng.integers(1, 4))
    for k in range(rows):
        lay(
            picture,
            words(rng, int(rng.integers(1, 4))).upper(),
            (0.5, 0.5 + 0.16 * (k - (rows - 1) / 2)),
            float(rng.uniform(0.07, 0.13)),
            colour(rng, 190, 255),
            FACES[int(rng.integers(5))],
        )
    grows = rng.random() < 0.6
    return (lambda k: zoomed(picture, 1 + 0.15 * k / frames)) if grows else still(picture)


def wiped_logo(rng: Rng, width: int, height: int, frames: int) -> Painter:
    """A logo that is uncovered from the left, on a ground of two colours."""
    ground = slope(width, height, (8, 20, 70), (30, 70, 140))
    whole = ground.copy()
    emblem(rng, whole, (235, 235, 240), size=1.2)
    lay(whole, words(rng, 2).upper(), (0.5, 0.8), 0.09, (235, 235, 240))

    def paint(k: int) -> RGB:
        edge = int(width * min(1.0, 0.25 + 1.6 * k / frames))
        return np.concatenate([whole[:, :edge], ground[:, edge:]], 1)

    return paint


def web_address(rng: Rng, width: int, height: int, frames: int) -> Painter:
    picture = plain(width, height, (int(rng.integers(60, 200)),) * 3)
    ink = (250, 250, 250) if picture[0, 0, 0] < 128 else (15, 15, 15)
    lay(picture, f"www.{word(rng).lower()}{word(rng).lower()}.example", (0.5, 0.5), 0.08, ink)
    lay(picture, f"#{word(rng)}", (0.5, 0.64), 0.05, ink)
    return still(picture)


def presents(rng: Rng, width: int, height: int, frames: int) -> Painter:
    picture = plain(width, height, (0, 0, 0))
    lay(picture, f"{words(rng, 2)} presents", (0.5, 0.5), 0.05, (210, 210, 210), FACES[int(rng.integers(5))])
    lay(picture, f"in association with {words(rng, 1)}", (0.5, 0.6), 0.035, (160, 160, 160))
    return still(picture)


CARDS: dict[str, Kind] = {
    "logo_on_black": logo(lambda r, w, h: plain(w, h, (0, 0, 0)), lambda r: colour(r, 140, 255)),
    "logo_on_white": logo(lambda r, w, h: plain(w, h, (int(r.integers(235, 256)),) * 3), lambda r: colour(r, 0, 160)),
    "logo_on_colour": logo(lambda r, w, h: plain(w, h, colour(r, 20, 170)), lambda r: colour(r, 215, 255)),
    "logo_on_slope": logo(
        lambda r, w, h: slope(w, h, colour(r, 0, 60), colour(r, 60, 150)), lambda r: colour(r, 200, 255)
    ),
    "growing_logo": logo(
        lambda r, w, h: smooth(r, w, h, 2, (5, 5, 20), (40, 50, 90)), lambda r: (220, 190, 110), moves=True
    ),
    "rating": rating,
    "black": lead(lambda r: int(r.integers(0, 13)), 2.5),
    "white": lead(lambda r: int(r.integers(240, 256)), 1.5),
    "credits": roll,
    "credits_over_film": credits_over_film,
    "title": title,
    "billing": billing,
    "text": text,
    "words_on_smoke": words_on_smoke,
    "wiped_logo": wiped_logo,
    "web_address": web_address,
    "presents": presents,
}
LOGOS = ("logo_on_black", "logo_on_white", "logo_on_colour", "logo_on_slope", "growing_logo", "wiped_logo")
OPENING = (*LOGOS, "rating", "rating", "rating", "black", "black", "white", "presents", "presents", "text")
CLOSING = (
    "title",
    "title",
    "billing",
    "credits",
    "credits",
    "credits_over_film",
    "black",
    "logo_on_black",
    "logo_on_white",
    "text",
    "web_address",
    "web_address",
    "rating",
)
BETWEEN = ("text", "text", "title", "words_on_smoke", "presents")
UNFADED = ("black", "white", "credits_over_film")
LENGTHS_S = {"black": (0.5, 2.0), "white": (0.5, 2.0), "credits": (2.5, 6.0), "credits_over_film": (2.5, 4.0)}
