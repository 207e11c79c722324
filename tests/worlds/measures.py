"""Extractors whose answer can be worked out by hand, and one that misbehaves on demand. Workers import this file."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from triptych.catalogue.records import Item
from triptych.features.extractor import Needs, Showing, learned_from
from triptych.features.feature import Feature
from triptych.features.recipe import Recipe
from triptych.media.reel import Want
from triptych.media.sampling import Sampling

FEW = Sampling(count=4, where="all", short_side_px=16)


@dataclass(frozen=True, kw_only=True)
class Letters:
    """How often each of some letters stands in the plot."""

    letters: str = "aeiou"

    @property
    def recipe(self) -> Recipe:
        return Recipe(panel="reading", name="letters", params={"letters": self.letters})

    @property
    def needs(self) -> Needs:
        return Needs(fields=("title", "plot"))

    def ready(self) -> None:
        """Needs nothing."""

    def columns(self) -> tuple[str, ...]:
        return tuple(self.letters)

    def extract(self, showings: Sequence[Showing]) -> Sequence[Feature]:
        return [self._measure(showing.item.plot) for showing in showings]

    def _measure(self, plot: str) -> Feature:
        if not plot:
            return Feature.missing("the item has no plot")
        return Feature(values=np.array([plot.count(letter) for letter in self.letters], np.float32))


@dataclass(frozen=True, kw_only=True)
class Level:
    """Mean red, green and blue of four pictures."""

    @property
    def recipe(self) -> Recipe:
        return Recipe(panel="seeing", name="level", params={"sampling": FEW})

    @property
    def needs(self) -> Needs:
        return Needs(want=Want(samplings=frozenset({FEW})))

    def ready(self) -> None:
        """Needs nothing."""

    def extract(self, showings: Sequence[Showing]) -> Sequence[Feature]:
        return [self._measure(showing) for showing in showings]

    def _measure(self, showing: Showing) -> Feature:
        assert showing.reel is not None
        frames = showing.reel.frames_of(FEW)
        if frames is None:
            return Feature.missing("the clip has no picture track")
        return Feature(values=frames.rgb.mean(axis=(0, 1, 2)).astype(np.float32))


@dataclass(frozen=True, kw_only=True)
class Scripted:
    """Measures [1, 2, 3], but for the items in ``script``, on which it does what is written there.

    ``"exit-once PATH"`` ends its process only if there is no file at PATH yet, and makes one.
    """

    script: tuple[tuple[str, str], ...] = ()
    reads: str = "text"
    name: str = "scripted"

    @property
    def recipe(self) -> Recipe:
        return Recipe(
            panel="reading" if self.reads == "text" else "seeing", name=self.name, params={"reads": self.reads}
        )

    @property
    def needs(self) -> Needs:
        return Needs(fields=("title", "plot")) if self.reads == "text" else Needs(want=Want(samplings=frozenset({FEW})))

    def ready(self) -> None:
        """Needs nothing."""

    def extract(self, showings: Sequence[Showing]) -> Sequence[Feature]:
        doings = dict(self.script)
        found: list[Any] = []
        for showing in showings:
            found += self._do(doings.get(showing.item.item_id, ""), showing)
        return found

    def _do(self, doing: str, showing: Showing) -> list[Any]:
        doing, _, path = doing.partition(" ")
        values = np.array([1, 2, 3], np.float32)
        if doing == "raise":
            raise ValueError("the reel is upside down")
        if doing == "rant":
            raise ValueError("no " * 1_000_000)
        if doing == "mumble":
            raise KeyError
        if doing == "exit" or (doing == "exit-once" and not Path(path).exists()):
            if path:
                Path(path).touch()
            os._exit(3)
        if doing == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if doing == "hang":
            time.sleep(120)
        if doing == "write":
            assert showing.reel is not None
            frames = showing.reel.frames_of(FEW)
            assert frames is not None
            frames.rgb[:] = 0
        wrong: dict[str, list[Any]] = {
            "two": [Feature(values=values)] * 2,
            "none": [None],
            "array": [values],
            "wide": [Feature(values=np.ones(7, np.float32))],
        }
        if doing == "nan":
            values = np.array([1, np.nan, 3], np.float32)
        if doing == "float64":
            return [Feature(values=values.astype(np.float64))]  # type: ignore[arg-type]
        return wrong.get(doing, [Feature(values=values)])


@dataclass(frozen=True, kw_only=True)
class Initials:
    """A learner: how often a plot has each letter that some plot it learned from begins with."""

    most: int = 26
    title: str = "reading/initials"

    @property
    def asked(self) -> dict[str, Any]:
        return {"most": self.most}

    def ready(self) -> None:
        """Needs nothing."""

    def learn(self, items: Sequence[Item]) -> LettersOfInitials:
        letters = sorted({item.plot[0].lower() for item in items if item.plot})[: self.most]
        return LettersOfInitials(most=self.most, letters="".join(letters), origin=learned_from(items))

    def again(self, recipe: Recipe) -> LettersOfInitials:
        params = recipe.params
        return LettersOfInitials(most=self.most, letters=params["learned"], origin=params["learned_from"])


@dataclass(frozen=True, kw_only=True)
class LettersOfInitials:
    most: int
    letters: str
    origin: dict[str, Any]

    @property
    def recipe(self) -> Recipe:
        params = {"asked": {"most": self.most}, "learned": self.letters, "learned_from": self.origin}
        return Recipe(panel="reading", name="initials", params=params)

    @property
    def needs(self) -> Needs:
        return Needs(fields=("plot",))

    def ready(self) -> None:
        """Needs nothing."""

    def columns(self) -> tuple[str, ...]:
        return tuple(self.letters)

    def extract(self, showings: Sequence[Showing]) -> Sequence[Feature]:
        return [self._measure(showing.item.plot) for showing in showings]

    def _measure(self, plot: str) -> Feature:
        if not plot or not self.letters:
            return Feature.missing("the item has no plot" if not plot else "it learned from no plot")
        return Feature(values=np.array([plot.lower().count(letter) for letter in self.letters], np.float32))
