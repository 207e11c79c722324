"""Prose: text that people wrote, as it is read: no markup, no e-mail addresses."""

from __future__ import annotations

import html
import re
from typing import Any

from triptych.catalogue.sources.cell import text_of

_UNSEEN = re.compile(r"<(script|style)\b.*?(?:</\1\s*>|\Z)|<!--.*?(?:-->|\Z)", re.IGNORECASE | re.DOTALL)
_BREAK = re.compile(
    r"</?(?:br|p|div|li|ul|ol|dl|dt|dd|h[1-6]|hr|tr|table|blockquote|section)(?=[\s/>])[^<>]*>", re.IGNORECASE
)
#: Only what is a tag of HTML: "<3" is a heart, and people write their names in such brackets.
_TAG = re.compile(
    r"</?(?:a|abbr|b|big|cite|code|em|font|i|img|q|s|small|span|strike|strong|sub|sup|tt|u|td|th|body|html|head)"
    r"(?=[\s/>])[^<>]*>",
    re.IGNORECASE,
)
#: Looked for only where a run of its characters begins, so that a long word costs no more than a short one.
_HOST = r"@[\w\-]+(?:\.[\w\-]+)*"
_ADDRESS = re.compile(
    rf"[<(\[]\s?(?:mailto:)?[\w.%+'\-]+{_HOST}\s?[>)\]]|(?<![\w.%+\-])(?:mailto:)?[\w.%+\-]+{_HOST}"
    # As people sign who will not write it out; elsewhere a lone @ is a word.
    r"|(?<=[\u2014\u2013])\s?[\w.\-]+ @ [\w.\-]+\s*\Z"
)
#: Markup is met that was escaped, and escaped again, on its way.
_DEPTH = 4
_DANGLING = re.compile(r"\s*[\u2014\u2013\-~]+\s*\Z")


def prose_of(cell: Any) -> str:
    """Clean text in lines: tags of HTML go, entities become characters, e-mail addresses go.

    An address is personal data that no reading needs; the name beside it stays. ValueError for what is no text.

    >>> prose_of("A spy &amp; a <i>satellite</i>.<br>\\u2014Jo Doe &lt;jo@example.org&gt;")
    'A spy & a satellite.\\n\\u2014Jo Doe'
    """
    text = text_of(cell, keep_lines=True)
    for _ in range(_DEPTH):
        before = text
        if "<" in text:
            text = _TAG.sub("", _BREAK.sub("\n", _UNSEEN.sub(" ", text)))
        if "&" in text:
            text = text_of(html.unescape(text), keep_lines=True)  # an entity may stand for a control character
        if text == before:
            break
    if "@" in text:
        bare, count = _ADDRESS.subn("", text)
        text = _DANGLING.sub("", bare) if count else bare
    text = re.sub(r"[ \t\xa0]+", " ", text)
    return re.sub(r" ?\n ?", "\n", re.sub(r"\n\s*\n\s*\n", "\n\n", text)).strip()
