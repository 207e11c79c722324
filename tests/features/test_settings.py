"""Settings: parameters as text become what the makers take, or an error that says what they may be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import Distribution
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as some

from triptych.errors import UnknownName, UsageError
from triptych.features.extractor import Learner, title_of
from triptych.features.pooling import EACH, STATISTICS, Pooling
from triptych.features.registry import BUILT_IN, PROFILES, build, profile
from triptych.features.settings import known_settings, purpose, settings, written
from triptych.media.sampling import NAMED, TRACK, Sampling


@dataclass(frozen=True, kw_only=True)
class Rules:
    """A bundle of parameters."""

    least_s: float = 1.0
    adaptive: bool = True

    def __post_init__(self) -> None:
        if self.least_s < 0:
            raise UsageError(f"least_s is {self.least_s}; it must be 0 or above.")


@dataclass(frozen=True, kw_only=True)
class Grain:
    """How rough a picture is.

    More of it.
    """

    sampling: Sampling = TRACK
    pooling: Pooling = EACH
    size: int = 3
    share: float = 0.5
    even: bool = False
    word: str = "plain"
    kind: Literal["fine", "coarse"] = "fine"
    limit: float | None = None
    folder: Path = Path("here")
    weights: str | Path = "org/name"
    names: tuple[str, ...] = ("a", "b")
    numbers: tuple[int, ...] = ()
    rules: Rules = field(default_factory=Rules)
    hook: Callable[[], int] = len  # type: ignore[assignment]
    untyped: Any = "x"


def grain(*, size: int = 3, rules: Rules = Rules(least_s=2.0)) -> Grain:
    """A maker that is a function."""
    return Grain(size=size, rules=rules)


def bare() -> Grain:
    """Takes nothing."""
    return Grain()


@pytest.fixture(autouse=True)
def offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another package's offer, installed for real: found by its entry points."""
    place = tmp_path / "grain-1.0.dist-info"
    place.mkdir()
    (place / "METADATA").write_text("Metadata-Version: 2.1\nName: grain\nVersion: 1.0\n")
    (place / "entry_points.txt").write_text(
        "[triptych.extractors]\n"
        f"seeing/grain = {__name__}:Grain\nseeing/made = {__name__}:grain\nseeing/bare = {__name__}:bare\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    assert Distribution.at(place).entry_points


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("size=7", 7),
        ("share=.25", 0.25),
        ("share=-1e3", -1000.0),
        ("even=yes", True),
        ("even=OFF", False),
        ("word=a=b.c", "a=b.c"),
        ("word=", ""),
        ("kind=coarse", "coarse"),
        ("limit=none", None),
        ("limit=2.5", 2.5),
        ("folder=./there/", Path("there")),
        ("weights=./there/model", "./there/model"),
        ("names=x, y,z", ("x", "y", "z")),
        ("numbers=1,2", (1, 2)),
        ("untyped=3", "3"),
        ("pooling=each", Pooling(parts=0)),
        ("pooling=mean", Pooling(statistic="mean")),
        ("pooling=mean-std", Pooling()),
        ("pooling=20:median-mad", Pooling(parts=20, statistic="median-mad")),
        ("pooling=1:mean", Pooling(statistic="mean")),
        *((f"sampling={name}", sampling) for name, sampling in NAMED.items()),
    ],
)
def test_a_value_is_read_as_its_maker_takes_it(text: str, value: object) -> None:
    name = text.partition("=")[0]
    assert settings([f"seeing/grain.{text}"]) == {"seeing/grain": {name: value}}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("size=7.5", "a whole number"),
        ("size=", "a whole number"),
        ("share=nan", "a number"),
        ("share=inf", "a number"),
        ("even=maybe", "yes or no"),
        ("kind=medium", "fine or coarse"),
        ("limit=much", "a number or none"),
        ("numbers=1,two", "a list with commas of a whole number"),
        ("hook=len", "given from Python alone"),
        ("pooling=average", "median-mad"),
        ("pooling=20", "20:median-mad"),
        ("pooling=-3:mean", "20:median-mad"),
        ("pooling=0:mean", "20:median-mad"),
        ("pooling=20:each", "20:median-mad"),
        ("pooling=20000:mean", "10,000 parts"),
        ("sampling=some", "two-pass, track, pivot, each-second, half-seconds"),
        ("rules.least_s=-1", "0 or above"),
    ],
)
def test_a_value_that_it_does_not_take_is_refused_with_what_it_may_be(text: str, words: str) -> None:
    with pytest.raises(UsageError, match="seeing/grain") as caught:
        settings([f"seeing/grain.{text}"])
    assert words in str(caught.value)
    assert caught.value.exit_code == 2


