"""A catalogue of seasons: kinds of films that are gone through in a circle, so that what is liked next follows from
what was liked last; of each kind half are for one half of the users."""

from __future__ import annotations

from pathlib import Path

from tests.desk import world
from tests.models.rerank import worlds
from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.records import Item
from triptych.fusion.fuse import fuse
from triptych.models.rerank.lambdamart import LambdaMART

WORDS = ("astronaut comet", "farmer harvest", "sheriff saloon", "wedding dance", "detective alley", "dragon castle")
FIVE = ("one", "two", "three", "four", "five")
LETTERS = "abcdefghi"
READ = ("reading/tfidf-plot", "reading/genres")
#: What costs little, for a catalogue of four dozen films.
RANKER = LambdaMART(trees=40, fewest=20, least=10, leaves=7, rate=0.1)
#: The same on the command line, and cuts by user.
SMALL = tuple(
    part
    for name in ("trees", "fewest", "least", "leaves")
    for part in ("--set", f"rerank.ranker.{name}={getattr(RANKER, name)}")
) + tuple(part for one in ("later=user", "rows=2", "cuts=4") for part in ("--set", f"rerank.{one}"))


def film(number: int, **more: object) -> Item:
    kind = number // worlds.EACH % worlds.KINDS
    half = "old" if number % worlds.EACH < worlds.EACH // 2 else "new"
    told = {"title": f"{LETTERS[number // 8] * 3}{LETTERS[number % 8] * 3}", "genres": (f"Kind {kind}",)}
    told |= {} if number % 7 == 0 else {"year": 1960 + number}
    plot = f"A tale of {WORDS[kind]} in the {half} way, number {FIVE[number % 5]}."
    return Item(item_id=f"item-{number}", **{**told, "plot": plot, **more})  # type: ignore[arg-type]


def rows() -> list[tuple[str, str, float, int]]:
    train = worlds.lessons().train
    return [
        (train.user_ids[user], train.item_ids[item], float(value), int(time))
        for user, item, value, time in zip(train.users, train.items, train.values, train.times, strict=True)
    ]


def made(folder: Path) -> Catalogue:
    catalogue = Catalogue.init(folder)
    items = [film(number) for number in range(worlds.KINDS * worlds.EACH)]
    catalogue.add(world.Offered(items=items, rows=rows()))
    world.measure(catalogue, items, READ)
    fuse(catalogue)
    return catalogue
