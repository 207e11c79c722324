"""Layout: how the state dict of a network of convolutions and wide layers is laid out, and whether one fits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from triptych.errors import ExtractionError


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Convolutions in ``features``, then wide layers in ``head``, each with a weight and a bias.

    ``of``: whose it is, and ``again``: where it is fetched, for the errors. ``shapes``: name → shape of the published
    tensors. ``channels``: what the first convolution takes. ``convolutions``: (place, side of the kernel).
    ``places``: of the last maps, each of which the first wide layer takes. ``wide``: places of the wide layers.
    """

    of: str
    again: str
    shapes: Mapping[str, tuple[int, ...]]
    channels: int
    convolutions: tuple[tuple[int, int], ...]
    places: int
    head: str
    wide: tuple[int, ...]

    def check(self, given: Mapping[str, tuple[int, ...]], *, where: str) -> None:
        """Whether these names and shapes are such a network's, each layer taking what the one before it gives.

        Raises ExtractionError naming what is not there, what is there beside it, or the first shape that does not fit.
        """
        absent, beside = self.shapes.keys() - given.keys(), given.keys() - self.shapes.keys()
        if absent or beside:
            what = f"lacks {sorted(absent)[0]!r}" if absent else f"has {sorted(beside)[0]!r}"
            first, *_, last = self.shapes
            raise ExtractionError(
                f"{where} {what}: it is no state dict of {self.of}, which has the {len(self.shapes)} tensors {first} "
                f"to {last}. Fetch one from {self.again}."
            )
        due: dict[str, tuple[int, ...]] = {}
        before = self.channels
        for place, side in self.convolutions:
            made = _made(given[f"features.{place}.bias"])
            due |= {f"features.{place}.weight": (made, before, side, side), f"features.{place}.bias": (made,)}
            before = made
        before *= self.places
        for place in self.wide:
            made = _made(given[f"{self.head}.{place}.bias"])
            due |= {f"{self.head}.{place}.weight": (made, before), f"{self.head}.{place}.bias": (made,)}
            before = made
        for name, shape in due.items():
            if given[name] != shape or 0 in shape:
                raise ExtractionError(
                    f"{where} has {name!r} of shape {list(given[name])}; {list(shape)} is due after the layers before "
                    f"it. Published is {list(self.shapes[name])}."
                )


def _made(bias: tuple[int, ...]) -> int:
    """How many channels a layer makes; 0, which fits nothing, where its bias is no row."""
    return bias[0] if bias else 0
