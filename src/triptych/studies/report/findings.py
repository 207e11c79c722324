"""Findings: what the figures of a judgement say, in sentences; and in plain words how it was judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from triptych.studies.report.rated import says as rated
from triptych.studies.report.view import (
    alone,
    base_of,
    better,
    called,
    certain,
    family,
    label,
    listed,
    main,
    measure,
    measured,
    number,
    p_text,
    relative,
    signed,
    told,
    without,
)
from triptych.studies.results import AGREES, CONTRADICTS, UNDECIDED, UNTESTED, Judgement, Line, Results, Verdict
from triptych.studies.study import Protocol

#: What each row of a ranking is.
ROWS = {
    "overall": "All items of the test side are candidates.",
    "warm": "The candidates are items that somebody rated in training.",
    "cold": "The candidates are items that nobody rated in training.",
}


def findings(judgement: Judgement) -> list[str]:
    """Sentences: which panel matters, what else differs, where the controls stand. Empty if nothing was measured."""
    name = main(judgement)
    base = base_of(judgement)
    if not name or not told(judgement):
        return []
    said: list[str] = []
    if base is not None and name in base.figures:
        said += _panels(judgement, base, name)
        said += _others(judgement, base, name)
        said += _apart(judgement, base, name)
    said += _controls(judgement, name)
    return said + rated.sentences(judgement)


def verdict_counts(results: Results) -> dict[str, int]:
    found = [one.verdict for one in results.verdicts]
    return {verdict: found.count(verdict) for verdict in (AGREES, CONTRADICTS, UNDECIDED, UNTESTED)}


def seen(verdict: Verdict) -> str:
    """What became of a claim, in figures."""
    if verdict.difference is None:
        return "one of the two rows has no such figure"
    name = verdict.claim.metric
    told = [signed(verdict.difference)] if verdict.relative is not None else []
    if verdict.low is not None and verdict.high is not None:
        told.append(f"95 % interval {signed(verdict.low)} to {signed(verdict.high)}")
    told.append(p_text(verdict.p) if verdict.p is not None else "judged by others, so unpaired")
    first = relative(verdict.relative, 1) if verdict.relative is not None else signed(verdict.difference)
    return f"{first} {label(name)} ({', '.join(told)})"


def how(protocol: Protocol, row: str = "") -> str:
    """A protocol in plain words."""
    if protocol.rated:
        return f"{_split(protocol)} {rated.how(protocol, row)}"
    if protocol.kind == "item-based":
        said = (
            f"Each item has a list of the {max(protocol.cutoffs)} items that are nearest to it. Users who like the "
            f"item (ratings of {protocol.like:g} or more) judge its list: a hit is another item that they like. Users "
            f"with fewer than {protocol.least} liked items do not judge. Figures are means over users, then over items."
        )
    else:
        said = (
            f"For every user who likes any of them (ratings of {protocol.like:g} or more) all candidates are ranked, "
            f"none is sampled; by content an item scores with those of its {protocol.neighbours} nearest training "
            "items that the user likes. Figures are means over users."
        )
    said = f"{said} {_split(protocol)}"
    return f"{said} {ROWS[row]}" if row in ROWS and protocol.kind != "item-based" else said


def tested(judgement: Judgement, *, draws: int) -> str:
    """What ± and the marks mean, and which comparisons were corrected together."""
    unit = judgement.unit
    said = f"± is half of a 95 % bootstrap interval over {unit}s ({draws:,} draws)."
    pairs = f"paired {unit}s"
    if judgement.protocol.rated:
        said += " What has none is of all ratings, the mean over folds." if max(judgement.protocol.folds, 1) > 1 else ""
        pairs += ", of errors by what each of them adds"
        said += " Of errors less is better, and ▼ good."
    base = base_of(judgement)
    count, controls = family(judgement), family(judgement, "control")
    if base is None or not count + controls:
        return said
    families = [_these(count, "variant")] if count else []
    if controls:
        ahead = ", the oracle among them" if any(one.kind == "oracle" for one in judgement.lines) else ""
        families.append(f"{'apart from them over ' if count else ''}the {controls} controls{ahead}")
    return (
        f"{said} ▲ and ▼: above and below “{base.name}” with p < 0.05, by a permutation test over {pairs}, "
        f"after Holm's correction over {', and '.join(families)}; for each metric and protocol by itself."
    )


def scored(judgement: Judgement) -> str:
    counts = sorted({len(one.measured.ids) for one in judgement.lines if one.measured is not None})
    if not counts:
        return ""
    span = f"{counts[0]:,}" if len(counts) == 1 else f"{counts[0]:,} to {counts[-1]:,}"
    return f"{span} {judgement.unit}s judge."


def _panels(judgement: Judgement, base: Line, name: str) -> list[str]:
    """What is lost with each panel, the most first."""
    lost: list[tuple[float, str, Line]] = []
    for one in measured(judgement, "variant"):
        panel = without(one, base)
        if panel and name in one.against and (_plain_ablation(judgement, one)):
            lost.append((one.against[name].difference, panel, one))
    if not lost:
        return []
    lost.sort(key=lambda told: told[0], reverse=measure(name).better == "lower")
    sure = [(panel, one) for _, panel, one in lost if certain(one.against[name])]
    said = [_loss(one, panel, base, name, first=k == 0) for k, (panel, one) in enumerate(sure)]
    unsure = [f"{panel} ({_change(one, base, name)})" for _, panel, one in lost if not certain(one.against[name])]
    if unsure:
        joined = f"{', '.join(unsure[:-1])} or {unsure[-1]}" if len(unsure) > 1 else unsure[0]
        said.append(f"Without {joined}, {label(name)} does not change beyond chance.")
    ones = [
        (one.figures[name].value, panel)
        for one in measured(judgement, "variant")
        if (panel := alone(one, base)) and name in one.figures
    ]
    if len(ones) > 1:
        ones.sort(reverse=measure(name).better != "lower")
        told = listed([f"{panel} {number(value)}" for value, panel in ones], quotes=False)
        said.append(f"Alone they reach {told}; all together {number(base.figures[name].value)}.")
    return said


def _loss(one: Line, panel: str, base: Line, name: str, *, first: bool) -> str:
    if better(name, one.against[name].difference):
        return f"Without {panel}, {label(name)} is better ({_change(one, base, name)})."
    verb = "matters most" if first else "matters too"
    return f"{panel.capitalize()} {verb}: without it {label(name)} is worse ({_change(one, base, name)})."


def _change(one: Line, base: Line, name: str) -> str:
    """How much of the base's figure, and p."""
    against = one.against[name]
    change = relative(against.difference, base.figures[name].value) or signed(against.difference)
    return f"{change}, {p_text(against.p_holm if against.p_holm is not None else against.p_permutation)}"


