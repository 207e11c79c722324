"""The reference pages hold every command and every public name."""

from __future__ import annotations

import runpy
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import triptych

GENERATE = runpy.run_path(str(Path(__file__).resolve().parents[2] / "docs" / "generate.py"))


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """A shelf of ``n`` things < 3, see :attr:`wide`.

    >>> Shelf(n=1).wide()
    True

    After.
    """

    n: int
    tags: tuple[str, ...] = ()
    of: list[str] = field(default_factory=list)

    def wide(self, *, by_cm: float = 2.5) -> bool:
        return self.n < by_cm

    @property
    def empty(self) -> bool:
        """Whether nothing stands on it."""
        return not self.n

    def _hidden(self) -> None: ...


def test_a_class_is_shown_as_it_is_called_with_its_own_public_members() -> None:
    page = GENERATE["section"]("Shelf", Shelf)
    assert "Shelf(*, n: int, tags: tuple[str, ...] = (), of: list[str] = <factory>)\n" in page
    assert "A shelf of `n` things &lt; 3, see `wide`." in page
    assert "```python\n>>> Shelf(n=1).wide()\nTrue\n```\n\nAfter." in page
    assert "### Shelf.wide\n\n```python\nwide(*, by_cm: float = 2.5) -> bool\n```" in page
    assert "### Shelf.empty\n\n```python\nempty: bool\n```\n\nWhether nothing stands on it." in page
    assert "_hidden" not in page


def test_a_long_signature_has_one_parameter_a_line_and_keeps_its_marks() -> None:
    def place(
        first: int, /, second: int, *, third_with_a_long_name: tuple[int, ...] = (), fourth: str = "x" * 20
    ) -> None: ...

    lines = GENERATE["signature"]("place", place).splitlines()
    assert [line.strip(" ,") for line in lines[1:5]] == ["first: int", "/", "second: int", "*"]
    assert lines[-1] == ") -> None"


def test_a_public_name_without_a_docstring_stops_the_build() -> None:
    def bare() -> None: ...

    with pytest.raises(SystemExit, match="bare is public and has no docstring"):
        GENERATE["section"]("bare", bare)


def test_every_public_name_has_its_section() -> None:
    page = GENERATE["api_page"]()
    assert [name for name in triptych.__all__ if name != "__version__" and f"\n## {name}\n" not in page] == []


def test_every_command_has_its_section() -> None:
    page = GENERATE["cli_page"]()
    assert "\n## triptych\n" in page
    listed = [line for line in page.splitlines() if line.startswith("### triptych ")]
    assert listed, "no command is listed"
    assert page.count("--help") > len(listed)
