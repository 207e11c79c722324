"""Address: which places on the network may be asked."""

from __future__ import annotations

import ipaddress


def fault_of_address(text: str) -> str | None:
    """Why a numeric address is not one of the public network, or None. What is no number is refused too.

    >>> fault_of_address("127.0.0.1"), fault_of_address("::ffff:10.0.0.1"), fault_of_address("93.184.215.14")
    ('127.0.0.1 is a loopback address', '10.0.0.1 is a private address', None)
    """
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return f"{text!r:.60} is no numeric address"
    if isinstance(address, ipaddress.IPv6Address):
        within = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1] or _translated(address)
        if within is not None:
            return fault_of_address(str(within))
    if address.is_loopback:
        kind = "loopback"
    elif address.is_link_local:
        kind = "link-local"
    elif address.is_multicast:
        kind = "multicast"
    elif address.is_unspecified or not address.is_global:
        kind = "private"
    else:
        return None
    return f"{address} is a {kind} address"


def fault_of_host(host: str) -> str | None:
    """Why a host cannot be asked, as far as its name tells. What it resolves to is seen when it is connected to.

    >>> fault_of_host("localhost"), fault_of_host("example.org")
    ('localhost is a loopback address', None)
    """
    bare = host.strip("[]").rstrip(".").lower()
    if bare == "localhost" or bare.endswith((".localhost", ".local", ".internal")):
        return f"{bare:.60} is a {'loopback' if 'localhost' in bare else 'private'} address"
    try:
        ipaddress.ip_address(bare)
    except ValueError:
        return None
    return fault_of_address(bare)


#: RFC 6052: an IPv4 address within an IPv6 one, for networks that translate.
_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")


def _translated(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF) if address in _TRANSLATED else None
