"""Balance: the parts of a score as bars to the left and right of nothing, as SVG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from triptych.drawing.axis import Axis, width_of
from triptych.drawing.stroke import Drawing, bar, name_before, room_for, text

#: [px] of a row, and of its bar: of a group, and of a feature below it.
ROW, BAR = 27, 14
FINE_ROW, FINE_BAR = 20, 6
#: [px] from a bar's end to its number.
GAP = 7
#: [px] by which bold numbers are wider.
BOLD = 6


@dataclass(frozen=True, kw_only=True)
class Weight:
    """One row. ``tone``: seeing, hearing, reading, ink or soft. ``fine``: a feature, drawn below its group. ``drawn``:
    False where a number stands without a bar, since it would dwarf the others. ``rule``: a line above, for a sum."""

    name: str
    value: float
    tone: str
    fine: bool = False
    drawn: bool = True
    rule: bool = False


def signed(value: float) -> str:
    """
    >>> signed(0.2071), signed(-0.5), signed(-0.0001), signed(12.3)
    ('+0.207', '−0.500', '0.000', '+12.30')
    """
    told = f"{abs(value):.2f}" if abs(value) >= 10 else f"{abs(value):.3f}"
    return told if not float(told) else f"{'−' if value < 0 else '+'}{told}"


def balance(width: float, *, weights: Sequence[Weight], room: float = 0.42) -> Drawing:
    """What is below 0 lies to the left and is paler; each number stands behind its bar. ``room``: the share of the
    width that names may take."""
    left = room_for([one.name for one in weights], width, room) + 4
    values = [one.value for one in weights if one.drawn]
    number = max((width_of(signed(one.value)) for one in weights), default=0) + GAP + BOLD
    low, high = min([0.0, *values]), max([0.0, *values])
    if high <= low:
        high = low + 1.0
    x = Axis(low=low, high=high, start=left + (number if low < 0 else 0), end=width - number)
    parts: list[str] = []
    at = 4.0
    top = at
    for one in weights:
        row, thick = (FINE_ROW, FINE_BAR) if one.fine else (ROW, BAR)
        if one.rule:
            parts.append(f'<line class="rule" x1="0" x2="{width:.1f}" y1="{at + 2:.1f}" y2="{at + 2:.1f}"/>')
            at += 5
        parts.append(_row(one, x, at, row, thick, left))
        at += row
    zero = x(0.0)
    parts.insert(0, f'<line class="rule" x1="{zero:.1f}" x2="{zero:.1f}" y1="{top:.1f}" y2="{at:.1f}"/>')
    return Drawing(width=width, height=at + 4, body="".join(parts))


def _row(one: Weight, x: Axis, at: float, row: float, thick: float, left: float) -> str:
    middle, told = at + row / 2, f"{one.name}: {signed(one.value)}"
    name = name_before(one.name, left, middle - 12)
    if one.fine:
        name = name.replace("<text ", '<text class="quiet fine" ', 1)
    if not one.drawn:
        return name + text(x(0.0) + GAP, middle + 4, signed(one.value), "start", kind="sum" if one.rule else "quiet")
    start, end = sorted((x(0.0), x(one.value)))
    drawn = bar(start, middle - thick / 2, end - start, thick, one.tone, told, faint=one.value < 0)
    beyond, anchor = (end + GAP, "start") if one.value >= 0 else (start - GAP, "end")
    kind = "sum" if one.rule else "quiet fine" if one.fine else "quiet"
    return name + drawn + text(beyond, middle + 4, escape(signed(one.value)), anchor, kind=kind)
