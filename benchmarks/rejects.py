"""Is what stands around a film left out, to 0.3 s, and the film not?

    python benchmarks/rejects.py              100 generated clips whose planted parts are known to the picture
    python benchmarks/rejects.py MEDIA        and 40 more with the pictures of real clips between the cards
    python benchmarks/rejects.py --develop    the seeds and kinds that the rules were made on: never to be reported

Thirty clips come from the synthetic source, seventy are painted by nothing that the rules or their tests know: logos,
rating cards, titles, text, credits and lead-ins around shots that have something of a card (a white wall, snow, a plane
in the sky, a newspaper). A fade is part of the card or the shot that it shows; a dissolve is divided in its middle.
Kinds that are HARD, writing over a moving picture, are counted apart. The HELD_OUT were never painted while the rules
were made.
``precision`` and ``recall`` are of seconds, with 95 % intervals by drawing clips anew. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import numpy.typing as npt
from painted.cards import BETWEEN, CARDS, CLOSING, LENGTHS_S, OPENING, UNFADED
from painted.film import FILM
from painted.real import REAL, Real
from painted.strokes import RGB, Kind, Painter, Rng

from triptych.catalogue.sources.synthetic import Settings, make_clip
from triptych.media.content import RULES
from triptych.media.loader import open_reel
from triptych.media.reel import Span, Want
from triptych.media.sampling import TWO_PASS

DEVELOPED_ON, REPORTED_ON = 1_000, 700_000
CLOSE_S = 0.3
STEP_S = 0.02
SIZES = ((480, 270), (480, 270), (480, 270), (400, 300), (540, 230), (640, 360))
RATES = (24, 25, 30)
HARD = frozenset({"credits_over_film", "words_on_smoke"})
HELD_OUT = frozenset({"wiped_logo", "web_address", "presents", "deep_sea", "interview", "sunset"})


@dataclass(frozen=True, kw_only=True)
class Part:
    """``planted`` parts are to be left out. ``free``: neither right nor wrong."""

    start_s: float
    end_s: float
    kind: str
    planted: bool
    free: bool = False


@dataclass(frozen=True, kw_only=True)
class Case:
    clip: Path
    parts: tuple[Part, ...]
    group: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("media", nargs="?", type=Path)
    parser.add_argument("--develop", action="store_true")
    parser.add_argument("--clips", type=int, default=100)
    parser.add_argument("--keep", type=Path, help="a folder for the clips; those that are there are not made again")
    parser.add_argument("--show", action="store_true", help="say of every clip what was wrong")
    arguments = parser.parse_args()
    seed = DEVELOPED_ON if arguments.develop else REPORTED_ON
    report: dict[str, Any] = {"benchmark": "rejects", "seed": seed, "developed_on": DEVELOPED_ON}
    with tempfile.TemporaryDirectory() as spare:
        folder: Path = arguments.keep or Path(spare)
        cases = generated(folder, arguments.clips, seed, held_out=not arguments.develop)
        report["generated"] = judged(cases, show=arguments.show)
        if arguments.media is not None:
            real = painted(
                folder, 2 * arguments.clips // 5, seed + 50_000, arguments.media, held_out=not arguments.develop
            )
            report["real"] = judged(real, show=arguments.show)
    print(json.dumps(report))


# What comes out.


def judged(cases: Sequence[Case], *, show: bool) -> dict[str, Any]:
    """All the figures of some clips."""
    with ThreadPoolExecutor(2) as pool:
        found = list(
            pool.map(lambda case: open_reel(case.clip, Want(samplings=frozenset({TWO_PASS})), threads=1), cases)
        )
    seconds = np.array([compared(case, reel.rejected) for case, reel in zip(cases, found, strict=True)])
    parts: dict[str, list[float]] = defaultdict(list)
    borders: dict[str, list[float]] = defaultdict(list)
    film: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
    for case, reel in zip(cases, found, strict=True):
        for part in case.parts:
            if part.planted and not part.free:
                parts[part.kind].append(overlap_s(part, reel.rejected) / (part.end_s - part.start_s))
        off = missed_by(case, reel.rejected)
        for name, error_s in off:
            borders[name].append(error_s)
        wrong = falsely(case, reel.rejected)
        for kind, (false_s, far_s, shown_s) in wrong.items():
            film[kind] = [a + b for a, b in zip(film[kind], (false_s, far_s, shown_s), strict=True)]
        if show:
            spans = [(round(s.start_s, 2), round(s.end_s, 2), s.reason) for s in reel.rejected]
            late = [f"{name} {error_s:.2f}" for name, error_s in off if error_s > CLOSE_S]
            far = {kind: round(s[1], 2) for kind, s in wrong.items() if s[1] > 0}
            if late or far:
                told = [f"{p.kind}{'*' if p.planted else ''} {p.start_s:.2f}" for p in case.parts]
                say(f"{case.clip.name}: late {late}, false {far}\n    {spans}\n    {told} {reel.probe.duration_s:.2f}")
    precision, recall = shares(seconds)
    result: dict[str, Any] = {
        "clips": len(cases),
        "precision": {"is": round(precision, 4), "from_to": interval(seconds, 0)},
        "recall": {"is": round(recall, 4), "from_to": interval(seconds, 1)},
        "by_group": {},
        "borders_within_0.3s": {},
        "found": {
            kind: [round(float(np.mean(np.array(part) >= 0.5)), 3), len(part)] for kind, part in sorted(parts.items())
        },
        "false_s": {kind: [round(value, 2) for value in of] for kind, of in sorted(film.items())},
    }
    for name, group in groupby(sorted(range(len(cases)), key=lambda k: cases[k].group), key=lambda k: cases[k].group):
        result["by_group"][name] = [round(value, 4) for value in shares(seconds[list(group)])]
    every = {"head": [], "tail": [], "inside": []}
    for name, errors in sorted(borders.items()):
        side, kind = name.split(" ")
        if kind not in HARD:
            every[side] += errors
        result["borders_within_0.3s"][name] = [round(float(np.mean(np.array(errors) <= CLOSE_S)), 3), len(errors)]
    every["all"] = [error for errors in every.values() for error in errors]
    for side, errors in every.items():
        result["borders_within_0.3s"][side] = [
            round(float(np.mean(np.array(errors or [0]) <= CLOSE_S)), 3),
            len(errors),
        ]
    tell(result)
    return result


def tell(result: Mapping[str, Any]) -> None:
    say(f"{result['clips']} clips: precision {result['precision']}, recall {result['recall']}")
    say(f"  by group (precision, recall): {result['by_group']}")
    say("  borders within 0.3 s (share, of how many): " + str(result["borders_within_0.3s"]))
    say(f"  found (share, of how many): {result['found']}")
    say("  film rejected (s, of it further than 0.3 s from a border, s within reach): " + str(result["false_s"]))


def compared(case: Case, spans: Sequence[Span]) -> tuple[float, float, float]:
    """Seconds rejected rightly, wrongly, and not rejected that should be."""
    at_s = np.arange(STEP_S / 2, case.parts[-1].end_s, STEP_S)
    planted, said, free = np.zeros((3, len(at_s)), bool)
    for part in case.parts:
        inside = (part.start_s <= at_s) & (at_s < part.end_s)
        planted |= inside & part.planted
        free |= inside & (part.free or part.kind in HARD)
    for span in spans:
        said |= (span.start_s <= at_s) & (at_s < span.end_s)
    hit, wrong, missed = planted & said & ~free, ~planted & said & ~free, planted & ~said & ~free
    return STEP_S * hit.sum(), STEP_S * wrong.sum(), STEP_S * missed.sum()


def shares(seconds: npt.NDArray[np.float64]) -> tuple[float, float]:
    hit, wrong, missed = seconds.sum(0).tolist()
    return hit / max(hit + wrong, 1e-9), hit / max(hit + missed, 1e-9)


def interval(seconds: npt.NDArray[np.float64], which: int) -> list[float]:
    rng = np.random.default_rng(0)
    drawn = [shares(seconds[rng.integers(0, len(seconds), len(seconds))])[which] for _ in range(2000)]
    return [round(float(value), 4) for value in np.quantile(drawn, (0.025, 0.975))]


def overlap_s(part: Part, spans: Sequence[Span]) -> float:
    return sum(max(0.0, min(part.end_s, span.end_s) - max(part.start_s, span.start_s)) for span in spans)


def missed_by(case: Case, spans: Sequence[Span]) -> list[tuple[str, float]]:
    """For each border between planted and film, ``side kind`` and how far off the nearest of its sort was said."""
    missed: list[tuple[str, float]] = []
    last = len(case.parts) - 1
    sides = ["head" if k == 0 else "" for k in range(last + 1)]
    runs = [list(group) for _, group in groupby(range(last + 1), key=lambda k: case.parts[k].planted)]
    for run in runs:
        for k in run:
            sides[k] = "head" if run[0] == 0 else "tail" if run[-1] == last else "inside"
    for k in range(last):
        before, after = case.parts[k], case.parts[k + 1]
        if before.planted == after.planted or before.free or after.free:
            continue
        card, at_s = (k, before.end_s) if before.planted else (k + 1, after.start_s)
        if case.parts[card].free:
            continue
        said = [span.end_s if before.planted else span.start_s for span in spans]
        off_s = min((abs(value - at_s) for value in said), default=99.0)
        missed.append((f"{sides[card]} {case.parts[card].kind}", off_s))
    return missed


def falsely(case: Case, spans: Sequence[Span]) -> dict[str, tuple[float, float, float]]:
    """Of each kind of film: seconds rejected, those of them far from anything planted, and seconds within reach."""
    whole_s = case.parts[-1].end_s
    at_s = np.arange(STEP_S / 2, whole_s, STEP_S)
    said = np.any([(span.start_s <= at_s) & (at_s < span.end_s) for span in spans] or [at_s < 0], axis=0)
    near, reach = at_s < 0, (at_s < RULES.reach * whole_s) | (at_s >= (1 - RULES.reach) * whole_s)
    for part in case.parts:
        if part.planted or part.free:
            near |= (at_s >= part.start_s - CLOSE_S) & (at_s < part.end_s + CLOSE_S)
    counted: dict[str, tuple[float, float, float]] = {}
    for part in case.parts:
        inside = (part.start_s <= at_s) & (at_s < part.end_s)
        if not part.planted and not part.free:
            had = counted.get(part.kind, (0.0, 0.0, 0.0))
            new = [STEP_S * float(mask.sum()) for mask in (inside & said, inside & said & ~near, inside & reach)]
            counted[part.kind] = (had[0] + new[0], had[1] + new[1], had[2] + new[2])
    return counted


# Which clips.


def generated(folder: Path, count: int, seed: int, *, held_out: bool) -> list[Case]:
    """Three of ten of the synthetic source, the others painted here."""
    worlds = (
        Settings(seed=seed),
        Settings(seed=seed + 1, seconds=24.0, rate_fps=24.0, width_px=640, height_px=360),
        Settings(seed=seed + 2, seconds=40.0, rate_fps=25.0, width_px=480, height_px=270),
    )
    each = count // 10
    jobs = [(k, settings, index) for k, settings in enumerate(worlds) for index in range(each)]
    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(lambda job: make_clip(folder / f"{seed}-{job[0]}", job[2], settings=job[1]), jobs))
    cases = [Case(clip=one.clip, parts=synthetic(one.truth.parts), group="synthetic") for one in made]
    return cases + painted(folder, count - len(cases), seed, None, held_out=held_out)


def synthetic(parts: Sequence[Any]) -> tuple[Part, ...]:
    """The synthetic source's parts. A text card that stands beside the logo or the title is one with it."""
    film = [
        k
        for k, part in enumerate(parts)
        if part.kind == "shot" or (part.kind, parts[k - 1].kind) == ("fade_in", "fade_out")
    ]
    first, last = film[0], max(k for k, part in enumerate(parts) if part.kind == "shot")
    named = []
    for k, part in enumerate(parts):
        planted = k < first or k > last
        kind = part.kind
        if kind.startswith("fade"):
            kind = ("logo" if k < first else "title") if planted else "shot"
        named.append(Part(start_s=part.start_s, end_s=part.end_s, kind=f"synthetic_{kind}", planted=planted))
    return tuple(named)


