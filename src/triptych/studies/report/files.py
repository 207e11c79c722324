"""Files: a report as it lies in the folder of its run. Each file is whole or as it was before."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from triptych.studies.draft import replaced
from triptych.studies.report.body import to_json
from triptych.studies.report.learned.placing import placings
from triptych.studies.report.markdown import markdown
from triptych.studies.report.page import page
from triptych.studies.results import Results

NAMES = ("report.html", "report.md", "report.json")
CURE = "The cells of the run stand; mend the folder and write the report again: triptych study report RUN"


def write(results: Results, folder: Path) -> Sequence[Path]:
    """The page, the Markdown and the JSON, in this order. All are made before the first is written."""
    placed = placings(results)
    body = json.dumps(to_json(results, placed), ensure_ascii=False, indent=1, allow_nan=False) + "\n"
    texts = dict(zip(NAMES, (page(results, placed), markdown(results, placed), body), strict=True))
    paths: list[Path] = []
    for name, text in texts.items():
        path = folder / name
        # A lone surrogate, which a title may carry, cannot be written in UTF-8.
        replaced(path, partial(Path.write_bytes, data=text.encode(errors="replace")), cure=CURE)
        paths.append(path)
    return paths
