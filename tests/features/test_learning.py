"""Learning: what was learned stands until it is asked anew, and only what it was allowed to see teaches it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest

from tests.worlds.catalogues import Listed, catalogue_of
from tests.worlds.measures import Initials, Letters
from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.records import Item
from triptych.engine import LocalPool, Outcome, Task
from triptych.errors import UnknownName, UsageError
from triptych.features import registry
from triptych.features.extraction import TEXTS, Extracted, extract
from triptych.features.extractor import Learner
from triptych.features.learning import learned
from triptych.features.ledger import Ledger
from triptych.features.recipe import Recipe
from triptych.features.store import FeatureStore

PLOTS = {"a": "Ants march.", "b": "Bees dance.", "c": ""}


@pytest.fixture
def films(tmp_path: Path) -> Catalogue:
    return catalogue_of(tmp_path / "c", *(Item(item_id=name, plot=plot) for name, plot in PLOTS.items()))


def run(films: Catalogue, pool: LocalPool, **asked: object) -> Extracted:
    return extract(films, extractors=[Initials(), Letters()], engine=pool, **asked)  # type: ignore[arg-type]


def add(films: Catalogue, **plots: str) -> None:
    films.add(Listed(items=[Item(item_id=name, plot=plot) for name, plot in plots.items()]))


def standing(films: Catalogue) -> list[Recipe]:
    return [recipe for recipe in FeatureStore(films.tables).recipes() if recipe.title == "reading/initials"]


def test_what_was_learned_stands_and_new_items_are_measured_by_it(films: Catalogue, pool: LocalPool) -> None:
    assert run(films, pool).done == 4
    [first] = standing(films)
    assert first.params["learned"] == "ab"
    add(films, d="Deer and ants.")
    made = run(films, pool)
    assert (made.done, made.settled, made.notes) == (2, 6, ())
    assert standing(films) == [first]
    table = FeatureStore(films.tables).read(first)
    assert table.values[table.item_ids.index("d")].tolist() == [2, 0]


def test_a_catalogue_that_outgrew_what_was_learned_is_told_and_relearning_replaces_it(
    films: Catalogue, pool: LocalPool
) -> None:
    run(films, pool)
    add(films, d="Deer.", e="Eels.", f="Foxes.", g="Geese.")
    made = run(films, pool)
    assert len(made.notes) == 1
    assert "learned from 3 items and there are 7" in made.notes[0]
    [old] = standing(films)
    assert run(films, pool, relearn=True).notes == ()
    [new] = standing(films)
    assert new.params["learned"] == "abdefg"
    assert old.hash not in {entry.recipe for entry in Ledger(films.tables).entries()}
    assert run(films, pool).done == 0


def test_declared_items_alone_teach(films: Catalogue, pool: LocalPool) -> None:
    run(films, pool, train=["b"])
    [declared] = standing(films)
    assert declared.params["learned"] == "b"
    run(films, pool, train=["a"])
    assert {recipe.params["learned"] for recipe in standing(films)} == {"a", "b"}
    # Both stand, and both are kept up to date; nothing is learned from the item that came.
    add(films, d="Deer, bees.")
    assert run(films, pool).done == 3
    assert {recipe.params["learned"] for recipe in standing(films)} == {"a", "b"}
    assert run(films, pool, train=["b"]).settled == 8


def test_what_learned_of_nothing_learns_as_soon_as_there_is_something(tmp_path: Path, pool: LocalPool) -> None:
    films = catalogue_of(tmp_path / "c", Item(item_id="c"))
    run(films, pool)
    add(films, a="Ants.")
    run(films, pool)
    [recipe] = standing(films)
    assert recipe.params["learned"] == "a"


def test_other_settings_are_another_feature(films: Catalogue, pool: LocalPool) -> None:
    run(films, pool)
    extract(films, extractors=[Initials(most=1)], engine=pool)
    assert sorted(recipe.params["learned"] for recipe in standing(films)) == ["a", "ab"]


def test_items_to_learn_from_must_be_there(films: Catalogue) -> None:
    with pytest.raises(UnknownName, match="no item 'zebra'"):
        learned(films, [Initials()], train=["zebra"])
    with pytest.raises(UsageError, match="train is empty"):
        learned(films, [Initials()], train=[])


#: Every built-in that must learn first.
LEARNERS = ("genres", "languages", "countries", "people-top", "tfidf-title", "tfidf-plot", "tfidf-plot-5000")


class Here(LocalPool):
    """Runs what is asked in this process, in order, and is gone when it is told so."""

    def __init__(self, *, kill: int | None = None) -> None:
        self.kill = kill

    def run(self, tasks: Iterable[Task]) -> Iterator[Outcome]:
        for number, task in enumerate(tasks):
            if number == self.kill:
                raise KeyboardInterrupt
            module, _, name = task.function.partition(":")
            value = getattr(import_module(module), name)(task.payload)
            yield Outcome(key=task.key, value=value, failure=None, seconds=0.0, attempts=1)


def film(name: str, word: str) -> Item:
    """All that is written of it hangs on one word."""
    return Item(
        item_id=name,
        title=f"The {word}",
        plot=f"A {word} robs a train of {word}s.",
        genres=("Drama", word),
        people=(f"Ada {word}", "Bo Reed"),
        directors=("Cy Webb",),
        languages=("en", word),
        countries=("us", word),
    )


def test_all_built_in_learners_are_looked_at() -> None:
    assert {f"reading/{name}" for name in LEARNERS} == {
        title for title in registry.BUILT_IN if title.startswith("reading/") and isinstance(_built(title), Learner)
    }


def _built(title: str) -> object:
    # Those that take weights learn nothing from items.
    heavy = ("reading/bert", "reading/entities-spacy")
    return None if title.startswith(heavy) else registry.build(title)


def measured(folder: Path, held_out: Iterable[Item], train: list[Item]) -> dict[str, dict[str, bytes]]:
    """Hash of what each learner learned → bits of each training item's feature."""
    films = catalogue_of(folder, *held_out, *train)
    parts = [registry.build(f"reading/{name}") for name in LEARNERS]
    extract(films, extractors=parts, train=[item.item_id for item in train], engine=Here())
    store = FeatureStore(films.tables)
    taught = {item.item_id for item in train}
    return {
        f"{recipe.title}@{recipe.hash}": {
            item_id: feature.values.tobytes() if feature.values is not None else feature.reason.encode()
            for item_id, feature in store.sequences(recipe).items()
            if item_id in taught
        }
        for recipe in store.recipes()
    }