def _others(judgement: Judgement, base: Line, name: str) -> list[str]:
    """Variants that no sentence on panels told of, by what can be said of them."""
    sides: dict[str, list[str]] = {"better": [], "worse": [], "same": []}
    for one in measured(judgement, "variant"):
        if name not in one.against or (without(one, base) and _plain_ablation(judgement, one)):
            continue
        against = one.against[name]
        side = "same" if not certain(against) else "better" if better(name, against.difference) else "worse"
        change = relative(against.difference, base.figures[name].value) or signed(against.difference)
        sides[side].append(f"“{one.name}” ({change})")
    if not any(sides.values()):
        return []
    if not sides["better"] and not sides["worse"]:
        return [f"No other variant can be told from “{base.name}” by {label(name)}: {_list(sides['same'])}."]
    said: list[str] = []
    for side, words in (("better", "Better than"), ("worse", "Worse than")):
        if sides[side]:
            said.append(f"{words} “{base.name}” in {label(name)}: {_list(sides[side])}.")
    if sides["same"]:
        said.append(f"Not to be told from it: {_list(sides['same'])}.")
    return said


def _apart(judgement: Judgement, base: Line, name: str) -> list[str]:
    """Variants that others judge than the base, so that there are no pairs to test."""
    lines = [one for one in measured(judgement, "variant") if one is not base and not one.against]
    told = [f"“{one.name}” {number(one.figures[name].value)}" for one in lines if name in one.figures]
    if not told:
        return []
    own = number(base.figures[name].value)
    said = [f"Judged by other {judgement.unit}s than “{base.name}” ({own}), hence untested here: {_list(told)}."]
    # Among fewer items it is easier to be right: chance tells by how much.
    chance = {one.scope: one.figures[name].value for one in measured(judgement, "control") if _random(one, name)}
    for one in lines:
        if one.scope in chance and base.scope in chance and one.scope != base.scope:
            there, here = number(chance[one.scope]), number(chance[base.scope])
            said.append(
                f"Chance alone has {there} among the items of “{one.name}”, and {here} among those of the base."
            )
    return said


