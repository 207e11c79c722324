"""Credit: who wrote a summary, as data sets put it behind the text; a name that is none of the story's."""

from __future__ import annotations

import re

#: Changed whenever the rules find other credits; the patterns speak for themselves.
RULES = 1
#: A dash with one name behind it, at the very end, after a sentence has ended; or one with an address, whatever stood
#: before.
_CREDIT = re.compile(
    r"(?:(?<=[.!?…\"'”’)\]])\s*[—–]\s?[^\s—–.!?]+(?:[ .]{1,2}[^\s—–.!?]+){0,4}[ .]{0,2}|\s[—–]\s?[^—–!?<>]{0,60})"
    r"(?:[<{(][^\s<>]{0,80}[>})])?\s*\Z"
)
#: The longest credit that is looked for.
_TAIL = 200


def uncredited(text: str) -> str:
    """The text less the credit at its end, such as ``—John Doe <doe@example.org>``.

    >>> uncredited("They rob a bank. —John Doe <doe@example.org>")
    'They rob a bank.'
    >>> uncredited("They rob a bank — and a train.")
    'They rob a bank — and a train.'
    """
    head, tail = text[:-_TAIL], text[-_TAIL:]
    found = _CREDIT.search(tail)
    if found is None:
        return text
    alone = found[0].lstrip()
    addressed = "<" in alone or "{" in alone or "@" in alone
    ended = tail[: found.start()].rstrip()[-1:] in tuple(".!?…\"'”’)]")
    name = alone.strip("—– \t\n")
    # A credit without an address is one word, or begins with a capital, and is no sentence.
    named = (" " not in name or name[:1].isupper()) and not name.endswith((".", "!", "?"))
    if not addressed and not (ended and named):
        return text
    return (head + tail[: found.start()]).rstrip()
