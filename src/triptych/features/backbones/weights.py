"""Weights: the files of a published network, found on disk or fetched from a hub, known by their content."""

from __future__ import annotations

import errno
import hashlib
import json
import re
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

from triptych.errors import ExtractionError, FetchError, MissingExtra, UsageError

#: Of a hub's repository nothing else is fetched: no pickles (.bin, .pth), no code, no other framework's copies.
WANTED = (
    "config.json",
    "preprocessor_config.json",
    "model.safetensors",
    "model.safetensors.index.json",
    "model-*-of-*.safetensors",
)
#: The older form of model.safetensors. It is a pickle, of which torch reads tensors alone (``weights_only``), running
#: nothing; taken only where ``wanted`` names it and there is no other, for weights that are published in no other.
PICKLED = "pytorch_model.bin"
#: What is published under a hub id, in MB to fetch: for the error where it cannot be had.
PUBLISHED_MB: Mapping[str, int] = {
    "facebook/dinov2-small": 88,
    "facebook/dinov2-base": 346,
    "microsoft/resnet-50": 102,
    "google/mobilenet_v2_1.0_224": 14,
    "hustvl/yolos-tiny": 26,
    "facebook/wav2vec2-base-960h": 378,
    "laion/clap-htsat-unfused": 615,
    "google-bert/bert-base-uncased": 440,
}
#: Of these, those that were published before there was a model.safetensors.
_PICKLED_ONLY = frozenset({"laion/clap-htsat-unfused"})
#: Those that read text: a tokenizer prepares it, as a preprocessor does pictures and sound.
_OF_TEXT = frozenset({"google-bert/bert-base-uncased"})
#: Seconds that a hub has to say which commit a revision is.
ASKING_S = 20.0

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_INDEX = "model.safetensors.index.json"


@dataclass(frozen=True, kw_only=True)
class Weights:
    """Which files, by content; two of the same content are equal wherever they lie.

    ``source``: the hub id, empty for files of the user's own. ``revision``: the commit, empty likewise.
    ``sha256``: (name, digest) pairs in order of name, of every file that decides the numbers; the one file of
    weights that are no folder is called ``weights``. ``path``: the folder or file on this machine.
    """

    source: str
    revision: str
    sha256: tuple[tuple[str, str], ...]
    path: str = field(compare=False)

    def facts(self) -> dict[str, Any]:
        """For a recipe: where the weights are from and what is in them, never where they lie."""
        return {"source": self.source, "revision": self.revision, "sha256": dict(self.sha256)}

    def config(self, name: str = "config.json") -> Mapping[str, Any]:
        """One of the folder's JSON files."""
        return _read_object(Path(self.path) / name)

    @contextmanager
    def apart(self) -> Generator[Path, None, None]:
        """A folder for a while that holds links to the described files and nothing else.

        transformers lets files beside them decide too: a processor_config.json goes before preprocessor_config.json,
        an adapter_config.json loads an adapter. What is not in the recipe is not there to be read.
        """
        with TemporaryDirectory(prefix="triptych-weights-") as made:
            for name, _ in self.sha256:
                (Path(made) / name).symlink_to((Path(self.path) / name).resolve())
            yield Path(made)

    def verify(self) -> None:
        """Raise ExtractionError naming the first file that is not the one these were described by."""
        path = Path(self.path)
        expected = dict(self.sha256)
        for name, digest in self.sha256:
            file = path if path.is_file() else path / name
            found = _digest_of(file)
            if found != digest:
                raise ExtractionError(
                    f"the weights' file {str(file)!r} is not the one that was expected: SHA-256 {digest} expected, "
                    f"{found} found. Restore the file, or make the extractor anew, so that its recipe records what is "
                    "there now."
                )
        if path.is_dir() and "model.safetensors" not in expected and (path / "model.safetensors").exists():
            raise ExtractionError(
                f"the weights' folder {str(path)!r} now has a model.safetensors, which would be read in place of what "
                "was described. Take it away, or make the extractor anew."
            )


