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
def listening(net: Network) -> Iterator[dict[str, socket.socket]]:
    """A server at every host, and every way to it."""
    with ExitStack() as stack:
        found = {}
        for host in "abc":
            with net.at(host):
                place = (net.address(host), net.port(host, 5000))
                found[host] = stack.enter_context(socket.create_server(place))
        for start, end in WAYS:
            net.way(start, end, found[end].getsockname()[1])
        yield found


def test_every_host_reaches_every_other(net: Network, listening: dict[str, socket.socket]) -> None:
    assert [way for way in WAYS if not _reaches(net, listening, *way)] == []


def test_an_unplugged_host_reaches_none_and_is_reached_by_none(
    net: Network, listening: dict[str, socket.socket]
) -> None:
    net.unplug("b")
    assert [way for way in WAYS if "b" in way and _reaches(net, listening, *way, patience=A_WHILE)] == []
    assert [way for way in WAYS if "b" not in way and not _reaches(net, listening, *way)] == []


def test_plugged_in_again_it_is_as_before(net: Network, listening: dict[str, socket.socket]) -> None:
    net.unplug("b")
    net.plug("b")
    assert [way for way in WAYS if not _reaches(net, listening, *way)] == []


def test_a_host_has_an_address_of_its_own(net: Network) -> None:
    assert len({net.address(host) for host in "abc"}) == 3


def _reaches(
    net: Network, listening: dict[str, socket.socket], start: str, end: str, patience: float = 10.0
) -> bool:
    """Whether a connection comes through; to be refused is none of the ways in which a host may be gone."""
    listening[end].settimeout(patience)
    with net.at(start):
        try:
            with socket.create_connection(
                net.way(start, end, listening[end].getsockname()[1]), timeout=patience
            ):
                listening[end].accept()[0].close()
        except TimeoutError:
            return False
        return True
