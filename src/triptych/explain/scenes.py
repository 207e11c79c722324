"""Scenes: the pairs of time ranges in two clips that carry how alike they look, or sound."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from triptych.errors import UsageError
from triptych.explain.course import PANELS, Bools, Course, Scale, moments
from triptych.explain.stretches import LEAST, answering, chamfer, floor_of

F64 = npt.NDArray[np.float64]

#: [s] A moment, where the tracks are that fine and the clips no longer than ``MOMENTS`` of them.
MOMENT_S = 0.25
MOMENTS = 400
#: [s] Shorter than this is no scene.
LEAST_S = 1.0
#: Of the similarity, what a scene is to carry that stands out.
STANDS_OUT = 0.05
#: Scenes that are cited of each panel.
MOST = 3


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A range of one clip, ``start_s <= t < end_s``, in seconds from its first picture."""

    start_s: float
    end_s: float

    @property
    def seconds(self) -> float:
        return self.end_s - self.start_s


@dataclass(frozen=True, kw_only=True)
class Match:
    """A scene of each of two clips that answer each other.

    ``panel``: ``seeing`` or ``hearing``; ``feature``: what they are most alike by, and ``by`` the mean cosine of each
    feature between a moment of either and its nearest in the other. ``likeness``: the same of all features together,
    −1…1. ``carried``: by how much the clips would be less alike without the two scenes, see :class:`Likeness`.
    """

    panel: str
    feature: str
    one: Scene
    other: Scene
    likeness: float
    carried: float
    by: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Scenes:
    """What two clips share: the matches, those that carry most first; of one panel no two overlap in either clip.

    ``one`` and ``other``: what the clips are called. ``similarity``: how alike they are, by panel. ``absent``: panel →
    why there is nothing to say of it, a sentence.
    """

    one: str
    other: str
    matches: tuple[Match, ...]
    similarity: Mapping[str, float] = field(default_factory=dict[str, float])
    absent: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, kw_only=True, eq=False)
class Likeness:
    """Of one panel, how alike each moment of a clip is to each of another: the cosines of all that they share.

    ``cosines``: float64 ``[n, m]``, the mean over ``features`` of their cosines, each feature z-scored by what is
    common to the moments of both clips (or of a catalogue): what never changes is alike everywhere, and says nothing.
    ``there``: bool ``[n]`` and ``[m]``, at which moments anything was measured. ``step_s``: how long a moment is.

    **Similarity.** With A and B the moments of the two clips and c the cosines,

        S(A, B) = ½ ( 1/|A| Σ_{i∈A} max_{j∈B} c_ij + 1/|B| Σ_{j∈B} max_{i∈A} c_ij )

    how well a moment of either is met with anywhere in the other, whatever the order. A pair of scenes a ⊂ A, b ⊂ B
    *carries* S(A, B) − S(A∖a, B∖b): what is lost when both are cut out. It is above 0 where the two scenes are more
    alike than the rest is, and below 0 for scenes that set the clips apart.

    A cosine of pooled means, by which a catalogue is searched, is another thing: Σ_ij c'_ij over all pairs of moments,
    in which two scenes that are the same count as little as any n·m others, and what carries it is often nothing that
    anyone could be shown.
    """

    cosines: F64
    features: Mapping[str, F64]
    there: tuple[Bools, Bools]
    step_s: float

    def similarity(self, *, without: tuple[Scene, Scene] | None = None) -> float:
        """S of the two clips, ``without`` a scene of either."""
        rows, columns = self.there
        if without is not None:
            rows, columns = (
                held & ~_inside(len(held), scene, self.step_s) for held, scene in zip(self.there, without, strict=True)
            )
        return chamfer(self.cosines[np.ix_(rows, columns)])


def likeness_of(one: Course, other: Course, panel: str, *, scales: Mapping[str, Scale] | None = None) -> Likeness | str:
    """Of the features that both clips were measured by; or the sentence that says why there are none.

    ``scales``: feature → what is common to all moments of a catalogue, in place of what is to these two clips: two that
    are of one look throughout are alike beside a catalogue, and by themselves have nothing that stands out.
    """
    left, right = one.of(panel), other.of(panel)
    for course, tracks in ((one, left), (other, right)):
        if not tracks:
            return f"{course.name!r}: {course.absent.get(panel, f'nothing of {panel} was measured along its time')}."
    titles = sorted(left.keys() & right.keys())
    if not titles:
        return (
            f"{one.name!r} was measured by {', '.join(sorted(left))} and {other.name!r} by {', '.join(sorted(right))}; "
            "they share no feature."
        )
    finest = (min(tracks[title].step_s for title in titles) for tracks in (left, right))
    step_s = max(MOMENT_S, *finest, *(course.end_s / MOMENTS for course in (one, other)))
    # What is left over at the end, less than half a moment, belongs to the last.
    counts = [max(1, math.ceil(course.end_s / step_s - 0.5 - 1e-6)) for course in (one, other)]
    total, known = np.zeros(counts), np.zeros(counts)
    features: dict[str, F64] = {}
    there = (np.zeros(counts[0], bool), np.zeros(counts[1], bool))
    for title in titles:
        (x, x_there), (y, y_there) = (
            moments(tracks[title], step_s=step_s, count=count)
            for tracks, count in zip((left, right), counts, strict=True)
        )
        if x.shape[1] != y.shape[1]:
            raise UsageError(
                f"{title} is of {x.shape[1]} entries in {one.name!r} and of {y.shape[1]} in {other.name!r}."
            )
        scale = scales[title] if scales and title in scales else Scale.of([x[x_there], y[y_there]])
        both = x_there[:, None] & y_there
        features[title] = np.where(both, scale(x) @ scale(y).T, 0.0)
        total += features[title]
        known += both
        there[0][:] |= x_there
        there[1][:] |= y_there
    return Likeness(cosines=total / np.maximum(known, 1), features=features, there=there, step_s=step_s)


