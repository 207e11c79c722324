"""Stroke: the parts that charts are drawn of, as SVG, in the colours of the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from triptych.drawing.axis import Axis, Says, fitted, thinned, width_of

STYLE = """
svg { display: block; width: 100%; height: auto; overflow: visible; font: 12px ui-sans-serif, system-ui, sans-serif;
  font-variant-numeric: tabular-nums; }
svg text { fill: var(--ink); } svg .quiet { fill: var(--soft); } svg .on { fill: var(--card); }
svg .grid { stroke: var(--line); stroke-width: 1; } svg .rule { stroke: var(--soft); stroke-width: 1; }
svg .mark { stroke: var(--ink); stroke-width: 1; stroke-dasharray: 2 3; } svg .track { fill: var(--line); }
svg .band { fill: var(--line); opacity: .45; }
.fill-seeing { fill: var(--seeing); } .fill-hearing { fill: var(--hearing); } .fill-reading { fill: var(--reading); }
.fill-soft { fill: var(--soft); } .fill-ink { fill: var(--ink); }
.line { fill: none; stroke-width: 2.25; stroke-linejoin: round; stroke-linecap: round; }
.halo { stroke: var(--paper); }
.line-seeing { stroke: var(--seeing); } .line-hearing { stroke: var(--hearing); }
.line-reading { stroke: var(--reading); } .line-soft { stroke: var(--soft); } .under { opacity: .14; }
.line-ink { stroke: var(--ink); } .dashed { stroke-dasharray: 6 4; } .thin { stroke-width: 1.25; }
.thread { stroke-width: .8; opacity: .4; }
.dots { fill: none; stroke-linecap: round; stroke-opacity: .72; } .dots.line-soft { stroke-opacity: .3; }
svg .hollow { fill: var(--paper); stroke-width: 2; }
svg .leader { stroke: var(--soft); stroke-width: .75; opacity: .6; }
svg .zone { fill: var(--line); opacity: .3; }
.narrow { display: none !important; }
@media (max-width: 34rem) { .wide { display: none !important; } .narrow { display: block !important; } }
"""


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """``body`` is SVG within a box of ``width`` × ``height`` px."""

    width: float
    height: float
    body: str


def svg_of(drawing: Drawing, name: str, kind: str, title: str, about: str) -> str:
    return (
        f'<svg class="{kind}" viewBox="0 0 {drawing.width:.0f} {drawing.height:.0f}" role="img" '
        f'aria-labelledby="{name}-t {name}-d"><title id="{name}-t">{escape(title)}</title>'
        f'<desc id="{name}-d">{escape(about)}</desc>{drawing.body}</svg>'
    )


def text(x: float, y: float, words: str, anchor: str, *, quiet: bool = False, kind: str = "") -> str:
    kind = "quiet" if quiet else kind
    marked = f' class="{kind}"' if kind else ""
    return f'<text{marked} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def bar(x: float, y: float, width: float, height: float, tone: str, told: str, *, faint: bool = False) -> str:
    pale = ' fill-opacity=".5"' if faint else ""
    return (
        f'<rect class="fill-{tone}"{pale} x="{x:.1f}" y="{y:.1f}" width="{max(width, 0.5):.1f}" '
        f'height="{max(height, 0):.1f}" rx="1.5"><title>{escape(told)}</title></rect>'
    )


def grid(y: Axis, left: float, right: float, says: Says) -> list[str]:
    parts: list[str] = []
    for tick in y.ticks():
        at = y(tick)
        parts.append(f'<line class="grid" x1="{left:.1f}" x2="{right:.1f}" y1="{at:.1f}" y2="{at:.1f}"/>')
        parts.append(text(left - 7, at + 4, says(tick), "end", quiet=True))
    return parts


def foot_line(left: float, right: float, y: float) -> str:
    return f'<line class="rule" x1="{left:.1f}" x2="{right:.1f}" y1="{y:.1f}" y2="{y:.1f}"/>'


def room_for(names: Sequence[str], width: float, share: float = 1 / 3) -> float:
    """[px] before the bars: as much as the longest name needs, and no more than a share of the width."""
    return min(max(map(width_of, names), default=0) + 12, width * share)


def name_before(name: str, left: float, at: float) -> str:
    short = fitted(name, left - 8)
    whole = f"<title>{escape(name)}</title>" if short != name else ""
    return f'<text x="{left - 9:.1f}" y="{at + 16:.1f}" text-anchor="end">{escape(short)}{whole}</text>'


def key_of(left: float, right: float, steps: Sequence[str], tone: str, deep: Sequence[float]) -> str:
    """The steps of a stack, above it; of many only the ends and the middle."""
    pitch = min((right - left) / max(len(steps), 1), 46.0)
    parts: list[str] = []
    for k in range(len(steps)):
        box = f'x="{left + k * pitch:.1f}" y="0" width="{pitch - 1:.1f}" height="5" rx="1"'
        parts.append(f'<rect class="fill-{tone}" fill-opacity="{deep[k]:.2f}" {box}/>')
    shown = [(left + (k + 0.5) * pitch, steps[k]) for k in thinned(steps, pitch)]
    return "".join([*parts, *(text(x, 18, words, "middle", quiet=True) for x, words in shown)])
