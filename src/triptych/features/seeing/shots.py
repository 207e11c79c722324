"""Shots: how a clip is cut, as one vector of its rhythm, and as the sequence of its shots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from triptych.errors import UsageError
from triptych.features.extractor import Needs, Showing
from triptych.features.feature import Feature
from triptych.features.recipe import Recipe
from triptych.features.seeing import pictures
from triptych.media.change import Change, change_of
from triptych.media.sampling import TRACK
from triptych.media.shots import METHOD, RULES, ShotRules, Shots, shots_of

F64 = npt.NDArray[np.float64]

#: A shot shorter than this has this logarithm: one picture of a film.
SHORTEST_S = 0.04
#: Logarithms of lengths that differ by less are hardly unlike.
EVEN_LOG = 0.2


@dataclass(frozen=True, kw_only=True)
class ShotRhythm:
    """How fast a clip is cut, how evenly, and where it quickens. Lengths are in seconds.

    - ``shots_log``: natural logarithm of the number of shots. ``changes_per_minute``: of shot, over the whole clip.
    - ``length_mean, _median, _std, _min, _max``, and mean and standard deviation of their logarithms.
    - ``short``: share of shots shorter than ``short_s``; ``long``: longer than ``long_s``. ``fades``: share of the
      changes that are fades or dissolves.
    - ``variation``: standard deviation of the lengths over their mean. ``regularity``: correlation of the logarithm
      of each length with that of the next. ``acceleration``: log of the mean length of the first third of the shots
      over that of the last, above 0 where cutting quickens.
    - ``stir_mean, stir_std``: of what moves inside the shots, see :class:`ShotLengths`; the mean is weighted by length.

    Of a clip of one shot, all that compares shots is 0: ``length_std``, ``length_log_std``, ``fades``, ``variation``,
    ``regularity``, ``acceleration`` and ``stir_std``. ``regularity`` takes at least four shots that are not all equally
    long, ``acceleration`` at least three; with fewer they are 0.
    """

    rules: ShotRules = RULES
    short_s: float = 1.5
    long_s: float = 5.0

    def __post_init__(self) -> None:
        if not 0 < self.short_s <= self.long_s:
            raise UsageError(f"short_s is {self.short_s} and long_s {self.long_s}; it takes 0 < short_s <= long_s.")

    @property
    def recipe(self) -> Recipe:
        own = {"short_s": self.short_s, "long_s": self.long_s}
        return Recipe(panel="seeing", name="shots", version=1, params={**own, **_params(self.rules)})

    @property
    def needs(self) -> Needs:
        return pictures.needs(TRACK)

    def ready(self) -> None:
        """Needs nothing beyond the core."""

    def columns(self) -> tuple[str, ...]:
        """The name of each entry of the vector."""
        lengths = ("mean", "median", "std", "min", "max", "log_mean", "log_std")
        shares = ("short", "long", "fades")
        rhythm = ("variation", "regularity", "acceleration", "stir_mean", "stir_std")
        return ("shots_log", "changes_per_minute", *(f"length_{name}" for name in lengths), *shares, *rhythm)

    def extract(self, showings: Sequence[Showing]) -> Sequence[Feature]:
        return [self._measure(showing) for showing in showings]

    def _measure(self, showing: Showing) -> Feature:
        seen = _seen(showing, self.rules)
        if isinstance(seen, Feature):
            return seen
        shots, stirs = seen
        lengths = shots.lengths_s
        whole_s = float(lengths.sum())
        logs = np.log(np.maximum(lengths, SHORTEST_S))
        mean, std = float(lengths.mean()), float(lengths.std())
        changes = len(shots) - 1
        values = [
            np.log(len(shots)),
            changes / max(whole_s, SHORTEST_S) * 60,
            mean,
            np.median(lengths),
            std,
            lengths.min(),
            lengths.max(),
            logs.mean(),
            logs.std(),
            (lengths < self.short_s).mean(),
            (lengths > self.long_s).mean(),
            shots.kinds.count("fade") / max(changes, 1),
            std / max(mean, SHORTEST_S),
            _regularity(lengths),
            _acceleration(lengths),
            float(stirs @ lengths) / whole_s if whole_s > 0 else 0.0,
            stirs.std(),
        ]
        return Feature(values=np.array(values, np.float32))


@dataclass(frozen=True, kw_only=True)
class ShotLengths:
    """Each shot, at the time at which it starts.

    ``length_s``; ``by_fade``: 1 where it began by a fade or a dissolve, else 0; ``stir``: mean absolute difference of
    luma, 0…1, from picture to picture of the track inside the shot, over the seconds between them.
    """

    rules: ShotRules = RULES

    @property
    def recipe(self) -> Recipe:
        return Recipe(panel="seeing", name="shot-lengths", version=1, params=_params(self.rules))

    @property
    def needs(self) -> Needs:
        return pictures.needs(TRACK)

    def ready(self) -> None:
        """Needs nothing beyond the core."""

    def columns(self) -> tuple[str, ...]:
        """The name of each entry of a row."""
        return ("length_s", "by_fade", "stir")

    def extract(self, showings: Sequence[Showing]) -> Sequence[Feature]:
        return [self._measure(showing) for showing in showings]

    def _measure(self, showing: Showing) -> Feature:
        seen = _seen(showing, self.rules)
        if isinstance(seen, Feature):
            return seen
        shots, stirs = seen
        by_fade = np.array([kind == "fade" for kind in shots.kinds], np.float64)
        rows = np.stack([shots.lengths_s, by_fade, stirs], axis=1)
        return Feature(values=rows.astype(np.float32), times_s=shots.starts_s.copy())


def _params(rules: ShotRules) -> dict[str, Any]:
    return {
        "rules": asdict(rules),
        "method": METHOD,
        "shortest_s": SHORTEST_S,
        "even_log": EVEN_LOG,
        **pictures.recipe_params(TRACK),
    }


def _seen(showing: Showing, rules: ShotRules) -> tuple[Shots, F64] | Feature:
    """The shots and how much moves in each, or the mask that says why there are none."""
    frames = pictures.pictures_of(showing, TRACK)
    if isinstance(frames, Feature):
        return frames
    assert showing.reel is not None  # or there were no pictures
    change, shots = showing.reel.once(change_of), showing.reel.once(shots_of, rules)
    assert change is not None
    assert shots is not None
    return shots, _stirs(shots, change)


def _stirs(shots: Shots, change: Change) -> F64:
    """Change of luma a second inside each shot, float64 ``[k]``; 0 in one that holds no two pictures of the track."""
    after, before = change.times_s[1:], change.times_s[:-1]
    stirs = np.zeros(len(shots))
    # What leads from one shot to the next is of neither.
    clear_s = np.append(shots.from_s[1:], np.inf)
    for k in range(len(shots)):
        inside = (before >= shots.to_s[k]) & (after <= clear_s[k])
        seconds = float((after[inside] - before[inside]).sum())
        stirs[k] = float(change.pixels[inside].sum()) / seconds if seconds > 0 else 0.0
    return stirs


def _regularity(lengths: F64) -> float:
    """Correlation of log lengths, with as much noise in both as a cut's time has: shots that are equally long but for
    that do not alternate."""
    if len(lengths) < 4:
        return 0.0
    logs = np.log(np.maximum(lengths, SHORTEST_S))
    one, other = (side - side.mean() for side in (logs[:-1], logs[1:]))
    noise = len(one) * EVEN_LOG**2
    return float(one @ other) / float(np.sqrt((one @ one + noise) * (other @ other + noise)))


def _acceleration(lengths: F64) -> float:
    if len(lengths) < 3:
        return 0.0
    third = len(lengths) // 3
    first, last = (max(float(part.mean()), SHORTEST_S) for part in (lengths[:third], lengths[-third:]))
    return float(np.log(first / last))
