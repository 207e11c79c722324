"""Triptych sees, hears and reads a video catalogue, and recommends from it.

>>> import triptych
>>> catalogue = triptych.Catalogue.init("films")                     # doctest: +SKIP
>>> catalogue.add(triptych.Folder(path=Path("videos")))             # doctest: +SKIP
>>> triptych.extract(catalogue)                                      # doctest: +SKIP
>>> triptych.fuse(catalogue).space.similar(["noir.mp4"], n=5)        # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from triptych.catalogue.catalogue import Catalogue
    from triptych.catalogue.history import History
    from triptych.catalogue.records import Clip, Item
    from triptych.catalogue.sources.folder import Folder
    from triptych.catalogue.sources.movielens import MovieLens
    from triptych.catalogue.sources.synthetic import Synthetic
    from triptych.catalogue.sources.table import TableFile
    from triptych.curation.cleaning import clean
    from triptych.curation.rulebook import Rulebook
    from triptych.desk.desk import Desk
    from triptych.desk.who import Who
    from triptych.engine import LocalPool
    from triptych.errors import TriptychError
    from triptych.evaluate.audit import audit
    from triptych.evaluate.protocols.full_ranking import full_ranking
    from triptych.evaluate.protocols.item_based import item_based
    from triptych.features.extraction import extract
    from triptych.features.feature import Feature
    from triptych.features.ledger import Ledger
    from triptych.features.recipe import Recipe
    from triptych.features.store import FeatureStore
    from triptych.fusion.fuse import fuse
    from triptych.fusion.fusion import Fusion
    from triptych.interchange.recbole import RecBole
    from triptych.media.loader import open_reel
    from triptych.programme.programme import Programme
    from triptych.spaces.lists import Lists
    from triptych.spaces.ranking import Ranking
    from triptych.spaces.shelf import Shelf
    from triptych.spaces.space import Space
    from triptych.studies.study import Study

__version__ = "0.1.0"

# The public surface: name → where it lives. Resolved when first asked for, so that importing Triptych is
# quick and loads none of the libraries that its parts need.
_PUBLIC = {
    "Catalogue": "triptych.catalogue.catalogue",
    "Clip": "triptych.catalogue.records",
    "Desk": "triptych.desk.desk",
    "Feature": "triptych.features.feature",
    "FeatureStore": "triptych.features.store",
    "Folder": "triptych.catalogue.sources.folder",
    "Fusion": "triptych.fusion.fusion",
    "History": "triptych.catalogue.history",
    "Item": "triptych.catalogue.records",
    "Ledger": "triptych.features.ledger",
    "Lists": "triptych.spaces.lists",
    "LocalPool": "triptych.engine",
    "MovieLens": "triptych.catalogue.sources.movielens",
    "Programme": "triptych.programme.programme",
    "Ranking": "triptych.spaces.ranking",
    "RecBole": "triptych.interchange.recbole",
    "Recipe": "triptych.features.recipe",
    "Rulebook": "triptych.curation.rulebook",
    "Shelf": "triptych.spaces.shelf",
    "Space": "triptych.spaces.space",
    "Study": "triptych.studies.study",
    "Synthetic": "triptych.catalogue.sources.synthetic",
    "TableFile": "triptych.catalogue.sources.table",
    "TriptychError": "triptych.errors",
    "Who": "triptych.desk.who",
    "audit": "triptych.evaluate.audit",
    "clean": "triptych.curation.cleaning",
    "extract": "triptych.features.extraction",
    "full_ranking": "triptych.evaluate.protocols.full_ranking",
    "fuse": "triptych.fusion.fuse",
    "item_based": "triptych.evaluate.protocols.item_based",
    "open_reel": "triptych.media.loader",
}

__all__ = [
    "Catalogue",
    "Clip",
    "Desk",
    "Feature",
    "FeatureStore",
    "Folder",
    "Fusion",
    "History",
    "Item",
    "Ledger",
    "Lists",
    "LocalPool",
    "MovieLens",
    "Programme",
    "Ranking",
    "RecBole",
    "Recipe",
    "Rulebook",
    "Shelf",
    "Space",
    "Study",
    "Synthetic",
    "TableFile",
    "TriptychError",
    "Who",
    "__version__",
    "audit",
    "clean",
    "extract",
    "full_ranking",
    "fuse",
    "item_based",
    "open_reel",
]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'triptych' has no attribute {name!r}; it offers {', '.join(sorted(_PUBLIC))}")
    value = getattr(import_module(_PUBLIC[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_PUBLIC})
