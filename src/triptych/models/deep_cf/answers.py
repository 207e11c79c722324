"""Answers: what a trained network says of any pair."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import numpy as np
import torch

from triptych.models.deep_cf.network import Network
from triptych.models.deep_cf.task import TOGETHER
from triptych.models.predictor import Asked, Prediction


class DeepPredictor:
    """Reckons in float64, in which the last bits that hang on the size of a batch are far below what is told; all
    content has gone through its recurrent layers beforehand."""

    def __init__(self, net: Network, *, facts: Mapping[str, Any]) -> None:
        self._net, self._facts = deepcopy(net).cpu().double().eval(), dict(facts)
        with torch.no_grad():
            self._contents = self._net.all_content()

    @property
    def facts(self) -> Mapping[str, Any]:
        return self._facts

    def predict(self, asked: Asked) -> Prediction:
        mean = np.empty(len(asked))
        users, items = (torch.from_numpy(np.asarray(one, np.int64)) for one in (asked.users, asked.items))
        with torch.no_grad():
            for start in range(0, len(asked), TOGETHER):
                part = slice(start, start + TOGETHER)
                mean[part] = self._net(users[part], items[part], contents=self._contents).numpy()
        return Prediction(mean=np.clip(mean, *self._net.scale))
