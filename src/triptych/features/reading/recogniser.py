"""Recogniser: the networks that find lines of writing in a picture and read them, run from the files in their wheel.

RapidOCR (Apache-2.0) with PP-OCRv6 of PaddleOCR (Apache-2.0). What is loaded is what the recipe names, by content;
nothing is ever downloaded, which RapidOCR does where a file is missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from triptych.features.backbones import wheel

WHEEL, VERSION = "rapidocr", "3.10.0"
#: The networks: where the lines are, whether they stand on their heads, and what they say.
SHA256 = {
    "PP-OCRv6_det_small.onnx": "090f04abcd9d9a7498bc4ebf677e4cb9bdce1fe4197ddb7e529f1ef44e1ff94f",
    "PP-OCRv6_rec_small.onnx": "6f327246b50388f3c176ae304bd95767ea6dc0c9ae92153ef8cbe210b3c14884",
    "ch_ppocr_mobile_v2.0_cls_mobile.onnx": "e47acedf663230f8863ff1ab0e64dd2d82b838fceb5957146dab185a89d6215c",
}
PARAMS = {"engine": WHEEL, "engine_version": VERSION, "sha256": SHA256}


@dataclass(frozen=True, kw_only=True)
class Read:
    """One line of writing. ``sure``: 0…1. ``top`` and ``high``: where it begins, and how high it is, as shares of the
    picture's height."""

    text: str
    sure: float
    top: float
    high: float


def require(title: str) -> None:
    """Raise MissingExtra for the first package that is not installed; nothing is imported."""
    wheel.require(title, "ocr", (WHEEL, "onnxruntime"))


def model_folder() -> Path:
    """Where the wheel keeps its networks, found without importing the wheel."""
    return wheel.folder_of(WHEEL, "reading on-screen writing", "ocr") / "models"


def verify(folder: Path) -> None:
    """Raise ExtractionError for the first network whose content is not the one that the recipe names."""
    for name, expected in SHA256.items():
        wheel.network_of(folder / name, expected, package=WHEEL, version=VERSION)


@lru_cache(maxsize=1)
def load() -> Recogniser:
    """The networks, verified and loaded once per process; the first call takes about a second."""
    require("reading on-screen writing")
    verify(model_folder())
    from rapidocr import RapidOCR

    # One thread: the count of cores must not order the sums, and a worker has one core.
    settings = {
        "Global.log_level": "critical",
        "EngineConfig.onnxruntime.intra_op_num_threads": 1,
        "EngineConfig.onnxruntime.inter_op_num_threads": 1,
    }
    return Recogniser(cast(Any, RapidOCR)(params=settings))


class Recogniser:
    """Loaded networks."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine

    def lines(self, rgb: npt.NDArray[np.uint8]) -> list[Read]:
        """The lines of writing in a picture ``[h, w, 3]``, from top to bottom; of most pictures none."""
        found = self._engine(np.ascontiguousarray(rgb[:, :, ::-1]))
        if found.txts is None or found.boxes is None:
            return []
        high = len(rgb)
        lines: list[Read] = []
        for box, text, score in zip(
            np.asarray(found.boxes, np.float64),
            cast(Sequence[str], found.txts),
            cast(Sequence[float], found.scores),
            strict=True,
        ):
            top, bottom = float(box[:, 1].min()), float(box[:, 1].max())
            if text.strip():
                lines.append(Read(text=text.strip(), sure=float(score), top=top / high, high=(bottom - top) / high))
        return sorted(lines, key=lambda line: line.top)
