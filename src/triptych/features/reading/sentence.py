"""Sentence: title and plot as one vector of a sentence model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from triptych.catalogue.records import Item
from triptych.features.extractor import Needs, Showing
from triptych.features.feature import Feature
from triptych.features.reading.encoder import MINILM, WHEEL, SentenceModel, describe, load, minilm_folder, require
from triptych.features.recipe import Recipe

#: Windows read of one text; with 254 word pieces each, about 1,500 English words.
WINDOWS = 8
#: No more characters than this reach the tokenizer: three times what the windows hold of English.
TEXT_CHARACTERS = 32_768
#: A title longer than this is a mistake of the source, and must not push the plot out of the windows.
TITLE_CHARACTERS = 512
#: Above this share of pieces outside the vocabulary, the vector says little, and a warning says so.
UNKNOWN_SHARE = 0.5


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """``reading/sentence``: float32 ``[hidden_size]`` of length 1, of ``"title. plot"``; missing without a plot.

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

    >>> Sentence().recipe.title
    'reading/sentence'
    >>> Sentence().recipe.params["hidden_size"]
    384
    """

    model: str = ""
    described: SentenceModel = field(init=False, repr=False)

    def __post_init__(self) -> None:
        # Fixed here and carried to worker processes, so that the recipe cannot change after the work is planned.
        if self.model:
            folder = Path(self.model).expanduser().resolve()
            object.__setattr__(self, "model", str(folder))
            object.__setattr__(self, "described", describe(folder))
        else:
            object.__setattr__(self, "described", MINILM)

    @property
    def recipe(self) -> Recipe:
        return Recipe(
            panel="reading",
            name="sentence",
            version=1,
            params={
                "model_sha256": dict(self.described.sha256),
                "hidden_size": self.described.hidden_size,
                "text": "{title}. {plot}",
                "title_characters": TITLE_CHARACTERS,
                "text_characters": TEXT_CHARACTERS,
                "window_pieces": self.described.max_pieces,
                "windows": WINDOWS,
                "pooling": "mean",
                "normalise": "l2",
                "dtype": "float32",
            },
        )

    @property
    def needs(self) -> Needs:
        return Needs(fields=("title", "plot"))

    def ready(self) -> None:
        """Raise MissingExtra if a package is not installed. Imports none of them: call it before any work starts."""
        require(("torch", "transformers") if self.model else ("torch", "transformers", WHEEL))

    def extract(self, showings: Sequence[Showing]) -> Sequence[Feature]:
        return [self._feature(showing.item) for showing in showings]

    def _feature(self, item: Item) -> Feature:
        text, warnings = _text(item)
        if not text:
            return Feature.missing("the item has no plot")
        encoder = load(Path(self.model) if self.model else minilm_folder(), self.described)
        windows = encoder.cut(text)
        if windows.total == 0:
            return Feature.missing("the model's tokenizer finds no word in the item's title and plot")
        if len(windows.pieces) > WINDOWS:
            warnings.append(
                f"the text has {windows.total:,} word pieces; the first {sum(windows.pieces[:WINDOWS]):,} were read, "
                f"the others were not"
            )
        if windows.unknown > UNKNOWN_SHARE * windows.total:
            warnings.append(
                f"{windows.unknown:,} of {windows.total:,} word pieces are unknown to the model: it does not read this "
                "script or language"
            )
        return Feature(values=encoder.vector(windows, most=WINDOWS), warnings=tuple(warnings))


def _text(item: Item) -> tuple[str, list[str]]:
    """``"title. plot"`` cut to what is tokenised, with warnings of what was cut; empty when there is no plot."""
    warnings: list[str] = []
    title, plot = item.title.strip(), item.plot.strip()
    if not _written(plot):
        return "", warnings
    if len(title) > TITLE_CHARACTERS:
        warnings.append(f"the title has {len(title):,} characters; the first {TITLE_CHARACTERS:,} were read")
        title = title[:TITLE_CHARACTERS]
    text = f"{title}. {plot}" if _written(title) else plot
    if len(text) > TEXT_CHARACTERS:
        warnings.append(f"title and plot have {len(text):,} characters; the first {TEXT_CHARACTERS:,} were tokenised")
        text = text[:TEXT_CHARACTERS]
    return text, warnings


def _written(text: str) -> bool:
    """Whether anything can be seen of it: byte-order marks, control characters and lone surrogates cannot."""
    return any(character.isprintable() and character not in " \ufffd" for character in text[:TEXT_CHARACTERS])
