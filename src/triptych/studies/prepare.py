"""Prepare: the catalogue that a study asks for, made where it is not there, measured where it is not measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.sources.movielens import MovieLens
from triptych.catalogue.sources.synthetic import Synthetic
from triptych.errors import UsageError
from triptych.features import registry
from triptych.features.extraction import extract
from triptych.features.store import FeatureStore
from triptych.interchange.given import Join, attach, read_given
from triptych.studies.study import Data, Given

#: Told what is being done, how much of it is done, and of how much.
Report = Callable[[str, int, int], None]


def prepare(data: Data, folder: Path, *, given: Path | None, catalogue: Path | None, report: Report) -> Catalogue:
    """The catalogue that ``data`` asks for: that of the caller, or one that is made in ``folder`` and stands there.

    ``given``: the folder of data that the paths of the study lead into. What stands is not made again.
    """
    if catalogue is not None:
        opened = Catalogue.open(catalogue)
    elif data.source == "catalogue":
        raise UsageError("the study runs on a catalogue of yours; name it: --catalogue FOLDER")
    else:
        opened = _made(data, folder, given, report)
    _attach(opened, data.given, given, report)
    _extract(opened, data.extract, report)
    return opened


def _made(data: Data, folder: Path, given: Path | None, report: Report) -> Catalogue:
    opened = Catalogue.open(folder) if (folder / "catalogue.json").is_file() else Catalogue.init(folder)
    if any(commit["purpose"] == "add" for commit in opened.commits()):
        return opened
    if data.source == "movielens":
        root = _data_folder(given)
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


def _attach(opened: Catalogue, given: Sequence[Given], root: Path | None, report: Report) -> None:
    standing = {recipe.title for recipe in FeatureStore(opened.tables).recipes()}
    for one in given:
        if one.title in standing:
            continue
        folder = _data_folder(root)
        offering = read_given(folder / one.file, panel=one.title.partition("/")[0])
        join = Join.read(folder / one.map, theirs=one.map_from, ours=one.map_to) if one.map else None

        def tell(done: int, total: int, title: str = one.title) -> None:
            report(f"Attaching {title}", done, total)

        attach(opened, offering, one.title, join=join, on_bad_cells=one.on_bad_cells, progress=tell)


def _extract(opened: Catalogue, asked: Sequence[str], report: Report) -> None:
    """What is not measured yet: extraction resumes where it stopped."""
    titles = [title for name in asked for title in registry.PROFILES.get(name, (name,))]
    if not titles:
        return
    extract(
        opened,
        extractors=registry.ready([registry.build(title) for title in dict.fromkeys(titles)]),
        progress=lambda state: report("Measuring", state.done, state.total),
    )


def _data_folder(given: Path | None) -> Path:
    if given is None:
        raise UsageError("the study reads files of data; name the folder they are in: --data FOLDER")
    if not given.is_dir():
        raise UsageError(f"there is no folder of data {str(given)!r}.")
    return given
