"""Says: what predicted ratings come to, in sentences, and how they were judged."""

from __future__ import annotations

from triptych.drawing.axis import whole_share
from triptych.studies.protocol import Protocol
from triptych.studies.report.rated.figures import weighed
from triptych.studies.report.rated.told import coverage_of, runs_of
from triptych.studies.report.view import listed, measured
from triptych.studies.results import Judgement

#: What each row of predicted ratings is.
ROWS = {
    "warm": "These are ratings by users and of items that something was learned of.",
    "cold": "These are ratings by users or of items that nothing was learned of.",
}
#: The level that is told of, where it is among those that there are.
LEVEL = 0.8


def sentences(judgement: Judgement) -> list[str]:
    """Of fits, of how sure rows are, and of weights that were chosen; nothing of what is not of ratings."""
    if not judgement.protocol.rated:
        return []
    said: list[str] = []
    fitted = [line for line in measured(judgement) if runs_of(judgement, line)]
    if fitted:
        counts = sorted({len(runs_of(judgement, line)) for line in fitted})
        told = str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
        said.append(
            f"Models that draw lots are fitted {told} times, by a seed each; figures are of all their fits, and curves "
            "and histograms of the first."
        )
    sure = [
        f"{value * 100:.1f} % with “{line.name}”"
        for line in measured(judgement)
        if (value := dict(coverage_of(judgement, line)).get(LEVEL)) is not None
    ]
    if sure:
        said.append(f"Of all ratings, intervals of a nominal {whole_share(LEVEL)} cover {listed(sure, quotes=False)}.")
    return said + [
        f"“{line.name}”: {' '.join(own)}" for line in measured(judgement, "variant") if (own := weighed(line))
    ]


def how(protocol: Protocol, row: str) -> str:
    """A protocol of ratings in plain words, but for its split."""
    said = (
        "Every rating of the test side is predicted, none is passed over. RMSE and MAE are of all of them at once, so "
        "that less is better and who rates much weighs more; their intervals are of users drawn anew, each with all of "
        f"their ratings. As a choice: what is predicted {protocol.recommended:g} or more is recommended, and what is "
        f"rated {protocol.relevant:g} or more is liked; precision and recall are pooled over all ratings."
    )
    if protocol.top:
        items, users = protocol.top
        said += f" Of all items the {items:,}, and of users the {users:,}, with most ratings."
    if protocol.cap:
        said += f" At most {protocol.cap:,} ratings of each user are there at all."
    if protocol.mask:
        said += f" Of the training ratings {protocol.mask:.0%} are left out."
    if protocol.validation:
        said += f" {protocol.validation:.0%} of what is left beside the test decides choices."
    return f"{said} {ROWS[row]}" if row in ROWS else said


def split(protocol: Protocol) -> str:
    """Of a split that only ratings have; "" of another."""
    match protocol.split:
        case "non-cold":
            return (
                f"Items are cut into {protocol.folds} folds; half of the ratings of those of one judge, and the other "
                "half are learned from."
            )
        case "hard-cold":
            return (
                f"Items are cut into {protocol.folds} folds; half of the ratings of those of one judge, and nothing is "
                "learned from any rating of these items."
            )
        case "rows":
            return f"Ratings are cut into {protocol.folds} folds, and those of one judge."
        case "given":
            files = f"{protocol.folds} pairs of files" if protocol.folds > 1 else "a pair of files"
            return f"What is learned from and what judges is given, as {files}."
        case _:
            return ""


def where(judgement: Judgement) -> str:
    """What is said of a row behind the protocol's title: ``, warm ratings``."""
    row = judgement.row
    if not row or (judgement.protocol.rated and len(judgement.protocol.rows) == 1 and row == "overall"):
        return ""
    return f", {row} {'ratings' if judgement.protocol.rated else 'items'}"
