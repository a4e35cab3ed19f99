"""A process that carries one intent out and is killed at a step: `doomed.py DSN CLIENT BOOKING STEP`."""

import os
import signal
import sys
from uuid import UUID

from boot import clock
from db.connections import Connection
from ingest.apis.booking import BookingApi
from ingest.apis.caller import Caller
from ingest.apis.http import new_client
from ingest.apis.register import APIS
from ingest.apis.tokens import FixedToken
from ingest.bookings.executor import carry_out
from ingest.bookings.means import Desk
from tests.builders import KEYRING
from tests.simulators.unbounded import Unbounded


def api_of(connection: Connection) -> BookingApi:
    assert connection.api_base_url
    token = FixedToken(connection.secrets["api_token"])
    caller = Caller(connection.api_base_url, new_client(), token, Unbounded(), {})
    book = APIS[connection.provider].book
    assert book is not None
    return book(connection, caller, clock.now)


def main(dsn: str, client: str, booking: str, step: str) -> None:
    def at_step(reached: str) -> None:
        if reached == step:
            os.kill(os.getpid(), signal.SIGKILL)

    desk = Desk(dsn, KEYRING, api_of, lambda _: None, lambda _: None, call_seconds=0.5, at_step=at_step)
    told = carry_out(desk, UUID(client), UUID(booking))
    print(told.state)


if __name__ == "__main__":
    main(*sys.argv[1:])
