"""Sketch: a text or a clip that is no item, as the content that a model knows items by."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from triptych.catalogue.records import Item
from triptych.desk.extractors import again
from triptych.desk.placing import Placing
from triptych.engine import Engine, Task
from triptych.errors import MediaError, UsageError
from triptych.features.extractor import Extractor
from triptych.features.feature import Feature
from triptych.features.measure import Job, Measured, measure
from triptych.spaces.blocks import Blocks

#: A clip that takes longer than this has hung its decoder.
LIMIT_S = 600.0
#: What these measure is how a plot was written, by whoever writes plots; a request is written otherwise.
MANNER = ("reading/text-statistics", "reading/entities", "reading/entities-spacy")
#: These know words, and not what they mean: where a sentence is understood, that a word stands in it adds but noise.
WORDS = "reading/tfidf"
_TEXT_FIELDS = {"title", "plot"}


@dataclass(frozen=True, kw_only=True, eq=False)
class Sketch:
    """``blocks``: one row. ``features``: the titles that it has; ``without``: of those that could have said something,
    why they do not, in sentences by title."""

    blocks: Blocks
    features: tuple[str, ...]
    without: Mapping[str, str]


def of_text(placing: Placing, text: str) -> Sketch:
    """Of a text that says what somebody wants, read as if it were the plot of an item, of which nothing else is known.

    Features that a plot alone decides are measured, but those that tell how it is written; those that count words are
    only taken where no feature understands the sentence. A text that holds none of the words that a feature knows is
    masked in it: for a plot that would be a finding, for a request it is none.
    """
    if not text.strip():
        raise UsageError("the text is empty; say what it is to be like, such as 'a slow, dark space film'.")
    chosen, without = _chosen(placing, _reads_a_plot)
    if not chosen:
        raise UsageError(
            f"the space {placing.space!r} has nothing that reads a free text"
            f"{_told(without)}. Measure something that does, and fit anew: triptych extract CATALOGUE -f "
            "reading/sentence (or -f reading/tfidf-plot); triptych fuse CATALOGUE; triptych fit CATALOGUE"
        )
    rows = measure(Job(items=(Item(item_id="text", plot=text),), extractors=tuple(chosen.values())))
    features = _taken(chosen, rows, without)
    for title in [title for title, one in features.items() if one.values is not None and not one.values.any()]:
        without[title] = f"{title} knows none of its words."
        del features[title]
    if not all(title.startswith(WORDS) for title in features):
        features = {title: one for title, one in features.items() if not title.startswith(WORDS)}
    if not features:
        raise UsageError(f"nothing can be made of the text {text!r:.80}{_told(without)}. Say it in other words.")
    return _sketch(placing, features, without)


def of_clip(placing: Placing, path: Path, *, engine: Engine | None = None, limit_s: float = LIMIT_S) -> Sketch:
    """Of a clip, seen and heard as those of the catalogue were. ``engine``: where it is decoded, so that a clip which
    hangs or breaks a decoder does no harm here; without one it is decoded in this process."""
    if not path.is_file():
        raise UsageError(f"there is no clip {str(path)!r}; give the path of a media file.")
    chosen, without = _chosen(placing, lambda one: one.needs.reel and not one.needs.fields)
    if not chosen:
        raise UsageError(
            f"the space {placing.space!r} has nothing that is seen or heard in a clip{_told(without)}. Measure it, and "
            "fit anew: triptych extract CATALOGUE; triptych fuse CATALOGUE; triptych fit CATALOGUE"
        )
    job = Job(items=(Item(item_id=path.name),), extractors=tuple(chosen.values()), clip=str(path))
    features = _taken(chosen, _measured(job, engine, limit_s), without)
    if not features:
        reasons = tuple(dict.fromkeys(without.values()))
        raise MediaError(f"nothing can be made of the clip {path.name!r}: {' '.join(reasons)}")
    return _sketch(placing, features, without)


def _measured(job: Job, engine: Engine | None, limit_s: float) -> Sequence[Measured]:
    if engine is None:
        return measure(job)
    task = Task(key=job.clip, function="triptych.features.measure:measure", payload=job, limit_s=limit_s)
    for outcome in engine.run([task]):
        if outcome.failure is not None:
            raise MediaError(f"nothing can be made of the clip {Path(job.clip).name!r}: {outcome.failure.reason}")
        return outcome.value or ()
    return ()


def _sketch(placing: Placing, features: Mapping[str, Feature], without: Mapping[str, str]) -> Sketch:
    return Sketch(blocks=placing.of_features(features), features=tuple(features), without=dict(without))


def _chosen(placing: Placing, fits: Callable[[Extractor], bool]) -> tuple[dict[str, Extractor], dict[str, str]]:
    """Title → extractor of those that ``fits``, and why others of the same panels cannot be had."""
    chosen: dict[str, Extractor] = {}
    without: dict[str, str] = {}
    for title, recipe in placing.recipes.items():
        if title in MANNER:
            continue
        found = again(recipe)
        if isinstance(found, str):
            without[title] = found
        elif fits(found):
            chosen[title] = found
    return chosen, without


def _reads_a_plot(one: Extractor) -> bool:
    fields = set(one.needs.fields)
    return not one.needs.reel and "plot" in fields and fields <= _TEXT_FIELDS


def _taken(chosen: Mapping[str, Extractor], rows: Sequence[Measured], without: dict[str, str]) -> dict[str, Feature]:
    """What was found, by title; why something was not goes to ``without``."""
    titles = {extractor.recipe.hash: title for title, extractor in chosen.items()}
    found: dict[str, Feature] = {}
    for row in rows:
        title = titles[row.recipe]
        if row.feature is None or row.feature.values is None:
            without[title] = row.reason if row.reason.endswith(".") else f"{row.reason}."
        else:
            found[title] = row.feature
    return found


def _told(without: Mapping[str, str]) -> str:
    reasons = tuple(dict.fromkeys(reason.rstrip(".") for reason in without.values()))
    return f" ({'; '.join(reasons)})" if reasons else ""
