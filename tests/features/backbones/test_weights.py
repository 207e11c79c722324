"""Weights: folders, files and a hub that is really asked; what is there is known by its content."""

from __future__ import annotations

import errno
import hashlib
import json
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.features.backbones.hub import FIRST, SECOND, Hub, serving
from tests.worlds.weights import save_alexnet, tiny
from triptych.errors import ExtractionError, FetchError, UsageError
from triptych.features.backbones import weights
from triptych.features.backbones.weights import Weights, describe

NAME = "facebook/dinov2-base"


def sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy that the test may damage."""
    return Path(shutil.copytree(tiny("dinov2"), tmp_path / "dinov2"))


# What is on disk


def test_a_folder_is_known_by_what_decides_the_numbers(folder: Path) -> None:
    (folder / "README.md").write_text("Of no account.")
    (folder / "pytorch_model.bin").write_bytes(b"of no account either")
    found = describe(str(folder))
    names = ("config.json", "model.safetensors", "preprocessor_config.json")
    assert found.sha256 == tuple((name, sha256(folder / name)) for name in names)
    assert found.facts() == {"source": "", "revision": "", "sha256": dict(found.sha256)}
    assert str(folder) not in json.dumps(found.facts())
    assert found.config()["hidden_size"] == 32


def test_the_same_files_elsewhere_are_the_same(folder: Path) -> None:
    assert describe(str(folder)) == describe(str(tiny("dinov2")))
    assert hash(describe(str(folder))) == hash(describe(str(tiny("dinov2"))))


def test_a_file_is_known_by_its_content_and_not_by_its_name(tmp_path: Path) -> None:
    file = save_alexnet(tmp_path / "alexnet.safetensors")
    again = Path(shutil.copy(file, tmp_path / "other.safetensors"))
    assert describe(str(file)) == describe(str(again))
    assert describe(str(file)).sha256 == (("weights", sha256(file)),)


def test_shards_are_hashed_with_their_index(folder: Path) -> None:
    shards = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
    (folder / "model.safetensors").rename(folder / shards[0])
    (folder / shards[1]).write_bytes(b"the rest")
    (folder / "model-00003-of-00009.safetensors").write_bytes(b"of another saving")
    index = {"weight_map": {"a": shards[0], "b": shards[1]}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    names = [name for name, _ in describe(str(folder)).sha256]
    assert names == ["config.json", *shards, "model.safetensors.index.json", "preprocessor_config.json"]
    (folder / shards[1]).unlink()
    with pytest.raises(ExtractionError, match=r"has no 'model-00002-of-00002\.safetensors', which its index lists"):
        describe(str(folder))
    (folder / "model.safetensors.index.json").write_text("{}")
    with pytest.raises(ExtractionError, match="lists no file of weights"):
        describe(str(folder))


@pytest.mark.parametrize("name", ["config.json", "preprocessor_config.json", "model.safetensors"])
def test_what_is_not_there_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(ExtractionError, match=f"has no {name}"):
        describe(str(folder))


def test_pickles_are_not_read_and_that_is_said(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(ExtractionError, match=r"'pytorch_model\.bin' is a pickle, which may run code"):
        describe(str(folder))


def test_what_was_described_is_verified(folder: Path) -> None:
    found = describe(str(folder))
    found.verify()
    with (folder / "config.json").open("a") as file:
        file.write("\n")
    with pytest.raises(ExtractionError, match=r"config\.json' is not the one that was expected: SHA-256"):
        found.verify()
    (folder / "config.json").unlink()
    with pytest.raises(ExtractionError, match=r"config\.json' cannot be read"):
        found.verify()


def test_a_file_that_would_be_read_in_place_of_the_described_ones_is_found(folder: Path) -> None:
    shard = "model-00001-of-00001.safetensors"
    (folder / "model.safetensors").rename(folder / shard)
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"a": shard}}))
    found = describe(str(folder))
    found.verify()
    shutil.copy(folder / shard, folder / "model.safetensors")
    with pytest.raises(ExtractionError, match=r"now has a model\.safetensors"):
        found.verify()


def test_a_file_is_hashed_once_until_it_changes(folder: Path) -> None:
    describe(str(folder))
    hashed = weights._hashed.cache_info()
    describe(str(folder)).verify()
    assert weights._hashed.cache_info().misses == hashed.misses
    (folder / "config.json").write_text((folder / "config.json").read_text() + " ")
    describe(str(folder))
    assert weights._hashed.cache_info().misses == hashed.misses + 1


@pytest.mark.parametrize("source", ["", "dinov2-base", "./facebook/dinov2-base", "a/b/c", "facebook/../x"])
def test_what_is_neither_on_disk_nor_an_id_is_refused(source: str) -> None:
    with pytest.raises(UsageError, match=r"there is no such folder or file, and an id on a hub is of the form"):
        describe(source)


# A hub


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    """Two commits, of which ``main`` is the first; each with what is not to be fetched."""
    places = {}
    for commit in (FIRST, SECOND):
        at = Path(shutil.copytree(tiny("dinov2"), tmp_path / commit))
        (at / "README.md").write_text(commit)
        (at / "pytorch_model.bin").write_bytes(b"a pickle")
        places[commit] = at
    config = json.loads((places[SECOND] / "config.json").read_text())
    (places[SECOND] / "config.json").write_text(json.dumps(config | {"layer_norm_eps": 1e-5}))
    with serving(Hub(repository=NAME, commits=places, branches={"main": FIRST})) as served:
        yield served


def closed() -> str:
    """The address of a port at which nobody answers."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{found.getsockname()[1]}"