def describe(
    source: str,
    *,
    revision: str = "main",
    wanted: Sequence[str] = WANTED,
    endpoint: str | None = None,
    cache: Path | str | None = None,
    title: str = "seeing/dinov2",
) -> Weights:
    """Find the weights that ``source`` names, fetch them if they are a hub's, and hash what decides the numbers.

    ``source`` is a folder as ``save_pretrained`` writes it, a file, or a hub id such as ``facebook/dinov2-base``. What
    is there on disk is taken as that, so a folder ``facebook/dinov2-base`` goes before the hub.

    ``revision``, of a hub id: a commit is looked up in the hub's cache first and, if it is there, no network is used.
    A branch or a tag is asked for each time, because it may have moved. If the hub cannot be reached then, that is an
    error even where an earlier commit of it is in the cache: what the recipe records must not hang on the network of
    the day. The error names the commit, and with ``revision`` set to that, the cache is enough.

    ``wanted``: patterns of the file names that are fetched and that decide the numbers. ``endpoint``, ``cache``:
    another hub, another folder than huggingface_hub's own. ``title``: of the extractor, for the errors.

    Hashing takes 0.2 s for 90 MB, once in a process while a file's size and time stay what they are.
    """
    given = Path(source).expanduser()
    if source and given.is_dir():
        folder = given.resolve()
        return Weights(source="", revision="", sha256=_digests(folder, tuple(wanted)), path=str(folder))
    if source and given.is_file():
        file = given.resolve()
        return Weights(source="", revision="", sha256=(("weights", _digest_of(file)),), path=str(file))
    if not _HUB_ID.fullmatch(source):
        raise UsageError(
            f"{title} has no weights at {source!r}: there is no such folder or file, and an id on a hub is of the form "
            "'owner/name'."
        )
    if find_spec("huggingface_hub") is None:
        raise MissingExtra(title, "deep", missing="huggingface-hub")
    found = _in_cache(source, revision, tuple(wanted), cache) if _COMMIT.fullmatch(revision) else None
    if found is None:
        # Asked before anything is fetched, in one request: the fetching tries for half a minute where nobody answers.
        revision, names = _commit(source, revision, endpoint, cache, title)
        if names & {"model.safetensors", _INDEX}:
            wanted = [name for name in wanted if name != PICKLED]  # not the same tensors twice
        found = _in_cache(source, revision, tuple(wanted), cache)
        found = found or _fetched(source, revision, tuple(wanted), endpoint, cache, title)
    return Weights(source=source, revision=revision, sha256=_digests(found, tuple(wanted)), path=str(found))


def reach(source: str, *, cache: Path | str | None = None) -> str:
    """Where weights are, in words, without the network and without reading them: for a list of what there is.

    >>> reach("")
    'give weights'
    """
    if not source:
        return "give weights"
    if Path(source).expanduser().exists():
        return "on disk"
    if not _HUB_ID.fullmatch(source):
        return "not there"
    if find_spec("huggingface_hub") is not None and _cached(source, "main", cache):
        return "in the hub's cache"
    return f"to be fetched, {PUBLISHED_MB[source]} MB" if source in PUBLISHED_MB else "to be fetched"


def _commit(
    source: str, revision: str, endpoint: str | None, cache: Path | str | None, title: str
) -> tuple[str, frozenset[str]]:
    """The commit that a revision is now, and the names of its files."""
    from huggingface_hub import HfApi

    try:
        told = cast(Any, HfApi(endpoint=endpoint)).model_info(source, revision=revision, timeout=ASKING_S)
        sha, names = told.sha, frozenset(str(file.rfilename) for file in told.siblings or ())
    except Exception as error:  # what is raised differs by release of huggingface_hub, and is said in the message
        raise _not_had(source, revision, title, error, _cached(source, revision, cache)) from error
    if not isinstance(sha, str) or not _COMMIT.fullmatch(sha):
        raise FetchError(f"the hub gives {sha!r} as the commit of {source!r} at {revision!r}; that is none.")
    return sha, names


