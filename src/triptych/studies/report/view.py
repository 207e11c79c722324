"""View: which figures of a judgement are shown, by which of them it is told, and how a number is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace as _replace

from triptych.errors import UnknownName
from triptych.evaluate.metrics.definition import METRICS, Metric, metric
from triptych.evaluate.significance import Comparison, Interval
from triptych.features.recipe import PANELS
from triptych.studies.results import CERTAIN, Judgement, Line

#: Written behind a difference that is beyond chance.
ABOVE, BELOW = "▲", "▼"
UNMEASURED = "not run yet"


def measure(name: str) -> Metric:
    """Of a name such as ``ndcg@10``; a name of which nothing is known stands for itself, and higher is better."""
    try:
        return metric(name)
    except UnknownName:
        return _replace(METRICS["auc"], name=name, title=name)


def label(name: str) -> str:
    return measure(name).label


def shown(judgement: Judgement) -> list[str]:
    """The table's metrics that any line has; where it has none of them, some that there are."""
    there = {name for line in judgement.lines for name in (*line.figures, *line.whole)}
    asked = [name for name in judgement.table.metrics if name in there]
    if asked:
        return asked
    known = next((line.figures for line in judgement.lines if line.figures), None)
    return list(known or ())[-5:]


def main(judgement: Judgement) -> str:
    """The metric that a judgement is told by: RMSE of predicted ratings, and of rankings nDCG as deep as it is shown;
    else the last that is shown; "" for none."""
    names = [name for name in shown(judgement) if any(name in line.figures for line in judgement.lines)]
    if "rmse" in names:
        return "rmse"
    gains = [name for name in names if measure(name).name in ("ndcg", "ndcg-graded")]
    return max(gains, key=lambda name: measure(name).at or 0) if gains else names[-1] if names else ""


def base_of(judgement: Judgement) -> Line | None:
    """The row that all are tested against, if it was measured."""
    found = judgement.line(judgement.table.against)
    return found if found is not None and found.measured is not None else None


def measured(judgement: Judgement, *kinds: str) -> list[Line]:
    return [one for one in judgement.lines if one.measured is not None and (not kinds or one.kind in kinds)]


def told(judgement: Judgement) -> bool:
    """Whether there is anything to compare: of a table that was not run its base may stand, from another."""
    return any(one is not base_of(judgement) for one in measured(judgement, "variant")) or (
        len(judgement.table.rows) == 1 and bool(measured(judgement, "variant"))
    )


def best(judgement: Judgement, name: str) -> str:
    """The variant that is best by a metric, of those on the same items as the base; "" where better has no direction,
    or there is one variant alone."""
    direction = measure(name).better
    base = base_of(judgement)
    lines = [one for one in measured(judgement, "variant") if base is None or one.scope == base.scope]
    values = {one.name: value for one in lines if (value := value_of(one, name)) is not None}
    if direction == "neither" or len(values) < 2:
        return ""
    return (max if direction == "higher" else min)(values, key=lambda one: values[one])


def value_of(line: Line, name: str) -> float | None:
    if name in line.figures:
        return line.figures[name].value
    return line.whole.get(name)


def called(judgement: Judgement, line: Line) -> str:
    """A line's name. A control of some items alone is called after the one variant that is of these, if there is one:
    their genres at length leave no room for which control it is."""
    mark = f" ({line.scope})"
    same = [one.name for one in judgement.lines if one.kind == "variant" and one.scope == line.scope]
    if line.kind == "variant" or not line.scope or len(same) != 1 or not line.name.endswith(mark):
        return line.name
    return f"{line.name.removesuffix(mark)}, {same[0]}"


def better(name: str, difference: float) -> bool:
    return difference < 0 if measure(name).better == "lower" else difference > 0


def certain(one: Comparison) -> bool:
    p = one.p_holm if one.p_holm is not None else one.p_permutation
    return p < CERTAIN and one.difference != 0


def mark(one: Comparison | None) -> str:
    return "" if one is None or not certain(one) else ABOVE if one.difference > 0 else BELOW


