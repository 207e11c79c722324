"""Do real data sets arrive whole, and come back equal after a trip through another program's files?

    python benchmarks/interchange.py DATA      a folder with ml-100k, ml-latest-small, mmtf-14k, mise-en-scene
                                               and vggish-trailers; without it, a generated catalogue alone

Counts what each data set gave, how many items the vectors of others cover and what of them was masked; then writes
each catalogue as RecBole's files and reads them back, and as an MMRec folder, whose rows are compared one by one with
the vectors they came from. The last line is JSON.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from triptych import Catalogue, FeatureStore, extract

TRIPTYCH = [sys.executable, "-c", "from triptych.cli.main import run; run()"]


@dataclass(frozen=True, kw_only=True)
class Given:
    """A file of vectors, and what it is called here. ``ids``: the table that names the rows of an array."""

    title: str
    file: str
    ids: str = ""


IVECTOR = "mmtf-14k/fused_llm_mmtf_audio_IVec_splitItem_fold_1_gmm_512_tvDim_{}.csv"
GIVEN = (
    Given(title="seeing/avf-avg", file="mmtf-14k/fused_llm_mmtf_avf_avg.csv"),
    Given(title="seeing/avf-med", file="mmtf-14k/fused_llm_mmtf_avf_med.csv"),
    Given(title="seeing/mise-en-scene-given", file="mise-en-scene/LLVisualFeatures13K_Log.csv"),
    Given(title="hearing/i-vector-20", file=IVECTOR.format(20)),
    Given(title="hearing/i-vector-100", file=IVECTOR.format(100)),
    Given(title="hearing/vggish-given", file="vggish-trailers/vggish.npy", ids="vggish-trailers/item_ids.csv"),
)
#: The ids of the vectors are MovieLens 20M's. Those of 100K are others, which a table joins.
JOIN = ("mmtf-14k/ml100k_item_to_mmtf.csv", "mmtf_itemId", "ml100k_itemId")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", nargs="?", type=Path)
    arguments = parser.parse_args()
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        if arguments.data is None:
            catalogue = Catalogue.init(folder / "generated")
            triptych("add", str(catalogue.folder), "synthetic", "--clips", "12", "--seconds", "3")
            extract(catalogue)
            found["generated"] = journeys(catalogue, folder, "seeing/colour")
        else:
            for name in ("ml-100k", "ml-latest-small"):
                catalogue = Catalogue.init(folder / name)
                triptych("add", str(catalogue.folder), str(arguments.data / name))
                found[name] = {
                    **counts(catalogue),
                    "given": {vectors.title: given(catalogue, arguments.data, vectors) for vectors in GIVEN},
                    **journeys(catalogue, folder, "seeing/avf-avg"),
                }
    for name, facts in found.items():
        print(name, json.dumps(facts, indent=2), file=sys.stderr)
    print(json.dumps({"benchmark": "interchange", **found}))
    sys.exit(not all(facts["recbole_equal"] and facts["mmrec_rows_right"] for facts in found.values()))


def counts(catalogue: Catalogue) -> dict[str, int]:
    items = catalogue.items()
    users = catalogue.interactions()["user_id"].unique()
    return {
        "users": len(users),
        "items": len(items),
        "interactions": catalogue.interactions().num_rows,
        "plots": sum(bool(item.plot) for item in items),
        "tags": catalogue.tags().num_rows,
    }


def given(catalogue: Catalogue, data: Path, vectors: Given) -> dict[str, Any]:
    command = ["attach", str(catalogue.folder), str(data / vectors.file), "--as", vectors.title, "--json"]
    small = catalogue.folder.name == "ml-100k"
    if vectors.ids:
        command += ["--ids", str(data / vectors.ids), "--id-column", "ml100k_item" if small else "movieId"]
    elif small:
        path, theirs, ours = JOIN
        command += ["--map", str(data / path), "--map-from", theirs, "--map-to", ours]
    told = json.loads(triptych(*command))
    bad = told["bad"]
    return {
        "vectors": told["vectors"],
        "width": told["width"],
        "items_covered": told["covered"],
        "items_masked": told["masked"],
        "cells_masked": bad["cells"],
        "in_columns": bad["columns"],
    }


def journeys(catalogue: Catalogue, folder: Path, title: str) -> dict[str, Any]:
    """There and back by RecBole, and there by MMRec."""
    atomic, back = folder / f"{catalogue.folder.name}-atomic", Catalogue.init(folder / f"{catalogue.folder.name}-back")
    triptych("export", str(catalogue.folder), str(atomic), "--as", "recbole")
    triptych("add", str(back.folder), str(atomic))
    mmrec = folder / f"{catalogue.folder.name}-mmrec"
    triptych("export", str(catalogue.folder), str(mmrec), "--as", "mmrec", "--feature", title)
    rows, right = mmrec_rows(catalogue, mmrec, title)
    return {"recbole_equal": equal(catalogue, back), "mmrec_rows": rows, "mmrec_rows_right": right == rows}


def equal(one: Catalogue, other: Catalogue) -> bool:
    events, tags = (("user_id", "item_id", "kind"), ("user_id", "item_id", "tag"))

    def ordered(catalogue: Catalogue) -> list[Any]:
        return [
            sorted(catalogue.items(), key=lambda item: item.item_id),
            catalogue.interactions().sort_by([(name, "ascending") for name in events]),
            catalogue.users().sort_by("user_id"),
            catalogue.tags().sort_by([(name, "ascending") for name in tags]),
        ]

    return ordered(one) == ordered(other)


def mmrec_rows(catalogue: Catalogue, folder: Path, title: str) -> tuple[int, int]:
    """How many rows the matrix has, and how many are just the vector of the item that stands for them."""
    store = FeatureStore(catalogue.tables)
    table = store.read(store.recipe_of(title))
    (path,) = folder.rglob("image_feat.npy")
    matrix = np.load(path, allow_pickle=False)
    (mapping,) = folder.rglob("i_id_mapping.csv")
    with mapping.open(encoding="utf-8", newline="") as handle:
        sample = handle.readline()
        handle.seek(0)
        names = list(csv.reader(handle, delimiter="\t" if "\t" in sample else ","))[1:]
    row_of = {item_id: int(row) for item_id, row in names}
    values, present = table.aligned(list(row_of))
    at = np.array(list(row_of.values()))
    right = (matrix[at] == np.where(present[:, None], values, 0)).all(axis=1)
    return len(matrix), int(right.sum()) if sorted(row_of.values()) == list(range(len(matrix))) else 0


def triptych(*arguments: str) -> str:
    command = [*TRIPTYCH, *arguments]
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True, text=True).stdout


if __name__ == "__main__":
    main()
