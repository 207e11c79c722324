"""What the reading panel of the `light` profile costs on MovieLens 100K, and what it finds alike.

    python benchmarks/reading.py DATA                       a folder with ml-100k, its items.csv with the plots in it
    python benchmarks/reading.py DATA --catalogue FOLDER    the catalogue is made there and stays

The 1,682 films, 1,484 of them with a plot, are put into a new catalogue, and every reading feature of `light` is
extracted by two workers, as ``triptych extract`` does: from nothing to the last row of the ledger, workers' start-up
and the loading of the model included. It should take no more than 60 seconds; the CPU seconds of the workers are told
beside, since on a machine that does other things too they are what is left to compare. The features are then fused, and
of ten films that everyone knows the five nearest are told, by all of them and by the sentence embedding alone, to be
judged by eye. Some of the ten have no plot in items.csv; and The Mask has that of Pulp Fiction. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import triptych
from triptych import Catalogue, FeatureStore, Ledger, MovieLens, Space
from triptych.catalogue.records import Item
from triptych.features import registry

PANEL, WORKERS, MOST_S = "reading", 2, 60.0
SENTENCE = "reading/sentence"
KNOWN = (
    ("Toy Story", 1995),
    ("Star Wars", 1977),
    ("The Godfather", 1972),
    ("Alien", 1979),
    ("Pulp Fiction", 1994),
    ("Fargo", 1996),
    ("Titanic", 1997),
    ("The Lion King", 1994),
    ("Psycho", 1960),
    ("Casablanca", 1942),
)
NEAREST = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--catalogue", type=Path, help="a folder that is not there yet; a temporary one by default")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        catalogue = Catalogue.init(arguments.catalogue or Path(scratch) / "films")
        added = catalogue.add(MovieLens(path=arguments.data / "ml-100k"))
        items = {item.item_id: item for item in catalogue.items()}
        plots = sum(bool(item.plot.strip()) for item in items.values())
        titles = [title for title in registry.PROFILES["light"] if title.startswith(f"{PANEL}/")]
        extracted = triptych.extract(
            catalogue, extractors=registry.ready([registry.build(title) for title in titles]), workers=WORKERS
        )
        # The workers have ended, and were waited for.
        spent = resource.getrusage(resource.RUSAGE_CHILDREN)
        features = costs(catalogue, titles)
        spaces = {
            "all of it": triptych.fuse(catalogue, name=PANEL, features=[row["feature"] for row in features]).space,
            SENTENCE: triptych.fuse(catalogue, name="sentence", features=[SENTENCE]).space,
        }
    print(f"{added.items_new:,} items, {plots:,} with a plot; {WORKERS} workers", file=sys.stderr)
    print(f"{'feature':<28} {'width':>6} {'seconds':>8} {'texts/s':>8} {'done':>6} {'skipped':>8}", file=sys.stderr)
    for row in features:
        print(
            f"{row['feature']:<28} {row['width']:>6} {row['seconds']:>8.2f} {row['texts_per_s']:>8.0f} "
            f"{row['done']:>6} {row['skipped']:>8}",
            file=sys.stderr,
        )
    rate, cpu_s = len(items) / extracted.seconds, spent.ru_utime + spent.ru_stime
    print(f"in all {extracted.seconds:.1f} s, {cpu_s:.1f} s of CPU: {rate:.0f} items/s", file=sys.stderr)
    known = lookup(items.values())
    near = {by: {query: nearest(space, items, query) for query in known} for by, space in spaces.items()}
    for query in known:
        print(f"{named(items[query])}{'' if items[query].plot.strip() else ', which has no plot'}", file=sys.stderr)
        for by, lists in near.items():
            found = "; ".join(f"{title} {score:.2f}" for title, score in lists[query])
            print(f"    by {by}: {found or 'nothing to compare'}", file=sys.stderr)
    told: dict[str, Any] = {
        "items": len(items),
        "plots": plots,
        "workers": WORKERS,
        "seconds": round(extracted.seconds, 2),
        "cpu_seconds": round(cpu_s, 2),
        "items_per_s": round(rate, 1),
        "failed": extracted.failed,
        "features": features,
        "similar": {by: {named(items[query]): found for query, found in lists.items()} for by, lists in near.items()},
    }
    print(json.dumps({"benchmark": "reading", **told}, ensure_ascii=False))
    if extracted.failed:
        sys.exit(f"{extracted.failed} features could not be measured: triptych ledger says why.")
    if extracted.seconds > MOST_S:
        sys.exit(f"the panel took {extracted.seconds:.1f} s; it should take no more than {MOST_S:.0f}.")


def costs(catalogue: Catalogue, titles: Sequence[str]) -> list[dict[str, Any]]:
    """Of each feature the seconds that it took in all workers together, by the ledger."""
    seconds = dict.fromkeys(titles, 0.0)
    rows: Counter[tuple[str, str]] = Counter()
    for entry in Ledger(catalogue.tables).entries():
        seconds[entry.feature] += entry.seconds
        rows[entry.feature, entry.status.value] += 1
    store = FeatureStore(catalogue.tables)
    found: list[dict[str, Any]] = []
    for title in titles:
        done = rows[title, "done"]
        found.append(
            {
                "feature": title,
                "width": store.read(store.recipe_of(title)).values.shape[1],
                "seconds": round(seconds[title], 3),
                "texts_per_s": round(done / max(seconds[title], 1e-9), 1),
                "done": done,
                "skipped": rows[title, "skipped"],
            }
        )
    return found


def lookup(items: Iterable[Item]) -> list[str]:
    """The ids of the films that everyone knows. MovieLens puts a title's article behind it."""
    ids = {(plain(item.title), item.year): item.item_id for item in items}
    return [ids[title, year] for title, year in KNOWN]


def plain(title: str) -> str:
    return f"The {title.removesuffix(', The')}" if title.endswith(", The") else title


def named(item: Item) -> str:
    return f"{plain(item.title)} ({item.year})"


def nearest(space: Space, items: dict[str, Item], query: str) -> list[tuple[str, float]]:
    found = space.similar([query], n=NEAREST, weights={PANEL: 1.0}).of(query)
    return [(named(items[near.item_id]), round(near.score, 3)) for near in found]


if __name__ == "__main__":
    main()
