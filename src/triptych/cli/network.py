"""Network: the one client of a command, with what the environment says of proxies and certificates."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from triptych.gather.pace import Pace
    from triptych.gather.web import Web


def web(*, pace: Pace | None = None, most_bytes: int | None = None) -> Web:
    """To be closed by the command. ``SSL_CERT_FILE`` and the usual ``…_proxy`` variables are honoured."""
    import os
    from pathlib import Path
    from urllib.request import getproxies

    import numpy as np

    import triptych
    from triptych.gather.web import Manners, Web

    agent = f"triptych/{triptych.__version__}"
    certificates = os.environ.get("SSL_CERT_FILE")
    return Web(
        rng=np.random.default_rng(),
        manners=Manners(agent=agent) if most_bytes is None else Manners(agent=agent, most_bytes=most_bytes),
        pace=pace,
        proxies=getproxies(),
        certificates=Path(certificates) if certificates else None,
    )
