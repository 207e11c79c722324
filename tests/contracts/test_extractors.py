"""Every built-in extractor keeps the contract, and the contract catches those that break it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import pytest

from tests.contracts import extractor as contract
from tests.contracts.extractor import PLACES, ExtractorContract, Make
from tests.worlds import parsed
from tests.worlds.measures import FEW, Initials, Letters, Level
from tests.worlds.texts import tiny_bert
from tests.worlds.weights import tiny
from triptych.features import registry
from triptych.features.extractor import Extractor, Learner, Needs, Showing
from triptych.features.feature import Feature
from triptych.features.hearing.speech import SpeechRules
from triptych.features.pooling import Pooling
from triptych.features.recipe import Recipe
from triptych.media.sampling import Sampling
from triptych.media.shots import ShotRules

#: A parameter that counts, with another value than its own, where there is one that costs nothing to change.
CHANGED: dict[str, dict[str, object]] = {
    "seeing/colour": {"bins": 16},
    "seeing/colour-frames": {"bins": 16},
    "seeing/dinov2": {"token": "mean"},
    "seeing/dinov2-frames": {"dtype": "bfloat16"},
    "seeing/mobilenetv2": {"squash": True},
    "seeing/alexnet-subclips": {"statistic": "median-mad"},
    "seeing/mise-en-scene": {"rules": ShotRules(least_s=2.0)},
    "seeing/motion": {"sampling": Sampling(count=None, every_s=0.25, where="all", short_side_px=64)},
    "seeing/objects": {"threshold": 0.25},
    "seeing/palette": {"count": 3},
    "seeing/shots": {"rules": ShotRules(adaptive=False)},
    "hearing/acoustic": {"pooling": Pooling(statistic="mean")},
    "hearing/harmony": {"pooling": Pooling(statistic="mean")},
    "hearing/rhythm": {"pooling": Pooling(parts=4)},
    "hearing/vggish": {"every_s": 1.0},
    "hearing/vggish-frames": {"postprocess": False},
    "hearing/vggish-subclips": {"parts": 10},
    "hearing/wav2vec2": {"limit_s": 2.0},
    "hearing/clap": {"dtype": "bfloat16"},
    "hearing/mel": {"excerpt_s": 10.0},
    "hearing/loudness": {"pooling": Pooling(parts=4)},
    "hearing/speech-music": {"pooling": Pooling(parts=4)},
    "hearing/speech": {"rules": SpeechRules(enter=0.6)},
    "reading/sentence-mean": {"dtype": "bfloat16"},
    "reading/sentence-each": {"dtype": "bfloat16"},
    "reading/bert-title": {"dtype": "bfloat16"},
    "reading/bert-plot": {"dtype": "bfloat16"},
    "reading/knowledge": {"dimensions": 100},
    "reading/text-statistics": {"language": "en"},
    "reading/genres": {"limit": 1},
    "reading/languages": {"limit": 1},
    "reading/countries": {"limit": 1},
    "reading/people": {"places": 1},
    "reading/people-top": {"director_weight": 2.0},
    "reading/tfidf-title": {"terms": 5},
    "reading/tfidf-plot": {"terms": 5},
    "reading/tfidf-plot-5000": {"terms": 5},
}
#: Of an extractor that takes published weights: the kind of its tiny ones.
WEIGHTS = {
    "seeing/dinov2": "dinov2",
    "seeing/dinov2-frames": "dinov2",
    "seeing/resnet50": "resnet",
    "seeing/resnet50-frames": "resnet",
    "seeing/mobilenetv2": "mobilenetv2",
    "seeing/mobilenetv2-frames": "mobilenetv2",
    "seeing/alexnet": "alexnet",
    "seeing/alexnet-frames": "alexnet",
    "seeing/alexnet-subclips": "alexnet",
    "seeing/objects": "yolos",
    "seeing/objects-frames": "yolos",
    "hearing/vggish": "vggish",
    "hearing/vggish-frames": "vggish",
    "hearing/vggish-subclips": "vggish",
    "hearing/wav2vec2": "wav2vec2",
    "hearing/clap": "clap",
}


def given(title: str) -> dict[str, object]:
    """The parameters without which an extractor cannot be made here: weights, where nothing may be fetched."""
    if title in WEIGHTS:
        return {"weights": str(tiny(WEIGHTS[title]))}
    if title.startswith("reading/bert-"):
        return {"weights": str(tiny_bert())}
    return {"model": str(parsed.folder())} if title == "reading/entities-spacy" else {}


def made(title: str, **params: Any) -> Extractor:
    """The extractor of that title; of a learner what it learned from the items that it will be shown."""
    part = registry.build(title, **params)
    return part.learn(list(PLACES.values())) if isinstance(part, Learner) else part


class TestBuiltIn(ExtractorContract):
    @pytest.fixture(scope="class", params=sorted(registry.BUILT_IN))
    @classmethod
    def title(cls, request: pytest.FixtureRequest) -> str:
        return request.param

    @pytest.fixture(scope="class")
    @classmethod
    def make(cls, title: str) -> Make:
        return partial(made, title, **given(title))

    @pytest.fixture(scope="class")
    @classmethod
    def changed(cls, title: str) -> Extractor | None:
        return made(title, **given(title), **CHANGED[title]) if title in CHANGED else None

    def test_it_is_what_its_title_says(self, title: str, make: Make) -> None:
        assert make().recipe.title == title


class TestAnother(ExtractorContract):
    """As a third party would run it."""

    @pytest.fixture(scope="class")
    @classmethod
    def make(cls) -> Make:
        return Letters

    @pytest.fixture(scope="class")
    @classmethod
    def changed(cls) -> Extractor | None:
        return Letters(letters="xyz")


class TestLearned(ExtractorContract):
    """What a learner gives is an extractor like any other."""

    @pytest.fixture(scope="class")
    @classmethod
    def make(cls) -> Make:
        return partial(Initials().learn, list(PLACES.values()))

    @pytest.fixture(scope="class")
    @classmethod
    def changed(cls) -> Extractor | None:
        return Initials().learn([PLACES["both"]])


#: Those that must look at items first. The third party's stands for them too.
LEARNERS: dict[str, Callable[[], object]] = {
    "reading/initials": Initials,
    **{
        title: partial(registry.build, title)
        for title in (
            *("reading/tfidf-title", "reading/tfidf-plot", "reading/tfidf-plot-5000", "reading/people-top"),
            *("reading/genres", "reading/languages", "reading/countries"),
        )
    },
}


@pytest.mark.parametrize("title", LEARNERS)
def test_a_learner_gives_the_same_whatever_the_order_and_can_be_had_again_from_its_recipe(title: str) -> None:
    learner = LEARNERS[title]()
    assert isinstance(learner, Learner)
    items = list(PLACES.values())
    one = learner.learn(items)
    assert one.recipe == learner.learn(items[::-1]).recipe
    assert one.recipe.title == learner.title == title
    asked = Recipe(panel="reading", name="asked", params=dict(learner.asked)).params
    assert one.recipe.params["asked"] == asked
    assert one.recipe.params["learned_from"]["items"] == len(items)
    again = learner.again(Recipe.from_json(one.recipe.to_json()))
    assert again.recipe == one.recipe
    shown = [Showing(item=item) for item in items]
    for a, b in zip(one.extract(shown), again.extract(shown), strict=True):
        assert contract.alike(a, b)


@pytest.mark.parametrize("title", LEARNERS)
def test_a_learner_that_found_nothing_makes_an_extractor_that_finds_nothing(title: str) -> None:
    learner = LEARNERS[title]()
    assert isinstance(learner, Learner)
    found = learner.learn([]).extract([Showing(item=item) for item in PLACES.values()])
    assert all(feature.values is None for feature in found)


class Altered:
    """An extractor with one thing wrong, the others as they were."""

    def __init__(self, good: Extractor, **wrong: object) -> None:
        self._good, self._wrong = good, wrong

    def __getattr__(self, name: str) -> object:
        return self._wrong[name] if name in self._wrong else getattr(self._good, name)


def centred(showings: Sequence[Showing]) -> list[Feature]:
    """Less the mean of the batch: what a clip measures then hangs on its neighbours."""
    given = Letters().extract(showings)
    present = [f.values for f in given if f.values is not None]
    middle = np.mean(present, axis=0, dtype=np.float32) if present else 0
    return [f if f.values is None else Feature(values=f.values - middle) for f in given]


def with_the_title(showings: Sequence[Showing]) -> list[Feature]:
    return [Feature(values=np.array([len(s.item.title), i + 1], np.float32)) for i, s in enumerate(showings)]


def whitened(showings: Sequence[Showing]) -> Sequence[Feature]:
    """Measures well, and leaves the pictures white behind it."""
    found = Level().extract(showings)
    for showing in showings:
        frames = showing.reel.frames_of(FEW) if showing.reel is not None else None
        if frames is not None:
            frames.rgb[:] = 255
    return found


def zero_for_nothing(showings: Sequence[Showing]) -> list[Feature]:
    return [Feature(values=np.full(5, len(s.item.plot), np.float32)) for s in showings]


def wider_and_wider(showings: Sequence[Showing]) -> list[Feature]:
    return [Feature(values=np.ones(len(s.item.plot) or 1, np.float32)) for s in showings]


@dataclass
class Drifting:
    """Counts how often it was asked."""

    calls: list[int] = field(default_factory=list)

    def __call__(self, showings: Sequence[Showing]) -> list[Feature]:
        self.calls.append(len(showings))
        return [Feature(values=np.full(2, len(self.calls) + len(s.item.plot), np.float32)) for s in showings]


BROKEN: dict[str, tuple[Callable[[], object], str]] = {
    "the batch moves the numbers": (
        lambda: Altered(Letters(), extract=centred),
        "test_a_batch_gives_what_one_by_one_gives",
    ),
    "the place in the batch counts": (
        lambda: Altered(Letters(), extract=with_the_title),
        "test_the_order_is_kept",
    ),
    "the order is turned round": (
        lambda: Altered(Letters(), extract=lambda s: Letters().extract(sorted(s, key=lambda one: one.item.item_id))),
        "test_the_order_is_kept",
    ),
    "what is missing is a number": (
        lambda: Altered(Letters(), extract=zero_for_nothing),
        "test_what_is_not_there_is_a_mask_with_a_reason",
    ),
    "the width varies": (
        lambda: Altered(Letters(), extract=wider_and_wider),
        "test_it_gives_features_of_one_width",
    ),
    "a column has no name": (
        lambda: Altered(Letters(), columns=lambda: ("a", "e")),
        "test_it_gives_features_of_one_width",
    ),
    "each call gives something else": (
        lambda: Altered(Letters(), extract=Drifting()),
        "test_a_batch_gives_what_one_by_one_gives",
    ),
    "it writes into the reel": (
        lambda: Altered(Level(), extract=whitened),
        "test_it_leaves_the_reel_as_it_was",
    ),
    "it reads what it does not ask for": (
        lambda: Altered(Level(), extract=zero_for_nothing),
        "test_it_reads_only_what_it_says_it_needs",
    ),
    "it needs nothing": (
        lambda: Altered(Letters(), needs=Needs()),
        "test_it_can_be_run",
    ),
    "it is of no panel": (
        lambda: Altered(Letters(), recipe=Recipe(panel="tasting", name="salt")),
        "test_it_can_be_run",
    ),
    "its recipe says nothing": (
        lambda: Altered(Letters(), recipe=Recipe(panel="reading", name="letters")),
        "test_its_recipe_survives_json",
    ),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_the_contract_catches(fault: str) -> None:
    make, test = BROKEN[fault]
    extractor = make()
    contract.reel_of.cache_clear()  # one of them spoils its reels
    measured = contract.measure(extractor)  # type: ignore[arg-type]
    with pytest.raises((AssertionError, registry.ExtractionError)):
        getattr(ExtractorContract(), test)(measured)
    contract.reel_of.cache_clear()
