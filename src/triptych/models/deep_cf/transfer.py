"""Transfer: what was learned apart is put where the joined network has the same part (thesis §4.3.2)."""

from __future__ import annotations

import torch

from triptych.models.deep_cf.network import Network

#: Parts of the joined network that the one of ratings hands over, and that the one of content does.
FROM_RATINGS = ("users", "items", "ratings")
FROM_CONTENT = ("panels", "content_users", "merge")


def transfer(into: Network, *, ratings: Network, content: Network) -> tuple[str, ...]:
    """Copies the tensors of the modules, and gives their names. The layers that join, and the output, are of another
    width in each and keep what was drawn."""
    moved: dict[str, torch.Tensor] = {}
    for source, parts in ((ratings, FROM_RATINGS), (content, FROM_CONTENT)):
        moved |= {name: one for name, one in source.state_dict().items() if name.split(".")[0] in parts}
    into.load_state_dict({**into.state_dict(), **moved})
    return tuple(moved)