def _in_cache(source: str, commit: str, wanted: tuple[str, ...], cache: Path | str | None) -> Path | None:
    """The folder of one commit, if it lies in the hub's cache with all that decides the numbers."""
    import huggingface_hub

    hub = cast(Any, huggingface_hub)
    try:
        ask = {"revision": commit, "cache_dir": cache, "allow_patterns": list(wanted)}
        folder = Path(str(hub.snapshot_download(source, local_files_only=True, **ask)))
        _deciding(folder, wanted)
    except (OSError, ExtractionError):
        return None  # it is not there, or not all of it
    return folder


def _fetched(
    source: str, commit: str, wanted: tuple[str, ...], endpoint: str | None, cache: Path | str | None, title: str
) -> Path:
    """The folder of one commit, fetched into the hub's cache."""
    import huggingface_hub

    hub = cast(Any, huggingface_hub)
    try:
        ask = {"revision": commit, "cache_dir": cache, "allow_patterns": list(wanted)}
        return Path(str(hub.snapshot_download(source, endpoint=endpoint, **ask)))
    except Exception as error:  # what is raised differs by release of huggingface_hub, and is said in the message
        raise _not_had(source, commit, title, error, "") from error


def _cached(source: str, revision: str, cache: Path | str | None) -> str:
    """The commit in the cache that a branch was when it was last fetched, else the one fetched last; empty if none.

    A commit of which only a part was fetched does not count.
    """
    from huggingface_hub import constants

    root = Path(cache if cache is not None else constants.HF_HUB_CACHE).expanduser()
    folder = root / f"models--{source.replace('/', '--')}"
    preparing = "tokenizer.json" if source in _OF_TEXT else "preprocessor_config.json"
    wanted = tuple(preparing if name == "preprocessor_config.json" else name for name in WANTED)
    wanted += (PICKLED,) if source in _PICKLED_ONLY else ()
    here = [at for at in folder.glob("snapshots/*") if _COMMIT.fullmatch(at.name) and _whole(at, wanted)]
    # A revision is the user's own text: only a name that stays inside the folder is looked up.
    ref = folder / "refs" / revision
    inside = ".." not in Path(revision).parts and not Path(revision).is_absolute()
    noted = ref.read_text(encoding="utf-8").strip() if inside and ref.is_file() else ""
    if any(at.name == noted for at in here):
        return noted
    return max(here, key=lambda at: at.stat().st_mtime_ns).name if here else ""


def _whole(folder: Path, wanted: tuple[str, ...]) -> bool:
    try:
        return bool(_deciding(folder, wanted))
    except (OSError, ExtractionError):
        return False  # no folder, or only a part was fetched


def _not_had(source: str, revision: str, title: str, error: Exception, cached: str) -> FetchError:
    from huggingface_hub import errors

    size = f" ({PUBLISHED_MB[source]} MB)" if source in PUBLISHED_MB else ""
    told = " ".join(str(error).split())[:300]
    name = source.rpartition("/")[2]
    tensors = PICKLED if source in _PICKLED_ONLY else "model.safetensors"
    preparing = "tokenizer.json" if source in _OF_TEXT else "preprocessor_config.json"
    files = f" config.json {preparing} {tensors}" if source in PUBLISHED_MB else ""
    there = f" Commit {cached} is in the cache; to take that, add --set {title}.revision={cached}." if cached else ""
    pinned = f" --revision {revision}" if revision != "main" else ""
    if isinstance(error, errors.GatedRepoError):
        todo = "Its owner admits those who ask: ask on its page, run: hf auth login. Then run the same again."
    elif isinstance(error, errors.RepositoryNotFoundError):
        todo = f"Correct --set {title}.weights; if it is private, run: hf auth login. Then run the same again."
    elif isinstance(error, errors.RevisionNotFoundError):
        todo = f"There is no revision {revision!r}; for a branch, a tag or a commit of it add --set {title}.revision."
    elif isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        todo = "Make room where the hub's cache lies, or let HF_HOME be a folder with room. Then run the same again."
    else:
        todo = (
            f"Where there is a network, run: hf download {source}{files}{pinned} --local-dir {name}. "
            f"Then: triptych extract films -f {title} --set {title}.weights={name}."
        )
    return FetchError(
        f"the weights {source!r}{size} of {title} cannot be fetched: {type(error).__name__}"
        f"{': ' + told if told else ''}{'' if told.endswith('.') else '.'} {todo}{there}"
    )


