"""Registry: which extractors there are. Built-ins stand in one table; third parties use one entry-point group.

Nothing is imported until it is asked for by name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from triptych.errors import ExtractionError, UnknownName
from triptych.features.extractor import Extractor
from triptych.features.recipe import PANELS

#: title → "module:Class"
BUILT_IN = {
    "seeing/colour": "triptych.features.seeing.colour:Colour",
    "seeing/picture-hash": "triptych.features.seeing.picture_hash:PictureHash",
    "hearing/acoustic": "triptych.features.hearing.acoustic:Acoustic",
    "hearing/fingerprint": "triptych.features.hearing.fingerprint:Fingerprint",
    "reading/sentence": "triptych.features.reading.sentence:Sentence",
}
ENTRY_POINTS = "triptych.extractors"
#: What a profile measures, in the order in which it is shown.
PROFILES: Mapping[str, tuple[str, ...]] = {
    "light": ("seeing/colour", "hearing/acoustic", "reading/sentence"),
    "duplicates": ("seeing/picture-hash", "hearing/fingerprint"),
}


def titles() -> dict[str, str]:
    """Every extractor that can be asked for: title → where it is. A built-in title cannot be taken over."""
    offered: dict[str, str] = {}
    for point in entry_points(group=ENTRY_POINTS):
        if offered.setdefault(point.name, point.value) != point.value:
            raise ExtractionError(
                f"two installed packages offer {point.name!r}: {offered[point.name]} and {point.value}. Uninstall one."
            )
    return {**offered, **BUILT_IN}


def build(title: str, **params: Any) -> Extractor:
    """The extractor of that title, with parameters that differ from its own.

    >>> build("seeing/colour", bins=16).recipe.params["bins"]
    16
    """
    known = titles()
    if title not in known:
        raise UnknownName("extractor", title, known)
    module, _, name = known[title].partition(":")
    try:
        maker: Any = getattr(import_module(module), name)
    except (ImportError, AttributeError) as fault:
        raise ExtractionError(f"{title} is said to be {known[title]!r}, which cannot be loaded: {fault}.") from fault
    try:
        made: Extractor = maker(**params)
    except TypeError as fault:
        raise ExtractionError(f"{title} cannot be made with {params!r}: {fault}.") from fault
    if made.recipe.title != title:
        raise ExtractionError(f"{title} is offered by an extractor whose recipe is {made.recipe.title}; ask for that.")
    return made


def profile(name: str) -> list[Extractor]:
    """The extractors of a profile, each ready to run; a missing extra is an error, never a missing panel."""
    if name not in PROFILES:
        raise UnknownName("profile", name, PROFILES)
    return ready([build(title) for title in PROFILES[name]])


def ready(extractors: Sequence[Extractor]) -> list[Extractor]:
    """The same extractors, after each has said that what it needs is installed, and no title stands twice."""
    seen: set[str] = set()
    for extractor in extractors:
        extractor.ready()
        recipe = extractor.recipe
        if recipe.panel not in PANELS:
            raise ExtractionError(f"{recipe.title} is of no panel; an extractor is of {', '.join(PANELS)}.")
        if recipe.title in seen:
            raise ExtractionError(f"{recipe.title} was asked for twice in one run; ask for each once.")
        seen.add(recipe.title)
    return list(extractors)
