"""Data sets: MovieLens of every generation, from where GroupLens keeps it, on GroupLens's terms."""

from __future__ import annotations

import fcntl
import glob
import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from triptych.errors import CatalogueUnwritable, FetchError, UnknownName, UsageError
from triptych.gather.archive import unpack
from triptych.gather.web import Web

ADDRESS = "https://files.grouplens.org/datasets/movielens/"
#: Written last into what is unpacked: whoever finds it finds a whole data set.
MARK = ".triptych.json"
#: The largest of them unpacks to about 2 GB, in ten files and a README.
MOST_BYTES = 8 << 30
MOST_FILES = 200


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """One of them. ``megabytes`` is roughly the size of what is fetched."""

    name: str
    stem: str
    about: str
    megabytes: int
    readme_suffix: str = "html"

    @property
    def archive(self) -> str:
        return f"{self.stem}.zip"

    @property
    def readme(self) -> str:
        return f"{self.stem}-README.{self.readme_suffix}"


DATASETS = {
    dataset.name: dataset
    for dataset in (
        Dataset(
            name="movielens-100k",
            stem="ml-100k",
            megabytes=5,
            about="100,000 ratings of 1,682 films, 1998",
            readme_suffix="txt",
        ),
        Dataset(
            name="movielens-1m",
            stem="ml-1m",
            megabytes=6,
            about="1 million ratings of 3,900 films, 2003",
            readme_suffix="txt",
        ),
        Dataset(name="movielens-10m", stem="ml-10m", megabytes=66, about="10 million ratings of 10,681 films, 2009"),
        Dataset(
            name="movielens-20m",
            stem="ml-20m",
            megabytes=199,
            about="20 million ratings of 27,278 films, tags, links, genome, 2015",
        ),
        Dataset(
            name="movielens-25m",
            stem="ml-25m",
            megabytes=262,
            about="25 million ratings of 62,423 films, tags, links, genome, 2019",
        ),
        Dataset(
            name="movielens-32m",
            stem="ml-32m",
            megabytes=239,
            about="32 million ratings of 87,585 films, tags, links, 2024",
        ),
        Dataset(
            name="movielens-latest-small",
            stem="ml-latest-small",
            megabytes=1,
            about="about 100,000 ratings of 9,700 films, tags, links; changes now and then",
        ),
        Dataset(
            name="movielens-latest",
            stem="ml-latest",
            megabytes=351,
            about="about 33 million ratings of 86,000 films, tags, links, genome; changes now and then",
        ),
    )
}


@dataclass(frozen=True, kw_only=True)
class Got:
    """A data set on disk. ``fetched``: False where it was there already. ``digest``: "" where the server had none."""

    name: str
    folder: Path
    files: int
    bytes: int
    fetched: bool
    digest: str = ""


def dataset(name: str) -> Dataset:
    if name not in DATASETS:
        raise UnknownName("data set", name, DATASETS, hint="List them: triptych get")
    return DATASETS[name]


def terms(chosen: Dataset) -> str:
    """What whoever uses it agrees to, in short. The README that comes with it is what counts."""
    return (
        f"{chosen.name} ({chosen.about}; about {chosen.megabytes} MB) belongs to GroupLens, University of Minnesota. "
        "Whoever uses it agrees to its terms, in short:\n"
        "- it is for research, and not for revenue, unless GroupLens permits it;\n"
        "- it is not handed on to others without permission;\n"
        "- neither the University of Minnesota nor GroupLens is said to endorse you or what you find;\n"
        "- what is published names it: F. M. Harper and J. A. Konstan, The MovieLens Datasets: History and Context, "
        "ACM TiiS 5(4), 2015, https://doi.org/10.1145/2827872;\n"
        "- it comes as it is, without warranty.\n"
        f"The terms themselves: {ADDRESS}{chosen.readme}"
    )


