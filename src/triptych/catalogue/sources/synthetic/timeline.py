"""The timeline of one clip: which pictures stand where, planned in whole frames so that the truth is exact."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

#: Logo and lead-in fit inside the first share of the clip, the title card and the credits inside the last.
EDGE_SHARE = 0.15
#: Fewer frames than this leave no room for every planted part.
FRAMES_MIN = 28


@dataclass(frozen=True, kw_only=True)
class Part:
    """A stretch of the clip, ``start_s <= t < end_s``.

    ``kind``: ``black``, ``logo``, ``shot``, ``card`` (text between shots), ``title`` (with the release date),
    ``credits`` (scrolling), or ``fade_in`` and ``fade_out`` of the picture that it touches.
    """

    start_s: float
    end_s: float
    kind: str


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """A part before it has times: ``frames`` pictures of scene number ``scene``.

    Neighbouring stretches of one scene show one picture that goes on: a shot and its fade.
    ``picture``: what is painted, ``black``, ``logo``, ``shot``, ``card``, ``title`` or ``credits``.
    """

    kind: str
    picture: str
    scene: int
    frames: int


def plan(rng: np.random.Generator, *, frames: int, rate_fps: float, shot_s: float) -> tuple[Stretch, ...]:
    """Lay out ``frames`` pictures; the lengths add up to ``frames`` exactly and every length is at least 1."""
    edge = int(frames * EDGE_SHARE)
    head = _split(edge, rng.dirichlet([8.0, 8.0, 30.0, 8.0]) if edge >= 12 else np.array([0.2, 0.2, 0.4, 0.2]))
    tail = _split(edge, np.array([0.1, 0.36, 0.44, 0.1]))
    content = frames - sum(head) - sum(tail)
    opening = [
        ("black", "black", 0, head[0]),
        ("fade_in", "logo", 1, head[1]),
        ("logo", "logo", 1, head[2]),
        ("fade_out", "logo", 1, head[3]),
    ]
    middle = _content(rng, frames=content, rate_fps=rate_fps, shot_s=shot_s, scene=2)
    last = middle[-1][2] + 1
    ending = [
        ("fade_in", "title", last, tail[0]),
        ("title", "title", last, tail[1]),
        ("credits", "credits", last + 1, tail[2]),
        ("black", "black", last + 2, tail[3]),
    ]
    rows = opening + middle + ending
    return tuple(Stretch(kind=kind, picture=picture, scene=scene, frames=n) for kind, picture, scene, n in rows)


def parts(stretches: tuple[Stretch, ...], *, rate_fps: float) -> tuple[Part, ...]:
    """The stretches with their times; neighbours touch, the first starts at 0."""
    edges = np.concatenate([[0], np.cumsum([stretch.frames for stretch in stretches])]) / rate_fps
    return tuple(
        Part(start_s=round(float(a), 6), end_s=round(float(b), 6), kind=stretch.kind)
        for stretch, a, b in zip(stretches, edges[:-1], edges[1:], strict=True)
    )


def _content(
    rng: np.random.Generator, *, frames: int, rate_fps: float, shot_s: float, scene: int
) -> list[tuple[str, str, int, int]]:
    """Shots with hard cuts, one fade through black, and in three clips of five a text card."""
    count = int(np.clip(round(frames / (shot_s * rate_fps)), 3, frames // 4))
    lengths = _split(frames, rng.dirichlet(np.full(count, 14.0)), least=4)
    faded = int(rng.integers(0, count - 1))
    carded = int(rng.integers(0, count)) if rng.random() < 0.6 else None
    fade = max(1, min(round(0.25 * rate_fps), min(lengths[faded : faded + 2]) // 3))
    rows: list[tuple[str, str, int, int]] = []
    for shot, length in enumerate(lengths):
        before = fade if shot == faded + 1 else 0
        after = fade if shot == faded else 0
        card = max(1, min(round(0.8 * rate_fps), (length - before - after) // 2)) if shot == carded else 0
        shown = [
            ("fade_in", "shot", before),
            ("shot", "shot", length - before - after - card),
            ("fade_out", "shot", after),
        ]
        written = [("card", "card", card)]
        # The card stands where there is no fade, so that it is cut hard on both sides.
        for group in (written, shown) if after else (shown, written):
            steps = [(kind, picture, scene, n) for kind, picture, n in group if n]
            rows += steps
            scene += bool(steps)
    return rows


def _split(total: int, shares: npt.NDArray[np.float64], *, least: int = 1) -> list[int]:
    """``total`` in whole numbers near ``shares``, none below ``least``."""
    free = total - least * len(shares)
    upto = [0.0, *np.cumsum(shares / shares.sum()).tolist()]
    edges = [round(share * free) for share in upto]
    return [b - a + least for a, b in pairwise(edges)]
