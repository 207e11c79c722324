"""Programme: settings of what is done to scores before a list is shown, written in Python or as TOML."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast, get_args

from triptych.catalogue.handwritten import text_of
from triptych.errors import UnknownName, UsageError
from triptych.programme.boost import Boost
from triptych.programme.condition import Condition

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from triptych.programme.arranged import Arranged
    from triptych.programme.day import Day
    from triptych.programme.facts import Facts

Diversify = Literal["none", "mmr", "calibrated"]
By = Literal["genres", "vectors"]
ExploreBy = Literal["score", "ucb", "thompson"]
#: In TOML, for the setting that is None in Python.
ANY = "any"
_TABLE = "boost"
#: Keys of ``[[boost]]`` that Python has other words for.
_RENAMED = {"from": "since", "to": "until"}
_WHOLE = ("n", "pool", "most_of_a_family", "most_of_a_director", "new_below", "new_days", "seed")


@dataclass(frozen=True, kw_only=True)
class Programme:
    """How long a list is, who may stand in it, and in what order.

    ``n``: places. ``where``: conditions that all must hold, see :mod:`triptych.programme.condition`. ``seen``: whether
    what the user had may be listed. ``most_of_a_family``: of one series, None for any number; ``most_of_a_director``
    likewise. One film under several ids is never listed twice, and stays seen under each.

    ``diversify``: *none*; *mmr*, not too like what is listed already, by ``diversify_by`` *genres* or *vectors*;
    *calibrated*, genres in the shares of what the user had. ``strength``: 0, by score alone, to 1, regardless of it.
    ``pool``: it chooses among so many best; more where too few of these may be listed.

    ``explore``: places for new titles, a whole number, or a share of ``n`` below 1. New: with fewer than ``new_below``
    ratings, or released in the last ``new_days``. ``explore_by``: *score*, or with the uncertainty of each, *ucb* and
    *thompson*; ``optimism``: how many standard deviations of it *ucb* adds. ``explore_at``: their ranks, 2 or more,
    drawn for each user where there are none.

    ``boosts``: rules that lift items for a time. ``seed``: of all that is drawn.
    """

    n: int = 10
    where: tuple[str, ...] = ()
    seen: bool = False
    most_of_a_family: int | None = 1
    most_of_a_director: int | None = None
    diversify: Diversify = "none"
    diversify_by: By = "genres"
    strength: float = 0.3
    pool: int = 200
    explore: float = 0
    explore_by: ExploreBy = "score"
    explore_at: tuple[int, ...] = ()
    optimism: float = 1.0
    new_below: int = 5
    new_days: int | None = None
    boosts: tuple[Boost, ...] = ()
    seed: int = 0

    def __post_init__(self) -> None:
        for name, least in (("n", 1), ("pool", 1), ("most_of_a_family", 1), ("most_of_a_director", 1), ("new_days", 1)):
            value: int | None = getattr(self, name)
            if value is not None and value < least:
                raise UsageError(f"{name} of a programme is {value}; it is {least} or more.")
        if self.new_below < 0 or self.seed < 0:
            raise UsageError(f"new_below is {self.new_below} and seed {self.seed}; both are 0 or more.")
        if not 0 <= self.strength <= 1:
            raise UsageError(f"strength is {self.strength:g}; it goes from 0, by score alone, to 1, regardless of it.")
        if not (math.isfinite(self.optimism) and self.optimism >= 0):
            raise UsageError(f"optimism is {self.optimism:g}; it is 0 or more standard deviations.")
        for name, known in (("diversify", Diversify), ("diversify_by", By), ("explore_by", ExploreBy)):
            if getattr(self, name) not in get_args(known):
                raise UnknownName(f"kind of {name}", str(getattr(self, name)), get_args(known))
        self._check_exploration()
        # Written as they are read, so that left-out counts and notes have one spelling for each.
        object.__setattr__(self, "where", tuple(one.text for one in self.conditions))
        names = [boost.name for boost in self.boosts]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise UsageError(f"two boosts are called {twice[0]!r}; give one of them another name.")

    def _check_exploration(self) -> None:
        if isinstance(self.explore, int):
            if not 0 <= self.explore < self.n and self.explore:
                raise UsageError(
                    f"explore is {self.explore} of {self.n} places; it is 0 or more, and leaves the first place alone."
                )
        elif not 0 <= self.explore < 1:
            raise UsageError(f"explore is {self.explore:g}; a share is below 1, and a number of places whole.")
        if len(set(self.explore_at)) < len(self.explore_at) or any(not 2 <= at <= self.n for at in self.explore_at):
            raise UsageError(
                f"explore_at is {list(self.explore_at)}; they are ranks from 2 to {self.n}, each once: the first place "
                "is never given to a new title."
            )
        most = self.explore if isinstance(self.explore, int) else math.ceil(round(self.explore * self.n, 9))
        if self.explore_at and most > len(self.explore_at):
            raise UsageError(f"explore may take {most} places, and explore_at names {len(self.explore_at)}; name more.")
        if self.explore and not self.new_below and self.new_days is None:
            raise UsageError("nothing is new: new_below is 0 and new_days is not given; give one of them.")

    @cached_property
    def conditions(self) -> tuple[Condition, ...]:
        return tuple(map(Condition.of, self.where))

    @classmethod
    def of(cls, told: Mapping[str, Any], *, source: str = "the programme") -> Programme:
        """From a mapping of settings, as TOML and JSON hold it. UsageError names ``source``, the key and what it takes.

        Boosts are a list of mappings under ``boost``, with their days under ``from`` and ``to``.
        """
        known = [one.name for one in fields(cls) if one.name != "boosts"]
        for key in told:
            if key not in (*known, _TABLE):
                raise UnknownName(f"setting in {source}", key, (*known, _TABLE))
        settings: dict[str, Any] = {}
        try:
            for key in known:
                if key in told:
                    settings[key] = _setting(key, told[key])
            settings["boosts"] = _boosts(told.get(_TABLE, []))
            return cls(**settings)
        except UsageError as fault:
            raise UsageError(f"{source}: {fault}") from fault

    @classmethod
    def of_toml(cls, text: str, *, source: str = "the programme") -> Programme:
        """Read TOML: settings by their names, and ``[[boost]]`` tables."""
        try:
            told = tomllib.loads(text)
        except (tomllib.TOMLDecodeError, RecursionError) as fault:
            cause = str(fault) if isinstance(fault, tomllib.TOMLDecodeError) else "it is nested too deeply"
            raise UsageError(f"{source} is no TOML: {cause}.") from fault
        return cls.of(told, source=source)

    @classmethod
    def read(cls, path: Path) -> Programme:
        return cls.of_toml(text_of(path, "programme"), source=repr(path.name))

    def told(self) -> dict[str, Any]:
        """All settings as JSON and TOML can hold them; :meth:`of` gives an equal programme."""
        found: dict[str, Any] = {}
        for one in fields(self):
            value: Any = getattr(self, one.name)
            if one.name != "boosts" and not (value is None and one.default is None):
                found[one.name] = ANY if value is None else _plain(value)
        words = {own: word for word, own in _RENAMED.items()}
        found[_TABLE] = [
            {
                words.get(one.name, one.name): _plain(value)
                for one in fields(boost)
                if (value := getattr(boost, one.name)) not in ("", (), None)
            }
            for boost in self.boosts
        ]
        return found

    def on(self, day: date, facts: Facts) -> Day:
        """All of it that is the same for every user on one day, found out once: for many lists, or many requests."""
        from triptych.programme.day import Day

        return Day.of(self, facts, day)

    def arrange(
        self,
        candidates: npt.NDArray[np.integer] | None,
        scores: npt.NDArray[np.floating],
        *,
        facts: Facts,
        on: date,
        user: str = "",
        history: npt.NDArray[np.integer] | Sequence[int] = (),
        liked: npt.NDArray[np.integer] | Sequence[int] | None = None,
        uncertainty: npt.NDArray[np.floating] | None = None,
    ) -> Arranged:
        """One list, see :meth:`triptych.programme.day.Day.arrange`."""
        return self.on(on, facts).arrange(
            candidates, scores, user=user, history=history, liked=liked, uncertainty=uncertainty
        )


def _plain(value: Any) -> Any:
    return list(cast("Iterable[Any]", value)) if isinstance(value, tuple) else value


def _setting(key: str, value: Any) -> Any:
    """A value of the kind that its setting takes."""
    if key == "most_of_a_family" and value == ANY:
        return None
    if key in _WHOLE:
        return _whole(key, value)
    if key == "where":
        return _texts(key, value)
    if key == "explore_at":
        return tuple(_whole(key, one) for one in _list(key, value))
    if key == "seen":
        if not isinstance(value, bool):
            raise UsageError(f"seen is {value!r}; it takes true or false.")
        return value
    if key in ("diversify", "diversify_by", "explore_by"):
        if not isinstance(value, str):
            raise UsageError(f"{key} is {value!r}; it takes text in quotation marks.")
        return value
    number = _number(key, value)
    return number if key == "explore" else float(number)


def _boosts(told: Any) -> tuple[Boost, ...]:
    known = [one.name for one in fields(Boost) if one.name not in _RENAMED.values()] + list(_RENAMED)
    found: list[Boost] = []
    for number, given in enumerate(_list(_TABLE, told), start=1):
        if not isinstance(given, Mapping):
            raise UsageError(f"boosts are tables, each beginning with [[{_TABLE}]] in double brackets.")
        table = cast("Mapping[str, Any]", given)
        where = f"[[{_TABLE}]] {number}"
        for key in table:
            if key not in known:
                raise UnknownName(f"key in {where}", key, known)
        for key in ("name", "strength"):
            if key not in table:
                raise UsageError(f"{where} has no {key}, which it needs.")
        found.append(Boost(**{_RENAMED.get(key, key): _of_boost(where, key, table[key]) for key in table}))
    return tuple(found)


def _of_boost(where: str, key: str, value: Any) -> Any:
    what = f"{where}: {key}"
    if key == "strength":
        return float(_number(what, value))
    if key == "where":
        return _texts(what, value)
    if key in ("released_within_days", "trend_days"):
        return _whole(what, value)
    if key in _RENAMED and type(value) is date:  # TOML has days of its own, without quotation marks
        return value.isoformat()
    if not isinstance(value, str):
        raise UsageError(f"{what} is {value!r}; it takes text in quotation marks.")
    return value


def _list(key: str, value: Any) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise UsageError(f"{key} is {value!r}; it takes a list in square brackets.")
    return list(cast("Iterable[Any]", value))


def _texts(key: str, value: Any) -> tuple[str, ...]:
    for one in (held := _list(key, value)):
        if not isinstance(one, str):
            raise UsageError(f"{key} holds {one!r}; it is a list of text.")
    return tuple(held)


def _whole(key: str, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise UsageError(f"{key} is {value!r}; it takes a whole number.")
    return value


def _number(key: str, value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise UsageError(f"{key} is {value!r}; it takes a number.")
    return value
