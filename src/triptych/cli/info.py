"""``triptych info``."""

from __future__ import annotations

from typing import Any

from triptych.cli.catalogue_argument import CatalogueFolder
from triptych.cli.output import Json, emit, say, table


def command(catalogue: CatalogueFolder, as_json: Json = False) -> None:
    """Show what a catalogue holds: items, clips, interactions, features, spaces, commits.

    Example: triptych info films
    """
    from triptych.catalogue.catalogue import Catalogue
    from triptych.features.store import FeatureStore
    from triptych.spaces.shelf import Shelf

    opened = Catalogue.open(catalogue)
    items = opened.items()
    clips = opened.clips()
    store, shelf = FeatureStore(opened.tables), Shelf(opened.tables)
    features: list[dict[str, Any]] = []
    for recipe in store.recipes():
        presence = {str(state): count for state, count in store.presence(recipe).items()}
        features.append({"feature": recipe.title, "recipe": recipe.hash, **presence})
    spaces = [{"space": name, "items": opened.tables.count(f"space.{name}")} for name in shelf.names()]
    facts = {
        "catalogue": str(opened.folder),
        "items": len(items),
        "with_plot": sum(bool(item.plot) for item in items),
        "clips": len(clips),
        "clip_bytes": sum(clip.bytes for clip in clips),
        "interactions": opened.tables.count("interactions"),
        "features": features,
        "spaces": spaces,
        "commits": opened.commits(),
    }
    if as_json:
        emit(facts)
        return
    say(
        f"{facts['items']} items ({facts['with_plot']} with a plot), {facts['clips']} clips "
        f"({sum(clip.bytes for clip in clips) / 1e6:,.1f} MB), {facts['interactions']:,} interactions."
    )
    table(["feature", "recipe", "present", "missing", "silent"], [list(row.values()) for row in features])
    if spaces:
        table(["space", "items"], [list(row.values()) for row in spaces])
    table(["commit", "at", "purpose"], [[c["commit"], c["at"], c["purpose"]] for c in opened.commits()])