def family(judgement: Judgement, kind: str = "variant") -> int:
    """How many comparisons were corrected together."""
    kinds = ("variant",) if kind == "variant" else ("control", "oracle")
    return sum(1 for one in judgement.lines if one.kind in kinds and one.against)


def panels_of(line: Line) -> frozenset[str]:
    """The panels that a line compares by; none where it does not say."""
    for facts in line.facts:
        if "widths" in facts:
            return frozenset(panel for panel in PANELS if facts["widths"].get(panel))
    return frozenset()


def without(line: Line, base: Line) -> str:
    """The one panel that a line lacks of what its base has; "" where it lacks none or several."""
    gone = panels_of(base) - panels_of(line)
    return next(iter(gone)) if len(gone) == 1 and panels_of(line) else ""


def alone(line: Line, base: Line) -> str:
    """The one panel that a line has of several of its base."""
    own = panels_of(line)
    return next(iter(own)) if len(own) == 1 and len(panels_of(base)) > 1 else ""


def folds(judgement: Judgement, line: Line) -> str:
    """What is to be said of a line that some folds only have told of; "" otherwise."""
    asked = max(judgement.protocol.folds, 1)
    return f"{len(line.facts)} of {asked} folds" if line.measured is not None and len(line.facts) < asked else ""


def unhad(judgement: Judgement) -> list[tuple[list[str], str]]:
    """Lines without figures by their reason, in order."""
    found: dict[str, list[str]] = {}
    for one in judgement.lines:
        if one.measured is None:
            found.setdefault(one.nothing, []).append(one.name)
    return [(names, why) for why, names in found.items()]


def number(value: float | None) -> str:
    """
    >>> number(0.12734), number(-0.00001), number(16122.5), number(None)
    ('0.1273', '0.0000', '16,122.5', '–')
    """
    if value is None:
        return "–"
    if abs(value) >= 100:
        return f"{value:,.1f}"
    text = f"{value:.4f}"
    return _minus(text) if float(text) else "0.0000"


def signed(value: float, digits: int = 4) -> str:
    """
    >>> signed(0.0123), signed(-0.063), signed(0)
    ('+0.0123', '−0.0630', '0.0000')
    """
    text = f"{value:+.{digits}f}"
    return _minus(text) if float(text) else f"{0:.{digits}f}"


def within(one: Interval) -> str:
    """The value, and half of how wide its interval is."""
    if one.high is None:
        return number(one.value)
    return f"{number(one.value)} ±{number((one.high - one.low) / 2)}"


def ends(one: Interval) -> str:
    return f"[{number(one.low)}, {number(one.high) if one.high is not None else '∞'}]"


def relative(difference: float, base: float | None) -> str:
    """
    >>> relative(-0.063, 0.2828), relative(0.1, 0), relative(0.00001, 1)
    ('−22.3 %', '', '0.0 %')
    """
    if not base:
        return ""
    return f"{signed(100 * difference / abs(base), 1)} %"


def p_text(p: float | None) -> str:
    """
    >>> p_text(0.0001), p_text(0.04), p_text(None)
    ('p < 0.001', 'p = 0.040', '')
    """
    if p is None:
        return ""
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def seconds(value: float) -> str:
    """
    >>> seconds(0.04), seconds(7.25), seconds(724), seconds(12_000)
    ('0.0 s', '7.2 s', '12 min', '3.3 h')
    """
    if value < 120:
        return f"{value:.1f} s"
    return f"{value / 60:.0f} min" if value < 7200 else f"{value / 3600:.1f} h"


def listed(names: Sequence[str], *, quotes: bool = True) -> str:
    """
    >>> listed(["a", "b", "c"]), listed(["a"], quotes=False)
    ('“a”, “b” and “c”', 'a')
    """
    told = [f"“{name}”" for name in names] if quotes else list(names)
    return told[0] if len(told) == 1 else f"{', '.join(told[:-1])} and {told[-1]}" if told else ""


def _minus(text: str) -> str:
    return text.replace("-", "−")
