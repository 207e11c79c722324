"""The story of one item: title, plot and people, from a grammar of sentences per theme.

Two plots of one theme share what they are about; they share a sentence only by chance, and then with
other names, places and things in it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from triptych.catalogue.sources.synthetic.grammars import FIRST_NAMES, GRAMMARS, SURNAMES, Grammar


@dataclass(frozen=True, kw_only=True)
class Tale:
    """What is written of an item. ``plot``: 3 to 5 sentences. ``people``: those who made it, not those in it."""

    title: str
    plot: str
    people: tuple[str, ...]


def tell(rng: np.random.Generator, plot: int) -> Tale:
    """One story of theme number ``plot``."""
    grammar = GRAMMARS[plot]
    people = _people(rng)
    words = _Words(rng, grammar)
    title = words.fill(str(rng.choice(grammar.titles)))
    sentences = [str(rng.choice(grammar.openings))]
    sentences += [str(middle) for middle in rng.choice(grammar.middles, size=int(rng.integers(1, 3)), replace=False)]
    sentences.append(str(rng.choice(grammar.turns)))
    if len(sentences) < 4 or rng.random() < 0.5:
        sentences.append(str(rng.choice(grammar.endings)))
    told = [words.fill(sentence) for sentence in sentences]
    text = " ".join(sentence[0].upper() + sentence[1:] for sentence in told)
    return Tale(title=title[0].upper() + title[1:], plot=text, people=people)


def _people(rng: np.random.Generator) -> tuple[str, ...]:
    """A director and two or three actors of a company of a few hundred, some seen far more often than others."""
    count = int(rng.integers(3, 5))
    first = (rng.beta(0.8, 1.6, size=count) * len(FIRST_NAMES)).astype(int)
    last = (rng.beta(0.8, 1.6, size=count) * len(SURNAMES)).astype(int)
    names = [f"{FIRST_NAMES[a]} {SURNAMES[b]}" for a, b in zip(first, last, strict=True)]
    return tuple(dict.fromkeys(names))


class _Words:
    """The words of one story: who and where stay, what passes by changes with every mention."""

    def __init__(self, rng: np.random.Generator, grammar: Grammar) -> None:
        hero, other = (str(name) for name in rng.choice(FIRST_NAMES, size=2, replace=False))
        names = {"hero": (hero,), "other": (other,), "surname": (str(rng.choice(SURNAMES)),)}
        self._orders = names | {slot: tuple(rng.permutation(words)) for slot, words in grammar.words.items()}
        self._passing = grammar.passing
        self._used: dict[str, int] = {}

    def fill(self, pattern: str) -> str:
        """The pattern with its slots filled, and "a" become "an" where a vowel follows."""
        filled = re.sub(r"{(\w+)}", lambda slot: self._take(slot[1]), pattern)
        return re.sub(r"\b([Aa]) (?=[AEIOaeio])", r"\1n ", filled)

    def _take(self, slot: str) -> str:
        order = self._orders[slot]
        turn = self._used.get(slot, 0)
        if slot in self._passing:
            self._used[slot] = turn + 1
        return self.fill(str(order[turn % len(order)]))
