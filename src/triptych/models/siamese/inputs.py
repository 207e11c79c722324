"""Inputs: what a network is shown of many items, as tensors that batches are taken from by row."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch

from triptych.errors import UsageError
from triptych.features.recipe import PANELS
from triptych.spaces.blocks import Blocks

#: The widths of what the towers of the thesis take; the spectrogram's are bands and frames, and may be any.
PAPER: Mapping[str, tuple[str, tuple[int, ...] | None]] = {
    "frames": ("seeing", (16, 384)),
    "low_level": ("seeing", (5,)),
    "vggish": ("hearing", (128,)),
    "spectrogram": ("hearing", None),
    "bert": ("reading", (768,)),
    "tfidf": ("reading", (5000,)),
    "language": ("reading", ()),
    "year": ("reading", (1,)),
}
#: Languages that the thesis's network tells apart.
LANGUAGES = 160


@dataclass(frozen=True, kw_only=True, eq=False)
class Inputs:
    """``tensors``: by name, ``[n, …]`` each. ``present`` bool ``[n, P]``: which of the ``panels`` each item has; what
    stands in the tensors where one is missing is 0."""

    tensors: Mapping[str, torch.Tensor]
    panels: tuple[str, ...]
    present: torch.Tensor

    def __post_init__(self) -> None:
        n = len(self.present)
        for name, values in self.tensors.items():
            if len(values) != n:
                raise UsageError(f"the inputs are of {n} items, but {name} is of {len(values)}.")
        if self.present.shape[1:] != (len(self.panels),):
            raise UsageError(f"a mask of {tuple(self.present.shape)} does not fit {len(self.panels)} panels.")

    @classmethod
    def of_blocks(cls, blocks: Blocks, *, without: Collection[str] = ()) -> Inputs:
        """One tensor for each panel, under its name, float32 ``[n, Σ d + features]``: the values of its features side
        by side, 0 where an item lacks one, and for each feature 1 or 0: whether the item has it. A panel is present
        where any of its features is. ``without``: features that are left out."""
        used = [p for p, name in enumerate(blocks.names) if name not in without]
        held = {blocks.panels[p] for p in used}
        panels = tuple(panel for panel in PANELS if panel in held)
        if not panels or held - set(PANELS):
            found = ", ".join(sorted(held)) or "nothing"
            raise UsageError(f"towers are of {', '.join(PANELS)}; the content given is of {found}.")
        tensors: dict[str, torch.Tensor] = {}
        present = np.zeros((len(blocks), len(panels)), bool)
        for column, panel in enumerate(panels):
            own = [p for p in used if blocks.panels[p] == panel]
            mask = blocks.mask[:, own]
            parts = [np.where(mask[:, [k]], blocks.values[p], 0) for k, p in enumerate(own)]
            tensors[panel] = torch.from_numpy(np.hstack([*parts, mask]).astype(np.float32, copy=False))
            present[:, column] = mask.any(axis=1)
        return cls(tensors=tensors, panels=panels, present=torch.from_numpy(present))._checked()

    @classmethod
    def of_paper(cls, tensors: Mapping[str, torch.Tensor], *, present: torch.Tensor | None = None) -> Inputs:
        """What the thesis's towers take, under the names of :data:`PAPER`: ``frames`` of DINOv2, ``low_level``,
        ``vggish``, ``spectrogram`` ``[n, 1, bands, frames]``, ``bert``, ``tfidf``, ``language`` int64 ``[n]`` below
        160, ``year``. ``present``: bool ``[n, 3]``, all by default."""
        if set(tensors) != set(PAPER):
            raise UsageError(f"the towers of the thesis take {', '.join(PAPER)}; given was {', '.join(tensors)}.")
        for name, (_, shape) in PAPER.items():
            given = tuple(tensors[name].shape[1:])
            fits = given == shape if shape is not None else len(given) == 3 and given[0] == 1 and min(given[1:]) >= 8
            if not fits:
                wanted = shape if shape is not None else "(1, bands, frames), 8 or more of each"
                raise UsageError(f"{name} is {given} for each item; the towers of the thesis take {wanted}.")
        language = tensors["language"]
        if len(language) and not (language.min() >= 0 and language.max() < LANGUAGES):
            raise UsageError(f"languages are numbered from 0 to {LANGUAGES - 1}.")
        if present is None:
            present = torch.ones(len(language), len(PANELS), dtype=torch.bool)
        return cls(tensors=dict(tensors), panels=PANELS, present=present)._checked()

    @property
    def widths(self) -> dict[str, int]:
        """Of each tensor the size of its last dimension, 1 where it has but one."""
        return {name: values.shape[-1] if values.ndim > 1 else 1 for name, values in self.tensors.items()}

    def take(self, rows: torch.Tensor) -> Inputs:
        """Some of the items, by their places, int64."""
        tensors = {name: values.index_select(0, rows) for name, values in self.tensors.items()}
        return replace(self, tensors=tensors, present=self.present.index_select(0, rows))

    def only(self, panels: Collection[str]) -> Inputs:
        """Without the other panels, of inputs that have a tensor for each."""
        kept = tuple(panel for panel in self.panels if panel in panels)
        columns = [self.panels.index(panel) for panel in kept]
        return Inputs(
            tensors={panel: self.tensors[panel] for panel in kept}, panels=kept, present=self.present[:, columns]
        )

    @property
    def digest(self) -> str:
        """Of all numbers."""
        found = hashlib.blake2b(digest_size=16)
        for name, values in [*sorted(self.tensors.items()), ("present", self.present)]:
            found.update(f"{name} {values.dtype} {tuple(values.shape)} ".encode())
            found.update(values.cpu().contiguous().numpy().data)
        return found.hexdigest()

    def to(self, device: torch.device) -> Inputs:
        tensors = {name: values.to(device) for name, values in self.tensors.items()}
        return replace(self, tensors=tensors, present=self.present.to(device))

    def _checked(self) -> Inputs:
        for name, values in self.tensors.items():
            if values.is_floating_point() and not torch.isfinite(values).all():
                raise UsageError(f"{name} holds values that are no finite numbers; mask those items.")
        return self

    def __len__(self) -> int:
        return len(self.present)
