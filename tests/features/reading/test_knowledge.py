"""Knowledge: what stands in which of its 1,220 entries, told by word vectors that are known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.worlds import parsed
from triptych.catalogue.records import Item
from triptych.errors import UsageError
from triptych.features.extractor import Showing
from triptych.features.feature import Feature, Presence
from triptych.features.reading.graph import triples_of
from triptych.features.reading.knowledge import Knowledge, projection

WORDS = (
    "jurassic park directed by steven spielberg has genre adventure john hammond invited individuals film "
    "starring sam neill"
)
PARK = Item(
    item_id="1",
    title="Jurassic Park",
    directors=("Steven Spielberg",),
    people=("Sam Neill",),
    genres=("Adventure",),
    plot="It rains. John Hammond invited four individuals.",
)


@pytest.fixture(scope="module")
def vectors(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seeded vectors of 300 numbers for a few words."""
    path = tmp_path_factory.mktemp("words") / "words.vec"
    rows = np.random.default_rng(1).standard_normal((len(WORDS.split()), 300)).round(4)
    lines = [f"{word} {' '.join(map(str, row))}" for word, row in zip(WORDS.split(), rows, strict=True)]
    path.write_text("\n".join(lines) + "\n")
    return path


def measured(item: Item, **asked: object) -> Feature:
    [found] = Knowledge(**asked).extract([Showing(item=item)])  # type: ignore[arg-type]
    return found


def values(item: Item, **asked: object) -> np.ndarray:
    found = measured(item, **asked)
    assert found.values is not None, found.reason
    return found.values


def mean(path: Path, text: str) -> np.ndarray:
    table = {line.split()[0]: np.array(line.split()[1:], float) for line in path.read_text().splitlines()}
    return np.mean([table[word] for word in text.lower().split()], axis=0)


def test_every_entry_stands_where_the_table_says(vectors: Path) -> None:
    def edge(head: str, relation: str, tail: str) -> np.ndarray:
        return mean(vectors, head) + mean(vectors, relation) - mean(vectors, tail)

    director = edge("jurassic park", "directed by", "steven spielberg")
    star = edge("jurassic park", "starring", "sam neill")
    genre = edge("jurassic park", "has genre", "adventure")
    clause = edge("john hammond", "invited", "individuals")
    found = values(PARK, vectors=str(vectors))
    assert found.shape == (1220,)
    assert np.allclose(found[:300], (director + star + genre) / 3, atol=1e-5)
    assert not found[300:600].any(), "the first sentence has no object"
    assert np.allclose(found[600:900], clause, atol=1e-5)
    assert not found[900:1200].any()
    norms = {1200: director, 1202: star, 1207: genre, 1218: clause}
    for k in range(1200, 1220):
        assert np.isclose(found[k], np.linalg.norm(norms[k]) if k in norms else 0, atol=1e-4), k


def test_columns_name_every_entry(vectors: Path) -> None:
    columns = Knowledge(vectors=str(vectors)).columns()
    assert len(columns) == len(set(columns)) == 1220
    assert (columns[0], columns[300], columns[1199]) == ("metadata_000", "sentence_1_000", "sentence_3_299")
    assert columns[1200:1204] == ("directed_by_1", "directed_by_2", "starring_1", "starring_2")
    assert columns[1216:] == ("certified_1", "sentence_1", "sentence_2", "sentence_3")


def test_the_sentence_models_words_are_projected_without_bending() -> None:
    assert values(PARK).shape == (1220,)
    turn = projection(384, 300)
    assert np.allclose(turn.T @ turn, np.eye(300), atol=1e-12)
    # The norm is taken before: a block holds 300 of 384 dimensions, and no more length than there was.
    found = values(PARK)
    assert 0.6 * found[1218] < np.linalg.norm(found[600:900]) <= found[1218]


def test_vectors_of_fewer_numbers_are_left_as_they_are(vectors: Path, tmp_path: Path) -> None:
    short = tmp_path / "short.vec"
    short.write_text("\n".join(" ".join(line.split()[:51]) for line in vectors.read_text().splitlines()) + "\n")
    assert Knowledge(vectors=str(short)).width == 4 * 50 + 20
    assert values(PARK, vectors=str(short)).shape == (220,)


def test_another_director_moves_his_entries_and_leaves_the_plot() -> None:
    one, other = values(PARK), values(replace(PARK, directors=("Ridley Scott",)))
    assert (one[300:1200] == other[300:1200]).all()
    assert (one[:300] != other[:300]).any()
    assert one[1200] != other[1200]
    assert (one[1201:] == other[1201:]).all()


@pytest.mark.parametrize(
    ("item", "why"),
    [
        (Item(item_id="x", title="Only a Title"), "no metadata beside its title, and the item has no plot"),
        (Item(item_id="x", plot="A comedy about love."), "no clause of subject, verb and object"),
    ],
)
def test_with_neither_metadata_nor_a_clause_it_is_missing(item: Item, why: str) -> None:
    found = measured(item)
    assert found.presence is Presence.MISSING
    assert why in found.reason


def test_of_what_is_endless_the_beginning_is_read() -> None:
    endless = replace(PARK, people=tuple(f"Ada {k}" for k in range(10_000)), genres=("(" * 50_000 + "b" * 50_000,))
    begun = replace(PARK, people=endless.people[:200], genres=("(" * 200,))
    assert (values(endless) == values(begun)).all()
    assert len(triples_of(endless)[-2].tail.label) == 200


def test_words_without_vectors_are_said(vectors: Path) -> None:
    found = measured(replace(PARK, title="Ωμέγα"), vectors=str(vectors))
    assert found.values is not None
    assert "'film' stands for it" in found.warnings[0]
    unknown = measured(Item(item_id="x", title="Ωμέγα", year=1999), vectors=str(vectors))
    assert (unknown.presence, unknown.reason) == (
        Presence.MISSING,
        "no word of the item's metadata and plot has a vector",
    )


@pytest.mark.parametrize("title", ["千と千尋の神隠し", "الرسالة", "\ud800 x", "<b>&\x07"])
def test_any_script_is_read(title: str) -> None:
    assert np.isfinite(values(replace(PARK, title=title))).all()


def test_a_parser_of_spacy_reads_the_paper_s_sentence(tmp_path: Path) -> None:
    folder = parsed.saved(tmp_path / "en_tiny")
    item = Item(item_id="x", title="Park", plot="John Hammond invited four individuals.")
    found = values(item, parser=str(folder))
    assert (found == values(item)).all(), "the rules find the same"
    assert Knowledge(parser=str(folder)).recipe != Knowledge().recipe
    with pytest.raises(UsageError, match="python -m spacy download none_such"):
        Knowledge(parser="none_such")


def test_triples_of_an_item() -> None:
    told = [(t.head.label, t.relation, t.tail.label, t.sentence, t.place) for t in triples_of(PARK)]
    assert told == [
        ("Jurassic Park", "directed_by", "Steven Spielberg", 0, 1),
        ("Jurassic Park", "starring", "Sam Neill", 0, 1),
        ("Jurassic Park", "has_genre", "Adventure", 0, 1),
        ("John Hammond", "invited", "individuals", 2, 0),
    ]
    twice = replace(PARK, directors=("Steven  Spielberg", "STEVEN SPIELBERG", "", "Joe Johnston"), plot="")
    directors = [t.tail.label for t in triples_of(twice) if t.relation == "directed_by"]
    assert directors == ["Steven Spielberg", "Joe Johnston"]
