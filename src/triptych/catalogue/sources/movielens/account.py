"""Account: what was left out of a data set, and what is worth knowing of the rest."""

from __future__ import annotations

from triptych.catalogue.sources.source import Refusal


class Account:
    """Filled while a data set is read, file after file."""

    def __init__(self) -> None:
        self.refused: list[Refusal] = []
        self.notes: list[str] = []
        self.unused: set[str] = set()

    def refuse(self, what: str, reason: str) -> None:
        self.refused.append(Refusal(what=what, reason=reason))

    def count(self, number: int, what: str, reason: str) -> None:
        """A refusal of so many rows, if there are any."""
        if number:
            self.refuse(what, f"{number:,} {reason}")

    def note(self, number: int, text: str) -> None:
        """A sentence, without its full stop, that begins with a number, if that is not 0."""
        if number:
            self.notes.append(f"{number:,} {text}")
