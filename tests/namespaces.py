"""Hosts on one machine: a network namespace each, joined by a switch; needs root, and leaves nothing behind.

Nothing of it is reachable from outside, nor does it reach anything: the switch is a namespace too.
"""

import ctypes
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

NETWORK = "10.77.0"
_CLONE_NEWNET = 0x40000000
_LIBC = ctypes.CDLL(None, use_errno=True)


class NotAllowedHere(RuntimeError):
    """Hosts of their own need root, network namespaces and iproute2."""

    def __str__(self) -> str:
        return str(self.__doc__)


@dataclass(frozen=True)
class Host:
    """One namespace; `port` is its port of the switch."""

    name: str
    address: str
    switch: str
    port: str

    def unplug(self) -> None:
        """Pull the cable: whatever is sent from now on is lost without a word."""
        _ip("-n", self.switch, "link", "set", self.port, "down")

    def plug(self) -> None:
        """Put it back."""
        _ip("-n", self.switch, "link", "set", self.port, "up")


def are_allowed() -> bool:
    """Whether this machine lets us make hosts: found by making one, since root may lack the rights and others have them."""
    if shutil.which("ip") is None:
        return False
    try:
        with _made(["probe"]) as [probe], at(probe):
            return True
    except (OSError, subprocess.CalledProcessError):
        return False


@contextmanager
def hosts(names: Sequence[str]) -> Iterator[list[Host]]:
    """Some hosts on one switch. Raises NotAllowedHere."""
    if not are_allowed():
        raise NotAllowedHere
    with _made(names) as made:
        yield made


@contextmanager
def _made(names: Sequence[str]) -> Iterator[list[Host]]:
    prefix = f"apptrail-{os.getpid()}"
    switch = f"{prefix}-switch"
    with ExitStack() as stack:
        _add(stack, switch)
        _ip("-n", switch, "link", "add", "bridge0", "type", "bridge")
        _ip("-n", switch, "link", "set", "bridge0", "up")
        yield [_host(stack, f"{prefix}-{name}", switch, number) for number, name in enumerate(names, start=1)]


def _add(stack: ExitStack, name: str) -> None:
    _ip("netns", "add", name)
    stack.callback(_ip, "netns", "delete", name)
    _ip("-n", name, "link", "set", "lo", "up")


def _host(stack: ExitStack, name: str, switch: str, number: int) -> Host:
    _add(stack, name)
    port, address = f"port{number}", f"{NETWORK}.{number}"
    _ip("-n", switch, "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", name)
    _ip("-n", switch, "link", "set", port, "master", "bridge0")
    _ip("-n", switch, "link", "set", port, "up")
    _ip("-n", name, "address", "add", f"{address}/24", "dev", "eth0")
    _ip("-n", name, "link", "set", "eth0", "up")
    return Host(name, address, switch, port)


def enter(host: Host) -> None:
    """Move this thread to a host, and with it the processes that it starts."""
    with Path(f"/run/netns/{host.name}").open() as place:
        _set(place.fileno())


@contextmanager
def at(host: Host) -> Iterator[None]:
    """Be at a host for a while."""
    with Path("/proc/thread-self/ns/net").open() as home:
        enter(host)
        try:
            yield
        finally:
            _set(home.fileno())


def _set(descriptor: int) -> None:
    if _LIBC.setns(descriptor, _CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


def _ip(*arguments: str) -> None:
    with suppress(FileNotFoundError):
        subprocess.run(["ip", *arguments], check=True, capture_output=True)
