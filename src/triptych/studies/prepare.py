"""Prepare: the catalogue that a study asks for, made where it is not there, measured where it is not measured."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.sources.movielens import MovieLens
from triptych.catalogue.sources.synthetic import Synthetic
from triptych.errors import UsageError
from triptych.features import registry
from triptych.features.extraction import extract
from triptych.features.ledger import Ledger
from triptych.features.store import FeatureStore
from triptych.interchange.given import Join, attach, read_given
from triptych.studies.study import Data, Given

#: Told what is being done, how much of it is done, and of how much.
Report = Callable[[str, int, int], None]


def prepare(data: Data, folder: Path, *, given: Path | None, catalogue: Path | None, report: Report) -> Catalogue:
    """The catalogue that ``data`` asks for: that of the caller, or one that is made in ``folder`` and stands there.

    ``given``: the folder of data that the paths of the study lead into. What stands is not made again. A catalogue of
    the caller's is written to as well: what ``data`` says is extracted and attached is a feature of it from then on. A
    feature of a title that stands there is taken as it is.
    """
    titles = [title for name in data.extract for title in registry.PROFILES.get(name, (name,))]
    # Before anything is made: clips may take minutes, and an extra may be missing.
    extractors = registry.ready([registry.build(title) for title in dict.fromkeys(titles)])
    if catalogue is not None:
        opened = Catalogue.open(catalogue)
    elif data.source == "catalogue":
        raise UsageError("the study runs on a catalogue of yours; name it: --catalogue FOLDER")
    else:
        opened = _made(data, folder, given, report)
    for one in data.given:
        if not _stands(opened, one.title, whole=catalogue is None):
            _attach(opened, one, given, report)
    if extractors:
        extract(opened, extractors=extractors, progress=lambda state: report("Measuring", state.done, state.total))
    return opened


def _made(data: Data, folder: Path, given: Path | None, report: Report) -> Catalogue:
    opened = Catalogue.open(folder) if (folder / "catalogue.json").is_file() else Catalogue.init(folder)
    if any(commit["purpose"] == "add" for commit in opened.commits()):
        return opened
    if data.source == "movielens":
        root = data_folder(given)
        opened.add(MovieLens(path=root / data.folder, progress=lambda done, total: report("Reading", done, total)))
    else:
        opened.add(
            Synthetic(
                clips=data.clips or 96,
                users=data.users or 400,
                seconds=data.seconds or 6.0,
                seed=data.seed,
                progress=lambda done, total: report("Making clips", done, total),
            )
        )
    return opened


def _stands(opened: Catalogue, title: str, *, whole: bool) -> bool:
    """Whether a feature of that title is there; ``whole``: for every item, as attaching may have been killed midway."""
    recipes = [recipe for recipe in FeatureStore(opened.tables).recipes() if recipe.title == title]
    if not whole or not recipes:
        return bool(recipes)
    settled, item_ids = Ledger(opened.tables).settled(), opened.item_ids()
    return any(all((item_id, recipe.hash) in settled for item_id in item_ids) for recipe in recipes)


def _attach(opened: Catalogue, one: Given, root: Path | None, report: Report) -> None:
    """What stands of it already is not written again."""
    folder = data_folder(root)
    offering = read_given(folder / one.file, panel=one.title.partition("/")[0])
    join = Join.read(folder / one.map, theirs=one.map_from, ours=one.map_to) if one.map else None

    def tell(done: int, total: int) -> None:
        report(f"Attaching {one.title}", done, total)

    attach(opened, offering, one.title, join=join, on_bad_cells=one.on_bad_cells, progress=tell)


def data_folder(given: Path | None) -> Path:
    if given is None:
        raise UsageError("the study reads files of data; name the folder they are in: --data FOLDER")
    if not given.is_dir():
        raise UsageError(f"there is no folder of data {str(given)!r}.")
    return given
