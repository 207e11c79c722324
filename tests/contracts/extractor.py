"""What every extractor must do, ours or another's. Subclass it, say how yours is made, and run it with pytest:

class TestGrain(ExtractorContract):
    @pytest.fixture(scope="class")
    @classmethod
    def make(cls) -> Make:
        return Grain

    @pytest.fixture(scope="class")
    @classmethod
    def changed(cls) -> Extractor | None:
        return Grain(size_px=5)
"""

from __future__ import annotations

import atexit
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

import numpy as np
import pytest

from tests.worlds.clips import card, scene, silence, tone, write_clip
from triptych.catalogue.records import Item
from triptych.engine.worker import pack, unpack
from triptych.errors import TriptychError
from triptych.features.extractor import Extractor, Showing
from triptych.features.feature import Feature, Presence
from triptych.features.recipe import PANELS, Recipe
from triptych.features.registry import ready
from triptych.media.loader import open_reel
from triptych.media.reel import Reel, Want

PLOT = "A lighthouse keeper finds a letter in the fog and rows out to learn who wrote it."
#: Two of which all is told, one of which nothing is, and two of which a little is.
PLACES = {
    "both": Item(
        item_id="both",
        title="Fog",
        plot=PLOT,
        year=1954,
        genres=("Drama",),
        runtime_min=101.0,
        people=("Ada Stone", "Bo Reed"),
        directors=("Cy Webb",),
        languages=("English",),
        countries=("Ireland",),
        certificate="PG",
    ),
    "other": Item(
        item_id="other",
        title="Rust",
        plot="Two mechanics race an old truck across the salt flats. Anna Bell drives the truck to Utah.",
        year=1999,
        genres=("Comedy", "Adventure"),
        runtime_min=88.0,
        people=("Anna Bell", "Ada Stone"),
        directors=("Di Poe",),
        languages=("French", "English"),
        countries=("France",),
        certificate="R",
    ),
    "mute": Item(item_id="mute"),
    "silent": Item(item_id="silent", title="Silent", plot="A mime loses his box."),
    "heard": Item(item_id="heard", plot="A voice on the radio counts backwards, and nobody knows from where."),
}


@lru_cache(maxsize=1)
def _folder() -> Path:
    """Five clips, made once for all extractors: two whole ones, one without sound, one silent, one without picture."""
    at = Path(mkdtemp(prefix="triptych-contract-"))
    atexit.register(rmtree, at)
    write_clip(at / "both.mp4", picture=scene((200, 90, 40), seed=1), sound=tone(440))
    write_clip(at / "other.mp4", picture=scene((40, 120, 200), seed=2), sound=tone(180))
    write_clip(at / "mute.mp4", picture=scene((60, 160, 80), seed=3))
    write_clip(at / "silent.mp4", picture=scene((150, 150, 60), seed=4), sound=silence)
    write_clip(at / "heard.m4a", sound=tone(700))
    return at


@lru_cache(maxsize=1)
def _carded() -> Path:
    """The same, but the two whole clips are longer and end in a card of writing, for those who read cards."""
    at = Path(mkdtemp(prefix="triptych-contract-"))
    atexit.register(rmtree, at)
    for name, words, rgb in (("both", "THE FOG", (200, 90, 40)), ("other", "COMING SOON", (40, 120, 200))):
        film, last = scene(rgb, seed=len(words)), card(words)
        write_clip(at / f"{name}.mp4", picture=lambda t, f=film, c=last: f(t) if t < 11 else c, seconds=12.0, scale=4.0)
    for name in ("mute", "silent", "heard"):
        [path] = _folder().glob(f"{name}.*")
        (at / path.name).symlink_to(path)
    return at


def opened(name: str, want: Want) -> Reel:
    reads_cards = any(sampling.where == "cards" for sampling in want.samplings)
    [path] = (_carded() if reads_cards else _folder()).glob(f"{name}.*")
    return open_reel(path, want, name=name, threads=1)


reel_of = lru_cache(maxsize=32)(opened)


def arrays_of(reel: Reel) -> list[np.ndarray]:
    pictures = [array for frames in reel.frames.values() for array in (frames.rgb, frames.times_s)]
    return [*pictures, *(sound.samples for sound in reel.sounds.values())]


