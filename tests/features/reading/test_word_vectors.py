"""Word vectors: files of every kind hold the same, damaged ones say what is wrong; words of a sentence model."""

from __future__ import annotations

import gzip
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from triptych.errors import ExtractionError, UsageError
from triptych.features.reading import encoder, word_vectors
from triptych.features.reading.word_file import WordFile
from triptych.features.reading.word_vectors import describe, load, mean_vector

WORDS = {
    "the": [1.0, 0.0, 0.5],
    "film": [0.0, 2.0, -1.0],
    "Paris": [3.0, 1.0, 1.0],
    "café": [0.25, 0.0, 4.0],
    "####": [9.0, 9.0, 9.0],
}


def text(*, header: bool) -> bytes:
    lines = [f"{len(WORDS)} 3"] if header else []
    lines += [f"{word} {' '.join(map(str, row))}" for word, row in WORDS.items()]
    return ("\n".join(lines) + "\n").encode()


def binary(*, breaks: bool) -> bytes:
    body = b"".join(
        word.encode() + b" " + struct.pack("<3f", *row) + (b"\n" if breaks else b"") for word, row in WORDS.items()
    )
    return f"{len(WORDS)} 3\n".encode() + body


FILES = {
    "header.vec": text(header=True),
    "glove.txt": text(header=False),
    "blanks.vec": text(header=True).replace(b"\n", b" \n"),
    "google.bin": binary(breaks=False),
    "google-breaks.bin": binary(breaks=True),
    "packed.vec.gz": gzip.compress(text(header=True), mtime=0),
    "packed.bin.gz": gzip.compress(binary(breaks=False), mtime=0),
}


@pytest.mark.parametrize("name", FILES)
def test_every_kind_of_file_holds_the_same(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(FILES[name])
    described = describe(str(path))
    assert described.width == 3
    vectors = load(described)
    for word, row in WORDS.items():
        found = vectors.vector(word)
        assert found is not None
        assert found.tolist() == row
    assert vectors.vector("none") is None
    assert vectors.vector("FILM") is not None, "in small letters"
    assert vectors.vector("paris") is not None, "with a capital"
    assert vectors.vector("1984") is not None, "each digit as #"
    mean, asked, known = mean_vector(vectors, "the unknown film")
    assert mean is not None
    assert (mean.tolist(), asked, known) == ([0.5, 1.0, -0.25], 3, 2)


def test_the_first_of_two_vectors_of_a_word_counts(tmp_path: Path) -> None:
    path = tmp_path / "twice.txt"
    path.write_text("a 1 2\na 3 4\n")
    found = WordFile.open(path).vector("a")
    assert found is not None
    assert found.tolist() == [1, 2]


def test_a_file_is_known_by_its_content(tmp_path: Path) -> None:
    path, other = tmp_path / "a.vec", tmp_path / "b.vec"
    path.write_bytes(text(header=True))
    other.write_bytes(text(header=True))
    described = describe(str(path))
    assert describe(str(other)).recipe == described.recipe
    path.write_bytes(text(header=False))
    assert describe(str(path)).recipe != described.recipe
    with pytest.raises(ExtractionError, match="is not the word-vector file that was expected"):
        load(described)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "does not begin like a file of word vectors"),
        (b"PK\x03\x04 zip", "does not begin like a file of word vectors"),
        (b"hello world\nagain\n", "does not begin like"),
        (b"2 3\na 1 2 3\nb 1\n", "has no 3 numbers"),
        (binary(breaks=False)[:-5], "ends after 4 of the 5 words"),
        (b"5 99999\nx", "which cannot be"),
        (gzip.compress(text(header=True), mtime=0)[:-12], "cannot be read"),
        (bytes.fromhex("ba164f2f") + b"\x0c\0\0\0", "is a fastText model"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(body: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.vec"
    path.write_bytes(body)
    with pytest.raises(ExtractionError, match=said):
        load(describe(str(path)))


def test_a_vector_that_is_not_finite_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "nan.txt"
    path.write_text("good 1 2\nbad nan 2\n")
    vectors = load(describe(str(path)))
    with pytest.raises(ExtractionError, match="of which 1 are finite"):
        vectors.vector("bad")


def test_no_file_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no word-vector file"):
        describe(str(tmp_path / "none.vec"))


def test_the_words_of_the_sentence_model_are_means_of_its_pieces() -> None:
    from safetensors.numpy import load_file

    table = load_file(encoder.minilm_folder() / "model.safetensors")["embeddings.word_embeddings.weight"]
    vocabulary = word_vectors.load(describe(""))
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(encoder.minilm_folder() / "tokenizer.json"))
    tokenizer.no_padding()
    for word in ("film", "Spielberg", "lighthousekeeping"):
        pieces = tokenizer.encode(word, add_special_tokens=False).ids
        found = vocabulary.vector(word)
        assert found is not None
        assert np.allclose(found, table[pieces].astype(np.float64).mean(0), atol=1e-12)
    assert len(tokenizer.encode("lighthousekeeping", add_special_tokens=False).ids) > 1


def test_torch_is_not_needed() -> None:
    program = (
        "import sys\nfrom triptych.features.reading.word_vectors import describe, load\n"
        "assert load(describe('')).vector('film') is not None\n"
        "assert not {'torch', 'transformers', 'spacy'} & set(sys.modules), 'imported'\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, env={"PYTHONPATH": ":".join(sys.path)})
