"""A catalogue of two tastes: films in space and films of farms, whose plots were read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.interactions import INTERACTIONS
from triptych.catalogue.records import Item
from triptych.catalogue.sources.source import Addition
from triptych.features.extractor import Learner, Showing
from triptych.features.feature import Feature
from triptych.features.recipe import Recipe
from triptych.features.registry import build
from triptych.features.store import FeatureStore
from triptych.fusion.fuse import fuse

PLOTS = {
    "space": "An astronaut drifts on a dark starship between planets while the orbit of a comet decays",
    "farm": "A farmer keeps cows and horses on green meadows while the harvest and the barn wait",
}
DAY_S = 86_400
#: Of each world so many films; the last of each has no rating.
FILMS = 6
USERS = 8
#: What reading measures here, and a feature that was made by hand and that nothing can measure again.
READ = ("reading/tfidf-plot", "reading/genres", "reading/text-statistics")
BY_HAND = Recipe(panel="seeing", name="by-hand")


@dataclass(frozen=True, kw_only=True)
class Offered:
    items: Sequence[Item] = ()
    rows: Sequence[tuple[str, str, float, int]] = ()
    kind: str = "rating"

    def read(self, folder: Path) -> Addition:
        return Addition(items=self.items, interactions=table_of(self.rows, self.kind) if self.rows else None)


def table_of(rows: Sequence[tuple[str, str, float, int]], kind: str = "rating") -> pa.Table:
    columns = list(zip(*rows, strict=True))
    names = ("user_id", "item_id", "value", "timestamp")
    body = {name: list(column) for name, column in zip(names, columns, strict=True)}
    return pa.table({**body, "kind": [kind] * len(rows)}).cast(INTERACTIONS)


def film(world: str, number: int, **more: object) -> Item:
    told = {"title": f"{world.title()} {'ABCDEFGHIJ'[number]}", "year": 1990 + number, "genres": (world.title(),)}
    plot = f"{PLOTS[world]}, and the {('first', 'lonely', 'wild', 'long', 'old', 'new', 'red', 'odd')[number]} one"
    return Item(item_id=f"{world}-{number}", **{**told, "plot": plot, **more})  # type: ignore[arg-type]


def rows() -> list[tuple[str, str, float, int]]:
    """Users of even numbers like what is in space, those of odd ones farms; each dislikes one of the other."""
    found = []
    for user in range(USERS):
        mine, other = ("space", "farm") if user % 2 == 0 else ("farm", "space")
        numbers = [number for number in range(FILMS - 1) if (number + user // 2) % 4]
        found += [(f"u{user}", f"{mine}-{number}", 5.0, DAY_S * (number + 1)) for number in numbers]
        found.append((f"u{user}", f"{other}-{user // 2}", 2.0, DAY_S * 9))
    return found


def measure(catalogue: Catalogue, items: Sequence[Item], titles: Sequence[str] = READ) -> None:
    """Measure items as ``triptych extract`` does, in this process: what was learned before stands."""
    store = FeatureStore(catalogue.tables)
    known = {recipe.title: recipe for recipe in store.recipes()}
    for title in titles:
        part = build(title)
        if isinstance(part, Learner):
            part = part.again(known[title]) if title in known else part.learn(items)
        features = part.extract([Showing(item=item) for item in items])
        with catalogue.writing("extract"):
            store.write(part.recipe, {item.item_id: one for item, one in zip(items, features, strict=True)})


def by_hand(item: Item) -> Feature:
    """Dark in space, green on farms; of every third film there is no clip."""
    if int(item.item_id[-1]) % 3 == 2:
        return Feature.missing("the item has no clip")
    dark = float(item.item_id.startswith("space"))
    return Feature(values=np.array([dark, 1 - dark, int(item.item_id[-1]) / 10], np.float32))


def made(folder: Path, *, fused: bool = True) -> Catalogue:
    catalogue = Catalogue.init(folder)
    items = [film(world, number) for world in PLOTS for number in range(FILMS)]
    catalogue.add(Offered(items=items, rows=rows()))
    measure(catalogue, items)
    with catalogue.writing("attach"):
        FeatureStore(catalogue.tables).write(BY_HAND, {item.item_id: by_hand(item) for item in items})
    if fused:
        fuse(catalogue)
    return catalogue
