"""Standing: a fitted model with all that it takes to answer: what it learned, how items are placed, and the rows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from triptych.catalogue.history import History
from triptych.desk.kinds import FittedModel, fitted_of
from triptych.desk.model_folder import Kept, ModelFolder
from triptych.desk.placing import Placing
from triptych.desk.reranker import Reranker
from triptych.errors import CatalogueError

_MODEL, _FUSION, _RERANKER = "model:", "fusion:", "reranker:"


@dataclass(frozen=True, kw_only=True, eq=False)
class Standing:
    """``manifest``: as the folder has it. ``reranker``: None where the model was fitted without, or is read so."""

    fitted: FittedModel
    placing: Placing
    manifest: Mapping[str, Any]
    reranker: Reranker | None = None

    @property
    def rows(self) -> History:
        """What the model was fitted on."""
        return self.fitted.history

    @property
    def like(self) -> float | None:
        """The least value that is a like; None where all rows are."""
        return self.manifest["interactions"]["like"]

    @property
    def kinds(self) -> tuple[str, ...]:
        return tuple(self.manifest["interactions"]["kinds"])

    @property
    def fitted_at(self) -> datetime:
        return datetime.fromisoformat(self.manifest["fitted_at"])

    def body(self) -> dict[str, Any]:
        found = {"model": self.fitted.body(), "placing": self.placing.to_json()}
        return found if self.reranker is None else {**found, "reranker": self.reranker.body()}

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        parts = {_MODEL: self.fitted.arrays(), _FUSION: self.placing.fusion.arrays()}
        if self.reranker is not None:
            parts[_RERANKER] = self.reranker.arrays()
        return {prefix + name: values for prefix, own in parts.items() for name, values in own.items()}

    def texts(self) -> dict[str, str]:
        return {} if self.reranker is None else self.reranker.texts()

    @classmethod
    def read(cls, folder: ModelFolder, *, rerank: bool = True) -> Standing:
        """The version that stands. CatalogueError where it does not hold together. ``rerank``: with its re-ranker,
        where it has one."""
        kept = folder.read()
        fitted: FittedModel = fitted_of(kept.manifest["kind"]).again(kept.body["model"], _under(kept, _MODEL))
        if digest_of(fitted.item_ids, fitted.user_ids) != kept.manifest["ids"]:
            raise CatalogueError(
                f"the model {folder.name!r} has other items or users than its manifest says. Put it back from a copy, "
                f"or fit it anew: triptych fit CATALOGUE --model {folder.name}"
            )
        reranker: Reranker | None = None
        if rerank and "reranker" in kept.body:
            own, items = kept.body["reranker"], len(fitted.item_ids)
            reranker = Reranker.again(own, _under(kept, _RERANKER), kept.texts, items=items, name=folder.name)
        placing = Placing.again(kept.body["placing"], _under(kept, _FUSION))
        return cls(fitted=fitted, placing=placing, manifest=kept.manifest, reranker=reranker)


def digest_of(item_ids: Sequence[str], user_ids: Sequence[str]) -> str:
    """32 hex digits over the ids in their order.

    >>> digest_of(["a"], ["b"]) == digest_of(["a", "b"], [])
    False
    """
    text = json.dumps([list(item_ids), list(user_ids)], ensure_ascii=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _under(kept: Kept, prefix: str) -> dict[str, npt.NDArray[Any]]:
    found = {name.removeprefix(prefix): v for name, v in kept.arrays.items() if name.startswith(prefix)}
    return {name: np.asarray(values) for name, values in found.items()}
