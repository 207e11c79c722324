"""The world: which item looks, sounds and reads like what, drawn without painting a single picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt

from triptych.catalogue.records import Item
from triptych.catalogue.sources.synthetic import story, taste, timeline
from triptych.catalogue.sources.synthetic.themes import LOOK_GENRES, LOOKS, PLOT_GENRES, PLOTS, SOUNDS
from triptych.catalogue.sources.synthetic.timeline import Part, Stretch
from triptych.errors import UsageError

#: Every kind of draw has its own stream, so that a change in one leaves the others as they were.
STREAMS = ("themes", "timeline", "story", "facts", "gaps", "look", "cards", "sound", "users", "interactions", "record")

#: What an item may lack.
GAPS = ("no_sound", "silent", "no_plot")

#: Two hours: a whole film.
SECONDS_MAX = 7200

FIRST_RELEASE = date(2012, 1, 1)
RELEASE_DAYS = 4700

_LANGUAGES = ("English", "French", "Spanish", "Japanese", "Hindi", "German")
_LANGUAGE_SHARES = (0.7, 0.08, 0.08, 0.06, 0.05, 0.03)
_COUNTRIES = ("United States", "United Kingdom", "France", "Japan", "India", "Germany")
_COUNTRY_SHARES = (0.55, 0.15, 0.1, 0.08, 0.07, 0.05)
_CERTIFICATES = ("G", "PG", "PG-13", "R")
_CERTIFICATE_SHARES = (0.1, 0.25, 0.35, 0.3)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All that the clips follow from. Clip ``k`` is a function of the settings and ``k``, of nothing else.

    ``gaps``: the share of items that lack something: a third each has no sound track, a silent one, no plot.
    """

    seed: int = 0
    seconds: float = 8.0
    width_px: int = 320
    height_px: int = 180
    rate_fps: float = 15.0
    gaps: float = 0.0

    def __post_init__(self) -> None:
        if self.seed < 0:
            raise UsageError(f"the seed is {self.seed}; it must be 0 or above.")
        for name, side in (("width_px", self.width_px), ("height_px", self.height_px)):
            if side % 2 or not 32 <= side <= 4096:
                raise UsageError(f"{name} is {side}; H.264 with 4:2:0 colour needs an even number from 32 to 4096.")
        if not 1 <= self.rate_fps <= 120:
            raise UsageError(f"rate_fps is {self.rate_fps}; it may be 1 to 120.")
        if not 0 <= self.gaps <= 1:
            raise UsageError(f"gaps is {self.gaps}; it is a share of the items, 0 to 1.")
        if not 0 < self.seconds <= SECONDS_MAX:
            raise UsageError(
                f"{self.seconds} s is no length for a clip; ask for more than 0 and at most {SECONDS_MAX}."
            )
        if self.frames < timeline.FRAMES_MIN:
            raise UsageError(
                f"{self.seconds} s at {self.rate_fps} fps are too short for a timeline; "
                f"ask for at least {timeline.FRAMES_MIN} frames, {timeline.FRAMES_MIN / self.rate_fps:.2f} s."
            )

    @property
    def rate(self) -> Fraction:
        return Fraction(self.rate_fps).limit_denominator(1001)

    @property
    def frames(self) -> int:
        return round(self.seconds * self.rate)

    def generator(self, stream: str, *keys: int) -> np.random.Generator:
        """The random numbers of one stream, and of one item or scene within it."""
        return np.random.default_rng([self.seed, STREAMS.index(stream), *keys])


@dataclass(frozen=True, kw_only=True)
class Truth:
    """What is known of one item because it was made so.

    ``look``, ``sound`` and ``plot`` number the themes; ``gap`` is empty or one of :data:`GAPS`;
    ``appeal`` (about N(0, 1)) moves everyone's rating, ``fame`` (above 0) moves who gets to see it.
    """

    item_id: str
    index: int
    look: int
    sound: int
    plot: int
    gap: str
    appeal: float
    fame: float
    parts: tuple[Part, ...]

    @property
    def look_name(self) -> str:
        return LOOKS[self.look].name

    @property
    def sound_name(self) -> str:
        return SOUNDS[self.sound]

    @property
    def plot_name(self) -> str:
        return PLOTS[self.plot]

    @property
    def themes(self) -> tuple[int, int, int]:
        """Look, sound and plot in the order of the panels."""
        return self.look, self.sound, self.plot

    @property
    def cuts_s(self) -> tuple[float, ...]:
        """Times of the hard cuts inside the content."""
        pairs = zip(self.parts[:-1], self.parts[1:], strict=True)
        return tuple(b.start_s for a, b in pairs if {a.kind, b.kind} <= {"shot", "card"})


