"""Genome: a matrix whose rows and columns are where their numbers say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from triptych.catalogue.sources.movielens import genome, has_genome
from triptych.errors import SourceError

World = Callable[[dict[str, str | bytes]], Path]
TAGS = 'tagId,tag\n2,"a, b"\n1,007\n3,noir\n'
MOVIES = "movieId,title,genres\n"


def scores(rows: list[str]) -> str:
    return "movieId,tagId,relevance\n" + "".join(f"{row}\n" for row in rows)


WHOLE = [f"{film},{tag},{film / 100 + tag / 10:.3f}" for film in (10, 2) for tag in (1, 2, 3)]


def test_rows_and_columns(world: World) -> None:
    folder = world({"movies.csv": MOVIES, "genome-tags.csv": TAGS, "genome-scores.csv": scores(WHOLE)})
    assert has_genome(folder)
    found = genome(folder)
    assert found.item_ids == ("2", "10")
    assert found.tags == ("007", "a, b", "noir")
    assert found.relevance.dtype == np.float32
    np.testing.assert_allclose(found.relevance, [[0.12, 0.22, 0.32], [0.2, 0.3, 0.4]], rtol=1e-6)
    assert found.refused == ()


def test_the_order_of_the_rows_says_nothing(world: World) -> None:
    files = {"movies.csv": MOVIES, "genome-tags.csv": TAGS}
    one = genome(world({**files, "genome-scores.csv": scores(WHOLE)}))
    other = genome(world({**files, "genome-scores.csv": scores(WHOLE[::-1]).replace("\n", "\r\n")}))
    assert one.item_ids == other.item_ids
    np.testing.assert_array_equal(one.relevance, other.relevance)


def test_a_film_without_all_scores_is_left_out_and_counted(world: World) -> None:
    rows = [*WHOLE, "5,1,0.5", "6,1,0.5", "6,2,nan", "6,3,0.5", "7,1,1.5", "7,2,x", "7,3,", "8,9,0.5", "x,1,0.5"]
    found = genome(world({"movies.csv": MOVIES, "genome-tags.csv": TAGS, "genome-scores.csv": scores(rows)}))
    assert found.item_ids == ("2", "10")
    assert np.isfinite(found.relevance).all()
    said = [refusal.reason for refusal in found.refused]
    assert said == [
        "5 scores that are no number from 0 to 1, or of no film or tag",
        "1 scores for tags that genome-tags.csv does not name",
        "3 films without a score for every tag",
    ]


def test_nothing_but_names(world: World) -> None:
    folder = world({"movies.csv": MOVIES, "genome-tags.csv": TAGS, "genome-scores.csv": scores([])})
    assert genome(folder).relevance.shape == (0, 3)
    folder = world({"genome-tags.csv": "tagId,tag\n", "genome-scores.csv": scores(WHOLE)})
    assert genome(folder).relevance.shape[1] == 0


def test_there_is_none(world: World, tmp_path: Path) -> None:
    folder = world({"movies.csv": MOVIES, "genome-tags.csv": TAGS})
    assert not has_genome(folder)
    with pytest.raises(SourceError, match=r"no genome-scores\.csv"):
        genome(folder)
    assert not has_genome(tmp_path / "nowhere")
    world({"genome-scores.csv": "movieId,tag\n1,2\n"})
    with pytest.raises(SourceError, match="no column tagid and no relevance"):
        genome(folder)
