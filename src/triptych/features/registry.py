"""Registry: which extractors there are. Built-ins stand in one table; third parties use one entry-point group.

Nothing is imported until it is asked for by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from triptych.errors import ExtractionError, UnknownName
from triptych.features.extractor import Extractor, Learner, title_of
from triptych.features.recipe import PANELS

#: title → "module:Class"
BUILT_IN = {
    "seeing/colour": "triptych.features.seeing.colour:Colour",
    "seeing/colour-frames": "triptych.features.seeing.colour:ColourFrames",
    "seeing/palette": "triptych.features.seeing.palette:Palette",
    "seeing/texture": "triptych.features.seeing.texture:Texture",
    "seeing/composition": "triptych.features.seeing.composition:Composition",
    "seeing/motion": "triptych.features.seeing.motion:Motion",
    "seeing/shots": "triptych.features.seeing.shots:ShotRhythm",
    "seeing/shot-lengths": "triptych.features.seeing.shots:ShotLengths",
    "seeing/shot-types": "triptych.features.seeing.shot_types:ShotTypes",
    "seeing/mise-en-scene": "triptych.features.seeing.mise_en_scene:MiseEnScene",
    "seeing/dinov2": "triptych.features.seeing.embedding:dinov2",
    "seeing/dinov2-frames": "triptych.features.seeing.embedding:dinov2_frames",
    "seeing/resnet50": "triptych.features.seeing.embedding:resnet50",
    "seeing/resnet50-frames": "triptych.features.seeing.embedding:resnet50_frames",
    "seeing/mobilenetv2": "triptych.features.seeing.embedding:mobilenetv2",
    "seeing/mobilenetv2-frames": "triptych.features.seeing.embedding:mobilenetv2_frames",
    "seeing/alexnet": "triptych.features.seeing.embedding:alexnet",
    "seeing/alexnet-frames": "triptych.features.seeing.embedding:alexnet_frames",
    "seeing/alexnet-subclips": "triptych.features.seeing.embedding:alexnet_subclips",
    "seeing/objects": "triptych.features.seeing.objects:objects",
    "seeing/objects-frames": "triptych.features.seeing.objects:objects_frames",
    "seeing/picture-hash": "triptych.features.seeing.picture_hash:PictureHash",
    "hearing/acoustic": "triptych.features.hearing.acoustic:Acoustic",
    "hearing/harmony": "triptych.features.hearing.harmony:Harmony",
    "hearing/rhythm": "triptych.features.hearing.rhythm:Rhythm",
    "hearing/loudness": "triptych.features.hearing.loudness:Loudness",
    "hearing/speech-music": "triptych.features.hearing.speech_music:SpeechMusic",
    "hearing/speech": "triptych.features.hearing.speech:Speech",
    "hearing/vggish": "triptych.features.hearing.vggish:vggish",
    "hearing/vggish-frames": "triptych.features.hearing.vggish:vggish_frames",
    "hearing/vggish-subclips": "triptych.features.hearing.vggish:vggish_subclips",
    "hearing/wav2vec2": "triptych.features.hearing.embedding:wav2vec2",
    "hearing/clap": "triptych.features.hearing.embedding:clap",
    "hearing/mel": "triptych.features.hearing.mel:Mel",
    "hearing/fingerprint": "triptych.features.hearing.fingerprint:Fingerprint",
    "reading/sentence": "triptych.features.reading.sentence:Sentence",
    "reading/sentence-mean": "triptych.features.reading.sentence:SentenceMean",
    "reading/sentence-each": "triptych.features.reading.sentence:SentenceEach",
    "reading/bert-title": "triptych.features.reading.bert:bert_title",
    "reading/bert-plot": "triptych.features.reading.bert:bert_plot",
    "reading/entities": "triptych.features.reading.entities:Entities",
    "reading/entities-spacy": "triptych.features.reading.entities:entities_spacy",
    "reading/knowledge": "triptych.features.reading.knowledge:Knowledge",
    "reading/text-statistics": "triptych.features.reading.text_statistics:TextStatistics",
    "reading/tfidf-title": "triptych.features.reading.tfidf:tfidf_title",
    "reading/tfidf-plot": "triptych.features.reading.tfidf:tfidf_plot",
    "reading/tfidf-plot-5000": "triptych.features.reading.tfidf:tfidf_plot_5000",
    "reading/genres": "triptych.features.reading.labels:genres",
    "reading/languages": "triptych.features.reading.labels:languages",
    "reading/countries": "triptych.features.reading.labels:countries",
    "reading/people": "triptych.features.reading.people:People",
    "reading/people-top": "triptych.features.reading.people:people_top",
    "reading/year": "triptych.features.reading.figures:Year",
    "reading/runtime": "triptych.features.reading.figures:Runtime",
    "reading/certificate": "triptych.features.reading.certificates:Certificate",
    "reading/on-screen": "triptych.features.reading.on_screen:OnScreen",
}
ENTRY_POINTS = "triptych.extractors"
#: What needs no download.
_LIGHT_SEEING = (
    "seeing/colour",
    "seeing/palette",
    "seeing/texture",
    "seeing/composition",
    "seeing/motion",
    "seeing/shots",
    "seeing/shot-lengths",
    "seeing/shot-types",
    "seeing/mise-en-scene",
)
_LIGHT_HEARING = (
    "hearing/acoustic",
    "hearing/harmony",
    "hearing/rhythm",
    "hearing/loudness",
    "hearing/speech-music",
    "hearing/speech",
)
_LIGHT_READING = (
    "reading/sentence",
    "reading/tfidf-title",
    "reading/tfidf-plot",
    "reading/text-statistics",
    "reading/entities",
    "reading/genres",
    "reading/people",
    "reading/year",
    "reading/runtime",
    "reading/languages",
    "reading/countries",
    "reading/certificate",
)
_LIGHT = (*_LIGHT_SEEING, *_LIGHT_HEARING, *_LIGHT_READING)
#: What a profile measures, in the order in which it is shown. Those with a name and a year are the papers' own.
PROFILES: Mapping[str, tuple[str, ...]] = {
    "light": _LIGHT,
    "duplicates": ("seeing/picture-hash", "hearing/fingerprint"),
    "paper": (
        *_LIGHT,
        "seeing/dinov2",
        "seeing/dinov2-frames",
        "seeing/resnet50",
        "seeing/resnet50-frames",
        "seeing/mobilenetv2",
        "seeing/mobilenetv2-frames",
        "seeing/alexnet",
        "seeing/alexnet-subclips",
        "seeing/objects",
        "hearing/vggish",
        "hearing/vggish-subclips",
        "hearing/wav2vec2",
        "hearing/clap",
        "reading/sentence-mean",
        "reading/bert-title",
        "reading/bert-plot",
        "reading/entities-spacy",
        "reading/knowledge",
        "reading/tfidf-plot-5000",
    ),
    "maes-2025": (
        *_LIGHT,
        "seeing/dinov2",
        "seeing/dinov2-frames",
        "seeing/objects",
        "hearing/vggish",
        "hearing/wav2vec2",
        "reading/bert-title",
        "reading/bert-plot",
        "reading/entities-spacy",
        "reading/tfidf-plot-5000",
    ),
    "audiovisual-cf": ("seeing/alexnet-subclips", "hearing/vggish-subclips"),
    "pingali-2022": ("seeing/resnet50", "hearing/vggish", "reading/sentence-mean", "reading/knowledge"),
    "lehmann-2021": ("seeing/mobilenetv2-frames",),
}
#: Where a profile asks an extractor for something else than it does by itself.
#: Lehmann 2021 squeezes pictures to squares; Pingali 2022 samples sound every second.
ASKED: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "pingali-2022": {"hearing/vggish": {"every_s": 1.0}},
    "lehmann-2021": {"seeing/mobilenetv2-frames": {"squash": True}},
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


def maker(title: str) -> Callable[..., Any]:
    """The class or function that makes the extractor of that title; making one may read or fetch its weights."""
    # What is built in is not looked for among what is installed: that takes 20 ms, and a profile has dozens.
    place = BUILT_IN.get(title, "")
    if not place:
        known = titles()
        if title not in known:
            raise UnknownName("extractor", title, known)
        place = known[title]
    module, _, name = place.partition(":")
    try:
        return getattr(import_module(module), name)
    except (ImportError, AttributeError) as fault:
        raise ExtractionError(f"{title} is said to be {place!r}, which cannot be loaded: {fault}.") from fault


def build(title: str, **params: Any) -> Extractor | Learner:
    """The extractor of that title, or the learner of one, with parameters that differ from its own.

    >>> title_of(build("seeing/colour", bins=16))
    'seeing/colour'
    """
    try:
        made: Extractor | Learner = maker(title)(**params)
    except TypeError as fault:
        raise ExtractionError(f"{title} cannot be made with {params!r}: {fault}.") from fault
    if title_of(made) != title:
        raise ExtractionError(f"{title} is offered by an extractor whose recipe is {title_of(made)}; ask for that.")
    return made


def profile(name: str, settings: Mapping[str, Mapping[str, Any]] | None = None) -> list[Extractor | Learner]:
    """The extractors and learners of a profile, each ready to run; a missing extra is an error, never a missing panel.

    ``settings``: title → parameters that differ from the extractor's own, see :mod:`triptych.features.settings`.
    """
    if name not in PROFILES:
        raise UnknownName("profile", name, PROFILES)
    chosen, given = PROFILES[name], settings or {}
    for title in given:
        if title not in chosen:
            raise UnknownName(f"extractor in the profile {name!r}", title, chosen)
    asked = ASKED.get(name, {})
    return ready([build(title, **{**asked.get(title, {}), **given.get(title, {})}) for title in chosen])


def ready(parts: Sequence[Extractor | Learner]) -> list[Extractor | Learner]:
    """The same, after each has said that what it needs is installed, and no title stands twice."""
    seen: set[str] = set()
    for part in parts:
        part.ready()
        title = title_of(part)
        if title.partition("/")[0] not in PANELS:
            raise ExtractionError(f"{title} is of no panel; an extractor is of {', '.join(PANELS)}.")
        if title in seen:
            raise ExtractionError(f"{title} was asked for twice in one run; ask for each once.")
        seen.add(title)
    return list(parts)
