"""Names: what the columns of a feature are called, so that a report can say "genres Drama" and not "genres 7"."""

from __future__ import annotations

from collections.abc import Sequence

from triptych.errors import TriptychError
from triptych.features import registry
from triptych.features.extractor import Learner
from triptych.features.table import FeatureTable


def names_of(tables: Sequence[FeatureTable]) -> dict[str, tuple[str, ...]]:
    """Feature → names of its columns, where a built-in extractor as it is by default tells them."""
    named = {table.recipe.title: _columns(table) for table in tables}
    return {title: columns for title, columns in named.items() if columns}


def _columns(table: FeatureTable) -> tuple[str, ...]:
    recipe = table.recipe
    if recipe.title not in registry.BUILT_IN:
        return ()
    try:
        part = registry.build(recipe.title)
        extractor = part.again(recipe) if isinstance(part, Learner) else part
    except TriptychError:  # an extra that is not installed, or weights that are elsewhere: nobody needs a name
        return ()
    columns = getattr(extractor, "columns", None)
    if extractor.recipe.hash != recipe.hash or columns is None:
        return ()
    found: tuple[str, ...] = tuple(columns())
    return found if len(found) == table.values.shape[1] else ()