def scenes_of_tracks(
    one: Course,
    other: Course,
    *,
    most: int = MOST,
    scales: Mapping[str, Scale] | None = None,
    weights: Mapping[str, float] | None = None,
) -> Scenes:
    """The scenes that carry how alike two clips are.

    ``most``: of each panel at most so many. ``weights``: panel → what it counts, for the order alone; alike when left
    out. A panel that either clip lacks is absent, with the reason.
    """
    if most < 1:
        raise UsageError(f"{most} scenes are none to show; ask for 1 or more.")
    matches: list[Match] = []
    similarity: dict[str, float] = {}
    absent: dict[str, str] = {}
    for panel in PANELS:
        found = likeness_of(one, other, panel, scales=scales)
        if isinstance(found, str):
            absent[panel] = found
            continue
        similarity[panel] = found.similarity()
        matched = matched_in(found, panel, most=most, ends_s=(one.end_s, other.end_s))
        if not matched:
            absent[panel] = f"nothing of {one.name!r} and {other.name!r} is alike in {panel} for a second or more."
        matches += matched
    share = weights or {}
    matches.sort(key=lambda match: -match.carried * share.get(match.panel, 1.0))
    return Scenes(one=one.name, other=other.name, matches=tuple(matches), similarity=similarity, absent=absent)


def scenes_of_clips(
    one: Path | str,
    other: Path | str,
    *,
    most: int = MOST,
    scales: Mapping[str, Scale] | None = None,
    weights: Mapping[str, float] | None = None,
) -> Scenes:
    """The same of two files, each opened once and measured by the light features.

    >>> scenes_of_clips("nowhere.mp4", "elsewhere.mp4")
    Traceback (most recent call last):
    ...
    triptych.errors.MediaError: 'nowhere.mp4' cannot be read: No such file or directory.
    """
    from triptych.explain.measuring import course_of_clip

    return scenes_of_tracks(course_of_clip(one), course_of_clip(other), most=most, scales=scales, weights=weights)


def matched_in(likeness: Likeness, panel: str, *, most: int, ends_s: tuple[float, float]) -> list[Match]:
    """At most ``most`` matches of one panel, best first.

    What stands out comes first. Where nothing does, or what does carries next to nothing, as in two clips that are of
    one look throughout, the bar is lowered, down to what is alike at all, and what then carries most is cited.
    """
    present = likeness.cosines[np.ix_(*likeness.there)]
    if present.size == 0:
        return []
    least = max(1, math.ceil(LEAST_S / likeness.step_s - 1e-6))
    floor, whole = floor_of(present, least=least), likeness.similarity()
    best: list[Match] = []
    for bar in dict.fromkeys((floor, (floor + LEAST) / 2, LEAST)):
        found = _above(likeness, panel, bar, least=least, most=most, ends_s=ends_s)
        if found and (not best or found[0].carried > best[0].carried):
            best = found
        if best and best[0].carried >= STANDS_OUT * whole:
            break
    return best


def _above(
    likeness: Likeness, panel: str, floor: float, *, least: int, most: int, ends_s: tuple[float, float]
) -> list[Match]:
    """The matches above one floor; what one of them cites is not looked at for the next."""
    step_s, whole = likeness.step_s, likeness.similarity()
    rows_gone, columns_gone = (np.zeros(len(held), bool) for held in likeness.there)
    found: list[Match] = []
    while len(found) < most and not rows_gone.all() and not columns_gone.all():
        stretch = answering(likeness.cosines, (rows_gone, columns_gone), floor=floor, least=least)
        if stretch is None:
            break
        one, other = (
            Scene(start_s=run[0] * step_s, end_s=end_s if run[1] == len(held) else run[1] * step_s)
            for run, held, end_s in zip((stretch.one, stretch.other), likeness.there, ends_s, strict=True)
        )
        rows, columns = slice(*stretch.one), slice(*stretch.other)
        by = _nearest(likeness, rows, columns)
        found.append(
            Match(
                panel=panel,
                feature=max(by, key=lambda title: by[title]),
                one=one,
                other=other,
                likeness=chamfer(likeness.cosines[rows, columns]),
                carried=whole - likeness.similarity(without=(one, other)),
                by=by,
            )
        )
        rows_gone[rows] = columns_gone[columns] = True
    return found


def _nearest(likeness: Likeness, rows: slice, columns: slice) -> dict[str, float]:
    """By feature, the mean cosine between each moment of two stretches and its nearest by all features."""
    part = likeness.cosines[rows, columns]
    down, across = part.argmax(axis=1), part.argmax(axis=0)
    found: dict[str, float] = {}
    for title, cosines in likeness.features.items():
        own = cosines[rows, columns]
        ways = own[np.arange(len(down)), down].mean(), own[across, np.arange(len(across))].mean()
        found[title] = float(sum(ways)) / 2
    return found


def _inside(count: int, scene: Scene, step_s: float) -> Bools:
    """Which of ``count`` moments have their middle in a scene."""
    middles = (np.arange(count, dtype=np.float64) + 0.5) * step_s
    return (middles >= scene.start_s) & (middles < scene.end_s)
