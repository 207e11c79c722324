"""BERT: what a pretrained language model makes of an item's title, or of its plot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import numpy.typing as npt

from triptych.catalogue.records import Item
from triptych.errors import ExtractionError, UsageError
from triptych.features.backbones import network
from triptych.features.backbones.pretrained import pretrained
from triptych.features.backbones.running import kept_still, quiet
from triptych.features.backbones.weights import Weights, describe
from triptych.features.extractor import Needs, Showing
from triptych.features.feature import Feature
from triptych.features.reading.encoder import Windows, cut, strange
from triptych.features.reading.text import plot_of, plot_params, title_of, title_params
from triptych.features.recipe import Recipe

BERT = "google-bert/bert-base-uncased"
#: Word pieces read of one text, the model's own marks included (Maes 2025 §3.2.3).
PIECES = 128
#: The last so many layers, whose mean it is.
LAYERS = 2
#: The files that decide the numbers. A pattern that does not end in .json is not asked to be there.
WANTED = (
    "config.json",
    "tokenizer.json",
    "added_tokens.jso[n]",
    "special_tokens_map.jso[n]",
    "tokenizer_config.jso[n]",
    "model.safetensors",
    "model.safetensors.index.json",
    "model-*-of-*.safetensors",
)
#: Named, so that another release's default cannot move the last bits.
ATTENTION = "eager"
#: What lies on top of the layers, and may therefore be absent.
NEVER_READ = ("pooler.dense.weight", "pooler.dense.bias", "pooler.weight", "pooler.bias")
PACKAGES = ("torch", "transformers", "safetensors")

Dtype = Literal["auto", "float32", "bfloat16"]
Field = Literal["title", "plot"]


@dataclass(frozen=True, kw_only=True)
class Bert:
    """float32 ``[hidden_size]``, 768 for bert-base-uncased: a text through a language model, averaged over its pieces.

    With hidden states h_{l,t} of layer l and piece t, attention mask a and L layers it is
    Σ_t a_t (h_{L,t} + h_{L−1,t}) / (2 Σ_t a_t), marks included (Maes 2025 §3.2.3); its length is as it comes. A text
    of more than 128 pieces is cut, with a warning; an item without the text is missing.

    Each text goes through the network alone, and on a CPU on one thread, so that the bits of its vector do not hang on
    what else is measured: see :class:`~triptych.features.reading.sentence.Sentence`.

    ``weights``, ``device`` and ``dtype`` are as :class:`~triptych.features.seeing.embedding.Embedding` has them.
    ``pieces``: how many the model reads, marks included.
    """

    field: Field
    weights: Weights
    hidden_size: int
    pieces: int = PIECES
    device: str = "cpu"
    dtype: str = "auto"

    def __post_init__(self) -> None:
        # Settled here, so that the recipe says what was computed with.
        object.__setattr__(self, "dtype", network.settled(self.device, self.dtype))

    @property
    def title(self) -> str:
        return f"reading/bert-{self.field}"

    @property
    def recipe(self) -> Recipe:
        params = {
            "weights": self.weights.facts(),
            "text": f"{{{self.field}}}",
            "pieces": self.pieces,
            "layers": LAYERS,
            "pooling": "mean",
            "attention": ATTENTION,
            "dtype": self.dtype,
            **(plot_params() if self.field == "plot" else title_params()),
        }
        return Recipe(panel="reading", name=f"bert-{self.field}", version=1, params=params)

    @property
    def needs(self) -> Needs:
        return Needs(fields=(self.field,))

    def ready(self) -> None:
        """Raise MissingExtra if a package is not installed, importing none; torch is imported to look for a device
        other than the CPU, which is refused if it is not there."""
        network.require(self.title, PACKAGES)
        network.present(self.device)

    def columns(self) -> tuple[str, ...]:
        return tuple(f"bert_{k:04d}" for k in range(self.hidden_size))

    def extract(self, showings: Sequence[Showing]) -> Sequence[Feature]:
        return [self._feature(showing.item) for showing in showings]

    def _feature(self, item: Item) -> Feature:
        given = title_of(item) if self.field == "title" else plot_of(item)
        if given.missing:
            return Feature.missing(given.missing)
        warnings = list(given.warnings)
        reader = load(self.weights, self.device, self.dtype)
        windows = reader.cut(given.text, self.pieces)
        if windows.total == 0:
            return Feature.missing(f"the model's tokenizer finds no word in the item's {self.field}")
        if len(windows.pieces) > 1:
            warnings.append(
                f"the {self.field} has {windows.total:,} word pieces; the first {windows.pieces[0]:,} were read, the "
                "others were not"
            )
        warnings += strange(windows.unknown, windows.total)
        return Feature(values=reader.vector(windows), warnings=tuple(warnings))


def bert_title(
    *, weights: str | Path = BERT, revision: str = "main", device: str = "cpu", dtype: Dtype = "auto"
) -> Bert:
    """The mean of a BERT's last two layers over the pieces of the title (Maes 2025 §3.2.3).

    ``weights``: a folder with the model and its tokenizer.json, or a hub id.
    """
    return _made("title", weights, revision, device, dtype)


def bert_plot(
    *, weights: str | Path = BERT, revision: str = "main", device: str = "cpu", dtype: Dtype = "auto"
) -> Bert:
    """The mean of a BERT's last two layers over the first 128 pieces of the plot (Maes 2025 §3.2.3).

    ``weights``: a folder with the model and its tokenizer.json, or a hub id. Beside reading/bert-title it is loaded
    once.
    """
    return _made("plot", weights, revision, device, dtype)


def _made(field: Field, weights: str | Path, revision: str, device: str, dtype: str) -> Bert:
    found = describe(str(weights), revision=revision, wanted=WANTED, title=f"reading/bert-{field}")
    if not Path(found.path).is_dir():
        raise UsageError(f"weights of reading/bert-{field} are a folder; {found.path!r} is a file.")
    config = found.config()
    hidden_size = config.get("hidden_size", config.get("dim"))
    if not isinstance(hidden_size, int) or config.get("is_encoder_decoder"):
        raise UsageError(
            f"the weights in {found.path!r} are of the model_type {config.get('model_type')!r}, which is no model that "
            "reads text with one stack of layers of one width; give a BERT or one of its kin."
        )
    most = config.get("max_position_embeddings")
    return Bert(
        field=field,
        weights=found,
        hidden_size=hidden_size,
        pieces=min(PIECES, most) if isinstance(most, int) and most > 0 else PIECES,
        device=device,
        dtype=dtype,
    )


@lru_cache(maxsize=2)
def load(weights: Weights, device: str, dtype: str) -> Reader:
    """The model and its tokenizer, files verified, loaded once per process for each device and dtype."""
    network.require("reading/bert-plot", PACKAGES)
    network.present(device)
    weights.verify()
    import torch
    from transformers import AutoTokenizer

    module = pretrained("AutoModel", weights, may_lack=NEVER_READ, attn_implementation=ATTENTION)
    with quiet(), weights.apart() as folder:
        try:
            # Typed as Any: transformers decides the class from what the folder says.
            tokenizer: Any = cast(Any, AutoTokenizer).from_pretrained(str(folder), local_files_only=True)
        except Exception as error:  # what a damaged file raises differs by file and release
            told = " ".join(str(error).split()).replace(str(folder), weights.path)[:300]
            raise ExtractionError(
                f"the tokenizer in {weights.path!r} cannot be loaded: {type(error).__name__}: {told} Fetch it again."
            ) from error
    module = module.to(device=device, dtype=getattr(torch, dtype))
    return Reader(tokenizer=tokenizer, module=module, device=device)


class Reader:
    """A loaded language model: a text in, one vector out."""

    def __init__(self, *, tokenizer: Any, module: Any, device: str) -> None:
        self._tokenizer = tokenizer
        self._module = module
        self._device = device

    def cut(self, text: str, pieces: int) -> Windows:
        return cut(self._tokenizer, text, pieces)

    def vector(self, windows: Windows) -> npt.NDArray[np.float32]:
        """float32 ``[hidden_size]`` of the first window, alone: the equation of :class:`Bert`."""
        import torch

        inputs = windows.inputs[0]
        with kept_still(self._device):
            given = {name: torch.tensor([row], device=self._device) for name, row in inputs.items()}
            states: Any = self._module(**given, output_hidden_states=True).hidden_states[-LAYERS:]
            layers = torch.stack([state[0].float() for state in states]).mean(0)
            mask = torch.tensor(inputs["attention_mask"], dtype=torch.float32, device=self._device)[:, None]
            mean: Any = (layers * mask).sum(0) / mask.sum()
            return mean.cpu().numpy()
