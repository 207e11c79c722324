"""Network: towers and a fuser, put together; what it is made of, line by line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import torch
from torch import nn

from triptych.errors import UnknownName, UsageError
from triptych.features.recipe import PANELS
from triptych.models.siamese.fusers import FUSERS, fuser
from triptych.models.siamese.inputs import Inputs
from triptych.models.siamese.losses import METRICS
from triptych.models.siamese.towers import PanelTower, PaperHearing, PaperReading, PaperSeeing, unit

#: What the thesis's tables call the parts of a network.
TABLE_NAMES = {
    "seeing": "visual_module",
    "hearing": "audio_module",
    "reading": "text_module",
    "fusion": "fusion_network",
}
PAPER_TOWERS: Mapping[str, type[PaperSeeing] | type[PaperHearing] | type[PaperReading]] = {
    "seeing": PaperSeeing,
    "hearing": PaperHearing,
    "reading": PaperReading,
}
OUTPUTS: Mapping[str, int] = {"seeing": 256, "hearing": 192, "reading": 384}
HIDDEN: Mapping[str, int] = {"seeing": 192, "hearing": 128, "reading": 256}
#: Items that are embedded at a time.
ROWS = 128


def _widths(values: Mapping[str, int]) -> Any:
    return field(default_factory=lambda: dict(values))


@dataclass(frozen=True, kw_only=True)
class Plan:
    """All that a network is built from, as JSON has it.

    ``widths``: of each panel that there is, the width of its inputs; empty for the towers of the thesis, which have
    widths of their own. A panel that no item has gets no tower. ``outputs``, ``hidden``: of the panel towers.
    ``width``: of the item's vector. ``metric``: cosine gives vectors of length 1, euclidean as they come.
    ``forgetting``: how probable it is that a panel is taken from an item in training, as if it had none; the last that
    it has is never taken.
    """

    fusion: str = "simple"
    metric: str = "cosine"
    widths: Mapping[str, int] = field(default_factory=dict[str, int])
    outputs: Mapping[str, int] = _widths(OUTPUTS)
    hidden: Mapping[str, int] = _widths(HIDDEN)
    width: int = 128
    dropout: float = 0.4
    forgetting: float = 0.0

    def __post_init__(self) -> None:
        if self.fusion not in FUSERS:
            raise UnknownName("fusion", self.fusion, FUSERS)
        if self.metric not in METRICS:
            raise UnknownName("metric", self.metric, METRICS)
        for given in (self.widths, self.outputs, self.hidden):
            for panel, width in given.items():
                if panel not in PANELS:
                    raise UnknownName("panel", panel, PANELS)
                if width < 1:
                    raise UsageError(f"{panel} is {width} wide; a width is 1 or more.")
        if self.width < 1 or not 0 <= self.dropout < 1 or not 0 <= self.forgetting < 1:
            raise UsageError(
                f"width is {self.width}, dropout {self.dropout:g}, forgetting {self.forgetting:g}; a width is 1 or "
                "more, the others are from 0 to below 1."
            )

    @property
    def json(self) -> dict[str, Any]:
        return asdict(self)


class Network(nn.Module):
    """``[n, width]`` of :class:`Inputs`. Both items of a pair go through it in one batch: weights are shared anyway,
    and its BatchNorms so see both sides together, where the thesis's listing normalises each side by itself."""

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.plan = plan
        if plan.widths:
            panels = tuple(panel for panel in PANELS if panel in plan.widths)
            towers: dict[str, nn.Module] = {
                panel: PanelTower(
                    panel,
                    plan.widths[panel],
                    hidden=plan.hidden.get(panel, HIDDEN[panel]),
                    output=plan.outputs.get(panel, OUTPUTS[panel]),
                    dropout=plan.dropout,
                )
                for panel in panels
            }
        else:
            panels = PANELS
            towers = {panel: PAPER_TOWERS[panel]() for panel in panels}
        self.panels = panels
        for panel, tower in towers.items():
            self.add_module(panel, tower)
        widths = {panel: int(getattr(towers[panel], "output")) for panel in panels}  # noqa: B009
        self.fusion = fuser(plan.fusion, widths, width=plan.width)

    def forward(self, inputs: Inputs) -> torch.Tensor:
        present = inputs.present
        if self.training and self.plan.forgetting:
            present = kept(present, self.plan.forgetting)
        parts = [getattr(self, panel)(inputs.tensors, present[:, k]) for k, panel in enumerate(self.panels)]
        joined = self.fusion(parts)
        return unit(joined) if self.plan.metric == "cosine" else joined

    @torch.no_grad()
    def embed(self, inputs: Inputs, *, rows: int = ROWS) -> torch.Tensor:
        """float32 ``[n, width]``, in eval mode, 0 for items without any panel. What an item gets would hang in its
        last bits on how many go through together, so all batches are of ``rows``, the last filled up with its first
        item. (Layers of 8 and fewer are multiplied otherwise, and hang on the place in the batch all the same.)"""
        if inputs.panels != self.panels:
            raise UsageError(
                f"the network has towers of {', '.join(self.panels)}, the items content of {', '.join(inputs.panels)}."
            )
        mode = self.training
        self.eval()
        made = torch.zeros(len(inputs), self.plan.width, device=inputs.present.device)
        for start in range(0, len(inputs), rows):
            end = min(start + rows, len(inputs))
            places = torch.arange(start, start + rows, device=inputs.present.device)
            made[start:end] = self(inputs.take(torch.where(places < end, places, start)))[: end - start].float()
        self.train(mode)
        return made * inputs.present.any(dim=1, keepdim=True)


def kept(present: torch.Tensor, probability: float) -> torch.Tensor:
    """bool ``[n, P]``: ``present`` less what is forgotten. Where all would go, the one with the highest lot stays."""
    lots = torch.rand(present.shape, device=present.device)
    stays = present & (lots >= probability)
    last = torch.where(present, lots, -1.0).argmax(dim=1, keepdim=True)
    return stays | (present & torch.zeros_like(present).scatter_(1, last, True))


def blank(plan: Plan) -> Network:
    """A network without numbers, to be counted or filled; takes no time and no memory."""
    with torch.device("meta"):
        return Network(plan)


def parameters(net: nn.Module, *, names: Mapping[str, str] = TABLE_NAMES) -> list[dict[str, Any]]:
    """Lines of a table as the thesis's D.1 has it: ``module``, ``part`` (empty: all of the module), ``shape``, such as
    ``[B, 192]``, and ``parameters``, those that are trained. The last line is the total."""
    lines: list[dict[str, Any]] = []

    def line(module: str, part: str, width: int | None, of: Iterable[torch.Tensor]) -> None:
        count = sum(values.numel() for values in of if values.requires_grad)
        shape = "(internal)" if width is None else f"[B, {width}]"
        lines.append({"module": module, "part": part, "shape": shape, "parameters": count})

    for name, module in net.named_children():
        title = names.get(name, name)
        if name == "fusion":
            plan: Any = getattr(net, "plan")  # noqa: B009
            line(f"{title} ({FUSERS[plan.fusion][1]})", "", plan.width, module.parameters())
            continue
        output = int(getattr(module, "output"))  # noqa: B009
        line(title, "", output, module.parameters())
        parts: Mapping[str, tuple[str, int | None]] = getattr(module, "parts")  # noqa: B009
        for attribute, (part, width) in parts.items():
            found = getattr(module, attribute)
            line(title, part, width, found.parameters() if isinstance(found, nn.Module) else [found])
    plan: Any = getattr(net, "plan")  # noqa: B009
    line("total", "", plan.width, net.parameters())
    return lines