def test_held_out_items_move_nothing_of_any_learner(tmp_path: Path) -> None:
    train = [film(f"t{k}", word) for k, word in enumerate(("fox", "owl", "fox", "elk", "hen"))]
    held_out = [film("h1", "bear"), film("h2", "wolf")]
    before = measured(tmp_path / "a", held_out, train)
    assert len(before) == len(LEARNERS)
    others = [film("h1", "fox"), film("h2", "fox"), *(film(f"h{k}", "yak") for k in range(3, 9))]
    assert measured(tmp_path / "b", others, train) == before
    # And it would show if they taught.
    changed = [replace(train[0], plot="Yaks.", genres=("Yak",)), *train[1:]]
    assert measured(tmp_path / "c", held_out, changed).keys() != before.keys()


def many(folder: Path) -> Catalogue:
    """Three batches; the first has masks alone."""
    told = (Item(item_id=f"i{k:03}", plot="" if k < TEXTS else f"Ants {k}.") for k in range(3 * TEXTS))
    return catalogue_of(folder, *told)


@pytest.mark.parametrize("batches", [0, 1, 2])
def test_a_killed_run_goes_on_with_what_it_had_learned(tmp_path: Path, batches: int) -> None:
    films, undisturbed = many(tmp_path / "c"), many(tmp_path / "d")
    with pytest.raises(KeyboardInterrupt):
        extract(films, extractors=[Initials()], engine=Here(kill=batches))
    made = extract(films, extractors=[Initials()], engine=Here())
    assert made.settled == batches * TEXTS
    extract(undisturbed, extractors=[Initials()], engine=Here())
    assert standing(films) == standing(undisturbed)
    [recipe] = standing(films)
    one, other = (FeatureStore(where.tables).read(recipe) for where in (films, undisturbed))
    assert one.item_ids == other.item_ids
    assert (one.values == other.values).all()


def test_relearning_that_was_killed_leaves_both_and_says_so_until_it_is_done(tmp_path: Path) -> None:
    films = many(tmp_path / "c")
    extract(films, extractors=[Initials()], engine=Here())
    [old] = standing(films)
    add(films, z="Zebras.")
    with pytest.raises(KeyboardInterrupt):
        extract(films, extractors=[Initials()], relearn=True, engine=Here(kill=2))
    assert len(standing(films)) == 2
    made = extract(films, extractors=[Initials()], engine=Here())
    assert "reading/initials was learned 2 times, from 96 and 97 items" in " ".join(made.notes) or (
        "from 97 and 96 items" in " ".join(made.notes)
    )
    assert "--relearn" in made.notes[0]
    assert extract(films, extractors=[Initials()], relearn=True, engine=Here()).notes == ()
    [new] = standing(films)
    assert new != old
    assert old.hash not in {entry.recipe for entry in Ledger(films.tables).entries()}
