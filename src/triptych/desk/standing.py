"""Standing: a fitted model with all that it takes to answer: what it learned, how items are placed, and the rows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from triptych.catalogue.history import History
from triptych.desk.kinds import FittedModel, fitted_of
from triptych.desk.model_folder import Kept, ModelFolder
from triptych.desk.placing import Placing
from triptych.errors import CatalogueError

_MODEL, _FUSION = "model:", "fusion:"


@dataclass(frozen=True, kw_only=True, eq=False)
class Standing:
    """``manifest``: as the folder has it. ``texts``: what else stands in the folder."""

    fitted: FittedModel
    placing: Placing
    manifest: Mapping[str, Any]
    texts: Mapping[str, str] = field(default_factory=dict[str, str])

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
        return {"model": self.fitted.body(), "placing": self.placing.to_json()}

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        return {
            **{_MODEL + name: values for name, values in self.fitted.arrays().items()},
            **{_FUSION + name: values for name, values in self.placing.fusion.arrays().items()},
        }

    @classmethod
    def read(cls, folder: ModelFolder) -> Standing:
        """The version that stands. CatalogueError where it does not hold together."""
        kept = folder.read()
        fitted: FittedModel = fitted_of(kept.manifest["kind"]).again(kept.body["model"], _under(kept, _MODEL))
        if digest_of(fitted.item_ids, fitted.user_ids) != kept.manifest["ids"]:
            raise CatalogueError(
                f"the model {folder.name!r} has other items or users than its manifest says. Put it back from a copy, "
                f"or fit it anew: triptych fit CATALOGUE --model {folder.name}"
            )
        return cls(
            fitted=fitted,
            placing=Placing.again(kept.body["placing"], _under(kept, _FUSION)),
            manifest=kept.manifest,
            texts=kept.texts,
        )


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
