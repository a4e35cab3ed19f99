"""Networks of hosts to measure between: namespaces where we may make them, loopback addresses behind relays elsewhere."""

import socket
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, nullcontext
from enum import StrEnum
from typing import Protocol

from bench.relay import CLIENT_NOTICES, SERVER_NOTICES, Address, Relay
from tests import namespaces


class Kind(StrEnum):
    """What a host is made of."""

    NAMESPACES = "namespaces"
    ALIASES = "aliases"


class Network(Protocol):
    """Some hosts, each called by its name."""

    kind: str
    """In words, as a report has them."""
    cut: str
    """What it is for a host to be unplugged."""

    def address(self, host: str) -> str:
        """Where its own processes listen."""

    def port(self, host: str, usual: int) -> int:
        """A port that is free there: the usual one where a host has its ports to itself."""

    def way(self, start: str, end: str, port: int) -> Address:
        """What a process at one host connects to for a port of another."""

    def at(self, host: str) -> AbstractContextManager[None]:
        """Be there for a while, with this thread and the processes that it starts."""

    def enter(self, host: str) -> None:
        """Move this thread there."""

    def unplug(self, host: str) -> None:
        """Cut it off from all others."""

    def plug(self, host: str) -> None:
        """Put the cable back."""


class Namespaces:
    """A network namespace for each host, on one switch; see tests/namespaces.py."""

    kind = "network namespaces"
    cut = "The cable was pulled: packets were lost without a word."

    def __init__(self, hosts: dict[str, namespaces.Host]) -> None:
        self._hosts = hosts

    def address(self, host: str) -> str:
        return self._hosts[host].address

    def port(self, host: str, usual: int) -> int:
        return usual

    def way(self, start: str, end: str, port: int) -> Address:
        return self._hosts[end].address, port

    def at(self, host: str) -> AbstractContextManager[None]:
        return namespaces.at(self._hosts[host])

    def enter(self, host: str) -> None:
        namespaces.enter(self._hosts[host])

    def unplug(self, host: str) -> None:
        self._hosts[host].unplug()

    def plug(self, host: str) -> None:
        self._hosts[host].plug()


class Aliases:
    """127.0.0.2, 127.0.0.3 and so on: Linux has all of 127/8 on the loopback device, without being told.

    Every way between two of them is a relay that listens at its start; a host is unplugged by all relays that begin or
    end there. Only what asks for its `way` can be cut off: nothing keeps a process from the address itself.
    """

    kind = "loopback addresses"
    cut = (
        "The relays of the one that was unplugged carried nothing and let nobody connect; what waits in a relay is "
        f"acknowledged all the same, so in the place of failed keep-alives a server's end was reset after {SERVER_NOTICES:.0f} s and a client's "
        f"after {CLIENT_NOTICES:.0f} s."
    )

    def __init__(self, names: Sequence[str], stack: ExitStack) -> None:
        self._addresses = {name: f"127.0.0.{number}" for number, name in enumerate(names, start=2)}
        self._relays: dict[tuple[str, str, int], Relay] = {}
        self._stack = stack

    def address(self, host: str) -> str:
        return self._addresses[host]

    def port(self, host: str, usual: int) -> int:
        with socket.create_server((self._addresses[host], 0)) as probe:
            port: int = probe.getsockname()[1]
            return port

    def way(self, start: str, end: str, port: int) -> Address:
        if (start, end, port) not in self._relays:
            here = self._addresses[start]
            relay = Relay((here, 0), (self._addresses[end], port), source=here)
            self._relays[start, end, port] = self._stack.enter_context(closing(relay))
        return self._relays[start, end, port].address

    def at(self, host: str) -> AbstractContextManager[None]:
        return nullcontext()

    def enter(self, host: str) -> None:
        pass

    def unplug(self, host: str) -> None:
        for relay in self._of(host):
            relay.unplug()

    def plug(self, host: str) -> None:
        for relay in self._of(host):
            relay.plug()

    def _of(self, host: str) -> list[Relay]:
        return [relay for (start, end, _), relay in self._relays.items() if host in {start, end}]


def best_kind() -> Kind:
    """What this machine lets us make."""
    return Kind.NAMESPACES if namespaces.are_allowed() else Kind.ALIASES


@contextmanager
def network(kind: Kind, names: Sequence[str]) -> Iterator[Network]:
    """Hosts of these names. Raises namespaces.NotAllowedHere, and OSError where 127.0.0.2 is no address."""
    with ExitStack() as stack:
        if kind is Kind.NAMESPACES:
            made = stack.enter_context(namespaces.hosts(names))
            yield Namespaces(dict(zip(names, made, strict=True)))
        else:
            yield Aliases(names, stack)
