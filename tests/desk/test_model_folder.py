"""Model folders: whole versions, of which one stands, whoever is killed; and nothing that is damaged is used."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from triptych.desk.model_folder import ModelFolder, names
from triptych.errors import CatalogueError, CatalogueLocked, TriptychError, UnknownName, UsageError

ARRAYS = {
    "plain": np.arange(6, dtype=np.float32).reshape(2, 3),
    "turned": np.arange(6).reshape(2, 3).T,
    "words": np.array(["ä", "bc"]),
    "none": np.zeros((0, 4)),
    "no words": np.array([], dtype="<U4"),
    "one": np.array(3.5),
    "mask": np.array([True, False]),
}


def write(folder: ModelFolder, mark: int, **more: object) -> int:
    with folder.fitting():
        told = {"mark": mark}
        return int(folder.write(told=told, body=told, arrays={"mark": np.full(9, mark)}, **more)["version"])  # type: ignore[arg-type]


def mark(folder: ModelFolder) -> int:
    """What stands, after all parts of it were seen to be of one version."""
    kept = folder.read()
    found = {kept.manifest["mark"], kept.body["mark"], *kept.arrays["mark"].tolist()}
    assert len(found) == 1
    return found.pop()


def test_what_is_written_comes_back_and_the_version_before_stays(tmp_path: Path) -> None:
    folder = ModelFolder(tmp_path, "hybrid")
    assert not folder.exists()
    with folder.fitting() as learning:
        learning.mkdir()
        told = folder.write(told={"kind": "x"}, body={"a": [1, "é"]}, arrays=ARRAYS, texts={"ranker.txt": "tree\n"})
        assert not learning.exists()  # how far it was is of no use any more
    kept = folder.read()
    assert (kept.version, kept.body, kept.texts) == (1, {"a": [1, "é"]}, {"ranker.txt": "tree\n"})
    assert kept.manifest == told == folder.manifest()
    assert kept.arrays.keys() == ARRAYS.keys()
    for name, values in ARRAYS.items():
        assert kept.arrays[name].shape == values.shape
        assert np.array_equal(kept.arrays[name], values), name
    assert [write(folder, 2), write(folder, 3), write(folder, 4)] == [2, 3, 4]
    assert (folder.versions(), mark(folder)) == ([3, 4], 4)
    assert write(folder, 5, keep=1) == 5
    assert folder.versions() == [5]
    assert names(tmp_path) == ["hybrid"]


@pytest.mark.parametrize("name", ["", "..", "a/b", "../x", ".hidden", "a b", "x" * 65, "a\n"])
def test_a_name_leads_nowhere_else(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be called"):
        ModelFolder(tmp_path, name)


def test_a_model_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    write(ModelFolder(tmp_path, "weekend"), 1)
    with pytest.raises(UnknownName, match=r"no model 'hybrid'; there is 'weekend'.*triptych fit .* --model hybrid"):
        ModelFolder(tmp_path, "hybrid").read()
    with pytest.raises(UnknownName, match="there is none yet"):
        ModelFolder(tmp_path / "elsewhere", "hybrid").read()


def test_what_a_killed_fit_leaves_is_neither_read_nor_kept(tmp_path: Path) -> None:
    folder = ModelFolder(tmp_path, "hybrid")
    write(folder, 1)
    draft = folder.folder / ".draft-2"
    draft.mkdir()
    (draft / "body.json").write_text("{")
    (folder.folder / ".draft-current.json").write_text("{")
    (folder.folder / "2").mkdir()  # whole, but nothing says that it stands
    assert (mark(folder), folder.versions()) == (1, [1])
    with folder.fitting():
        assert sorted(one.name for one in folder.folder.iterdir()) == ["1", "current.json", "writer.lock"]
    assert (write(folder, 2), mark(folder)) == (2, 2)


def test_one_fits_at_a_time_and_the_others_are_told_who(tmp_path: Path) -> None:
    folder = ModelFolder(tmp_path, "hybrid")
    with (
        folder.fitting(),
        pytest.raises(CatalogueLocked, match="fit hybrid"),
        ModelFolder(tmp_path, "hybrid").fitting(),
    ):
        pass
    assert write(folder, 1) == 1


def flip(path: Path) -> None:
    body = bytearray(path.read_bytes())
    body[len(body) // 2] ^= 1
    path.write_bytes(bytes(body))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-3])


def linked(path: Path) -> None:
    path.rename(path.with_suffix(".moved"))
    path.symlink_to(path.with_suffix(".moved"))


@pytest.mark.parametrize("harm", [flip, cut, Path.unlink, linked])
@pytest.mark.parametrize("name", ["1/manifest.json", "1/body.json", "1/arrays.safetensors", "1/ranker.txt"])
def test_a_damaged_file_is_named_and_not_used(name: str, harm: Callable[[Path], None], tmp_path: Path) -> None:
    folder = ModelFolder(tmp_path, "hybrid")
    write(folder, 1, texts={"ranker.txt": "tree of leaves\n"})
    harm(folder.folder / name)
    with pytest.raises(CatalogueError, match=f"'hybrid/{name}'.*triptych fit .*--model hybrid"):
        folder.read()
    assert write(folder, 2) == 2
    assert mark(folder) == 2


@pytest.mark.parametrize("text", ["", "[]", "{", '{"format": 1}', '{"format": 1, "version": "../1"}', '{"format": 9}'])
def test_a_pointer_that_points_nowhere_is_an_error(text: str, tmp_path: Path) -> None:
    folder = ModelFolder(tmp_path, "hybrid")
    write(folder, 1)
    (folder.folder / "current.json").write_text(text)
    with pytest.raises(TriptychError, match=r"current\.json.*triptych fit"):
        folder.read()
    assert (write(folder, 2), mark(folder)) == (2, 2)


def test_no_manifest_leads_out_of_the_folder(tmp_path: Path) -> None:
    import hashlib

    folder = ModelFolder(tmp_path, "hybrid")
    write(folder, 1)
    secret = tmp_path / "secret.txt"
    secret.write_text("mine")
    path = folder.folder / "1" / "manifest.json"
    manifest = json.loads(path.read_text())
    sha256 = hashlib.sha256(b"mine").hexdigest()
    manifest["files"]["../../../secret.txt"] = {"bytes": 4, "sha256": sha256}
    path.write_text(json.dumps(manifest))
    current = {"format": 1, "version": 1, "manifest_sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    (folder.folder / "current.json").write_text(json.dumps(current))
    with pytest.raises(CatalogueError, match=r"names a file '\.\./\.\./\.\./secret\.txt', which no model has"):
        folder.read()


WRITE = """
import sys
from pathlib import Path
import numpy as np
from triptych.desk.model_folder import ModelFolder

folder = ModelFolder(Path(sys.argv[1]), "hybrid")
mark = int(sys.argv[2])
while True:
    with folder.fitting():
        folder.write(told={"mark": mark}, body={"mark": mark}, arrays={"mark": np.full(100_000, mark)})
    print(mark, flush=True)
    mark += 1
"""


def test_whoever_is_killed_leaves_a_whole_model(tmp_path: Path) -> None:
    folder, lot, next_mark = ModelFolder(tmp_path, "hybrid"), random.Random(3), 1
    for _ in range(3):
        command = [sys.executable, "-c", WRITE, str(tmp_path), str(next_mark)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            done = [int(writer.stdout.readline()) for _ in range(lot.randint(1, 6))]
            for _ in range(lot.randint(0, 20_000)):
                pass
            writer.send_signal(signal.SIGKILL)
            done += [int(line) for line in writer.stdout if line.endswith("\n")]
        stands = mark(folder)
        assert stands in (done[-1], done[-1] + 1)  # it may stand before it was said that it does
        next_mark = stands + 1
    assert write(folder, next_mark) >= next_mark
    assert mark(folder) == next_mark
