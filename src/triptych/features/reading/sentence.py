"""Sentence: title and plot as one vector of a sentence model, or the plot sentence by sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal, get_args

import numpy as np
import numpy.typing as npt

from triptych.catalogue.records import Item
from triptych.errors import UnknownName
from triptych.features.backbones.network import DTYPES
from triptych.features.extractor import Needs, Showing
from triptych.features.feature import Feature
from triptych.features.reading import sentences as sentence_rules
from triptych.features.reading.encoder import (
    MINILM,
    WHEEL,
    Encoder,
    SentenceModel,
    Windows,
    describe,
    load,
    minilm_folder,
    require,
    strange,
)
from triptych.features.reading.rules import rules_of
from triptych.features.reading.text import plot_of, plot_params, title_of, title_params
from triptych.features.recipe import Recipe

#: Windows read of one text; with 254 word pieces each, about 1,500 English words.
WINDOWS = 8
#: Sentences read of one plot; of 1,484 plots of MovieLens 100K the longest has 18.
SENTENCES = 64

Over = Literal["text", "sentences", "each"]
Dtype = Literal["float32", "bfloat16"]


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """What a sentence model makes of title and plot, as one vector of length 1.

    ``reading/sentence`` is float32 ``[hidden_size]``, of ``"title. plot"``; missing without a plot.

    ``over``: "text" is that. "sentences" is the mean of the vectors of length 1 of the plot's sentences, without the
    title, (1/S) Σ_s v_s (Pingali 2022 §III): shorter than 1 by as much as the sentences differ. A plot is cut by
    :func:`~.sentences.sentences`, its first 64 sentences are read, and what is left unread is a warning. "each" is
    these vectors themselves, ``[S, hidden_size]`` in the order of the plot: its path, for what reads sequences. A plot
    has no seconds, so the time of a sentence is its number, the first being 0.

    ``model``: the folder of a sentence model with mean pooling; empty for the MiniLM inside its wheel (384
    dimensions). The recipe holds the SHA-256 of the folder's files, not its path: the same model elsewhere is
    the same recipe, another model at the same path is another one. A folder is described and hashed when the
    extractor is made, and verified against that when a process first loads it; the MiniLM's digests are pinned.

    Text is cut into windows of at most 254 word pieces; at most 8 are read, and their means are averaged by
    their number of pieces (equation in :meth:`~.encoder.Encoder.vector`). What is left unread is a warning.

    Every window goes through the network alone, on one thread. In a padded batch the matrix products have
    other shapes, their sums another order, and the last bits of a vector would depend on its neighbours: on
    which items stood in the batch, hence on where a run was killed and resumed. Alone, the bits depend on the
    text only, on one kind of processor and one release of torch. It costs next to nothing on one thread: titles
    with plots of 80 to 120 words (108 pieces in the mean) go at 28 a second alone, and at 24 a second in batches
    of 32 padded to the longest; texts of one length, 121 pieces, at 27 alone and 29 in a batch (2-core x86
    machine, float32).

    ``dtype``: "bfloat16" keeps weights, and what passes between layers, in half the bits. Processors that compute with
    them (avx512_bf16, AMX) gain: 32 texts a second in place of 20 on one core of one kind, 134 in place of 48 on
    another. Those that do not lose: 5 to 11 in place of 20. The vectors are others, by a cosine of .9999 in the mean,
    so it is in the recipe, and no machine chooses it by itself.

    >>> Sentence().recipe.title
    'reading/sentence'
    >>> Sentence().recipe.params["hidden_size"]
    384
    """

    NAME: ClassVar[str] = "sentence"

    model: str = ""
    over: Over = "text"
    dtype: Dtype = "float32"
    described: SentenceModel = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.over not in get_args(Over):
            raise UnknownName("way to read", self.over, get_args(Over))
        if self.dtype not in DTYPES:
            raise UnknownName("dtype", self.dtype, DTYPES)
        # Fixed here and carried to worker processes, so that the recipe cannot change after the work is planned.
        if self.model:
            folder = Path(self.model).expanduser().resolve()
            object.__setattr__(self, "model", str(folder))
            object.__setattr__(self, "described", describe(folder))
        else:
            object.__setattr__(self, "described", MINILM)

    @property
    def recipe(self) -> Recipe:
        params: dict[str, Any] = {
            "model_sha256": dict(self.described.sha256),
            "hidden_size": self.described.hidden_size,
            "text": "{title}. {plot}",
            "window_pieces": self.described.max_pieces,
            "windows": WINDOWS,
            "pooling": "mean",
            "normalise": "l2",
            "dtype": self.dtype,
            **plot_params(),
        }
        if self.over != "text":
            rules = rules_of(sentence_rules)
            params |= {"text": "{plot}", "over": self.over, "sentences": SENTENCES, "sentence_rules": rules}
        else:
            params |= title_params()
        return Recipe(panel="reading", name=self.NAME, version=2, params=params)

    @property
    def needs(self) -> Needs:
        return Needs(fields=("title", "plot") if self.over == "text" else ("plot",))

    def columns(self) -> tuple[str, ...]:
        """The entries of the model's vector have no names of their own."""
        return tuple(f"sentence_{k:04d}" for k in range(self.described.hidden_size))

    def ready(self) -> None:
        """Raise MissingExtra if a package is not installed. Imports none of them: call it before any work starts."""
        require(("torch", "transformers") if self.model else ("torch", "transformers", WHEEL))

    def extract(self, showings: Sequence[Showing]) -> Sequence[Feature]:
        return [self._feature(showing.item) for showing in showings]

    def _feature(self, item: Item) -> Feature:
        plot = plot_of(item)
        if plot.missing:
            return Feature.missing(plot.missing)
        encoder = load(Path(self.model) if self.model else minilm_folder(), self.described, self.dtype)
        if self.over != "text":
            return _by_sentences(encoder, plot.text, list(plot.warnings), each=self.over == "each")
        title = title_of(item)
        text = f"{title.text}. {plot.text}" if title.text else plot.text
        return _whole(encoder, encoder.cut(text), [*title.warnings, *plot.warnings])