def asked(hub: Hub, cache: Path, revision: str = "main") -> Weights:
    return describe(NAME, revision=revision, endpoint=hub.endpoint, cache=cache)


def test_weights_are_fetched_from_a_hub(hub: Hub, tmp_path: Path) -> None:
    found = asked(hub, tmp_path / "cache")
    assert (found.source, found.revision) == (NAME, FIRST)
    assert found.sha256 == describe(str(tiny("dinov2"))).sha256
    assert sorted(file.name for file in Path(found.path).iterdir()) == [name for name, _ in found.sha256]
    assert found.facts() == {"source": NAME, "revision": FIRST, "sha256": dict(found.sha256)}
    found.verify()


def test_no_pickle_and_no_page_is_asked_for(hub: Hub, tmp_path: Path) -> None:
    asked(hub, tmp_path / "cache")
    fetched = {line.rpartition("/")[2] for line in hub.asked if "/resolve/" in line}
    assert fetched == {"config.json", "model.safetensors", "preprocessor_config.json"}


def test_a_commit_in_the_cache_takes_no_network(hub: Hub, tmp_path: Path) -> None:
    first = asked(hub, tmp_path / "cache")
    hub.asked.clear()
    again = asked(hub, tmp_path / "cache", revision=FIRST)
    assert (again, again.path) == (first, first.path)
    assert hub.asked == []
    assert describe(NAME, revision=FIRST, endpoint=closed(), cache=tmp_path / "cache") == first


def test_a_branch_is_asked_for_each_time_and_fetched_once(hub: Hub, tmp_path: Path) -> None:
    first = asked(hub, tmp_path / "cache")
    hub.asked.clear()
    assert asked(hub, tmp_path / "cache") == first
    assert hub.asked == [f"GET /api/models/{NAME}/revision/main"]
    hub.branches["main"] = SECOND
    moved = asked(hub, tmp_path / "cache")
    assert moved.revision == SECOND
    assert moved.sha256 != first.sha256
    assert asked(hub, tmp_path / "cache", revision=FIRST) == first


def test_a_commit_that_is_not_in_the_cache_is_fetched(hub: Hub, tmp_path: Path) -> None:
    assert asked(hub, tmp_path / "cache", revision=SECOND).revision == SECOND


def test_half_a_snapshot_is_completed(hub: Hub, tmp_path: Path) -> None:
    first = asked(hub, tmp_path / "cache")
    (Path(first.path) / "model.safetensors").unlink()
    again = asked(hub, tmp_path / "cache", revision=FIRST)
    assert again == first
    again.verify()


def test_without_a_network_the_error_says_what_and_how(tmp_path: Path) -> None:
    with pytest.raises(FetchError) as caught:
        describe(NAME, endpoint=closed(), cache=tmp_path / "cache")
    told = str(caught.value)
    assert "'facebook/dinov2-base' (346 MB) of seeing/dinov2 cannot be fetched" in told
    files = "config.json preprocessor_config.json model.safetensors"
    assert f"hf download facebook/dinov2-base {files} --local-dir dinov2-base." in told
    assert "triptych extract films -f seeing/dinov2 --set seeing/dinov2.weights=dinov2-base." in told
    assert "in the cache" not in told
    with pytest.raises(FetchError, match="cannot be fetched"):
        describe(NAME, revision=FIRST, endpoint=closed(), cache=tmp_path / "cache")


