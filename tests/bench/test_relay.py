"""A relay carries, and pulled it is a dead host: first not a word, then a reset in the place of failed keep-alives."""

import socket
import struct
from collections.abc import Iterator
from contextlib import closing

import pytest

from bench.relay import CLIENT_NOTICES, SERVER_NOTICES, Relay
from db import desk
from db.plans import BY_INDEX

PATIENCE = 10.0
RESET = struct.pack("ii", 1, 0)
A_WHILE = 0.3
"""Seconds in which nothing may come."""


class Cable:
    """A relay between a listening socket of the test's and who connects."""

    def __init__(self, listening: socket.socket, relay: Relay) -> None:
        self.listening, self.relay = listening, relay

    def connected(self) -> tuple[socket.socket, socket.socket]:
        client = socket.create_connection(self.relay.address, timeout=PATIENCE)
        server, _ = self.listening.accept()
        server.settimeout(PATIENCE)
        return client, server


@pytest.fixture
def notices() -> float:
    return 600.0


@pytest.fixture
def cable(notices: float) -> Iterator[Cable]:
    with socket.create_server(("127.0.0.2", 0)) as listening:
        listening.settimeout(PATIENCE)
        target = listening.getsockname()
        relay = Relay(
            ("127.0.0.3", 0), target, source="127.0.0.3", client_notices=notices, server_notices=notices
        )
        with closing(relay):
            yield Cable(listening, relay)


def test_it_carries_both_ways_and_the_end_of_what_is_said(cable: Cable) -> None:
    client, server = cable.connected()
    with client, server:
        client.sendall(b"a question")
        client.shutdown(socket.SHUT_WR)
        assert _all(server) == b"a question"
        server.sendall(b"an answer")
        server.close()
        assert _all(client) == b"an answer"


def test_the_server_sees_who_comes_by_the_host_it_comes_from(cable: Cable) -> None:
    client, server = cable.connected()
    with client, server:
        assert server.getpeername()[0] == "127.0.0.3"


def test_it_carries_a_reset_as_a_reset(cable: Cable) -> None:
    client, server = cable.connected()
    with client:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        server.close()
        with pytest.raises(ConnectionResetError):
            client.recv(1)


def test_pulled_it_says_nothing_to_either_end(cable: Cable) -> None:
    client, server = cable.connected()
    with client, server:
        cable.relay.unplug()
        client.sendall(b"lost")
        server.sendall(b"lost too")
        assert _is_silent(client)
        assert _is_silent(server)


@pytest.mark.parametrize("leave", ["close", "reset"])
def test_pulled_it_does_not_tell_that_an_end_has_left(cable: Cable, leave: str) -> None:
    client, server = cable.connected()
    with server:
        cable.relay.unplug()
        if leave == "reset":
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        client.close()
        assert _is_silent(server)
        cable.relay.plug()
        assert _has_ended(server)


def test_pulled_it_lets_nobody_connect_and_refuses_nobody(cable: Cable) -> None:
    cable.relay.unplug()
    for _ in range(3):
        with pytest.raises(TimeoutError):
            socket.create_connection(cable.relay.address, timeout=A_WHILE)


def test_put_back_in_time_it_delivers_what_waited_in_order(cable: Cable) -> None:
    client, server = cable.connected()
    with client, server:
        client.sendall(b"one ")
        cable.relay.unplug()
        client.sendall(b"two ")
        client.sendall(b"three")
        cable.relay.plug()
        client.shutdown(socket.SHUT_WR)
        assert _all(server) == b"one two three"
        assert cable.relay._resets == []


@pytest.mark.parametrize("notices", [0.05])
def test_once_the_ends_have_waited_both_are_reset(cable: Cable) -> None:
    client, server = cable.connected()
    with client, server:
        cable.relay.unplug()
        for end in (client, server):
            with pytest.raises(ConnectionResetError):
                end.recv(1)


@pytest.mark.parametrize("notices", [0.05])
def test_put_back_late_it_carries_what_connects_anew_and_nothing_else(cable: Cable) -> None:
    lost, forgotten = cable.connected()
    with lost, forgotten:
        for _ in range(2):
            cable.relay.unplug()
            with pytest.raises(TimeoutError):
                socket.create_connection(cable.relay.address, timeout=A_WHILE)
            cable.relay.plug()
            client, server = cable.connected()
            with client, server:
                client.sendall(b"anew")
                client.shutdown(socket.SHUT_WR)
                assert _all(server) == b"anew"
        assert _has_ended(lost)


def test_it_resets_who_connects_while_no_server_is_there(cable: Cable) -> None:
    cable.listening.close()
    client = socket.create_connection(cable.relay.address, timeout=PATIENCE)
    with client, pytest.raises(ConnectionResetError):
        client.recv(1)


def test_closed_it_is_gone_whether_pulled_or_not(cable: Cable) -> None:
    other = Relay(("127.0.0.3", 0), cable.listening.getsockname())
    other.unplug()
    other.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(other.address, timeout=PATIENCE)


def test_it_waits_as_long_as_the_keep_alives_that_it_stands_in_for() -> None:
    assert desk._KEEPALIVE["tcp_user_timeout"] == CLIENT_NOTICES * 1000
    assert int(BY_INDEX["tcp_user_timeout"]) == SERVER_NOTICES * 1000


def _all(end: socket.socket) -> bytes:
    """What comes until the other end has said all."""
    return b"".join(iter(lambda: end.recv(4096), b""))


def _is_silent(end: socket.socket) -> bool:
    end.settimeout(A_WHILE)
    try:
        end.recv(1)
    except TimeoutError:
        return True
    else:
        return False
    finally:
        end.settimeout(PATIENCE)


def _has_ended(end: socket.socket) -> bool:
    try:
        return end.recv(1) == b""
    except ConnectionResetError:
        return True