def painted(folder: Path, count: int, seed: int, media: Path | None, *, held_out: bool) -> list[Case]:
    """Clips painted here, or with real film between painted cards."""
    folder.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda k: case(folder, seed, k, media, held_out=held_out), range(count)))


def case(folder: Path, seed: int, index: int, media: Path | None, *, held_out: bool) -> Case:
    rng = np.random.default_rng([seed, index])
    width, height = SIZES[int(rng.integers(len(SIZES)))]
    rate = RATES[int(rng.integers(len(RATES)))]
    cards, film = (
        {name: kind for name, kind in kinds.items() if held_out or name not in HELD_OUT} for kinds in (CARDS, FILM)
    )
    real = None if media is None else Real(media, width, height, rate)
    plan = planned(rng, rate, cards, REAL if real is not None else film, bare=index % 7 == 6)
    clip = folder / f"{'real' if media else 'own'}-{seed}-{index:03d}{'-held' if held_out else ''}.mp4"
    at, parts = 0, list[Part]()
    for row in plan:
        parts.append(Part(start_s=at / rate, end_s=(at + row.frames) / rate, kind=row.kind, planted=row.planted))
        at += row.frames
    parts = out_of_zone(parts)
    if not clip.exists():
        write(clip, shown(rng, plan, width, height, real), rate, crf=int(rng.integers(18, 30)))
    return Case(clip=clip, parts=tuple(parts), group="real" if media else "painted")


