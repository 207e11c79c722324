"""Lists: what is written comes back, whatever the ids are called; what is no list is told by its row."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from triptych.errors import SourceError, UsageError
from triptych.spaces.lists import SCHEMA, Lists, write
from triptych.spaces.search import Blocks
from triptych.spaces.space import Space

ODD = (
    "plain",
    "a,b",
    'say "so"',
    "two\nlines",
    "cr\rlf\r\n",
    "Ünï 映画",
    "nan",
    "007",
    "1.50",
    "semi;colon",
    "tab\there",
)


def space(ids: tuple[str, ...], *, width: int = 3) -> Space:
    values = np.random.default_rng(1).standard_normal((len(ids), width)).astype(np.float32)
    blocks = Blocks(panels=("seeing",), values=(values,), mask=np.ones((len(ids), 1), bool))
    return Space(name="x", item_ids=ids, blocks=blocks, recipe="{}")


def lists(*rows: tuple[str, int, str, float]) -> Lists:
    return Lists(rows=pl.DataFrame(list(rows), schema=SCHEMA, orient="row"))


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".parquet"])
def test_what_is_written_comes_back(suffix: str, tmp_path: Path) -> None:
    made = space(ODD)
    path = tmp_path / f"lists{suffix}"
    parts = [Lists.of(made, batch) for batch in made.lists(4, batch=3)]
    assert write(path, iter(parts)) == 4 * len(ODD)
    back = Lists.read(path)
    whole = pl.concat([part.rows for part in parts])
    assert back.rows.equals(whole)  # to the last bit of each score
    assert back.rows.schema == SCHEMA
    assert back.item_ids == list(ODD)
    ranking = made.similar(ODD, n=4)
    found = back.positions(ODD)
    assert found.queries.tolist() == list(range(len(ODD)))
    assert np.array(ODD, object)[found.lists].tolist() == ranking.items.tolist()
    assert whole["score"].to_numpy().astype(np.float32).tobytes() == ranking.scores.tobytes()
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_other_names_other_types_and_any_order(tmp_path: Path) -> None:
    path = tmp_path / "theirs.parquet"
    theirs = {"Item": [2, 1, 2, 1], "position": [2.0, 1.0, 1.0, 2.0], "Recommended_ID": [7.0, 3.0, 1.0, 2.0]}
    pl.DataFrame(theirs).write_parquet(path)
    read = Lists.read(path)
    assert read.rows.rows() == [("2", 1, "1", None), ("2", 2, "7", None), ("1", 1, "3", None), ("1", 2, "2", None)]
    csv = tmp_path / "theirs.csv"
    csv.write_text("neighbor,item_id,rank,extra\nb,a,1,x\n\nc,a,2,x\n")
    assert Lists.read(csv).rows.rows() == [("a", 1, "b", None), ("a", 2, "c", None)]
    read.write(csv)
    assert Lists.read(csv).rows.equals(read.rows)


def test_what_is_not_known_is_counted_and_keeps_its_place() -> None:
    made = lists(("a", 1, "x", 1.0), ("a", 2, "b", 0.5), ("y", 1, "a", 0.9), ("b", 1, "a", 0.1))
    found = made.positions(["b", "c", "a"])
    assert found.queries.tolist() == [2, 0]
    assert found.lists.tolist() == [[-1, 0], [2, -1]]
    assert (found.unknown_items, found.unknown_neighbours) == (1, 1)
    assert found.told == (
        "1 lists are of items that are not known, and are left out; "
        "1 places in lists are held by items that are not known"
    )
    nothing = made.positions(["q"])
    assert nothing.lists.shape == (0, 2)
    assert nothing.unknown_items == 3
    assert made.positions(["a", "b", "x", "y"]).told == ""
    assert lists().positions(["a"]).lists.shape == (0, 0)
    with pytest.raises(UsageError, match="an id stands twice"):
        made.positions(["a", "a"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "cannot be read|has no column|no row"),
        ("item_id,rank,neighbour_id,score\n", "has no row under its names"),
        ("item_id,score\na,1\n", "has no column rank and no column neighbour_id|no column rank and no neighbour_id"),
        ("item_id,item,rank,neighbour_id\na,a,1,b\n", "item_id and item, which are both item_id"),
        ("item_id,rank,neighbour_id\na,1,b\n\na,1,c\n", "row 3: rank 1 stands twice in the list of 'a'"),
        ("item_id,rank,neighbour_id\na,1,b\nb,1,a\na,3,c\n", "row 3: rank 3 .* 'a', and the one before it does not"),
        ("item_id,rank,neighbour_id\na,2,b\n", "row 1: rank 2 .* and the one before it does not"),
        ("item_id,rank,neighbour_id\na,0,b\n", "no whole number from 1 on"),
        ("item_id,rank,neighbour_id\na,1.5,b\n", "no whole number from 1 on"),
        ("item_id,rank,neighbour_id\na,first,b\n", "no whole number from 1 on"),
        ("item_id,rank,neighbour_id\na,1,b\na,2,a\nb,1,b\n", "row 2, and 1 more: item 'a' stands in its own list"),
        ("item_id,rank,neighbour_id\na,1,b\na,2,b\n", "row 2: item 'b' stands in the list of 'a' a second time"),
        ("item_id,rank,neighbour_id\n,1,b\n", "row 1: it does not say of which item"),
        ("item_id,rank,neighbour_id\na,1,\n", "row 1: it does not say which item has rank 1"),
        ("item_id,rank,neighbour_id,score\na,1,b,nan\n", "row 1: its score in the list of 'a' is no finite number"),
        ("item_id,rank,neighbour_id,score\na,1,b,high\n", "is no finite number"),
        ("item_id,rank,neighbour_id,score\na,1,b,inf\n", "is no finite number"),
    ],
)
def test_what_is_no_list_is_told(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "lists.csv"
    path.write_text(text)
    with pytest.raises(SourceError) as told:
        Lists.read(path)
    assert "'lists.csv'" in str(told.value)
    assert re.search(said, str(told.value)), told.value


def test_files_that_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"'lists.xlsx' holds no lists; they are read from .csv"):
        Lists.read(tmp_path / "lists.xlsx")
    with pytest.raises(SourceError, match="cannot be read"):
        Lists.read(tmp_path / "none.csv")
    (tmp_path / "broken.parquet").write_bytes(b"not parquet")
    with pytest.raises(SourceError, match=r"'broken.parquet' cannot be read"):
        Lists.read(tmp_path / "broken.parquet")
    with pytest.raises(UsageError, match=r"let its name end in .csv"):
        lists().write(tmp_path / "lists.json")
    with pytest.raises(UsageError, match="cannot be written: No such file"):
        lists().write(tmp_path / "no" / "lists.csv")


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_writing_that_ends_early_leaves_what_stood_there(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"lists{suffix}"
    lists(("a", 1, "b", 0.25)).write(path)
    before = path.read_bytes()

    def breaking() -> Iterator[Lists]:
        yield lists(("c", 1, "d", 0.5))
        raise RuntimeError("midway")

    with pytest.raises(RuntimeError, match="midway"):
        write(path, breaking())
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_memory_does_not_grow_with_the_lists_written(tmp_path: Path) -> None:
    """Sixteen parts of 50,000 rows, some 120 MB of ids and numbers if they were kept."""
    program = (
        f"import sys; sys.path[:] = {sys.path!r}\n"
        "import resource, numpy as np, polars as pl\n"
        "from pathlib import Path\n"
        "from triptych.spaces.lists import Lists, SCHEMA, write\n"
        "def part(k):\n"
        "    ids = pl.Series([f'item with a long name {k} {i}' for i in range(50_000)])\n"
        "    columns = {'item_id': ids, 'rank': np.ones(50_000), 'neighbour_id': ids, 'score': np.ones(50_000)}\n"
        "    return Lists(rows=pl.DataFrame(columns, schema_overrides=SCHEMA))\n"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "write(Path(sys.argv[1]), map(part, range(4)))\n"
        "before = peak()\n"
        "assert write(Path(sys.argv[1]), map(part, range(16))) == 800_000\n"
        "print(peak() - before)"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "lists.parquet")]
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    unit_bytes = 1 if sys.platform == "darwin" else 1024
    assert int(found.stdout) * unit_bytes < 40e6