def test_without_a_network_a_branch_is_no_commit_but_the_error_names_the_one_that_is_cached(
    hub: Hub, tmp_path: Path
) -> None:
    import huggingface_hub

    asked(hub, tmp_path / "cache")
    with pytest.raises(FetchError, match=f"add --set seeing/dinov2.revision={FIRST}"):
        describe(NAME, endpoint=closed(), cache=tmp_path / "cache")
    asked(hub, tmp_path / "cache", revision=SECOND)
    # As other programs leave the cache: with a note of what the branch was.
    huggingface_hub.snapshot_download(NAME, endpoint=hub.endpoint, cache_dir=tmp_path / "cache")
    with pytest.raises(FetchError, match=f"add --set seeing/dinov2.revision={FIRST}"):
        describe(NAME, endpoint=closed(), cache=tmp_path / "cache")
    assert describe(NAME, revision=FIRST, endpoint=closed(), cache=tmp_path / "cache").revision == FIRST


def test_what_the_hub_does_not_have_is_an_error(hub: Hub, tmp_path: Path) -> None:
    with pytest.raises(FetchError, match=r"cannot be fetched: RevisionNotFoundError.*There is no revision 'nowhere'"):
        asked(hub, tmp_path / "cache", revision="nowhere")
    with pytest.raises(FetchError, match="'some/other' of seeing/dinov2 cannot be fetched: RepositoryNotFoundError"):
        describe("some/other", endpoint=hub.endpoint, cache=tmp_path / "cache")
    with pytest.raises(FetchError, match=r"Correct --set seeing/dinov2\.weights") as caught:
        describe("some/other", endpoint=hub.endpoint, cache=tmp_path / "cache")
    assert "hf download" not in str(caught.value)
    (hub.commits[FIRST] / "model.safetensors").unlink()
    with pytest.raises(ExtractionError, match=r"has no model\.safetensors"):
        asked(hub, tmp_path / "cache")


def test_what_there_is_is_said_without_a_network(hub: Hub, tmp_path: Path) -> None:
    import huggingface_hub

    cache = tmp_path / "cache"
    assert weights.reach(NAME, cache=cache) == "to be fetched, 346 MB"
    assert weights.reach("some/other", cache=cache) == "to be fetched"
    assert weights.reach("nowhere.pth") == "not there"
    assert weights.reach(str(tiny("dinov2"))) == "on disk"
    huggingface_hub.snapshot_download(NAME, endpoint=hub.endpoint, cache_dir=cache)
    assert weights.reach(NAME, cache=cache) == "in the hub's cache"


def test_half_a_commit_is_not_offered(hub: Hub, tmp_path: Path) -> None:
    found = asked(hub, tmp_path / "cache")
    (Path(found.path) / "model.safetensors").unlink()
    with pytest.raises(FetchError, match="hf download") as caught:
        describe(NAME, endpoint=closed(), cache=tmp_path / "cache")
    assert "in the cache" not in str(caught.value)
    assert weights.reach(NAME, cache=tmp_path / "cache") == "to be fetched, 346 MB"


def test_the_command_fetches_the_revision_that_was_asked_for(tmp_path: Path) -> None:
    with pytest.raises(FetchError, match=f"safetensors --revision {FIRST} --local-dir dinov2-base"):
        describe(NAME, revision=FIRST, endpoint=closed(), cache=tmp_path / "cache")


def test_weights_that_are_gated_say_how_to_be_admitted(hub: Hub, tmp_path: Path) -> None:
    hub.gated = True
    with pytest.raises(FetchError, match=r"cannot be fetched: GatedRepoError.*ask on its page, run: hf auth login\."):
        asked(hub, tmp_path / "cache")


def test_a_full_disk_is_said_as_such(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    def full(*_: object, local_files_only: bool = False, **__: object) -> str:
        raise OSError(2 if local_files_only else errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", full)
    with pytest.raises(FetchError, match=r"No space left on device\. Make room.*HF_HOME"):
        asked(hub, tmp_path / "cache")


def test_apart_there_is_nothing_but_what_was_described(folder: Path) -> None:
    (folder / "processor_config.json").write_text("{}")
    found = describe(str(folder))
    with found.apart() as alone:
        assert sorted(file.name for file in alone.iterdir()) == [name for name, _ in found.sha256]
        assert (alone / "config.json").read_bytes() == (folder / "config.json").read_bytes()
    assert not alone.exists()
    assert (folder / "config.json").exists()
