"""Write docs/reference/cli.md from the commands' own help, and docs/reference/api.md from the public names.

    python docs/generate.py [FOLDER]

FOLDER is docs/reference unless given. Both pages are written whole each time; nothing in them is edited by hand.
"""

from __future__ import annotations

import enum
import inspect
import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

WIDTH_COLUMNS = 100
WIDE_SIGNATURE = 88
REFERENCE = Path(__file__).resolve().parent / "reference"


def cli_page() -> str:
    """Every command's help as it is printed, in the order in which the commands are listed."""
    # Typer reads the width when it is imported, and boxes its help to the terminal that it happens to find.
    os.environ["TERMINAL_WIDTH"] = str(WIDTH_COLUMNS)

    import typer
    from typer.testing import CliRunner

    from triptych.cli.main import app

    runner = CliRunner()

    def walk(command: Any, path: tuple[str, ...]) -> Iterator[str]:
        result = runner.invoke(app, [*path[1:], "--help"], env={"NO_COLOR": "1", "TERM": "dumb"}, prog_name=path[0])
        if result.exit_code != 0:
            raise SystemExit(f"{' '.join(path)} --help ended with {result.exit_code}: {result.output}")
        body = "\n".join(line.rstrip() for line in result.output.splitlines()).strip("\n")
        yield f"{'#' * (len(path) + 1)} {' '.join(path)}\n\n```text\n{body}\n```\n"
        if not hasattr(command, "list_commands"):
            return
        context = typer.Context(command, info_name=path[-1])
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            if child is not None and not child.hidden:
                yield from walk(child, (*path, name))

    sections = walk(typer.main.get_command(app), ("triptych",))
    return "# Command line\n\nWritten from the commands themselves.\n\n" + "\n".join(sections)


def api_page() -> str:
    """Every name of ``triptych.__all__`` with its signature, its docstring and its public members."""
    import triptych

    sections = [section(name, getattr(triptych, name)) for name in triptych.__all__ if name != "__version__"]
    return "# Python\n\nWritten from the docstrings of the public names.\n\n" + "\n".join(sections)


def section(name: str, thing: Any) -> str:
    """One public name as Markdown; one that is not documented stops the build."""
    described = isinstance(thing, type | ModuleType) or callable(thing)
    if not described:
        return f"## {name}\n\n```python\n{name}: {type(thing).__name__} = {thing!r}\n```\n"
    text = docstring(thing)
    if not text:
        raise SystemExit(f"triptych.{name} is public and has no docstring; write one where it is defined.")
    parts = [f"## {name}"]
    if head := signature(name, thing):
        parts.append(f"```python\n{head}\n```")
    parts.append(markdown(text))
    if isinstance(thing, type):
        parts.extend(members(thing))
    return "\n\n".join(parts) + "\n"


def members(owner: type) -> Iterator[str]:
    """The public methods and properties that the class defines itself, in the order of its source."""
    if issubclass(owner, enum.Enum):
        yield "\n".join(f"- `{member.name}` = `{member.value!r}`" for member in owner)
    for name, raw in vars(owner).items():
        if name.startswith("_") or not isinstance(raw, property | classmethod | staticmethod | Callable):
            continue
        if isinstance(raw, type):
            continue
        if isinstance(raw, property):
            head = f"{name}: {annotation(inspect.signature(raw.fget).return_annotation)}" if raw.fget else name
        else:
            head = signature(name, getattr(owner, name), drop_self=not isinstance(raw, classmethod | staticmethod))
        text = docstring(raw)
        yield f"### {owner.__name__}.{name}\n\n```python\n{head}\n```" + (f"\n\n{markdown(text)}" if text else "")


def docstring(thing: Any) -> str:
    """The docstring, without the ones that Python invents or inherits."""
    own = thing.__dict__.get("__doc__") if isinstance(thing, type) else thing.__doc__
    text = inspect.cleandoc(own or "")
    invented = isinstance(thing, type) and text.startswith(f"{thing.__name__}(")
    return "" if invented else text


class _Bare:
    """An annotation that is shown as it was written, not as the string that postponed evaluation made of it."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text


def annotation(given: Any) -> str:
    return given if isinstance(given, str) else inspect.formatannotation(given)


def signature(name: str, thing: Any, *, drop_self: bool = False) -> str:
    """``name(...) -> result``, on one line or one parameter per line; empty where there is none worth showing."""
    if isinstance(thing, ModuleType):
        return ""
    plain_class = isinstance(thing, type) and (
        issubclass(thing, enum.Enum | BaseException) or getattr(thing, "_is_protocol", False)
    )
    if plain_class:
        return ""
    full = inspect.signature(thing)
    given = list(full.parameters.values())[1 if drop_self else 0 :]
    bare = [
        parameter
        if parameter.annotation is inspect.Parameter.empty
        else parameter.replace(annotation=_Bare(annotation(parameter.annotation)))
        for parameter in given
    ]
    result = full.return_annotation
    # A class's own call returns the class; saying "-> None" of it would be what its __init__ says.
    shown = inspect.Signature.empty if isinstance(thing, type) or result is inspect.Signature.empty else result
    tail = "" if shown is inspect.Signature.empty else f" -> {annotation(shown)}"
    text = name + _plain(str(inspect.Signature(bare))) + tail
    if len(text) <= WIDE_SIGNATURE or not bare:
        return text
    lines = _separated(bare)
    return f"{name}(\n" + "".join(f"    {line},\n" for line in lines) + f"){tail}"


def _plain(text: str) -> str:
    """Enum defaults by their name, and no addresses, which would differ from run to run."""
    return re.sub(r"<(\w+\.\w+): [^>]+>", r"\1", re.sub(r" at 0x[0-9a-f]+", "", text))


def _separated(parameters: list[inspect.Parameter]) -> Iterator[str]:
    """The parameters one by one, with the bare ``/`` and ``*`` where a signature has them."""
    kinds = [parameter.kind for parameter in parameters]
    for index, parameter in enumerate(parameters):
        before = kinds[index - 1] if index else None
        if before is parameter.POSITIONAL_ONLY and parameter.kind is not before:
            yield "/"
        if parameter.kind is parameter.KEYWORD_ONLY and before not in (
            parameter.KEYWORD_ONLY,
            parameter.VAR_POSITIONAL,
        ):
            yield "*"
        yield _plain(str(parameter))
    if kinds[-1] is inspect.Parameter.POSITIONAL_ONLY:
        yield "/"


def markdown(text: str) -> str:
    """A docstring as Markdown: roles and double backticks become code, doctests become fences, ``<`` stays a sign."""
    lines: list[str] = []
    doctest = False
    for line in text.splitlines():
        if not doctest and line.lstrip().startswith(">>> "):
            lines.append("```python")
            doctest = True
        elif doctest and not line.strip():
            lines.append("```")
            doctest = False
        lines.append(line if doctest or line.startswith("    ") else _prose(line))
    if doctest:
        lines.append("```")
    return "\n".join(lines)


def _prose(line: str) -> str:
    line = re.sub(r":[a-z:]+:`~?([^`]+)`", r"`\1`", line)
    line = line.replace("``", "`")
    spans = line.split("`")
    spans[::2] = [span.replace("<", "&lt;") for span in spans[::2]]
    return "`".join(spans)


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else REFERENCE
    folder.mkdir(parents=True, exist_ok=True)
    for name, page in (("cli.md", cli_page()), ("api.md", api_page())):
        (folder / name).write_text(page, encoding="utf-8")
        print(folder / name)


if __name__ == "__main__":
    main()
