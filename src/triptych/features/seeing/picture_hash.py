"""Picture hash: what a clip's pictures look like in 128 bits each, for finding the same film in another file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from triptych.errors import UsageError
from triptych.features.bits import PACKED, WORD_BITS, packed
from triptych.features.extractor import Needs, Showing
from triptych.features.feature import Feature
from triptych.features.recipe import Recipe
from triptych.media.loader import decoding_recipe
from triptych.media.reel import Want
from triptych.media.sampling import Sampling

Grey = npt.NDArray[np.uint8]

#: Exact times, since the cheapest picture of a slot is another one in another encoding; the whole clip, since what
#: the first pass takes for a logo may differ by a second from file to file.
PICTURES = Sampling(count=240, where="all", short_side_px=128, tolerance=0.0)
SIDE_PX = 32
#: A row or column of which no picture has this share of pixels lighter than this luma is a bar.
BAR_LUMA = 24
BAR_SHARE = 0.1
#: Less than this of a side left between the bars, and the pictures themselves are black.
LEAST_SIDE = 0.2
#: Standard deviation of luma (0…255) under which a picture is flat: black, white, one colour, the depth of a fade.
FLAT_LUMA = 5.0
#: Coefficients this near to zero, as a share of the picture's deviation, count as not above it, so that the exact
#: zeros of drawn pictures do not come out by rounding.
DEAD_ZONE = 0.05


@dataclass(frozen=True, kw_only=True)
class PictureHash:
    """For each of up to 240 pictures, evenly over the clip, the signs of its 128 lowest spatial frequencies.

    Luma without the clip's black bars is brought to 32 × 32, whatever its shape was, and transformed by a
    two-dimensional DCT-II. Bit k is whether coefficient k is positive, lowest frequencies first and the mean left
    out. So size, letterbox, brightness and contrast move little; coding noise flips about 4 % of the bits, another
    picture about 48 %.

    Citation: after Zauner 2010, *Implementation and benchmarking of perceptual image hash functions*, with signs in
    place of the comparison with the median, which one strong coefficient cannot move.

    Values are float32 ``[t, 8]``, sixteen bits in each, see :mod:`triptych.features.bits`; times are seconds from
    the clip's first picture. Flat pictures are left out: every black is like every other, and says nothing.
    """

    sampling: Sampling = PICTURES
    bits: int = 128

    def __post_init__(self) -> None:
        if self.bits % WORD_BITS or not WORD_BITS <= self.bits < SIDE_PX * SIDE_PX:
            raise UsageError(
                f"bits is {self.bits}; a picture hash has a multiple of {WORD_BITS}, below {SIDE_PX * SIDE_PX}."
            )

    @property
    def recipe(self) -> Recipe:
        params = {
            "bits": self.bits,
            PACKED: WORD_BITS,
            "order": "u + v, then the larger",
            "side_px": SIDE_PX,
            "bar_luma": BAR_LUMA,
            "bar_share": BAR_SHARE,
            "least_side": LEAST_SIDE,
            "flat_luma": FLAT_LUMA,
            "dead_zone": DEAD_ZONE,
            "sampling": asdict(self.sampling),
            "decoding": decoding_recipe(self.needs.want),
        }
        return Recipe(panel="seeing", name="picture-hash", version=1, params=params)

    @property
    def needs(self) -> Needs:
        return Needs(want=Want(samplings=frozenset({self.sampling})))

    def ready(self) -> None:
        """Needs nothing beyond the core."""

    def extract(self, showings: Sequence[Showing]) -> Sequence[Feature]:
        return [self._measure(showing) for showing in showings]

    def _measure(self, showing: Showing) -> Feature:
        if showing.reel is None:
            return Feature.missing("the item has no clip")
        frames = showing.reel.frames_of(self.sampling)
        if frames is None:
            return Feature.missing("the clip has no picture track")
        if len(frames) == 0:
            return Feature.missing("the clip has no picture")
        film = without_bars(np.stack([_luma(rgb) for rgb in frames.rgb]))
        if film is None:
            return Feature.missing("every picture of the clip is black")
        small = np.stack([_small(picture) for picture in film])
        spread = small.std(axis=(1, 2))
        kept = np.flatnonzero(spread >= FLAT_LUMA)
        if len(kept) == 0:
            return Feature.missing("every picture of the clip is flat: black, white or of one colour")
        bits = np.stack([self._bits(small[k], float(spread[k])) for k in kept])
        return Feature(values=packed(bits), times_s=frames.times_s[kept].astype(np.float64))

    def _bits(self, picture: Grey, spread: float) -> npt.NDArray[np.bool_]:
        coefficients = np.asarray(cv2.dct(picture.astype(np.float32)))
        return coefficients[lowest(self.bits)] > DEAD_ZONE * spread


def without_bars(film: Grey) -> Grey | None:
    """Luma ``[n, height, width]`` less the rows and columns at its borders that are black in every picture.

    All pictures lose the same bars, or a dark night would lose its trees. None where next to nothing is left.
    """
    light = film > BAR_LUMA
    rows = np.flatnonzero((light.mean(axis=2) > BAR_SHARE).any(axis=0))
    columns = np.flatnonzero((light.mean(axis=1) > BAR_SHARE).any(axis=0))
    if not len(rows) or not len(columns):
        return None
    kept = film[:, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return kept if min(kept.shape[1] / film.shape[1], kept.shape[2] / film.shape[2]) >= LEAST_SIDE else None


@lru_cache(maxsize=8)
def lowest(count: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Rows and columns of the ``count`` lowest frequencies but the mean, by u + v and then by the larger of the two.

    >>> [part.tolist() for part in lowest(5)]
    [[0, 1, 1, 0, 2], [1, 0, 1, 2, 0]]
    """
    places = [(u, v) for u in range(SIDE_PX) for v in range(SIDE_PX) if u + v]
    places.sort(key=lambda place: (sum(place), max(place), place))
    rows, columns = zip(*places[:count], strict=True)
    return np.array(rows), np.array(columns)


def _luma(rgb: npt.NDArray[np.uint8]) -> Grey:
    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)


def _small(picture: Grey) -> Grey:
    return np.asarray(cv2.resize(picture, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA), np.uint8)
