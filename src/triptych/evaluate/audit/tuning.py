"""Tuning: whether what was chosen was chosen fairly."""

from __future__ import annotations

from triptych.evaluate.audit.findings import Finding, few, many
from triptych.evaluate.record import CHOSEN_ON, Choice, Record, numbers
from triptych.evaluate.split import VALIDATION

#: A baseline that had this share of the proposed model's budget had as much: a grid has some combinations more or less.
ALIKE = 0.8

Spent = dict[str, float]


def chosen_on_test(record: Record) -> Finding:
    """Hyper-parameters, epochs and weights that the test decided."""
    check = "chosen-on-test"
    if record.choices is None:
        return _silent(check)
    if not record.choices:
        return Finding(check=check, verdict="clean", evidence="The record declares that nothing was chosen.")
    by_side = {side: [c for c in record.choices if c.chosen_on == side] for side in ("", *CHOSEN_ON)}
    cure = "Choose on validation rows, and look at the test once, with what was chosen."
    if by_side["test"]:
        named = few([_named(choice) for choice in by_side["test"]])
        evidence = f"{len(by_side['test'])} of {many(len(record.choices), 'choice')} were made on the test: {named}."
        return Finding(check=check, verdict="fault", evidence=evidence, cure=cure)
    if by_side[""]:
        named = few([_named(choice) for choice in by_side[""]])
        evidence = f"On what these were chosen the record does not tell: {named}."
        return Finding(check=check, verdict="unknown", evidence=evidence, cure=cure)
    held = record.split is None or bool((record.split.side == VALIDATION).any())
    if by_side["validation"] and not held:
        count = many(len(by_side["validation"]), "choice")
        evidence = f"{count} are said to be made on validation rows, of which the record has none."
        return Finding(check=check, verdict="unknown", evidence=evidence, cure=cure)
    if by_side["train"]:
        named = few([_named(choice) for choice in by_side["train"]])
        evidence = f"Chosen on the rows that were learned from: {named}. That favours whatever learns by heart."
        return Finding(check=check, verdict="notice", evidence=evidence, cure=cure)
    sides = " and ".join(
        words
        for words, side in (("validation rows", "validation"), ("training rows that were held back", "held-back"))
        if by_side[side]
    )
    evidence = f"{many(len(record.choices), 'choice')} were made on {sides}."
    return Finding(check=check, verdict="clean", evidence=evidence)


def edge_of_grid(record: Record) -> Finding:
    """The best value at an end of what was tried, so that a better one may lie beyond.

    Training of what is proposed that ends before it would stop by itself is to nobody's disadvantage but its own, and
    merely noticed.
    """
    check = "edge-of-grid"
    if record.choices is None:
        return _silent(check)
    edges: list[str] = []
    unfair = False
    looked = 0
    for choice in record.choices:
        for name, values in choice.grid.items():
            if not choice.ordered or name not in choice.chosen or not numbers(values):
                continue
            looked += 1
            if end := _end(choice, name):
                unfair |= choice.what != "epoch" or choice.role != "proposed"
                tried = few(sorted(set(values)))
                edges.append(f"{choice.model} ({choice.role}): {name} {choice.chosen[name]} is the {end} of {tried}")
    if edges:
        cure = "Widen the grid beyond that end until the best lies within, or tell the limit there is."
        verdict = "fault" if unfair else "notice"
        return Finding(check=check, verdict=verdict, evidence=". ".join(edges) + ".", cure=cure)
    evidence = f"The best of {many(looked, 'ordered grid')} lies within." if looked else "No grid has an order."
    return Finding(check=check, verdict="clean", evidence=evidence)


def smaller_budget(record: Record) -> Finding:
    """Baselines that were tuned less than what is proposed: by trials, and by seconds where no trials are told."""
    check = "smaller-budget"
    if record.choices is None:
        return _silent(check)
    tuned = [choice for choice in record.choices if choice.what != "epoch"]
    proposed, baselines = ([c for c in tuned if c.role == role] for role in ("proposed", "baseline"))
    if not proposed:
        return Finding(check=check, verdict="clean", evidence="Nothing of the proposed model was tuned.")
    if not baselines:
        evidence = "The proposed model was tuned, and the record has no choice of any baseline."
        return Finding(check=check, verdict="unknown", evidence=evidence, cure="Tell how the baselines were tuned.")
    for unit in ("trials", "seconds"):
        mine, theirs = _spent(proposed, unit), _spent(baselines, unit)
        if mine and theirs:
            return _compared(mine, theirs, unit, _spent(baselines, "budget") if unit == "trials" else {})
    evidence = "The record tells neither trials nor seconds of both the proposed model and the baselines."
    return Finding(check=check, verdict="unknown", evidence=evidence, cure="Have the choices tell their trials.")


def _compared(mine: Spent, theirs: Spent, unit: str, allowed: Spent) -> Finding:
    """``allowed``: what each baseline might have had; one whose grid is smaller than that was tuned to its end."""
    model = max(mine, key=lambda name: mine[name])
    enough = ALIKE * mine[model]
    less = {name: spent for name, spent in theirs.items() if spent < enough}
    denied = [name for name in less if allowed.get(name, 0) < enough]
    cure = "Give every baseline as many trials as the proposed model, or one with as few settings all there are."
    rule = f"From {ALIKE:.0%} of it on a budget counts as alike."
    if denied:
        had = "; ".join(f"{name} had {less[name]:g} {unit} and {model} {mine[model]:g}" for name in denied)
        return Finding(check="smaller-budget", verdict="fault", evidence=f"{had}. {rule}", cure=cure)
    if less:
        had = "; ".join(f"{name} took {less[name]:g} of {allowed[name]:g} {unit} it might have had" for name in less)
        evidence = f"{had}, and {model} {mine[model]:g}. {rule}"
        return Finding(
            check="smaller-budget", verdict="notice", evidence=evidence, cure="Give it a larger grid, if any."
        )
    told = few([f"{name} {spent:g}" for name, spent in {**mine, **theirs}.items()])
    evidence = f"No baseline had less than {ALIKE:.0%} of the proposed model's {unit}: {told}."
    return Finding(check="smaller-budget", verdict="clean", evidence=evidence)


def _spent(choices: list[Choice], unit: str) -> Spent:
    """Model → its trials, seconds or budget in all. Those with nothing to tune are left out, those with settings that
    nobody tuned are not."""
    spent: Spent = {}
    for choice in choices:
        value = {"trials": choice.trials, "seconds": choice.seconds, "budget": choice.budget}[unit]
        if value and (choice.grid or choice.chosen):
            spent[choice.model] = spent.get(choice.model, 0) + value
    return spent


def _end(choice: Choice, name: str) -> str:
    """Which end of the grid was chosen; "" if none, or one that is the end of what there can be."""
    values, value = choice.grid[name], choice.chosen[name]
    least, greatest = choice.limits.get(name, (None, None))
    if value == min(values) and (least is None or value > least) and choice.what != "epoch":  # there is no epoch before
        return "least"
    if value == max(values) and (greatest is None or value < greatest):
        return "greatest"
    return ""


def _named(choice: Choice) -> str:
    chosen = ", ".join(f"{name} {value}" for name, value in choice.chosen.items())
    return f"the {choice.what} of {choice.model}" + (f" ({chosen})" if chosen else "")


def _silent(check: str) -> Finding:
    return Finding(
        check=check,
        verdict="unknown",
        evidence="The record tells nothing of what was chosen.",
        cure="Have it tell its choices, or an empty list if there were none.",
    )
