"""Cards: the pictures that are not content — the studio's logo, text between shots, the title, the credits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

import cv2
import numpy as np

from triptych.catalogue.records import Item
from triptych.catalogue.sources.synthetic.colour import Image, Shade, Tint
from triptych.catalogue.sources.synthetic.strokes import Plane

#: Letters are drawn this many times larger and shrunk, because Hershey fonts are ragged when small.
_OVER = 4

_STUDIOS = (
    "NORTHLIGHT", "HELIOTROPE", "PAPER LANTERN", "BLUE HERON", "GRANITE HOUSE", "ALDER & VANE", "MERIDIAN ARTS",
    "QUIET ROOM", "SALT & IRON", "FOXGLOVE",
)  # fmt: skip
_KINDS = ("PICTURES", "FILMS", "STUDIOS", "ENTERTAINMENT")
_LINES = (
    ("THIS SUMMER",), ("THIS WINTER",), ("COMING SOON",), ("EVERY STORY", "HAS ITS HOUR"), ("ONLY IN CINEMAS",),
    ("THIS YEAR", "LOOK AGAIN"), ("SOME THINGS", "CANNOT WAIT"), ("FROM THE FIRST", "TO THE LAST"),
)  # fmt: skip
_ROLES = (
    "Directed by", "Written by", "Produced by", "Photography", "Edited by", "Music by", "Production design",
    "Costumes", "Casting by", "Sound", "Visual effects",
)  # fmt: skip
_MONTHS = (
    "JANUARY", "FEBRUARY", "MARCH", "APRIL", "MAY", "JUNE", "JULY", "AUGUST", "SEPTEMBER", "OCTOBER", "NOVEMBER",
    "DECEMBER",
)  # fmt: skip

_GOLD = Shade(lightness=0.84, chroma=0.07, hue_deg=85)
_SILVER = Shade(lightness=0.88, chroma=0.01, hue_deg=250)
_COAL = Shade(lightness=0.17, chroma=0.02, hue_deg=260)
_CHALK = Shade(lightness=0.96, chroma=0.008, hue_deg=90)


def logo(rng: np.random.Generator, width_px: int, height_px: int) -> Image:
    """A still emblem over the studio's name, on a plain ground that is dark or light."""
    tint = Tint(hue_deg=float(rng.uniform(-180, 180)))
    light = rng.random() < 0.35
    card = _ground(tint.rgb(_CHALK if light else _COAL), width_px, height_px)
    colour = tint.rgb(_COAL) if light else Tint().rgb(_GOLD if rng.random() < 0.6 else _SILVER)
    _lay(card, _emblem(rng, width_px, height_px), colour)
    name, kind = str(rng.choice(_STUDIOS)), str(rng.choice(_KINDS))
    _write(card, name, centre=0.7, height=0.085, spacing=0.35, colour=colour)
    _write(card, kind, centre=0.82, height=0.045, spacing=0.9, colour=colour * 0.8 + card[0, 0] * 0.2)
    return card


def between(rng: np.random.Generator, width_px: int, height_px: int) -> Image:
    """One or two lines of large text on black: it promises something and says nothing of the plot."""
    card = np.zeros((height_px, width_px, 3), np.float32)
    lines = _LINES[int(rng.integers(0, len(_LINES)))]
    for k, line in enumerate(lines):
        centre = 0.5 + (k - (len(lines) - 1) / 2) * 0.19
        _write(card, line, centre=centre, height=0.11, spacing=0.5, colour=Tint().rgb(_CHALK))
    return card


