"""Part: pieces of HTML that the sections of a report's page share. All text is escaped here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from triptych.drawing.figure import Figure


def prose(text: str) -> str:
    """Escaped, and with what belongs to a number kept beside it."""
    held = re.sub(r"(?<=\d) %|\bp [<=] (?=\d)", lambda found: found[0].replace(" ", "\u00a0"), text)
    return escape(held)


def folded(title: str, inner: str) -> str:
    """``inner`` is HTML that shows when it is asked for."""
    return f"<details><summary>{escape(title)}</summary><div class=scroll tabindex=0>{inner}</div></details>"


def laid(figures: Sequence[Figure], *, thirds: bool = False) -> str:
    """Figures side by side, two in a row or three; nothing of none."""
    if not figures:
        return ""
    kind = '"figures thirds"' if thirds else "figures"
    return f"<div class={kind}>{''.join(one.html() for one in figures)}</div>"


def badge(word: str, kind: str) -> str:
    return f'<span class="badge {kind}">{escape(word)}</span>'