def out_of_zone(parts: Sequence[Part]) -> list[Part]:
    """Only the first and last 15 % are looked at: what is planted wholly inside of them is neither right nor wrong."""
    head_s, tail_s = RULES.zone * parts[-1].end_s, (1 - RULES.zone) * parts[-1].end_s
    marked: list[Part] = []
    for planted, group in groupby(parts, key=lambda part: part.planted):
        run = list(group)
        inner = planted and run[0].start_s >= head_s and run[-1].end_s <= tail_s
        marked += [replace(part, free=True) for part in run] if inner else run
    return marked


@dataclass(frozen=True, kw_only=True)
class Row:
    """``frames`` pictures of one kind. ``into`` and ``out``: how many of them are a fade from black and to it;
    ``over``: in how many the row before is dissolved into this one, half of them its own."""

    kind: str
    planted: bool
    frames: int
    into: int = 0
    out: int = 0
    over: int = 0


def planned(rng: Rng, rate: int, cards: Mapping[str, Kind], film: Mapping[str, Any], *, bare: bool) -> list[Row]:
    """What follows on what: at each end up to three cards, and film enough that they fit in its outer shares."""

    def card(kind: str) -> Row:
        least_s, most_s = LENGTHS_S.get(kind, (1.0, 3.0))
        into, out = (int(rng.uniform(0.2, 0.5) * rate) if rng.random() < 0.6 else 0 for _ in range(2))
        frames = round(float(rng.uniform(least_s, most_s)) * rate)
        return Row(kind=kind, planted=True, frames=frames, **({} if kind in UNFADED else {"into": into, "out": out}))

    def some(among: Sequence[str]) -> list[Row]:
        count = int(rng.integers(1, 4))
        rows = [card(str(kind)) for kind in rng.choice([k for k in among if k in cards], count, replace=False)]
        return rows[:2] if sum(row.frames for row in rows) > 6 * rate else rows

    def shot(kind: str, least_s: float, most_s: float) -> Row:
        into, out = (round(0.5 * rate) if rng.random() < 0.15 else 0 for _ in range(2))
        frames = round(float(rng.uniform(least_s, most_s)) * rate)
        return Row(kind=kind, planted=False, frames=frames, into=into, out=out)

    def between() -> Row:
        kind = str(rng.choice([k for k in BETWEEN if k in cards]))
        return Row(kind=kind, planted=True, frames=round(float(rng.uniform(0.8, 1.6)) * rate))

    kinds = [str(kind) for kind in rng.permutation(list(film))]
    head, tail = ([], []) if bare else (some(OPENING), some(CLOSING))
    if rng.random() < 0.12:
        head = []
    if rng.random() < 0.12:
        tail = []
    if not bare and rng.random() < 0.3:
        # A shot, and then writing, before the film goes on.
        head += [shot(kinds[-1], 0.8, 2.0), between()]
    if not bare and rng.random() < 0.3:
        tail = [between(), shot(kinds[-2], 0.8, 2.0), *tail]
    longest = max(sum(row.frames for row in rows) for rows in (head, tail))
    frames = max(longest / float(rng.choice([0.14, 0.14, 0.14, 0.24])), 16 * rate)
    rows, left = list[Row](), frames - 2 * longest
    while left > 0:
        rows.append(shot(kinds[len(rows) % (len(kinds) - 2)], 1.2, 5.0))
        left -= rows[-1].frames
    rows = head + rows + tail
    for k in range(1, len(rows)):
        if rows[k].planted != rows[k - 1].planted and rng.random() < 0.15:
            rows[k - 1] = replace(rows[k - 1], out=0)
            rows[k] = replace(rows[k], into=0, over=2 * int(rng.uniform(0.15, 0.25) * rate))
    return rows


