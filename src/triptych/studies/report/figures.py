"""Figures: a judgement as pictures: differences from its base, all rows beside the controls, metrics by cut-off."""

from __future__ import annotations

from functools import partial

from triptych.drawing.chart import NARROW, Curve
from triptych.drawing.fan import fan
from triptych.drawing.figure import Figure
from triptych.drawing.span import Span, spans
from triptych.features.recipe import PANELS
from triptych.studies.report.view import (
    alone,
    base_of,
    called,
    certain,
    ends,
    family,
    label,
    main,
    mark,
    measure,
    measured,
    number,
    p_text,
    panels_of,
    relative,
    signed,
    told,
    without,
)
from triptych.studies.results import Judgement, Line

#: So many variants are drawn as lines over the cut-offs; more cannot be told from each other.
LINES = 6
#: Metrics that are drawn over the cut-offs, those that there are.
OVER_K = ("precision", "hit-rate", "ndcg")

#: How a line is drawn: its tone, and whether it is dashed.
Look = tuple[str, bool]


def figures_of(judgement: Judgement, name: str) -> list[Figure]:
    """``name`` is what their ids begin with. Differences first; nothing of a table that was not run."""
    if not told(judgement) or not main(judgement):
        return []
    found = [differences(judgement, f"{name}-differences"), standing(judgement, f"{name}-standing")]
    return [one for one in found if one is not None]


def looks(judgement: Judgement) -> dict[str, Look]:
    """Rows that lack a panel, or have one alone, take its colour, dashed where they lack it. In a table that is not
    about panels colours only tell rows apart."""
    base = base_of(judgement)
    lines = measured(judgement, "variant")
    found: dict[str, Look] = {}
    if base is not None and any(panels_of(one) != panels_of(base) for one in lines):
        for one in lines:
            lacks, has = without(one, base), alone(one, base)
            found[one.name] = (lacks, True) if lacks and not has else (has or "ink", False)
        # Of two panels, to lack the one is to have the other alone.
        if len({*found.values()}) > len(lines) / 2:
            return found
    cycle = [(tone, dashed) for dashed in (False, True) for tone in PANELS]
    others = [one for one in lines if one is not base]
    found = {one.name: cycle[k % len(cycle)] for k, one in enumerate(others)}
    return {base.name: ("ink", False), **found} if base is not None else found


def differences(judgement: Judgement, name: str) -> Figure | None:
    """What each variant is above or below the base, with its interval."""
    base, metric = base_of(judgement), main(judgement)
    if base is None or metric not in base.figures:
        return None
    lines = [one for one in measured(judgement, "variant") if metric in one.against]
    if not lines:
        return None
    look = looks(judgement)
    value = base.figures[metric].value
    drawn = [
        Span(
            name=one.name,
            value=one.against[metric].difference,
            low=one.against[metric].low,
            high=one.against[metric].high,
            tone=look[one.name][0],
            words=f"{relative(one.against[metric].difference, value) or signed(one.against[metric].difference)} "
            f"{mark(one.against[metric])}".rstrip(),
            told=_told(one, metric),
            hollow=not certain(one.against[metric]),
        )
        for one in lines
    ]
    sure = sum(1 for one in lines if certain(one.against[metric]))
    worse, better = ("better", "worse") if measure(metric).better == "lower" else ("worse", "better")
    if measure(metric).better == "neither":
        worse, better = "less", "more"
    return Figure(
        name=name,
        title=f"How far from “{base.name}”",
        draw=partial(
            spans,
            spans=drawn,
            says=signed_short,
            rule=0.0,
            sides=(worse, better),
            below=f"difference in {label(metric)}",
        ),
        says=(
            f"{sure} of {family(judgement)} {'differs' if sure == 1 else 'differ'} from “{base.name}” "
            f"({number(value)}) beyond chance, after Holm: a full dot. Lines are 95 % intervals of paired differences."
        ),
        heads=("", f"difference in {label(metric)}", "relative", "95 % interval", "p, Holm", "p, Wilcoxon", "d_z"),
        rows=[_row(one, metric, value) for one in lines],
    )


