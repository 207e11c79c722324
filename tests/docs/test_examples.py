"""The examples of the pages run: what README.md and docs/*.md tell the reader to type, typed.

An example is a fenced block of ``python`` or ``bash`` whose first line is the comment ``# runs``. The examples of one
page run in order in one temporary folder; Python blocks of a page share their names, as in one session, and Bash
blocks run under ``bash -euo pipefail`` with this environment's commands first on the PATH.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MARK = "# runs"
LANGUAGES = ("python", "bash")
#: Pages that are nothing without examples: one that has none has lost its marks.
MUST_SHOW = ("docs/tutorial.md", "docs/ratings.md")
#: Only there so that an example that hangs is named; no example is meant to come near it.
HANG_S = 900

FENCE = re.compile(r"^(?P<indent> {0,3})(?P<ticks>`{3,}|~{3,})(?P<info>[^`]*)$")


@dataclass(frozen=True, kw_only=True)
class Example:
    """One block: ``line`` is where its code starts in the page, counted from 1."""

    language: str
    code: str
    line: int


def examples(text: str) -> list[Example]:
    """The marked blocks of a page, in order. A block inside a longer fence is text, not a block."""
    found: list[Example] = []
    lines = text.splitlines()
    at = 0
    while at < len(lines):
        opened = FENCE.match(lines[at])
        at += 1
        if not opened:
            continue
        ticks, info, start = opened["ticks"], opened["info"].strip(), at
        while at < len(lines) and not re.fullmatch(rf" {{0,3}}{ticks[0]}{{{len(ticks)},}} *", lines[at]):
            at += 1
        if at == len(lines):
            raise ValueError(f"the block opened at line {start} is never closed")
        indent = len(opened["indent"])
        body = [line[indent:] if line[:indent].isspace() else line for line in lines[start:at]]
        at += 1
        marked = bool(body) and body[0].strip() == MARK
        if info in LANGUAGES and marked:
            found.append(Example(language=info, code="\n".join(body) + "\n", line=start + 1))
        elif marked or re.match(r"(python|bash)\b.*\bruns?", info):
            # Half marked would be silently unrun; and a word after the language keeps the page from rendering it.
            raise ValueError(
                f"line {start}: {info!r} looks like an example; write ```python or ```bash and start it with {MARK!r}"
            )
    return found


def pages() -> list[Path]:
    return [page for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))) if page.exists()]


def run(example: Example, *, page: str, folder: Path, names: dict[str, object]) -> None:
    """Run one example, or fail with the page and the line."""
    if example.language == "python":
        # Leading empty lines make a traceback point into the page.
        source = "\n" * (example.line - 1) + example.code
        exec(compile(source, page, "exec", dont_inherit=True), names)
        return
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", example.code],
        cwd=folder,
        env={**os.environ, "PATH": path},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=HANG_S,
        check=False,
    )
    if done.returncode != 0:
        pytest.fail(f"{page}:{example.line} ended with {done.returncode}\n{example.code}\n{done.stdout}", pytrace=False)


PAGES = {str(page.relative_to(ROOT)): examples(page.read_text(encoding="utf-8")) for page in pages()}


@pytest.mark.parametrize("page", [page for page, found in PAGES.items() if found or page in MUST_SHOW])
def test_the_examples_of_a_page_run(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert PAGES[page], f"{page} has no example that runs; start its blocks with {MARK!r}"
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "__example__"}
    for example in PAGES[page]:
        run(example, page=page, folder=tmp_path, names=names)


def test_only_marked_blocks_are_examples_and_lines_are_counted_in_the_page() -> None:
    page = "\n".join(
        [
            "# Page",
            "```bash",
            "rm -rf everything",
            "```",
            "```bash",
            "# runs",
            "true",
            "```",
            "````text",
            "```python",
            "# runs",
            "1 / 0",
            "```",
            "````",
            "  ```python",
            "  # runs",
            "  if True:",
            "      x = 1",
            "",
            "  ```",
        ]
    )
    assert examples(page) == [
        Example(language="bash", code="# runs\ntrue\n", line=6),
        Example(language="python", code="# runs\nif True:\n    x = 1\n\n", line=16),
    ]


@pytest.mark.parametrize(
    "page",
    ["```python runnable\nx\n```", "```sh\n# runs\ntrue\n```", "```python\n# runs\nnever closed"],
    ids=["a word after the language", "another language", "unclosed"],
)
def test_a_block_that_would_silently_not_run_is_refused(page: str) -> None:
    with pytest.raises(ValueError, match="line 1"):
        examples(page)


def test_blocks_share_names_and_folder_and_a_failing_command_names_its_line(tmp_path: Path) -> None:
    first, second, third = examples(
        "```python\n# runs\nx = 2\n```\n```bash\n# runs\necho kept > file\n```\n"
        "```python\n# runs\nassert x == 2\nraise KeyError(x)\n```\n"
    )
    names: dict[str, object] = {}
    run(first, page="p.md", folder=tmp_path, names=names)
    run(second, page="p.md", folder=tmp_path, names=names)
    assert (tmp_path / "file").read_text() == "kept\n"
    with pytest.raises(KeyError) as caught:
        run(third, page="p.md", folder=tmp_path, names=names)
    assert (str(caught.traceback[-1].path), caught.traceback[-1].lineno + 1) == ("p.md", 12)
    (broken,) = examples("```bash\n# runs\nfalse | cat\necho unreached\n```")
    with pytest.raises(pytest.fail.Exception, match=r"p\.md:2 ended with 1"):
        run(broken, page="p.md", folder=tmp_path, names=names)
