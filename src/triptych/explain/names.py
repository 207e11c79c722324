"""Names: what the parts of a score are called where people read of them."""

from __future__ import annotations

GROUPS = {
    "seeing": "what is seen",
    "hearing": "what is heard",
    "reading": "what is read",
    "ratings": "who likes it",
    "history": "what was had before",
    "genres": "genres",
    "popularity": "popularity",
    "recency": "how recent it is",
    "succession": "what is had after what",
    "hybrid": "the hybrid's score",
    "usual": "what any title has",
}
#: By the name of the feature behind its panel, or the longest beginning of it.
FEATURES = {
    "colour": "colours",
    "palette": "palette",
    "texture": "textures",
    "composition": "composition",
    "motion": "motion",
    "shots": "rhythm of shots",
    "shot-lengths": "lengths of shots",
    "shot-types": "kinds of shot",
    "mise-en-scene": "light and movement",
    "dinov2": "what is in the picture",
    "resnet50": "what is in the picture",
    "mobilenetv2": "what is in the picture",
    "alexnet": "what is in the picture",
    "objects": "objects",
    "picture-hash": "the same pictures",
    "acoustic": "timbre",
    "harmony": "harmony",
    "rhythm": "rhythm",
    "loudness": "loudness",
    "speech-music": "speech and music",
    "speech": "speech",
    "vggish": "sounds",
    "wav2vec2": "sounds",
    "clap": "sounds",
    "mel": "sounds",
    "fingerprint": "the same sound",
    "sentence": "plot",
    "bert-plot": "plot",
    "bert-title": "title",
    "entities": "names in the plot",
    "knowledge": "links of knowledge",
    "text-statistics": "way of telling",
    "tfidf-title": "words of the title",
    "tfidf-plot": "words of the plot",
    "genres": "genres",
    "languages": "language",
    "countries": "country",
    "people": "people",
    "year": "year",
    "runtime": "length",
    "certificate": "certificate",
    "on-screen": "writing on screen",
}


def group_name(group: str) -> str:
    """
    >>> group_name("hearing"), group_name("other-lists")
    ('what is heard', 'other lists')
    """
    return GROUPS.get(group, _plain(group))


def feature_of(name: str) -> str:
    """The feature in :data:`FEATURES` that a part is of; "" for none.

    >>> feature_of("reading/tfidf-plot-5000"), feature_of("seeing/dinov2-frames"), feature_of("reading/tale")
    ('tfidf-plot', 'dinov2', '')
    """
    rest = name.rpartition("/")[2]
    while rest and rest not in FEATURES:
        rest = rest.rpartition("-")[0]
    return rest


def part_name(name: str) -> str:
    """
    >>> part_name("seeing/shot-types"), part_name("reading"), part_name("liked together")
    ('kinds of shot', 'what is read', 'liked together')
    """
    if name in GROUPS:
        return GROUPS[name]
    return FEATURES.get(feature_of(name)) or _plain(name.rpartition("/")[2])


def _plain(name: str) -> str:
    return name.replace("-", " ").replace("_", " ").strip()