def test_a_bundle_is_set_part_by_part() -> None:
    assert settings(["seeing/grain.rules.least_s=3"]) == {"seeing/grain": {"rules": Rules(least_s=3.0)}}
    both = settings(["seeing/made.rules.adaptive=no", "seeing/made.size=5"])
    assert both == {"seeing/made": {"rules": Rules(least_s=2.0, adaptive=False), "size": 5}}
    with pytest.raises(UnknownName, match=r"'rules\.least_s'"):
        settings(["seeing/grain.rules.least=3"])


@pytest.mark.parametrize("text", ["", "=", "seeing/grain", "seeing/grain=3", "seeing/grain.size", ".size=3", "a.=3"])
def test_what_is_no_setting_is_told_how_one_is_written(text: str) -> None:
    with pytest.raises(UsageError, match=r"seeing/colour\.bins=16"):
        settings([text])


def test_names_that_are_not_there_offer_those_that_are() -> None:
    with pytest.raises(UnknownName, match="no setting of seeing/grain 'siez'; there is 'size'"):
        settings(["seeing/grain.siez=3"])
    with pytest.raises(UnknownName, match="'seeing/grain'"):
        settings(["seeing/grian.size=3"])
    with pytest.raises(UnknownName, match="Choose it with --feature"):
        settings(["seeing/grain.size=3"], chosen=["seeing/colour"])
    with pytest.raises(UsageError, match="takes no settings"):
        settings(["seeing/bare.size=3"])
    with pytest.raises(UsageError, match="set twice"):
        settings(["seeing/grain.size=3", "seeing/grain.size=3"])


def test_what_is_set_reaches_the_recipe_and_nothing_else_does() -> None:
    chosen = settings(["seeing/colour.bins=16", "seeing/colour.pooling=20:median-mad"])
    made = build("seeing/colour", **chosen["seeing/colour"])
    plain = build("seeing/colour")
    assert made.recipe.hash != plain.recipe.hash
    assert made.recipe.params["bins"] == 16
    assert made.recipe.params["pooling"] == {"parts": 20, "statistic": "median-mad"}
    default = settings(["seeing/colour.bins=32", "seeing/colour.sampling=two-pass", "seeing/colour.pooling=mean-std"])
    assert build("seeing/colour", **default["seeing/colour"]).recipe == plain.recipe


def test_a_profile_takes_settings_of_its_own_extractors() -> None:
    def asked(**settings: Any) -> dict[str, object]:
        parts = profile("light", **settings)
        return {title_of(one): dict(one.asked) if isinstance(one, Learner) else one.recipe for one in parts}

    before, changed = asked(), asked(settings={"seeing/colour": {"bins": 16}})
    assert {title for title in before if before[title] != changed[title]} == {"seeing/colour"}
    assert tuple(before) == tuple(changed) == PROFILES["light"]
    with pytest.raises(UnknownName, match="in the profile 'light' 'seeing/grain'"):
        profile("light", settings={"seeing/grain": {"size": 3}})


@pytest.mark.parametrize("title", sorted(BUILT_IN))
def test_every_built_in_can_be_listed_and_its_defaults_be_said_again(title: str) -> None:
    known = known_settings(title)
    assert purpose(title)
    assert len({one.name for one in known}) == len(known)
    for one in known:
        assert one.allowed
        if one.name.startswith("sampling") and one.default not in NAMED:
            continue  # a sampling of its own, which has no name to be asked for by
        said = settings([f"{title}.{one.name}={one.default}"])[title]
        value = said[one.name.partition(".")[0]]
        if one.base is not None:
            assert value == one.base
        else:
            assert written(value) == one.default


def test_the_purpose_is_the_first_sentence() -> None:
    assert purpose("seeing/grain") == "How rough a picture is."


@given(parts=some.integers(0, 10_000), statistic=some.sampled_from(sorted(STATISTICS)))
def test_a_pooling_is_written_as_it_is_read(parts: int, statistic: str) -> None:
    pooling = Pooling(parts=parts, statistic=statistic)
    text = written(pooling)
    assert settings([f"seeing/colour.pooling={text}"])["seeing/colour"]["pooling"] == pooling


@given(value=some.floats(allow_nan=False, allow_infinity=False))
def test_a_number_is_written_as_it_is_read(value: float) -> None:
    from triptych.features.settings import _read  # pyright: ignore[reportPrivateUsage]

    assert _read(float, written(value)) == value
