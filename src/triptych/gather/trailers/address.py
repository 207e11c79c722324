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
        within = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1] or _within(address)
        if within is not None:
            return fault_of_address(str(within))
        if address not in _UNICAST and not (address.is_loopback or address.is_link_local or address.is_multicast):
            return f"{address} is a private address"
    if address.is_loopback:
        kind = "loopback"
    elif address.is_link_local:
        kind = "link-local"
    elif address.is_multicast:
        kind = "multicast"
    elif address.is_unspecified or not address.is_global or any(address in network for network in _RESERVED):
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


#: RFC 4291: what IPv6 gives out to the public network. Older Pythons take the rest for public too.
_UNICAST = ipaddress.IPv6Network("2000::/3")
#: RFC 6890 and RFC 9637: a few that some Pythons take for public.
_RESERVED = (ipaddress.ip_network("192.0.0.0/24"), ipaddress.ip_network("3fff::/20"))
#: RFC 6052: an IPv4 address within an IPv6 one, for networks that translate.
_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")
#: RFC 5214: the end of an IPv6 address that is led to an IPv4 one, but for the bit that says whose it is.
_ISATAP = 0x00005EFE


def _within(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    led = int(address) >> 32 & 0xFDFFFFFF == _ISATAP
    return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF) if led or address in _TRANSLATED else None
