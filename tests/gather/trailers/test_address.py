"""Addresses: which numbers are of the public network."""

from __future__ import annotations

import pytest

from triptych.gather.trailers.address import fault_of_address, fault_of_host


@pytest.mark.parametrize(
    "text",
    [
        *("127.0.0.1", "127.9.9.9", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1"),
        *("0.0.0.0", "224.0.0.1", "255.255.255.255", "240.0.0.1", "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1"),
        *("::127.0.0.1", "::ffff:0:127.0.0.1", "64:ff9b:1::7f00:1", "fec0::1", "2606:4700::5efe:7f00:1", "3fff::1"),
        *("2606:4700::200:5efe:10.0.0.1", "192.0.0.8", "5f00::1"),
        *("ff02::1", "::ffff:127.0.0.1", "2002:7f00:0001::", "64:ff9b::7f00:1", "64:ff9b::a00:1", "", "x", "1"),
    ],
)
def test_these_are_not_asked(text: str) -> None:
    assert fault_of_address(text) is not None


@pytest.mark.parametrize("text", ["93.184.215.14", "8.8.8.8", "2606:4700:4700::1111", "64:ff9b::808:808"])
def test_these_are(text: str) -> None:
    assert fault_of_address(text) is None


def test_names_are_judged_when_they_are_connected_to_but_for_the_plain_ones() -> None:
    assert fault_of_host("example.org") is None
    assert fault_of_host("foo.localhost") is not None
    assert fault_of_host("printer.local") is not None
