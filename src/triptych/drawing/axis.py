"""Axis: from numbers to places on a drawing, the ticks between, and words that fit beside them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from unicodedata import east_asian_width

#: [px] of an average letter at the charts' 12 px, on the wide side.
LETTER = 6.9


def tidy_step(span: float, bins: int) -> float:
    """The least of 1, 2, 5, 10, … (and 0.5, 0.2, …) of which at most ``bins`` span the span.

    >>> tidy_step(100, 30), tidy_step(1.0, 5), tidy_step(0, 5)
    (5.0, 0.2, 1.0)
    """
    if span <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(span / bins))
    return next(float(f"{m * power:.10g}") for m in (1, 2, 5, 10, 20) if span / (m * power) <= bins * (1 + 1e-9))


@dataclass(frozen=True, kw_only=True)
class Axis:
    """``low`` … ``high`` of the numbers lie at ``start`` … ``end`` [px]. On a logarithmic axis ``low`` is over 0."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        low, high = self._scaled(self.low), self._scaled(self.high)
        share = (self._scaled(value) - low) / (high - low) if high > low else 0.5
        return self.start + share * (self.end - self.start)

    def ticks(self, count: int = 4) -> list[float]:
        """Tidy numbers within the axis, about ``count``; on a logarithmic one tens, if few then 2 and 5 too."""
        if self.log:
            powers = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
            within = [(m, m * 10.0**power) for power in powers for m in (1, 2, 5)]
            found = [(m, tick) for m, tick in within if self.low * 0.999 <= tick <= self.high * 1.001]
            tens = [tick for m, tick in found if m == 1]
            return tens if len(tens) > 2 else [tick for _, tick in found] or [self.low]
        step = tidy_step(self.high - self.low, count)
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [round(k * step, 10) for k in range(first, last + 1)]

    def _scaled(self, value: float) -> float:
        return math.log10(max(value, self.low)) if self.log else value


def roof(most: float, count: int = 4) -> float:
    """Where an axis that begins at 0 may end: the tidy number at or above ``most``.

    >>> roof(87), roof(100), roof(0)
    (100.0, 100.0, 1.0)
    """
    if most <= 0:
        return 1.0
    step = tidy_step(most, count)
    return round(math.ceil(most / step - 1e-9) * step, 10)


def width_of(text: str) -> float:
    """About how many px a text of 12 px is wide; East Asian letters are twice as wide."""
    return LETTER * sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)


def fitted(text: str, room: float) -> str:
    """The text, or as much of its beginning as there is room [px] for, and an ellipsis."""
    if width_of(text) <= room:
        return text
    kept = text
    while kept and width_of(kept) + LETTER > room:
        kept = kept[:-1]
    return kept.rstrip() + "…"


def thinned(labels: Sequence[str], pitch: float) -> list[int]:
    """Which of equally spaced labels, ``pitch`` px apart, can stand without touching: every k-th."""
    if not labels or pitch <= 0:
        return []
    widest = max(width_of(label) for label in labels) + 10
    least = max(1, math.ceil(widest / pitch))
    every = next(k for power in range(9) for k in (10**power, 2 * 10**power, 5 * 10**power) if k >= least)
    return list(range(0, len(labels), every))


def abreast(count: int, fit: int) -> int:
    """Of ``count`` pictures how many stand side by side, at most ``fit``, so that rows are about as full as each other.

    >>> abreast(4, 3), abreast(3, 3), abreast(5, 3), abreast(0, 3)
    (2, 3, 3, 1)
    """
    fit = max(fit, 1)
    return max(1, math.ceil(count / max(math.ceil(count / fit), 1)))


def count_text(value: float) -> str:
    """
    >>> count_text(1682), count_text(20_000_263), count_text(0.5), count_text(150_000)
    ('1,682', '20.0 M', '0.5', '150 k')
    """
    if abs(value) >= 1e6:
        return f"{value / 1e6:,.1f} M"
    if abs(value) >= 1e5:
        return f"{value / 1e3:,.0f} k"
    return f"{value:,.0f}" if value == round(value) or abs(value) >= 100 else f"{value:,.2g}"


def share_text(value: float) -> str:
    """
    >>> share_text(0.614), share_text(0.9998), share_text(1), share_text(0.0004), share_text(0)
    ('61.4 %', '> 99.9 %', '100 %', '< 0.1 %', '0 %')
    """
    if value in (0, 1):
        return f"{value:.0%}".replace("%", " %")
    if value < 0.0005:
        return "< 0.1 %"
    if value > 0.9995:
        return "> 99.9 %"
    return f"{value * 100:.1f} %"


def whole_share(value: float) -> str:
    """
    >>> whole_share(0.25)
    '25 %'
    """
    return f"{value * 100:.0f} %"


Says = Callable[[float], str]
