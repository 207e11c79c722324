"""Tokens: a sentence cut into words and signs, for the parts that ask which class a word has."""

from __future__ import annotations

import re
from dataclasses import dataclass

from triptych.features.reading.grammar import PRONOUNS

#: What is read of one sentence.
MOST = 160

_TOKEN = re.compile(
    r"(?:Mr|Mrs|Ms|Dr|Lt|Cmdr|Sgt|Capt|Col|Gen|Maj|St|Jr|Sr|Prof|Rev|Sen|Gov|[^\W\d_a-z])\.(?=\s)"
    r"|(?:[^\W\d_]\.){2,}"
    r"|\$?\d+(?:[.,]\d+)*(?![\w])|\$?[^\W_]+(?:[.&'’-][^\W_]+)*['’]?|[,;:—–]|-(?=\s)|[.!?…]+"
)
_ASIDE = re.compile(r"\([^()]{0,400}\)|\[[^\[\]]{0,400}\]|\{[^{}]{0,400}\}")
_QUOTES = re.compile("[\"“”«»„]|(?<!\\w)['‘](?=\\w)|(?<=[.,!?])['’](?!\\w)")
_CLITICS = ("'s", "'re", "'ve", "'ll", "'d", "'m")


@dataclass(frozen=True, slots=True)
class Token:
    """``text`` as written, ``low`` in small letters; ``capital``: it begins with a capital letter and is a word."""

    text: str
    low: str
    capital: bool

    @property
    def comma(self) -> bool:
        return self.low == ","


def tokens_of(sentence: str) -> list[Token]:
    """Words, commas (dashes, colons and semicolons too) and final signs. What stands in brackets is left out.

    A possessive, and a verb that leans on a pronoun, is a token of its own:

    >>> [token.text for token in tokens_of("He's Andy's neighbour (a boy), isn't he?")]
    ['He', "'s", 'Andy', "'s", 'neighbour', ',', "isn't", 'he', '?']
    """
    text = _QUOTES.sub("", _ASIDE.sub(" ", sentence))
    found: list[Token] = []
    for match in _TOKEN.finditer(text):
        raw = match[0].replace("’", "'")
        if raw in ",;:—–-":
            found.append(Token(",", ",", False))
        elif raw[0] in ".!?…":
            found.append(Token(raw, ".", False))
        else:
            found += _parted(raw)
        if len(found) >= MOST:
            break
    return found


def _parted(raw: str) -> list[Token]:
    low = raw.lower()
    for clitic in _CLITICS:
        if low.endswith(clitic) and len(low) > len(clitic) and (clitic == "'s" or low[: -len(clitic)] in PRONOUNS):
            return [_word(raw[: -len(clitic)]), Token(raw[-len(clitic) :], clitic, False)]
    if low.endswith("'"):
        return [_word(raw[:-1]), *([Token("'", "'s", False)] if low.endswith("s'") else [])]
    return [_word(raw)]


def _word(text: str) -> Token:
    return Token(text, text.lower(), text[:1].isupper())