@dataclass(frozen=True, kw_only=True, eq=False)
class World:
    """Items, the files that stand for them, who likes what, and the truth behind all of it.

    ``clips[k]`` is the file of ``items[k]``, whose truth is ``truths[k]``.
    """

    settings: Settings
    folder: Path
    items: tuple[Item, ...]
    clips: tuple[Path, ...]
    truths: tuple[Truth, ...]
    users: taste.Users
    interactions: taste.Interactions


def item_id(index: int) -> str:
    return f"title-{index:05d}"


def clip_path(folder: Path, index: int) -> Path:
    return folder / "clips" / f"{item_id(index)}.mp4"


def stretches(settings: Settings, index: int, look: int) -> tuple[Stretch, ...]:
    """The timeline of one clip in frames."""
    rng = settings.generator("timeline", index)
    return timeline.plan(rng, frames=settings.frames, rate_fps=float(settings.rate), shot_s=LOOKS[look].shot_s)


def draw_item(settings: Settings, index: int) -> tuple[Item, Truth]:
    """One item and its truth, from the settings and its number alone."""
    if index < 0:
        raise UsageError(f"the item number is {index}; it must be 0 or above.")
    rng = settings.generator("themes", index)
    look, sound, plot = (int(rng.integers(0, n)) for n in (len(LOOKS), len(SOUNDS), len(PLOTS)))
    gap = _gap(settings, index)
    facts = settings.generator("facts", index)
    released = FIRST_RELEASE + timedelta(days=int(facts.integers(0, RELEASE_DAYS)))
    language = str(facts.choice(_LANGUAGES, p=_LANGUAGE_SHARES))
    tale = story.tell(settings.generator("story", index), plot)
    # Of a stream of its own: what was drawn before there were these stays as it was.
    record = settings.generator("record", index)
    item = Item(
        item_id=item_id(index),
        title=tale.title,
        year=released.year,
        genres=_genres(facts, look, plot),
        plot="" if gap == "no_plot" else tale.plot,
        people=tale.people,
        languages=(language,),
        runtime_min=float(np.clip(round(record.normal(102, 16)), 62, 190)),
        countries=(str(record.choice(_COUNTRIES, p=_COUNTRY_SHARES)),),
        certificate=str(record.choice(_CERTIFICATES, p=_CERTIFICATE_SHARES)),
        released_at=released.isoformat(),
    )
    truth = Truth(
        item_id=item.item_id,
        index=index,
        look=look,
        sound=sound,
        plot=plot,
        gap=gap,
        appeal=round(float(facts.normal()), 6),
        fame=round(float(facts.lognormal(0.0, 1.1)), 6),
        parts=timeline.parts(stretches(settings, index, look), rate_fps=float(settings.rate)),
    )
    return item, truth


def draw_world(folder: Path, *, settings: Settings, clips: int = 48, users: int = 200) -> World:
    """The whole world except its pictures and sounds: nothing is written and nothing is painted."""
    if clips < 1 or users < 1:
        raise UsageError(f"a world of {clips} clips and {users} users is empty; ask for at least one of each.")
    drawn = [draw_item(settings, index) for index in range(clips)]
    items, truths = tuple(item for item, _ in drawn), tuple(truth for _, truth in drawn)
    people = taste.draw_users(settings.generator("users"), users)
    return World(
        settings=settings,
        folder=folder,
        items=items,
        clips=tuple(clip_path(folder, index) for index in range(clips)),
        truths=truths,
        users=people,
        interactions=taste.draw_interactions(
            settings.generator("interactions"),
            utility=utility(people, truths),
            fame=np.array([truth.fame for truth in truths]),
            released=[item.released_at for item in items],
        ),
    )


def utility(users: taste.Users, truths: Sequence[Truth]) -> npt.NDArray[np.float64]:
    """How much each user likes each item before noise: float64 ``[users, items]``, about N(0, 1)."""
    themes = np.array([truth.themes for truth in truths], dtype=np.int64).reshape(len(truths), 3)
    return users.utility(themes, appeal=np.array([truth.appeal for truth in truths]))


def _gap(settings: Settings, index: int) -> str:
    rng = settings.generator("gaps", index)
    lacking, which = rng.random(), int(rng.integers(0, len(GAPS)))
    return GAPS[which] if lacking < settings.gaps else ""


def _genres(rng: np.random.Generator, look: int, plot: int) -> tuple[str, ...]:
    """Genres as a noisy function of plot and look: they help, and they are not the truth."""
    every = sorted({genre for pair in PLOT_GENRES for genre in pair} | set(LOOK_GENRES))
    first, second = PLOT_GENRES[plot]
    chances = (
        (first, 0.92),
        (second, 0.55),
        (LOOK_GENRES[look], 0.35),
        (every[int(rng.integers(0, len(every)))], 0.12),
    )
    drawn = rng.random(len(chances))
    kept = dict.fromkeys(genre for (genre, chance), draw in zip(chances, drawn, strict=True) if draw < chance)
    return tuple(kept) or (first,)