def standing(judgement: Judgement, name: str) -> Figure | None:
    """Variants, controls and the oracle on one axis, the best first."""
    metric = main(judgement)
    lines = [one for one in measured(judgement) if metric in one.figures]
    if not lines:
        return None
    look = looks(judgement)
    base = base_of(judgement)
    sign = 1 if measure(metric).better == "lower" else -1
    lines.sort(key=lambda one: sign * one.figures[metric].value)
    drawn: list[Span] = []
    for one in lines:
        found = one.figures[metric]
        drawn.append(
            Span(
                name=called(judgement, one),
                value=found.value,
                low=found.low,
                high=found.value if found.high is None else found.high,
                tone=look[one.name][0] if one.kind == "variant" and one.name in look else "soft",
                words=number(found.value),
                told=f"{called(judgement, one)} ({one.kind}): {number(found.value)} {ends(found)}",
                hollow=one.kind == "oracle",
                band=one.kind != "variant",
            )
        )
    own = base.figures[metric].value if base is not None and metric in base.figures else None
    unit = judgement.unit
    ahead = ""
    if any(one.kind == "oracle" for one in lines):
        ahead = ", and as a ring the oracle, which has seen what judges"
    # Of errors nobody has none: an axis from 0 would be empty for the most part.
    begin, less = (None, ", which is the least") if measure(metric).better == "lower" else (0.0, "")
    dotted = f"; the dotted line is “{base.name}”" if base is not None and own is not None else ""
    return Figure(
        name=name,
        title="Beside the controls",
        draw=partial(spans, spans=drawn, says=short, rule=own, begin=begin, below=label(metric)),
        says=(
            f"{label(metric)} of all rows, the best first{less}, with 95 % intervals over {unit}s. "
            f"On grey: controls{ahead}{dotted}."
        ),
        heads=("", "kind", label(metric), "95 % interval", f"{unit}s"),
        rows=[
            (
                one.name,
                one.kind,
                number(one.figures[metric].value),
                ends(one.figures[metric]),
                f"{one.figures[metric].n:,}",
            )
            for one in lines
        ],
    )


def over_k(judgement: Judgement, name: str) -> list[Figure]:
    """Precision, hit rate and nDCG at every cut-off: the base, the variants furthest from it, and the controls."""
    if not told(judgement) or len(set(judgement.protocol.cutoffs)) < 2:
        return []
    found: list[Figure] = []
    cutoffs = sorted(set(judgement.protocol.cutoffs))
    there = {name for one in measured(judgement) for name in one.figures}
    # Not every protocol has binary gains.
    for kind in (one if f"{one}@{cutoffs[-1]}" in there else f"{one}-graded" for one in OVER_K):
        names = [f"{kind}@{k}" for k in cutoffs]
        lines = [one for one in measured(judgement) if all(metric in one.figures for metric in names)]
        if not any(one.kind == "variant" for one in lines):
            continue
        drawn, left = _drawn(judgement, lines, names[-1])
        look = looks(judgement)
        curves = [
            Curve(
                tone=look.get(one.name, ("soft", False))[0] if one.kind == "variant" else "soft",
                dashed=look.get(one.name, ("soft", False))[1] if one.kind == "variant" else one.kind == "oracle",
                points=[(float(k), one.figures[metric].value) for k, metric in zip(cutoffs, names, strict=True)],
                name=called(judgement, one),
            )
            for one in drawn
        ]
        title = measure(names[0]).title
        more = f" Not drawn, as they are nearer to the base: {', '.join(one.name for one in left)}." if left else ""
        found.append(
            Figure(
                name=f"{name}-{kind}",
                title=f"{title} by cut-off",
                draw=partial(
                    fan,
                    curves=curves,
                    x_ticks=[(float(k), f"@{k}") for k in cutoffs],
                    y_says=short,
                    log_x=True,
                ),
                says=f"{title} at {', '.join(map(str, cutoffs))}; controls are thin and grey, the oracle dashed.{more}",
                heads=("", *(label(metric) for metric in names)),
                rows=[(one.name, *(number(one.figures[metric].value) for metric in names)) for one in lines],
                wide=NARROW,
            )
        )
    return found


def short(value: float) -> str:
    """
    >>> short(0.25), short(0.0), short(0.1), short(1.0)
    ('0.25', '0', '0.1', '1')
    """
    return f"{value:.4g}".replace("-", "−")


def signed_short(value: float) -> str:
    """
    >>> signed_short(0.02), signed_short(-0.1), signed_short(0)
    ('+0.02', '−0.1', '0')
    """
    return f"{value:+.4g}".replace("-", "−") if value else "0"


def _drawn(judgement: Judgement, lines: list[Line], metric: str) -> tuple[list[Line], list[Line]]:
    """The base, the variants furthest from it by ``metric``, and all controls; and what is left out."""
    base = base_of(judgement)
    variants = [one for one in lines if one.kind == "variant"]
    own = base.figures[metric].value if base is not None and metric in base.figures else 0.0
    far = sorted((one for one in variants if one is not base), key=lambda one: -abs(one.figures[metric].value - own))
    kept = far[: LINES - 1] if base is not None else far[:LINES]
    drawn = [one for one in lines if one.kind != "variant" or one is base or one in kept]
    return drawn, [one for one in variants if one not in drawn]


def _told(one: Line, metric: str) -> str:
    found = one.against[metric]
    p = found.p_holm if found.p_holm is not None else found.p_permutation
    return f"{one.name}: {signed(found.difference)}, {signed(found.low)} to {signed(found.high)}, {p_text(p)}"


def _row(one: Line, metric: str, value: float) -> tuple[str, ...]:
    found = one.against[metric]
    return (
        one.name,
        f"{signed(found.difference)} {mark(found)}".rstrip(),
        relative(found.difference, value),
        f"{signed(found.low)} to {signed(found.high)}",
        f"{found.p_holm:.4f}" if found.p_holm is not None else "",
        f"{found.p_wilcoxon:.4f}",
        f"{found.d_z:.3f}".replace("-", "−") if found.d_z is not None else "",
    )