def showings(extractor: Extractor) -> list[Showing]:
    """Every item as the engine would show it: with a reel of just what was asked for, or with none."""
    needs = extractor.needs
    return [Showing(item=item, reel=reel_of(name, needs.want) if needs.reel else None) for name, item in PLACES.items()]


def alike(a: Feature, b: Feature) -> bool:
    """The same, bit for bit."""
    if (a.presence, a.reason, a.warnings) != (b.presence, b.reason, b.warnings):
        return False
    pairs = ((a.values, b.values), (a.times_s, b.times_s))
    return all(
        (x is None and y is None) or (x is not None and y is not None and x.tobytes() == y.tobytes()) for x, y in pairs
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Measured:
    """An extractor, what it was shown, and what it gave: measured once for all tests of a class."""

    extractor: Extractor
    shown: list[Showing]
    features: dict[str, Feature]


def measure(extractor: Extractor) -> Measured:
    shown = showings(extractor)
    features = dict(zip(PLACES, extractor.extract(shown), strict=True))
    return Measured(extractor=extractor, shown=shown, features=features)


Make = Callable[[], Extractor]


class ExtractorContract:
    """The tests. ``make`` makes the extractor; ``changed`` is one of which a parameter that counts differs, or None."""

    @pytest.fixture(scope="class")
    @classmethod
    def make(cls) -> Make:
        raise NotImplementedError

    @pytest.fixture(scope="class")
    @classmethod
    def changed(cls) -> Extractor | None:
        raise NotImplementedError

    @pytest.fixture(scope="class")
    @classmethod
    def measured(cls, make: Make) -> Measured:
        return measure(make())

    def test_it_can_be_run(self, measured: Measured) -> None:
        assert ready([measured.extractor]) == [measured.extractor]
        assert measured.extractor.recipe.panel in PANELS
        assert measured.extractor.recipe.version >= 1
        needs = measured.extractor.needs
        assert needs.reel or needs.fields, (
            "an extractor that reads nothing is never measured again when an item changes"
        )

    def test_it_gives_features_of_one_width(self, measured: Measured) -> None:
        present = [f.values for f in measured.features.values() if f.values is not None]
        assert len(present) >= 2, "too few of the tiny clips gave anything to compare"
        assert {values.dtype for values in present} == {np.dtype(np.float32)}
        assert len({(values.ndim, values.shape[-1]) for values in present}) == 1
        assert all(np.isfinite(values).all() for values in present)
        columns = getattr(measured.extractor, "columns", None)
        if columns is not None:
            names = columns()
            assert len(names) == present[0].shape[-1]
            assert len(set(names)) == len(names)

    def test_unlike_items_give_unlike_features(self, measured: Measured) -> None:
        both, other = measured.features["both"], measured.features["other"]
        assert both.values is not None
        assert other.values is not None
        assert both.values.tobytes() != other.values.tobytes()

    def test_what_is_not_there_is_a_mask_with_a_reason(self, measured: Measured) -> None:
        needs, features = measured.extractor.needs, measured.features
        masked = [f for f in features.values() if f.presence is not Presence.PRESENT]
        assert all(f.values is None and f.reason and f.reason == f.reason.strip() for f in masked)
        if needs.want.samplings and not needs.want.sound_rates_hz:
            assert features["heard"].presence is Presence.MISSING
        if needs.want.sound_rates_hz and not needs.want.samplings:
            assert features["mute"].presence is Presence.MISSING
            assert features["silent"].presence is Presence.SILENT
            assert features["mute"].reason != features["silent"].reason
        if needs.fields and not needs.reel:
            assert features["mute"].presence is Presence.MISSING

    def test_the_order_is_kept(self, measured: Measured) -> None:
        turned = measured.extractor.extract(measured.shown[::-1])
        assert all(alike(a, b) for a, b in zip(reversed(turned), measured.features.values(), strict=True))

    def test_a_batch_gives_what_one_by_one_gives(self, measured: Measured) -> None:
        for showing in measured.shown:
            [alone] = measured.extractor.extract([showing])
            assert alike(alone, measured.features[showing.item.item_id]), showing.item.item_id
        assert list(measured.extractor.extract([])) == []

    def test_another_instance_gives_the_same(self, measured: Measured, make: Make) -> None:
        again = make()
        assert again.recipe == measured.extractor.recipe
        assert all(alike(a, b) for a, b in zip(again.extract(measured.shown), measured.features.values(), strict=True))

    def test_it_leaves_the_reel_as_it_was(self, measured: Measured) -> None:
        if not measured.extractor.needs.reel:
            return
        reel = opened("both", measured.extractor.needs.want)  # not one that it has had its hands on
        before = [array.copy() for array in arrays_of(reel)]
        measured.extractor.extract([Showing(item=PLACES["both"], reel=reel)])
        assert all((a == b).all() for a, b in zip(before, arrays_of(reel), strict=True))

    def test_it_works_on_a_reel_that_must_not_be_written_to(self, measured: Measured) -> None:
        if not measured.extractor.needs.reel:
            return
        reel = opened("both", measured.extractor.needs.want)
        for array in arrays_of(reel):
            array.flags.writeable = False
        [feature] = measured.extractor.extract([Showing(item=PLACES["both"], reel=reel)])
        assert alike(feature, measured.features["both"])

    def test_it_reads_only_what_it_says_it_needs(self, measured: Measured) -> None:
        needs = measured.extractor.needs
        item, reel = PLACES["both"], measured.shown[0].reel
        if not needs.fields:
            stranger = Item(item_id="stranger", title="Stranger", plot="Nothing of the kind.", year=2001)
            [feature] = measured.extractor.extract([Showing(item=stranger, reel=reel)])
            assert alike(feature, measured.features["both"])
        elif not needs.reel:
            assert reel is None
        if needs.reel:
            renamed = replace(reel_of("both", needs.want), name="another name")
            [feature] = measured.extractor.extract([Showing(item=item, reel=renamed)])
            assert alike(feature, measured.features["both"])

    def test_what_it_measures_does_not_hang_on_what_others_asked_for(self, measured: Measured) -> None:
        """Extractors share a reel that holds what any of them wants."""
        want = measured.extractor.needs.want
        if not want.sound_rates_hz and not want.samplings:
            return
        fuller = replace(want, sound_rates_hz=want.sound_rates_hz | {8_000, 16_000})
        [feature] = measured.extractor.extract([Showing(item=PLACES["both"], reel=reel_of("both", fuller))])
        assert alike(feature, measured.features["both"])

    def test_a_broken_track_is_an_error_and_no_number(self, measured: Measured) -> None:
        want = measured.extractor.needs.want
        faults = {"picture": "the picture is broken."} if want.samplings else {}
        faults |= {"sound": "the sound is broken."} if want.sound_rates_hz else {}
        if not faults:
            return
        broken = replace(reel_of("both", want), frames={}, sounds={}, faults=faults)
        with pytest.raises(TriptychError, match="is broken"):
            measured.extractor.extract([Showing(item=PLACES["both"], reel=broken)])

    def test_its_recipe_survives_json(self, measured: Measured) -> None:
        recipe = measured.extractor.recipe
        assert Recipe.from_json(recipe.to_json()) == recipe
        assert Recipe.from_json(recipe.to_json()).hash == recipe.hash
        assert recipe.params, "a recipe without parameters says nothing of how the numbers were made"

    def test_it_travels_and_its_hash_is_the_same_in_another_process(self, measured: Measured) -> None:
        body = pack(measured.extractor)
        assert unpack(body).recipe == measured.extractor.recipe
        program = (
            "import sys; from triptych.engine.worker import unpack\nfor _ in range(2): print(unpack(body).recipe.hash)"
        )
        found = subprocess.run(
            [
                sys.executable,
                "-c",
                f"import sys; sys.path[:] = {sys.path!r}; body = sys.stdin.buffer.read()\n{program}",
            ],
            input=body,
            capture_output=True,
            env={"PYTHONHASHSEED": "7"},
            check=True,
        )
        assert found.stdout.decode().split() == [measured.extractor.recipe.hash] * 2

    def test_a_parameter_that_counts_changes_the_recipe(self, measured: Measured, changed: Extractor | None) -> None:
        if changed is not None:
            assert changed.recipe.title == measured.extractor.recipe.title
            assert changed.recipe.hash != measured.extractor.recipe.hash
