"""Content: which stretches at the ends of a clip are not of the film: black, logos, rating cards, credits.

The first pass of two-pass sampling (Maes 2025, §3.2.1): pictures in the first and last 15 % are judged each for
itself (see ``card``), then by the company they keep: pictures that show the same are of one kind, so a fade belongs to
its card and a night to its film. Where the kinds change, more pictures are looked at until the border is known.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from triptych.media.card import CARD_RULES, RGB, CardRules, Seen, judge, likeness
from triptych.media.reel import Span
from triptych.media.timeline import Slot, Timeline, choose

Look = Callable[[Sequence[int]], Mapping[int, RGB]]

#: Reasons of segments on which something may be read.
CARD_REASONS = ("card", "text")
#: The short side, in pixels, of the pictures that are judged.
JUDGED_PX = 224


@dataclass(frozen=True, kw_only=True)
class Rules:
    """Thresholds of the first pass; part of the recipe of whatever was measured on its result."""

    zone: float = 0.15  # share of the clip looked at, at each end
    reach: float = 0.30  # how far a segment that crosses the zone's inner border is followed
    grid: int = 24  # pictures judged in each zone, besides its keyframes
    border_s: float = 0.1  # a segment's start and end are known to this
    flicker_s: float = 0.4  # two segments closer than this are one
    shortest_s: float = 0.3  # shorter than this is a flash, and part of the film
    ordinary: float = 0.5  # where more than this share of the middle looks like a card too, it is the film itself
    unseen: float = 0.2  # pictures further apart than this share of the clip have its middle between them
    longest: float = 0.4  # a segment that takes more of the clip than this is no card
    same: float = 0.9  # pictures more alike than this show the same
    agreed: float = 0.5  # what shows the same is a card when this share of its pictures are
    drift: float = 0.06  # an emblem stays where it is, to this share of half the width: a plane in the sky does not
    own_say: float = 0.5  # what a picture's own verdict weighs beside its likeness to either side of a border
    card: CardRules = field(default=CARD_RULES)


RULES = Rules()


def non_content(timeline: Timeline, look: Look, rules: Rules = RULES) -> tuple[Span, ...]:
    """Find the non-content segments at both ends of a clip, in seconds from its first picture.

    ``look`` gives the pictures with the given pts, decoding those that it does not hold yet.
    """
    seen: dict[int, Seen] = {}

    def see(pts: Sequence[int]) -> None:
        fresh = look([p for p in pts if p not in seen])
        seen.update({p: judge(picture, rules.card) for p, picture in fresh.items() if p not in seen})

    whole_s = timeline.duration_s
    head, tail = _zones(timeline, rules)
    followed = [(head[1], rules.reach * whole_s), ((1 - rules.reach) * whole_s, tail[0])]
    see(first_look(timeline, rules))
    verdicts = _agreed(timeline, seen, rules)
    # A segment that reaches the inner border of its zone is followed further in.
    if crossed := _crossed(timeline, verdicts, followed):
        see([p for start_s, end_s in crossed for p in _grid(timeline, start_s, end_s, rules)])
        verdicts = _agreed(timeline, seen, rules)
    if _crossed(timeline, verdicts, followed):
        # And one that goes on even there may be no segment: a lecture is all text, a night film all black.
        middle = _spread(timeline, rules.reach * whole_s, (1 - rules.reach) * whole_s, rules.grid // 2)
        see(middle)
        alike = [bool(seen[p].reason) for p in middle if p in seen]
        if sum(alike) > rules.ordinary * len(alike):
            return ()
        verdicts = _agreed(timeline, seen, rules)
    borders = _borders(timeline, verdicts, rules)
    see([p for _, _, between in borders for p in between])
    for before, after, _ in borders:
        verdicts.update(_divided(seen, verdicts, before, after, rules))
    return tuple(
        span
        for span in _segments(timeline, verdicts, rules)
        if (span.start_s < head[1] or span.end_s > tail[0]) and span.end_s - span.start_s <= rules.longest * whole_s
    )


def _agreed(timeline: Timeline, seen: Mapping[int, Seen], rules: Rules) -> dict[int, str]:
    """One verdict for all pictures that follow each other and show the same."""
    order = sorted(seen)
    gap_s = rules.unseen * timeline.duration_s
    groups: list[list[int]] = []
    for k, pts in enumerate(order):
        near = k > 0 and float(timeline.seconds(pts) - timeline.seconds(order[k - 1])) <= gap_s
        if near and likeness(seen[order[k - 1]].small, seen[pts].small, rules.card) >= rules.same:
            groups[-1].append(pts)
        else:
            groups.append([pts])
    verdicts: dict[int, str] = {}
    for group in groups:
        reasons = [seen[p].reason for p in group if seen[p].reason]
        verdict = ""
        if len(reasons) >= rules.agreed * len(group):
            verdict = _usual(reasons)
            centres = [seen[p].centre for p in group if seen[p].reason]
            if verdict == "card" and max(centres) - min(centres) > rules.drift:
                verdict = ""
        verdicts.update(dict.fromkeys(group, verdict))
    return verdicts


def _usual(reasons: Sequence[str]) -> str:
    return max(sorted(set(reasons)), key=reasons.count)


def first_look(timeline: Timeline, rules: Rules = RULES) -> list[int]:
    """The pictures that are judged in any case: a grid over both zones, and their keyframes."""
    return sorted({p for start_s, end_s in _zones(timeline, rules) for p in _grid(timeline, start_s, end_s, rules)})


def _zones(timeline: Timeline, rules: Rules) -> list[tuple[float, float]]:
    whole_s = timeline.duration_s
    return [(0.0, rules.zone * whole_s), ((1 - rules.zone) * whole_s, whole_s)]


def _crossed(
    timeline: Timeline, verdicts: Mapping[int, str], inner: Sequence[tuple[float, float]]
) -> list[tuple[float, float]]:
    """Of the two stretches inside the zones, those on whose side the innermost judged picture is not of the film."""
    order = sorted(verdicts)
    before = [p for p in order if timeline.seconds(p) < timeline.duration_s / 2]
    after = [p for p in order if timeline.seconds(p) >= timeline.duration_s / 2]
    edges = (before[-1:], after[:1])
    return [stretch for stretch, edge in zip(inner, edges, strict=True) if edge and verdicts[edge[0]]]


def _grid(timeline: Timeline, start_s: float, end_s: float, rules: Rules) -> list[int]:
    """Pictures of one zone. A cut to a card makes a keyframe, so where there are enough of those, they will do;
    where there are few, an even grid joins them; where nearly all are, the grid chooses among them."""
    inside = timeline.between(start_s, end_s)
    keys: list[int] = inside[np.isin(inside, timeline.keys)].tolist()
    found = set(keys) if len(keys) <= 2 * rules.grid else set[int]()
    if not rules.grid // 2 <= len(keys) <= 2 * rules.grid:
        found.update(_spread(timeline, start_s, end_s, rules.grid))
    if len(inside) and inside[-1] == timeline.pts[-1]:
        found.add(int(inside[-1]))  # the last picture tells whether the clip ends in black
    return sorted(found)


def _spread(timeline: Timeline, start_s: float, end_s: float, count: int) -> list[int]:
    edges_s = np.linspace(start_s, end_s, count + 1).tolist()
    return choose(timeline, [Slot(start_s=a, aim_s=(a + b) / 2, end_s=b) for a, b in pairwise(edges_s)])


def _borders(timeline: Timeline, verdicts: Mapping[int, str], rules: Rules) -> list[tuple[int, int, list[int]]]:
    """Neighbours of unlike verdict, and pictures between them close enough to know the border to ``border_s``."""
    found: list[tuple[int, int, list[int]]] = []
    for before, after in pairwise(sorted(verdicts)):
        low_s, high_s = float(timeline.seconds(before)), float(timeline.seconds(after))
        # The middle of the clip is not looked at: a border is never sought across it.
        if bool(verdicts[before]) == bool(verdicts[after]) or high_s - low_s > rules.unseen * timeline.duration_s:
            continue
        inside = timeline.between(low_s, high_s)[1:]
        times = timeline.seconds(inside)
        between: list[int] = []
        last_s = low_s
        for pts, at_s in zip(inside.tolist(), np.asarray(times).tolist(), strict=True):
            if at_s - last_s >= rules.border_s * 0.99:
                between.append(pts)
                last_s = at_s
        found.append((before, after, between))
    return found


def _divided(
    seen: Mapping[int, Seen], verdicts: Mapping[int, str], before: int, after: int, rules: Rules
) -> dict[int, str]:
    """Verdicts on the pictures between two neighbours of unlike verdict: those up to some picture follow the first of
    them, the others the second. Each picture says which by its own verdict and by which of the two it is more like."""
    between = sorted(p for p in seen if before < p < after)
    leaning = [
        rules.own_say * (1 if bool(seen[p].reason) == bool(verdicts[before]) else -1)
        + likeness(seen[before].small, seen[p].small, rules.card)
        - likeness(seen[p].small, seen[after].small, rules.card)
        for p in between
    ]
    first = int(np.argmax(np.concatenate([[0.0], np.cumsum(leaning)])))
    return {p: verdicts[before] if k < first else verdicts[after] for k, p in enumerate(between)}


def _segments(timeline: Timeline, verdicts: Mapping[int, str], rules: Rules) -> tuple[Span, ...]:
    """Runs of pictures that are not of the film, ending half-way to the next that is."""
    order = sorted(verdicts)
    times = [float(timeline.seconds(p)) for p in order]
    gap_s = rules.unseen * timeline.duration_s
    runs: list[tuple[float, float, list[str]]] = []
    for k, pts in enumerate(order):
        if not verdicts[pts]:
            continue
        if k == 0:
            start_s = 0.0
        else:
            start_s = times[k] if times[k] - times[k - 1] > gap_s else (times[k - 1] + times[k]) / 2
        if k + 1 == len(order):
            end_s = timeline.duration_s
        else:
            end_s = times[k] if times[k + 1] - times[k] > gap_s else (times[k] + times[k + 1]) / 2
        if runs and start_s - runs[-1][1] <= rules.flicker_s:
            runs[-1] = (runs[-1][0], end_s, [*runs[-1][2], verdicts[pts]])
        else:
            runs.append((start_s, end_s, [verdicts[pts]]))
    return tuple(
        Span(start_s=start_s, end_s=end_s, reason=_usual(reasons))
        for start_s, end_s, reasons in runs
        if end_s - start_s >= rules.shortest_s
    )
