"""On screen: what is written on a clip's title, tagline and release cards, as numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from triptych.errors import ExtractionError
from triptych.features.extractor import Needs, Showing
from triptych.features.feature import Feature
from triptych.features.reading import lettering as lettering_rules
from triptych.features.reading import recogniser
from triptych.features.reading.lettering import KINDS, PARAMS, Lettering, lettering_of
from triptych.features.reading.rules import rules_of
from triptych.features.recipe import Recipe
from triptych.media.loader import decoding_recipe
from triptych.media.reel import Want
from triptych.media.sampling import CARDS

TITLE = "reading/on-screen"
_COLUMNS = (
    "cards_log",
    "card_share",
    "lines_log",
    "words_log",
    *(f"{kind}_share" for kind in KINDS),
    "capitals_share",
    "digits_share",
    "line_height",
    "title_share",
)


@dataclass(frozen=True, kw_only=True)
class OnScreen:
    """What is written on a clip's cards: how much, of which kinds, how large, and whether it is the title.

    Read are the cards that the sampler finds in the first and last 15 % of a clip, each once, by RapidOCR
    (:mod:`.recogniser`), at 480 lines. A card takes 0.5 to 1 s of one core, so this is for those who ask for it: it is
    in no profile. The lines themselves are shown by ``triptych read``.

    ``*_log`` are ln(1 + n). ``card_share``: of the clip's length. ``*_share`` of the lines, or of the letters;
    ``line_height``: the mean, as a share of the picture's height; ``title_share``: of the words of the item's title,
    how many stand on a card; 0 when it has none.

    **Presence.** Missing without a picture track, without a card, and where nothing on the cards can be read.
    """

    @property
    def recipe(self) -> Recipe:
        params: dict[str, Any] = {
            **PARAMS,
            "rules": rules_of(lettering_rules),
            "columns": _COLUMNS,
            "decoding": decoding_recipe(self.needs.want),
        }
        return Recipe(panel="reading", name="on-screen", version=1, params=params)

    @property
    def needs(self) -> Needs:
        return Needs(want=Want(samplings=frozenset({CARDS})), fields=("title",))

    def ready(self) -> None:
        recogniser.require(TITLE)

    @staticmethod
    def columns() -> tuple[str, ...]:
        return _COLUMNS

    def extract(self, showings: Sequence[Showing]) -> list[Feature]:
        return [self._measure(showing) for showing in showings]

    def _measure(self, showing: Showing) -> Feature:
        reel = showing.reel
        if reel is None:
            raise ExtractionError(
                f"{TITLE} was shown item {showing.item.item_id!r} without a reel; open one with cards."
            )
        lettering = reel.once(lettering_of, CARDS)
        if lettering is None:
            return Feature.missing("the clip has no picture track")
        if not lettering.cards:
            return Feature.missing("the clip has no card at its ends")
        if not lettering.lines:
            return Feature.missing(f"nothing could be read on the clip's {lettering.cards} cards")
        warnings = (
            (f"of {lettering.cards} cards {lettering.left} were not read; rolling credits are cards too",)
            if lettering.left
            else ()
        )
        return Feature(
            values=numbers(lettering, showing.item.title, reel.probe.duration_s).astype(np.float32), warnings=warnings
        )


def numbers(lettering: Lettering, title: str, duration_s: float) -> np.ndarray:
    """float64 ``[14]``, in the order of the columns. There is a line at least."""
    texts = [line.text for line in lettering.lines]
    letters = "".join(texts)
    read = {word for text in texts for word in _words(text)}
    wanted = set(_words(title))
    kinds = [line.kind for line in lettering.lines]
    count = max(len(letters), 1)
    return np.array(
        [
            np.log1p(lettering.cards),
            min(lettering.seconds / duration_s, 1.0) if duration_s > 0 else 0.0,
            np.log1p(len(texts)),
            np.log1p(sum(len(text.split()) for text in texts)),
            *(kinds.count(kind) / len(kinds) for kind in KINDS),
            sum(letter.isupper() for letter in letters) / count,
            sum(letter.isdigit() for letter in letters) / count,
            float(np.mean([line.high for line in lettering.lines])),
            len(wanted & read) / len(wanted) if wanted else 0.0,
        ]
    )


def _words(text: str) -> list[str]:
    return ["".join(letter for letter in word if letter.isalnum()) for word in text.casefold().split() if word.strip()]
