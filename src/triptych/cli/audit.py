"""``triptych audit``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from triptych.cli.output import Json, emit, printable, say, table


def command(
    run: Annotated[
        Path, typer.Argument(metavar="RUN", help="The folder of a run, or of a study with runs.", show_default=False)
    ],
    strict: Annotated[
        bool, typer.Option("--strict", help="Fail on what the record does not tell as well as on what it shows.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Check whether an experiment fools itself: leaks, choices on the test, dropped rows, sampled metrics.

    Example: triptych audit runs/ablation --strict
    """
    from triptych.errors import AuditFailed
    from triptych.evaluate.audit.folders import audits

    found = audits(run)
    failed = [audit for audit in found.values() if not audit.passed(strict=strict)]
    if as_json:
        emit(
            [
                {"run": folder, "name": audit.name, "passed": audit.passed(strict=strict), "findings": audit.findings}
                for folder, audit in found.items()
            ]
        )
    else:
        table(
            ["run", "check", "verdict", "evidence", "cure"],
            [
                [folder, finding.check, finding.verdict, finding.evidence, finding.cure or None]
                for folder, audit in found.items()
                for finding in audit.findings
            ],
        )
        for folder, audit in found.items():
            told = (f"{len(audit.of(verdict))} {verdict}" for verdict in ("clean", "notice", "unknown", "fault"))
            say(f"{printable(folder)}: {', '.join(told)}.")
    if failed:
        raise AuditFailed(
            f"{len(failed)} of {len(found)} runs did not pass: "
            + "; ".join(
                f"{printable(audit.name)}, {', '.join(audit.of('fault') + (audit.of('unknown') if strict else []))}"
                for audit in failed[:5]
            )
            + "."
        )