def get(
    chosen: Dataset,
    folder: Path,
    *,
    web: Web,
    address: str = ADDRESS,
    most_bytes: int = MOST_BYTES,
    most_files: int = MOST_FILES,
    progress: Callable[[int, int | None], None] | None = None,
) -> Got:
    """Fetch and unpack it: ``folder`` is there whole or not at all. One that is whole is left alone."""
    if (held := whole(chosen, folder)) is not None:
        return held
    if os.path.lexists(folder) and not (folder.is_dir() and not folder.is_symlink() and not any(folder.iterdir())):
        raise UsageError(
            f"{str(folder)!r} is there, and is not {chosen.name} as triptych get leaves it. Give another folder with "
            "--to, or remove it."
        )
    try:
        return _fetched(
            chosen,
            Path(os.path.abspath(folder)),
            web=web,
            url=f"{_based(address)}{chosen.archive}",
            most_bytes=most_bytes,
            most_files=most_files,
            progress=progress,
        )
    except (FetchError, CatalogueUnwritable):
        if (held := whole(chosen, folder)) is not None:  # another run was quicker
            return held
        raise


def _fetched(
    chosen: Dataset,
    place: Path,
    *,
    web: Web,
    url: str,
    most_bytes: int,
    most_files: int,
    progress: Callable[[int, int | None], None] | None,
) -> Got:
    archive = place.with_name(f".{place.name}.{chosen.archive}")
    digest = _digest(web, f"{url}.md5")
    if not archive.exists():  # it does where a run was stopped while it unpacked
        web.download(url, archive, digest=digest, most_bytes=most_bytes, progress=progress)
    with _working(archive, place) as draft:
        files = unpack(archive, draft, most_files=most_files, most_bytes=most_bytes)
        mark = {"name": chosen.name, "from": url, "digest": digest, "at": _now(), "files": files}
        (draft / MARK).write_text(json.dumps(mark, indent=1) + "\n", encoding="utf-8")
        draft.chmod(0o755)  # a temporary folder is its maker's alone
        draft.replace(place)
    size = sum(files.values())
    return Got(name=chosen.name, folder=place, files=len(files), bytes=size, fetched=True, digest=digest)


def whole(chosen: Dataset, folder: Path) -> Got | None:
    """The data set in a folder, if it is there with all its files in their sizes."""
    try:
        mark: Any = json.loads((folder / MARK).read_text(encoding="utf-8"))
        sizes: dict[str, int] = {str(path): int(size) for path, size in mark["files"].items()}
        if mark["name"] != chosen.name or any((folder / path).stat().st_size != size for path, size in sizes.items()):
            return None
        digest = str(mark["digest"])
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None
    return Got(
        name=chosen.name, folder=folder, files=len(sizes), bytes=sum(sizes.values()), fetched=False, digest=digest
    )


def _digest(web: Web, url: str) -> str:
    """``md5:…`` where the server keeps one beside the archive, as it does for some."""
    answer = web.get(url, told=(403, 404, 410))
    found = re.search(rb"(?<![0-9a-fA-F])[0-9a-fA-F]{32}(?![0-9a-fA-F])", answer.body[:4096])
    return f"md5:{found[0].decode().lower()}" if answer.status == 200 and found else ""


@contextmanager
def _working(archive: Path, folder: Path) -> Generator[Path]:
    """A folder beside the one that is wanted, gone afterwards if it was not renamed. The archive is gone once used."""
    prefix = f".{folder.name}.unpacking-"
    try:
        for stale in folder.parent.glob(f"{glob.escape(prefix)}*"):
            with _alone(stale) as dead:  # its run was killed
                if dead:
                    shutil.rmtree(stale)
        draft = Path(tempfile.mkdtemp(prefix=prefix, dir=folder.parent))
        with _alone(draft):
            try:
                yield draft
                archive.unlink(missing_ok=True)
            except FetchError:
                archive.unlink(missing_ok=True)  # what cannot be unpacked is fetched anew by the next run
                raise
            finally:
                if draft.exists():
                    shutil.rmtree(draft)
    except OSError as fault:
        raise CatalogueUnwritable(
            f"{str(folder)!r} cannot be written: {fault.strerror or fault}. Free some space or make it writable, and "
            "run the command again."
        ) from fault


@contextmanager
def _alone(folder: Path) -> Generator[bool]:
    """Whether no other run works in a folder, and none will meanwhile."""
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:  # it was, and is done
        yield False
        return
    try:
        yield _locked(handle)
    finally:
        os.close(handle)


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _based(address: str) -> str:
    return address if address.endswith("/") else f"{address}/"


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S%z")
