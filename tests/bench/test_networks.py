"""Hosts of loopback addresses: one that is unplugged is cut off from all others, and only that one."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from bench.networks import Kind, Network, network
from tests import namespaces

KINDS = [
    pytest.param(Kind.ALIASES, id="aliases"),
    pytest.param(
        Kind.NAMESPACES,
        id="namespaces",
        marks=pytest.mark.skipif(
            not namespaces.are_allowed(), reason="hosts of their own need root and network namespaces"
        ),
    ),
]
WAYS = [(one, other) for one in "abc" for other in "abc" if one != other]
A_WHILE = 0.3
"""Seconds in which no answer may come."""


@pytest.fixture(params=KINDS)
def net(request: pytest.FixtureRequest) -> Iterator[Network]:
    with network(request.param, ["a", "b", "c"]) as made:
        yield made


@pytest.fixture
def ports(net: Network) -> Iterator[dict[str, int]]:
    """What a host listens on."""
    with ExitStack() as stack:
        found = {}
        for host in "abc":
            with net.at(host):
                found[host] = net.port(host, 5000)
                stack.enter_context(socket.create_server((net.address(host), found[host])))
        for start, end in WAYS:
            net.way(start, end, found[end])
        yield found


def test_every_host_reaches_every_other(net: Network, ports: dict[str, int]) -> None:
    assert {way for way in WAYS if _reaches(net, ports, *way)} == set(WAYS)


def test_an_unplugged_host_reaches_none_and_is_reached_by_none(net: Network, ports: dict[str, int]) -> None:
    net.unplug("b")
    assert {way for way in WAYS if _reaches(net, ports, *way)} == {("a", "c"), ("c", "a")}


def test_plugged_in_again_it_is_as_before(net: Network, ports: dict[str, int]) -> None:
    net.unplug("b")
    net.plug("b")
    assert {way for way in WAYS if _reaches(net, ports, *way, patience=10.0)} == set(WAYS)


def test_a_host_has_an_address_of_its_own(net: Network) -> None:
    assert len({net.address(host) for host in "abc"}) == 3


def _reaches(net: Network, ports: dict[str, int], start: str, end: str, patience: float = A_WHILE) -> bool:
    """Whether a connection comes through; a refusal is none of the ways in which a host may be gone."""
    with net.at(start):
        try:
            socket.create_connection(net.way(start, end, ports[end]), timeout=patience).close()
        except TimeoutError:
            return False
        return True