@dataclass(frozen=True, kw_only=True)
class SentenceMean(Sentence):
    """The mean of a sentence model's vectors of the plot's sentences, the title left out (Pingali 2022).

    It is :class:`Sentence` over sentences, under a name of its own, so that one catalogue can hold both.
    """

    NAME: ClassVar[str] = "sentence-mean"

    over: Over = field(default="sentences", init=False)


@dataclass(frozen=True, kw_only=True)
class SentenceEach(Sentence):
    """A sentence model's vector of each of the plot's sentences, numbered from 0: the plot as a path.

    It is :class:`Sentence` over each, under a name of its own: a sequence cannot stand where a vector is looked for.
    """

    NAME: ClassVar[str] = "sentence-each"

    over: Over = field(default="each", init=False)


def _whole(encoder: Encoder, windows: Windows, warnings: list[str]) -> Feature:
    if windows.total == 0:
        return Feature.missing("the model's tokenizer finds no word in the item's title and plot")
    if len(windows.pieces) > WINDOWS:
        warnings.append(
            f"the text has {windows.total:,} word pieces; the first {sum(windows.pieces[:WINDOWS]):,} were read, "
            f"the others were not"
        )
    warnings += strange(windows.unknown, windows.total)
    return Feature(values=encoder.vector(windows, most=WINDOWS), warnings=tuple(warnings))


def _by_sentences(encoder: Encoder, plot: str, warnings: list[str], *, each: bool) -> Feature:
    found = sentence_rules.sentences(plot)
    if len(found) > SENTENCES:
        warnings.append(f"the plot has {len(found):,} sentences; the first {SENTENCES} were read, the others were not")
    cut = [windows for windows in map(encoder.cut, found[:SENTENCES]) if windows.total]
    if not cut:
        return Feature.missing("the model's tokenizer finds no word in the item's plot")
    if longer := sum(len(windows.pieces) > WINDOWS for windows in cut):
        warnings.append(f"{longer} of {len(cut)} sentences are longer than {WINDOWS} windows, and were not read whole")
    warnings += strange(sum(w.unknown for w in cut), sum(w.total for w in cut))
    # Each alone, as above: twice the same sentence is the same bits twice.
    vectors = np.stack([encoder.vector(windows, most=WINDOWS) for windows in cut])
    if each:
        return Feature(values=vectors, times_s=np.arange(len(vectors), dtype=np.float64), warnings=tuple(warnings))
    mean: npt.NDArray[np.float64] = vectors.mean(axis=0, dtype=np.float64)
    return Feature(values=mean.astype(np.float32), warnings=tuple(warnings))
