"""Attrition: what was lost on the way from a catalogue to what is kept of it, by stage and by reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from triptych.curation.selection import Step


@dataclass(frozen=True, kw_only=True)
class StageRow:
    """One stage: how many are left, and the share [%] of the catalogue lost so far; None where there was nothing."""

    rule: str
    title: str
    items: int
    items_loss_pct: float | None
    users: int
    users_loss_pct: float | None
    interactions: int
    interactions_loss_pct: float | None


@dataclass(frozen=True, kw_only=True)
class IssueRow:
    """One reason: how many were removed when its turn came, as a share [%] of the catalogue, and alone.

    Counts depend on the order: what an earlier rule removed, a later one does not count. ``…_alone`` is what the rule
    would have removed from the whole catalogue by itself. ``reasons`` splits the items further.
    """

    rule: str
    issue: str
    items: int
    items_pct: float | None
    items_alone: int
    items_unknown: int
    users: int
    users_pct: float | None
    users_alone: int
    interactions: int
    interactions_pct: float | None
    interactions_alone: int
    reasons: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Attrition:
    """Both tables."""

    stages: tuple[StageRow, ...]
    issues: tuple[IssueRow, ...]

    def text(self) -> str:
        """The tables for reading, in columns; without users and interactions, where nobody acted."""
        return f"{_drawn(*self.stage_table())}\n\n{_drawn(*self.issue_table())}"

    def stage_table(self) -> tuple[list[str], list[list[str]]]:
        """Names of the columns, and the rows."""
        names = ["stage", "items", "loss", "users", "loss", "interactions", "loss"]
        rows = [
            [
                row.title,
                f"{row.items:,}",
                _share(row.items_loss_pct),
                f"{row.users:,}",
                _share(row.users_loss_pct),
                f"{row.interactions:,}",
                _share(row.interactions_loss_pct),
            ]
            for row in self.stages
        ]
        return self._acted(names, rows, of_items=3)

    def issue_table(self) -> tuple[list[str], list[list[str]]]:
        names = ["removed", "items", "of all", "alone", "unknown"]
        names += ["users", "of all", "alone", "interactions", "of all", "alone"]
        rows: list[list[str]] = []
        for row in self.issues:
            rows.append(
                [
                    row.issue,
                    f"{row.items:,}",
                    _share(row.items_pct),
                    f"{row.items_alone:,}",
                    f"{row.items_unknown:,}",
                    f"{row.users:,}",
                    _share(row.users_pct),
                    f"{row.users_alone:,}",
                    f"{row.interactions:,}",
                    _share(row.interactions_pct),
                    f"{row.interactions_alone:,}",
                ]
            )
            if len(row.reasons) > 1:
                rows += [[f"  {reason}", f"{count:,}", *[""] * 9] for reason, count in row.reasons]
        return self._acted(names, rows, of_items=5)

    def _acted(self, names: list[str], rows: list[list[str]], *, of_items: int) -> tuple[list[str], list[list[str]]]:
        """The first columns alone, if there was no interaction to begin with."""
        if self.stages and self.stages[0].interactions:
            return names, rows
        return names[:of_items], [row[:of_items] for row in rows]


def attrition(steps: Sequence[Step]) -> Attrition:
    """The tables of the steps of a selection, the first of which is the catalogue as it was."""
    if not steps:
        return Attrition(stages=(), issues=())
    start = steps[0]
    stages = tuple(
        StageRow(
            rule=step.rule,
            title=step.title,
            items=step.items_left,
            items_loss_pct=_pct(start.items_left - step.items_left, start.items_left),
            users=step.users_left,
            users_loss_pct=_pct(start.users_left - step.users_left, start.users_left),
            interactions=step.interactions_left,
            interactions_loss_pct=_pct(start.interactions_left - step.interactions_left, start.interactions_left),
        )
        for step in steps
    )
    issues = tuple(
        IssueRow(
            rule=step.rule,
            issue=step.issue,
            items=step.items_removed,
            items_pct=_pct(step.items_removed, start.items_left),
            items_alone=step.items_alone,
            items_unknown=step.items_unknown,
            users=step.users_removed,
            users_pct=_pct(step.users_removed, start.users_left),
            users_alone=step.users_alone,
            interactions=step.interactions_removed,
            interactions_pct=_pct(step.interactions_removed, start.interactions_left),
            interactions_alone=step.interactions_alone,
            reasons=step.reasons,
        )
        for step in steps[1:]
    )
    return Attrition(stages=stages, issues=issues)


def _pct(part: int, whole: int) -> float | None:
    return 100 * part / whole if whole else None


def _share(pct: float | None) -> str:
    return "-" if pct is None else f"{pct:.1f}%"


def _drawn(names: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """In columns; the first to the left, the others to the right."""
    widths = [max(len(row[k]) for row in (names, *rows)) for k in range(len(names))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if k else cell.ljust(width)
            for k, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in (names, *rows)
    )
