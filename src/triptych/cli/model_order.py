"""Model order: whether users get lists as a re-ranker has them, or in the model's own order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from triptych.errors import UsageError

if TYPE_CHECKING:
    from triptych.desk.desk import Desk

Reranked = Annotated[
    bool | None,
    typer.Option(
        "--rerank/--no-rerank",
        help="As the re-ranker has it, where the model was fitted with one; or in the model's own order.",
        show_default=False,
    ),
]


def asked_of(desk: Desk, rerank: bool | None) -> None:
    """UsageError where a re-ranker is asked for and there is none."""
    if rerank and desk.standing.reranker is None:
        name = desk.manifest["name"]
        option = "" if name == "hybrid" else f" --model {name}"
        raise UsageError(
            f"the model {name!r} was fitted without a re-ranker. Fit one: triptych fit CATALOGUE --rerank{option}"
        )
