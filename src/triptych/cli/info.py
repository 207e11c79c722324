"""``triptych info``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from triptych.cli.catalogue_argument import CatalogueFolder
from triptych.cli.output import Json, emit, say, table

if TYPE_CHECKING:
    from triptych.catalogue.catalogue import Catalogue
    from triptych.catalogue.tables import Tables


def command(catalogue: CatalogueFolder, as_json: Json = False) -> None:
    """Show what a catalogue holds: items, clips, users, interactions, selections, groups, features, spaces, commits.

    Example: triptych info films
    """
    from triptych.catalogue.catalogue import Catalogue

    facts = facts_of(Catalogue.open(catalogue))
    if as_json:
        emit(facts)
        return
    say(
        f"{facts['items']:,} items ({facts['with_plot']:,} with a plot), {facts['clips']:,} clips "
        f"({facts['clip_bytes'] / 1e6:,.1f} MB), {facts['interactions']:,} interactions."
    )
    if facts["interactions"]:
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in facts["kinds"].items())
        say(
            f"{facts['users']:,} users with {facts['items_met']:,} items: {kinds}; "
            f"{facts['sparsity']:.2%} of the pairs are empty."
        )
    if facts["users_described"]:
        known = ", ".join(f"{count:,} {name}" for name, count in facts["users_with"].items() if count)
        say(f"{facts['users_described']:,} users are described: {known or 'by their ids alone'}.")
    if facts["tags"]:
        say(f"{facts['tags']:,} tags.")
    if facts["features"]:
        table(["feature", "recipe", "present", "missing", "silent"], [list(row.values()) for row in facts["features"]])
    for name in ("spaces", "selections", "groups"):
        if facts[name]:
            table(list(facts[name][0]), [list(row.values()) for row in facts[name]])
    table(["commit", "at", "purpose"], [[c["commit"], c["at"], c["purpose"]] for c in facts["commits"]])


def facts_of(opened: Catalogue) -> dict[str, Any]:
    """All that is told, as plain values. Counts and single columns, so that a large catalogue answers at once."""
    import pyarrow.compute as pc

    from triptych.curation.groups import KINDS, Groups
    from triptych.features.store import FeatureStore
    from triptych.spaces.shelf import Shelf

    tables, store = opened.tables, FeatureStore(opened.tables)
    features: list[dict[str, Any]] = []
    for recipe in store.recipes():
        presence = {str(state): count for state, count in store.presence(recipe).items()}
        features.append({"feature": recipe.title, "recipe": recipe.hash, **presence})
    clip_bytes = pc.sum(tables.read("clips", columns=["bytes"])["bytes"]).as_py() if tables.exists("clips") else 0
    found = Groups(tables).read()
    kinds = [kind for kind in KINDS if any(group.kind == kind for group in found)]
    return {
        "catalogue": str(opened.folder),
        "items": tables.count("items"),
        "with_plot": tables.count("items", "plot != ''"),
        "clips": tables.count("clips"),
        "clip_bytes": clip_bytes or 0,
        **_interactions(tables),
        **_users(tables),
        "tags": tables.count("tags"),
        "features": features,
        "spaces": [{"space": name, "items": tables.count(f"space.{name}")} for name in Shelf(tables).names()],
        "selections": _selections(tables),
        "groups": [
            {
                "groups of": kind,
                "groups": sum(group.kind == kind for group in found),
                "items": len({item_id for group in found if group.kind == kind for item_id in group.item_ids}),
            }
            for kind in kinds
        ],
        "commits": opened.commits(),
    }


def _interactions(tables: Tables) -> dict[str, Any]:
    """``sparsity`` is the share of pairs of a user and an item, of those who acted and were met, without any."""
    import polars as pl
    import pyarrow.compute as pc

    from triptych.catalogue.interactions import KINDS

    counts = {kind: tables.count("interactions", f"kind = '{kind}'") for kind in KINDS}
    kinds = {kind: count for kind, count in sorted(counts.items(), key=lambda pair: -pair[1]) if count}
    users = items = 0
    sparsity = None
    if kinds:
        rows = tables.read("interactions", columns=["user_id", "item_id"])
        users, items = (pc.count_distinct(rows[name]).as_py() for name in ("user_id", "item_id"))
        # One user may have rated and played the same item; with one kind every row is a pair of its own.
        pairs = rows.num_rows if len(kinds) == 1 else pl.DataFrame(rows).n_unique()
        sparsity = 1 - pairs / (users * items)
    return {
        "interactions": tables.count("interactions"),
        "kinds": kinds,
        "users": users,
        "items_met": items,
        "sparsity": sparsity,
    }


def _users(tables: Tables) -> dict[str, Any]:
    from triptych.catalogue.users import USERS

    names = [name for name in USERS.names if name != "user_id"]
    wheres = {name: f"{name} IS NOT NULL" + ("" if name == "age" else f" AND {name} != ''") for name in names}
    return {
        "users_described": tables.count("users"),
        "users_with": {name: tables.count("users", where) for name, where in wheres.items()},
    }


def _selections(tables: Tables) -> list[dict[str, Any]]:
    from triptych.curation.selection import PREFIX, Selections

    found: list[dict[str, Any]] = []
    for name in Selections(tables).names():
        items = f"{PREFIX}{name}.items"
        kept = tables.count(items, "kept")
        found.append({"selection": name, "kept": kept, "removed": tables.count(items) - kept})
    return found