def _controls(judgement: Judgement, name: str) -> list[str]:
    """Where the best of the controls stands, among the same items: of fewer, all rows have more."""
    scopes = dict.fromkeys(one.scope for one in measured(judgement, "variant"))
    said: list[str] = []
    for scope in scopes:
        own = [one for one in measured(judgement) if one.scope == scope and name in one.figures]
        variants = {one.name: one.figures[name].value for one in own if one.kind == "variant"}
        controls = {called(judgement, one): one.figures[name].value for one in own if one.kind == "control"}
        if variants and controls:
            said.append(_beside(variants, controls, name))
    return said


def _beside(variants: Mapping[str, float], controls: Mapping[str, float], name: str) -> str:
    pick = min if measure(name).better == "lower" else max
    top, first = pick(controls, key=lambda one: controls[one]), pick(variants, key=lambda one: variants[one])
    only = len(variants) == 1
    if better(name, controls[top] - variants[first]):
        value, other = number(variants[first]), number(controls[top])
        if only:
            return f"“{first}” ({value}) does not come up to the control “{top}” ({other})."
        return f"No variant comes up to the control “{top}” ({other}): the best, “{first}”, has {value}."
    words = f"“{first}” ({number(variants[first])})"
    words = words if only else f"The best variant, {words},"
    return f"{words} is ahead of the best control, “{top}” ({number(controls[top])})."


def _random(one: Line, name: str) -> bool:
    return one.name.partition(" (")[0] == "random" and name in one.figures


def _plain_ablation(judgement: Judgement, line: Line) -> bool:
    """Whether a line departs from its base in its features alone: one factor, so that it tells of the panel."""
    by = {one.name: one for one in judgement.table.rows}
    own, base = by.get(line.name), next(one for one in judgement.table.rows if one.name == judgement.table.against)
    if own is None:
        return False
    keys = ("fusion", "select", "learn", "weights", "metric", "genres", "most", "predict", "search", "having")
    return all(getattr(own, key) == getattr(base, key) for key in keys)


def _split(protocol: Protocol) -> str:
    if told := rated.split(protocol):
        return told
    match protocol.split:
        case "cold-items":
            return f"Items are cut into {protocol.folds} folds; those of one are new, and nothing is learned from them."
        case "cold-users":
            return f"Users are cut into {protocol.folds} folds; nothing is learned from the ratings of those who judge."
        case "cold-both":
            told = f"Users and items are cut into {protocol.folds} folds each; those of one are new, and nothing is "
            if protocol.rated:
                return f"{told}learned from either."
            more = "What the users say of the other items is told when lists are made for them."
            return f"{told}learned from either. {more}"
        case "per-user":
            return f"Of each user's ratings {protocol.share:.0%} are held back."
        case "leave-last":
            return "Of each user the last rating is held back."
        case "by-time":
            return f"The last {protocol.share:.0%} of all ratings are held back."
        case _:
            return "All ratings judge, and nothing is learned from any."


def _these(count: int, what: str) -> str:
    return f"the {count} {what}s" if count != 1 else f"the one {what}"


def _list(told: Sequence[str]) -> str:
    return listed(told, quotes=False)
