"""Themes: the names of what an item may look like, sound like and tell, in the order the truth numbers them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class LookTheme:
    """A look's name and the length of its shots: the cutting pace belongs to what is seen."""

    name: str
    shot_s: float


LOOKS: tuple[LookTheme, ...] = (
    LookTheme(name="amber discs", shot_s=2.2),
    LookTheme(name="teal waves", shot_s=1.7),
    LookTheme(name="green mist", shot_s=2.6),
    LookTheme(name="crimson grid", shot_s=0.6),
    LookTheme(name="indigo night", shot_s=1.2),
    LookTheme(name="ivory sketch", shot_s=0.9),
)

SOUNDS: tuple[str, ...] = ("minor pads", "driving beat", "bright arpeggio", "wind", "voices", "sparse plucks")

PLOTS: tuple[str, ...] = (
    "space expedition",
    "village romance",
    "heist",
    "haunted house",
    "underdog sport",
    "court intrigue",
)

#: Genres that a plot brings: the first almost always, the second often.
PLOT_GENRES: tuple[tuple[str, str], ...] = (
    ("Sci-Fi", "Adventure"),
    ("Romance", "Drama"),
    ("Crime", "Thriller"),
    ("Horror", "Mystery"),
    ("Drama", "Sport"),
    ("History", "Drama"),
)

#: The genre that a look brings now and then.
LOOK_GENRES: tuple[str, ...] = ("Romance", "Adventure", "Fantasy", "Action", "Thriller", "Animation")

#: Panel names in the order of every array with a panel axis.
PANELS: tuple[str, str, str] = ("seeing", "hearing", "reading")