def shown(rng: Rng, plan: Sequence[Row], width: int, height: int, real: Real | None) -> Iterator[RGB]:
    coarse = float(rng.uniform(0, 3.5))
    grain = np.clip(rng.normal(2 * coarse, coarse, (height + 32, width + 32)), 0, 255).round().astype(np.uint8)
    grain = np.repeat(grain[..., None], 3, 2)
    seeds = rng.integers(2**32, size=len(plan))

    @lru_cache(maxsize=3)
    def painter(k: int) -> Painter:
        stream, row = np.random.default_rng(seeds[k]), plan[k]
        if real is not None and not row.planted:
            return real.painter(stream, row.kind)
        return {**CARDS, **FILM}[row.kind](stream, width, height, row.frames)

    def one(k: int, at: int) -> RGB:
        row = plan[k]
        at = min(max(at, 0), row.frames - 1)
        picture = painter(k)(at)
        gain = min((at + 1) / (row.into + 1) if row.into else 1, (row.frames - at) / (row.out + 1) if row.out else 1, 1)
        if gain < 1:
            picture = np.asarray(cv2.convertScaleAbs(picture, alpha=gain))
        if not row.planted and real is None:
            y, x = rng.integers(0, 32, 2)
            picture = np.asarray(cv2.add(picture, grain[y : y + height, x : x + width]))
        return picture

    whole, before = sum(row.frames for row in plan), 0
    for k, row in enumerate(plan):
        half, next_half = row.over // 2, plan[k + 1].over // 2 if k + 1 < len(plan) else 0
        for frame in range(row.frames):
            # No more is asked of the middle than that it is there.
            at = frame - frame % 6 if 0.32 < (before + frame) / whole < 0.68 else frame
            picture = one(k, at)
            if frame < half:
                share = 0.5 - (frame + 0.5) / row.over
                picture = np.asarray(
                    cv2.addWeighted(one(k - 1, plan[k - 1].frames + frame), share, picture, 1 - share, 0)
                )
            elif row.frames - frame <= next_half:
                share = 0.5 - (row.frames - frame - 0.5) / (2 * next_half)
                picture = np.asarray(cv2.addWeighted(one(k + 1, 0), share, picture, 1 - share, 0))
            yield picture
        before += row.frames


def write(path: Path, pictures: Iterator[RGB], rate: int, *, crf: int) -> None:
    draft = path.with_suffix(".draft.mp4")
    with av.open(str(draft), "w") as out:
        video = None
        for picture in pictures:
            if video is None:
                video = out.add_stream("libx264", rate=rate, options={"preset": "superfast", "crf": str(crf)})
                video.height, video.width = picture.shape[:2]
                video.pix_fmt, video.thread_count = "yuv420p", 1
            out.mux(video.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")))
        assert video is not None
        out.mux(video.encode(None))
    draft.rename(path)


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