def _digests(folder: Path, wanted: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    return tuple((name, _digest_of(folder / name)) for name in _deciding(folder, wanted))


def _deciding(folder: Path, wanted: tuple[str, ...]) -> list[str]:
    """The names of the files that decide the numbers, in order; raises ExtractionError where one is not there."""
    for name in wanted:
        if name.endswith(".json") and name != _INDEX and "*" not in name and not (folder / name).is_file():
            raise ExtractionError(
                f"the weights' folder {str(folder)!r} has no {name}. A folder that save_pretrained wrote, of the model "
                "and of its image processor or feature extractor, has; copy it whole."
            )
    names = [
        file.name
        for file in sorted(folder.iterdir())
        if file.is_file() and any(fnmatchcase(file.name, pattern) for pattern in wanted)
    ]
    whole = "model.safetensors" in names
    if whole:
        # A whole file goes before shards, as transformers has it.
        beside = (_INDEX, PICKLED)
        names = [name for name in names if name not in beside and not fnmatchcase(name, "model-*-of-*.safetensors")]
    elif _INDEX in names:
        placed: Any = _read_object(folder / _INDEX).get("weight_map")
        if not isinstance(placed, dict):
            placed = {}
        shards = {str(name) for name in cast(Mapping[str, Any], placed).values()}
        if not shards:
            raise ExtractionError(f"{str(folder / _INDEX)!r} lists no file of weights. Fetch it again.")
        if absent := sorted(shards - set(names)):
            raise ExtractionError(
                f"the weights' folder {str(folder)!r} has no {absent[0]!r}, which its index lists. Copy it whole."
            )
        names = [name for name in names if name in shards or not (name == PICKLED or name.endswith(".safetensors"))]
    elif PICKLED not in names and any(pattern.endswith(".safetensors") for pattern in wanted):
        pickled = next((file.name for file in sorted(folder.glob("*.bin"))), "")
        because = f" {pickled!r} is a pickle, which may run code and is not read." if pickled else ""
        raise ExtractionError(
            f"the weights' folder {str(folder)!r} has no model.safetensors.{because} Save the model again with "
            "save_pretrained, which writes one."
        )
    return names


def _digest_of(file: Path) -> str:
    try:
        seen = file.stat()
        return _hashed(str(file), seen.st_size, seen.st_mtime_ns)
    except OSError as error:
        raise ExtractionError(
            f"the weights' file {str(file)!r} cannot be read ({error.strerror}). Restore it, or fetch it again."
        ) from error


@lru_cache(maxsize=256)
def _hashed(path: str, size: int, mtime_ns: int) -> str:
    """The SHA-256 of a file, read once while its size and its time of change stay the same."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read_object(path: Path) -> Mapping[str, Any]:
    try:
        value = json.loads(path.read_bytes())
    except OSError as error:
        raise ExtractionError(f"the weights' file {str(path)!r} cannot be read ({error.strerror}).") from error
    except ValueError as error:
        raise ExtractionError(f"the weights' file {str(path)!r} is not JSON: {error}. Fetch it again.") from error
    if not isinstance(value, dict):
        raise ExtractionError(f"the weights' file {str(path)!r} must hold a JSON object. Fetch it again.")
    return cast(Mapping[str, Any], value)
