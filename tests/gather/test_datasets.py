"""Data sets from a local server: whole or not at all, resumed, checked, and unpacked without trust."""

from __future__ import annotations

import hashlib
import io
import stat
import struct
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.gather.omdb.servers import Request, Site, serving
from triptych.errors import FetchError, TriptychError, UnknownName, UsageError
from triptych.gather.archive import unpack
from triptych.gather.datasets import DATASETS, MARK, dataset, get, terms, whole
from triptych.gather.web import Manners, Web

SMALL = dataset("movielens-latest-small")
FILES = {
    "ml-latest-small/README.txt": b"terms",
    "ml-latest-small/movies.csv": b"movieId,title,genres\n1,Toy Story (1995),Animation\n",
    "ml-latest-small/deep/er/ratings.csv": np.random.default_rng(0).bytes(300_000),
}


def zipped(files: dict[str, bytes], *, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", compression) as archive:
        for name, body in files.items():
            archive.writestr(name, body)
    return raw.getvalue()


@dataclass(kw_only=True)
class GroupLens:
    """An archive, perhaps with its digest, in ranges; the line goes dead after each of ``cuts`` bytes."""

    archive: bytes = field(default_factory=lambda: zipped(FILES))
    digest: str | None = None
    cuts: list[int] = field(default_factory=list)
    ranges: list[str] = field(default_factory=list)

    def __call__(self, request: Request) -> None:
        if request.path.endswith(".md5"):
            request.reply(self.digest or "<h1>not found</h1>", status=200 if self.digest else 404)
            return
        if request.path != "/ml-latest-small.zip":
            request.reply("not found", status=404)
            return
        wanted = request.headers.get("Range", "")
        self.ranges.append(wanted)
        start = int(wanted[6:-1]) if wanted else 0
        request.send_response(206 if start else 200)
        request.send_header("ETag", '"v1"')
        request.send_header("Content-Length", str(len(self.archive) - start))
        request.send_header("Content-Range", f"bytes {start}-{len(self.archive) - 1}/{len(self.archive)}")
        request.end_headers()
        request.wfile.write(self.archive[start:][: self.cuts.pop(0) if self.cuts else None])
        request.close_connection = True


@contextmanager
def getting(server: Callable[[Request], None]) -> Iterator[tuple[Callable[..., Any], Site]]:
    manners = Manners(tries=2, read_s=2)
    with (
        serving(server) as site,
        Web(rng=np.random.default_rng(0), manners=manners, sleep=lambda seconds: None) as web,
    ):
        yield lambda folder, **more: get(SMALL, folder, web=web, address=site.address, **more), site


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


EXPECTED = {name.split("/", 1)[1]: body for name, body in FILES.items()}


def test_it_arrives_whole_without_the_folder_around_it_and_nothing_is_left_beside(tmp_path: Path) -> None:
    told: list[tuple[int, int | None]] = []
    with getting(GroupLens()) as (run, site):
        got = run(tmp_path / "new" / "ml", progress=lambda *state: told.append(state))
        assert site.seen == ["/ml-latest-small.zip.md5", "/ml-latest-small.zip"]
    found = files(tmp_path / "new" / "ml")
    assert found.pop(MARK)
    assert found == EXPECTED
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["ml"]
    assert stat.S_IMODE((tmp_path / "new" / "ml").stat().st_mode) == 0o755
    assert (got.fetched, got.files, got.bytes) == (True, 3, sum(map(len, EXPECTED.values())))
    assert told[-1][0] == told[-1][1]


def test_a_folder_that_is_whole_is_left_alone(tmp_path: Path) -> None:
    with getting(GroupLens()) as (run, site):
        run(tmp_path / "ml")
        asked, stood = len(site.seen), (tmp_path / "ml" / "movies.csv").stat()
        assert not run(tmp_path / "ml").fetched
        assert len(site.seen) == asked
    assert (tmp_path / "ml" / "movies.csv").stat() == stood


@pytest.mark.parametrize(
    "spoil",
    [
        lambda folder: (folder / "movies.csv").unlink(),
        lambda folder: (folder / "movies.csv").write_bytes(b"less"),
        lambda folder: (folder / MARK).unlink(),
        lambda folder: (folder / MARK).write_text("{"),
        lambda folder: (folder / MARK).write_text("[]"),
        lambda folder: (folder / MARK).write_text('{"name": "movielens-latest-small", "files": []}'),
    ],
)
def test_a_folder_that_is_not_whole_is_neither_taken_nor_touched(
    spoil: Callable[[Path], object], tmp_path: Path
) -> None:
    with getting(GroupLens()) as (run, site):
        run(tmp_path / "ml")
        spoil(tmp_path / "ml")
        assert whole(SMALL, tmp_path / "ml") is None
        stood, asked = files(tmp_path / "ml"), len(site.seen)
        with pytest.raises(UsageError, match=r"Give another folder with --to, or remove it"):
            run(tmp_path / "ml")
        assert len(site.seen) == asked
    assert files(tmp_path / "ml") == stood


def test_another_data_set_in_the_folder_is_not_this_one(tmp_path: Path) -> None:
    with getting(GroupLens()) as (run, _):
        run(tmp_path / "ml")
    assert whole(dataset("movielens-100k"), tmp_path / "ml") is None


def test_an_empty_folder_will_do_and_a_file_or_link_will_not(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "empty")
    with getting(GroupLens()) as (run, _):
        for name in ("file", "link"):
            with pytest.raises(UsageError, match="is there, and is not movielens-latest-small"):
                run(tmp_path / name)
        assert run(tmp_path / "empty").fetched


@pytest.mark.parametrize("form", ["MD5 (ml-latest-small.zip) = {}\n", "{}  ml-latest-small.zip\n", "{}"])
def test_a_digest_beside_the_archive_decides(form: str, tmp_path: Path) -> None:
    server = GroupLens()
    right = hashlib.md5(server.archive).hexdigest()
    server.digest = form.format(right.upper())
    with getting(server) as (run, _):
        assert run(tmp_path / "ml").digest == f"md5:{right}"
        server.digest = form.format("0" * 32)
        with pytest.raises(FetchError, match="came with the digest"):
            run(tmp_path / "other")
    assert [path.name for path in tmp_path.iterdir()] == ["ml"]


def test_a_server_that_answers_anything_with_a_page_has_no_digest(tmp_path: Path) -> None:
    with getting(GroupLens(digest="<html>welcome</html>")) as (run, _):
        assert run(tmp_path / "ml").digest == ""


def test_a_run_that_was_stopped_is_taken_up(tmp_path: Path) -> None:
    server = GroupLens(cuts=[100_000, 0, 0])
    with getting(server) as (run, _):
        with pytest.raises(FetchError):
            run(tmp_path / "ml")
        assert not (tmp_path / "ml").exists()
        assert run(tmp_path / "ml").fetched
        assert server.ranges[-1] == "bytes=100000-"
    assert [path.name for path in tmp_path.iterdir()] == ["ml"]


def test_a_run_that_was_killed_while_it_unpacked_is_taken_up(tmp_path: Path) -> None:
    """It left the archive, and half a folder."""
    server = GroupLens()
    (tmp_path / ".ml.ml-latest-small.zip").write_bytes(server.archive)
    stale = tmp_path / ".ml.unpacking-x1"
    stale.mkdir()
    (stale / "movies.csv").write_text("half")
    with getting(server) as (run, _):
        assert run(tmp_path / "ml").fetched
        assert server.ranges == []
    assert [path.name for path in tmp_path.iterdir()] == ["ml"]


def test_two_runs_at_once_make_one_whole_folder(tmp_path: Path) -> None:
    said: list[object] = []

    def one() -> None:
        try:
            said.append(run(tmp_path / "ml"))
        except TriptychError as fault:
            said.append(fault)

    with getting(GroupLens()) as (run, _):
        threads = [threading.Thread(target=one) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert any(not isinstance(one_, Exception) for one_ in said)
        assert whole(SMALL, tmp_path / "ml") is not None
        assert run(tmp_path / "ml").fetched is False
    assert [path.name for path in tmp_path.iterdir() if "unpacking" in path.name] == []


# -- archives that nobody should trust ---------------------------------------------------------------------------


def special(name: str, mode: int) -> bytes:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as archive:
        info = zipfile.ZipInfo(name)
        info.external_attr = mode << 16
        archive.writestr(info, "/etc/passwd")
    return raw.getvalue()


def encrypted() -> bytes:
    """The flag alone, in both headers; what stands behind it does not matter."""
    raw = bytearray(zipped({"a": b"x"}, compression=zipfile.ZIP_STORED))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = raw.index(mark) + at
        raw[place] |= 1
    return bytes(raw)


def lying() -> bytes:
    """A megabyte that calls itself ten bytes."""
    raw = bytearray(zipped({"a": b"\x00" * 1_000_000}))
    for mark, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        place = raw.index(mark) + at
        raw[place : place + 4] = struct.pack("<I", 10)
    return bytes(raw)


def flipped() -> bytes:
    raw = bytearray(zipped({"a": b"some text " * 100}, compression=zipfile.ZIP_STORED))
    raw[200] ^= 255
    return bytes(raw)


EVIL = {
    "no zip": (b"<html>sorry</html>", "no zip, or a damaged one"),
    "empty": (b"", "no zip, or a damaged one"),
    "half": (zipped(FILES)[:200_000], "no zip, or a damaged one"),
    "a flipped bit": (flipped(), "no zip, or a damaged one: Bad CRC"),
    "no files": (zipped({}), "holds no file"),
    "only a folder": (zipped({"a/": b""}), "holds no file"),
    "absolute": (zipped({"/etc/cron": b"x"}), "whose path is absolute"),
    "climbing": (zipped({"a/../../x": b"x"}), "leaves the folder"),
    "climbing at once": (zipped({"../x": b"x"}), "leaves the folder"),
    "a dot": (zipped({"a/./x": b"x"}), "leaves the folder or is none"),
    "twice a slash": (zipped({"a//x": b"x"}), "leaves the folder or is none"),
    "of Windows": (zipped({"C:/x": b"x"}), "whose path is absolute"),
    "backslashes": (zipped({"..\\x": b"x"}), "holds what no name holds"),
    "a line break": (zipped({"a\nb": b"x"}), "holds what no name holds"),
    "a link": (special("a", stat.S_IFLNK | 0o777), "a link or a device"),
    "a pipe": (special("a", stat.S_IFIFO | 0o644), "a link or a device"),
    "a device": (special("a", stat.S_IFCHR | 0o644), "a link or a device"),
    "locked": (encrypted(), "locked with a password"),
    "many": (zipped({f"f{k}": b"" for k in range(60)}), "holds 60 files; 50 are allowed"),
    "a bomb": (zipped({"a": b"\x00" * 3_000_000}), "unpacks to 3,000,000 bytes; 2,000,000 are allowed"),
    "a bomb of many": (zipped({f"f{k}": b"\x00" * 300_000 for k in range(10)}), "unpacks to 3,000,000 bytes"),
    "a file and a folder of one name": (zipped({"x/a": b"1", "x/a/b": b"2"}), "below what is a file itself"),
}


@pytest.mark.parametrize(("raw", "why"), EVIL.values(), ids=EVIL)
def test_an_archive_that_is_not_as_it_should_be_leaves_nothing(raw: bytes, why: str, tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    with getting(GroupLens(archive=raw)) as (run, _), pytest.raises(FetchError, match=why):
        run(tmp_path / "inner" / "ml", most_files=50, most_bytes=2_000_000)
    assert [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")] == ["inner"]


def test_an_archive_that_lies_of_its_size_gives_no_more_than_it_said(tmp_path: Path) -> None:
    (tmp_path / "lie.zip").write_bytes(lying())
    (tmp_path / "out").mkdir()
    with pytest.raises(FetchError, match="damaged"):
        unpack(tmp_path / "lie.zip", tmp_path / "out", most_files=5, most_bytes=1000)
    assert sum(path.stat().st_size for path in (tmp_path / "out").iterdir()) <= 10


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as archive:
        archive.writestr("a", "1")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("a", "2")
    (tmp_path / "z.zip").write_bytes(raw.getvalue())
    (tmp_path / "out").mkdir()
    with pytest.raises(FetchError, match="two files called 'a'"):
        unpack(tmp_path / "z.zip", tmp_path / "out", most_files=5, most_bytes=1000)


def test_files_without_a_folder_around_them_stay_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "z.zip").write_bytes(zipped({"a": b"1", "b/c": b"22"}))
    (tmp_path / "out").mkdir()
    assert unpack(tmp_path / "z.zip", tmp_path / "out", most_files=5, most_bytes=3) == {"a": 1, "b/c": 2}
    assert files(tmp_path / "out") == {"a": b"1", "b/c": b"22"}


# -- the list ----------------------------------------------------------------------------------------------------


def test_every_generation_is_there_and_its_terms_are_told() -> None:
    assert list(DATASETS) == [
        "movielens-100k",
        "movielens-1m",
        "movielens-10m",
        "movielens-20m",
        "movielens-25m",
        "movielens-32m",
        "movielens-latest-small",
        "movielens-latest",
    ]
    for chosen in DATASETS.values():
        said = terms(chosen)
        for word in ("research", "permission", "Harper", "Konstan", "2015", "endorse", "README"):
            assert word in said
        assert f"https://files.grouplens.org/datasets/movielens/{chosen.readme}" in said


def test_an_unknown_name_is_offered_its_neighbours() -> None:
    with pytest.raises(UnknownName, match=r"no data set 'movielens-2m'.*List them: triptych get"):
        dataset("movielens-2m")


def test_a_server_without_it_says_so(tmp_path: Path) -> None:
    with getting(lambda request: request.reply("no", status=404)) as (run, _), pytest.raises(FetchError, match="404"):
        run(tmp_path / "ml")
    assert list(tmp_path.iterdir()) == []
