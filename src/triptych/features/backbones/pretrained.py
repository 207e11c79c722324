"""Pretrained: a class of transformers with the weights of a folder, each tensor of it from there."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from triptych.errors import ExtractionError
from triptych.features.backbones.running import quiet
from triptych.features.backbones.weights import PICKLED, Weights


def pretrained(
    name: str,
    weights: Weights,
    *,
    may_lack: Collection[str] = (),
    beside: Callable[[Path], dict[str, Any]] | None = None,
    **more: Any,
) -> Any:
    """The module of that class in float32, for evaluation and without gradients.

    Only the described files are there to be read. A tensor that the class asks for and the files lack is an error, as
    transformers would fill it with random numbers; ``may_lack`` names those that evaluation never touches. ``beside``
    is given the folder, and gives further arguments that are read from it.
    """
    import torch
    import transformers

    with quiet(), weights.apart() as folder:
        try:
            given = {**more, **(beside(folder) if beside is not None else {})}
            module: Any
            module, info = getattr(transformers, name).from_pretrained(
                str(folder),
                local_files_only=True,
                # Without it transformers reads tensors of the pickle, and runs nothing.
                use_safetensors=PICKLED not in dict(weights.sha256),
                dtype=torch.float32,
                output_loading_info=True,
                **given,
            )
        except Exception as error:  # what a damaged folder raises differs by file and release
            told = " ".join(str(error).split()).replace(str(folder), weights.path)[:300]
            raise ExtractionError(
                f"the weights in {weights.path!r} cannot be loaded: {type(error).__name__}: {told} Fetch them again."
            ) from error
    if absent := sorted(set(info["missing_keys"]) - set(may_lack)):
        raise ExtractionError(
            f"the weights in {weights.path!r} lack {len(absent)} of the tensors that config.json asks for, "
            f"{absent[0]!r} first. Fetch them again."
        )
    return module.eval().requires_grad_(False)