def title(item: Item, width_px: int, height_px: int) -> Image:
    """The title, a rule, and the date of release on black."""
    card = np.zeros((height_px, width_px, 3), np.float32)
    gold = Tint().rgb(_GOLD)
    words = item.title.upper().split()
    rows = _balance(words, 1 if len(item.title) <= 16 else 2)
    for k, row in enumerate(rows):
        _write(card, row, centre=0.42 + (k - (len(rows) - 1) / 2) * 0.17, height=0.105, spacing=0.3, colour=gold)
    rule = round(0.62 * height_px)
    card[rule : rule + max(1, height_px // 180), width_px * 3 // 8 : width_px * 5 // 8] = gold * 0.6
    day = date.fromisoformat(item.released_at)
    dated = f"IN CINEMAS {day.day} {_MONTHS[day.month - 1]} {day.year}"
    _write(card, dated, centre=0.73, height=0.055, spacing=0.5, colour=Tint().rgb(_SILVER))
    return card


def roll(item: Item, rng: np.random.Generator, width_px: int, height_px: int, frames: int) -> Iterator[Image]:
    """Small text that scrolls up over black, about half a screen in ``frames`` pictures."""
    people = item.people or ("Nobody",)
    roles = ["Starring", *(str(role) for role in rng.permutation(_ROLES))]
    lines = [item.title.upper(), ""]
    for k, role in enumerate(roles):
        lines += [f"{role}   {people[(k + 1) % len(people)]}"]
    pitch = 0.095
    sheet = np.zeros((round(height_px * pitch * (len(lines) + 4)), width_px, 3), np.float32)
    for k, line in enumerate(lines):
        at = (k + 1) * pitch * height_px / sheet.shape[0]
        _write(
            sheet, line, centre=at, height=0.05 * height_px / sheet.shape[0], spacing=0.15, colour=Tint().rgb(_SILVER)
        )
    for frame in range(frames):
        shift = -0.25 * height_px + 0.5 * height_px * frame / max(1, frames - 1)
        move = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, shift]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        image = cv2.warpAffine(sheet, move, (width_px, height_px), flags=flags, borderMode=cv2.BORDER_CONSTANT)
        yield np.asarray(image, dtype=np.float32)


def _ground(colour: Image, width_px: int, height_px: int) -> Image:
    """A plain ground, a little darker towards the corners."""
    y, x = np.mgrid[-1.0 : 1.0 : height_px * 1j, -1.0 : 1.0 : width_px * 1j]
    return ((1.0 - 0.1 * (x * x + y * y))[..., None] * colour).astype(np.float32)


def _emblem(rng: np.random.Generator, width_px: int, height_px: int) -> Plane:
    """A ring with rays, a crescent, a mountain or a star in it, as coverage 0–1."""
    over = _OVER
    mask = np.zeros((height_px * over, width_px * over), np.uint8)
    unit = height_px * over
    centre, radius = np.array([width_px * over / 2, 0.36 * unit]), 0.19 * unit
    middle = (round(float(centre[0])), round(float(centre[1])))
    thick = max(1, round(0.012 * unit))
    cv2.circle(mask, middle, round(radius), 255, thick, cv2.LINE_AA)
    kind = int(rng.integers(0, 4))
    if kind == 0:
        for angle in np.arange(12) * np.pi / 6 + rng.uniform(0, 1):
            ray = np.array([np.cos(angle), np.sin(angle)])
            ends = [tuple(int(v) for v in np.rint(centre + ray * radius * far)) for far in (0.45, 0.8)]
            cv2.line(mask, ends[0], ends[1], 255, thick, cv2.LINE_AA)
        cv2.circle(mask, middle, round(radius * 0.3), 255, -1, cv2.LINE_AA)
    elif kind == 1:
        cv2.circle(mask, middle, round(radius * 0.68), 255, -1, cv2.LINE_AA)
        bite = (round(float(centre[0] + radius * 0.3)), round(float(centre[1] - radius * 0.12)))
        cv2.circle(mask, bite, round(radius * 0.58), 0, -1, cv2.LINE_AA)
    elif kind == 2:
        for peak_x, peak_y, half in ((-0.22, -0.35, 0.5), (0.28, -0.05, 0.4)):
            peak = np.array([[peak_x, peak_y], [peak_x + half, 0.5], [peak_x - half, 0.5]])
            cv2.fillPoly(mask, [np.rint(centre + peak * radius * 0.95).astype(np.int32)], 255, cv2.LINE_AA)
    else:
        angles = np.arange(10) * np.pi / 5 - np.pi / 2
        reach = np.where(np.arange(10) % 2 == 0, 0.72, 0.3)[:, None] * radius
        star = centre + np.stack([np.cos(angles), np.sin(angles)], axis=1) * reach
        cv2.fillPoly(mask, [np.rint(star).astype(np.int32)], 255, cv2.LINE_AA)
    small = cv2.resize(mask, (width_px, height_px), interpolation=cv2.INTER_AREA)
    return small.astype(np.float32) / np.float32(255)


def _write(card: Image, text: str, *, centre: float, height: float, spacing: float, colour: Image) -> None:
    """One centred line. ``centre`` and ``height`` (of a capital) in heights of the card; ``spacing`` in letters."""
    if not text:
        return
    rows, columns = card.shape[:2]
    font, weight = cv2.FONT_HERSHEY_DUPLEX, 1
    capital_px = max(2.0, height * rows)
    tall = cv2.getTextSize("H", font, 1.0, weight)[0][1]
    widths = np.array([cv2.getTextSize(letter, font, 1.0, weight)[0][0] for letter in text])
    run = float(widths.sum()) + spacing * tall * (len(text) - 1)
    scale = min(capital_px / tall, 0.9 * columns / run) * _OVER
    weight = max(1, round(scale * tall * 0.09))
    wide, deep = int(run * scale) + 4 * _OVER, int(2.0 * tall * scale) + 2
    mask = np.zeros((deep, wide), np.uint8)
    at = float(2 * _OVER)
    for letter, width in zip(text, widths, strict=True):
        cv2.putText(mask, letter, (round(at), round(1.45 * tall * scale)), font, scale, 255, weight, cv2.LINE_AA)
        at += (float(width) + spacing * tall) * scale
    left, top = (columns - wide / _OVER) / 2, centre * rows - 0.95 * tall * scale / _OVER
    move = np.array([[_OVER, 0.0, -left * _OVER], [0.0, _OVER, -top * _OVER]], dtype=np.float64)
    # Shrunk by area first: a warp alone would sample one pixel of sixteen.
    blurred = cv2.blur(mask, (_OVER, _OVER))
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    placed = cv2.warpAffine(blurred, move, (columns, rows), flags=flags, borderMode=cv2.BORDER_CONSTANT)
    _lay(card, placed.astype(np.float32) / np.float32(255), colour)


def _lay(card: Image, mask: Plane, colour: Image) -> None:
    card += mask[..., None] * (colour - card)


def _balance(words: Sequence[str], rows: int) -> list[str]:
    """The words in one row, or cut in two where the rows are most alike in length."""
    if rows == 1 or len(words) < 2:
        return [" ".join(words)]
    cuts = range(1, len(words))
    best = min(cuts, key=lambda cut: abs(len(" ".join(words[:cut])) - len(" ".join(words[cut:]))))
    return [" ".join(words[:best]), " ".join(words[best:])]
