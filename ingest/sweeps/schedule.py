"""The schedule: which connections are due, and threads that sweep them, each one connection at a time."""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event, Lock
from uuid import UUID

from boot import clock
from boot.logs import get_logger
from db import connection_health, connections, lead_checks, leases, sweeps
from db.connections import Connection
from db.desk import Database, connect
from db.failures import is_transient
from db.ids import new_id
from db.keyring import Keyring
from db.locks import Ringer
from ingest.apis.api import ProviderApi
from ingest.sweeps import watchdog
from ingest.sweeps.calls import MakeApi
from ingest.sweeps.confirm import confirm
from ingest.sweeps.engine import LEASE_SECONDS, Hands, Shown, Swept, lease_of, sweep
from ingest.sweeps.lead_checks import check_leads
from pipeline.sweeping import Span, Tier, first_due, spans_of

ROUND_SECONDS = 5.0
HOUSEKEEPING_SECONDS = 600.0
SLICE_SECONDS = 20.0
THREADS = 4

log = get_logger(__name__)


class Sweeping:
    """Sweeps every client's connections, none of which waits for another's provider."""

    def __init__(
        self, dsn: str, keyring: Keyring, make_api: MakeApi, ringer: Ringer, *, threads: int = THREADS
    ) -> None:
        """Take what sweeping needs; nothing is opened yet."""
        self._dsn = dsn
        self._keyring = keyring
        self._make_api = make_api
        self._ringer = ringer
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="sweep")
        self._under_way: dict[UUID, Future[None]] = {}
        self._lock = Lock()
        self._stopping = Event()
        self._memory: dict[UUID, Shown] = {}

    def round(self, database: Database) -> None:
        """Hand each active connection to a thread, unless it is in one's hands or may not be called now."""
        for connection in connections.of_client(database, self._keyring):
            if connection.state != "active":
                continue
            with self._lock:
                busy = connection.id in self._under_way
            if busy or not self._is_due(database, connection):
                continue
            api = self._make_api(connection)
            if api is not None:
                self._submit(connection, api)
            else:
                lead_checks.nobody_answers(database, connection.client_id, connection.id, "no_api_token")

    def _is_due(self, database: Database, connection: Connection) -> bool:
        if not connection_health.may_be_called(database, connection.client_id, connection.id):
            return False
        return (
            sweeps.has_work(database, connection.client_id, connection.id, connection.provider)
            or lead_checks.has_due(database, connection.client_id, connection.id)
            or bool(due_tiers(database, connection))
        )

    def _submit(self, connection: Connection, api: ProviderApi) -> None:
        with self._lock:
            future = self._threads.submit(self._work, connection, api)
            self._under_way[connection.id] = future
        future.add_done_callback(lambda _: self._done(connection.id))

    def _done(self, connection_id: UUID) -> None:
        with self._lock:
            self._under_way.pop(connection_id, None)

    def _work(self, connection: Connection, api: ProviderApi) -> None:
        """One slice for one connection: questions first, then what is due, the nearest first."""
        until = clock.monotonic() + SLICE_SECONDS
        try:
            with connect(self._dsn) as database:
                hands = Hands(
                    database,
                    self._ringer,
                    lambda: self._stopping.is_set() or clock.monotonic() > until,
                    self._memory,
                )
                serve(hands, connection, api)
        except Exception as error:
            if not is_transient(error):
                log.exception("sweep_failed", connection_id=connection.id, client_id=connection.client_id)
            else:
                log.warning("sweep_postponed", connection_id=connection.id, exc_info=error)

    def keep_house(self, database: Database) -> None:
        """Drop what nothing is measured against any more."""
        connection_health.forget(database)
        sweeps.forget(database)

    def settle(self) -> None:
        """Wait for what is under way."""
        with self._lock:
            waiting = list(self._under_way.values())
        for future in waiting:
            future.result()

    def close(self) -> None:
        """Stop after the pages that are under way; another process takes the runs up."""
        self._stopping.set()
        self._threads.shutdown(wait=True, cancel_futures=True)


def serve(hands: Hands, connection: Connection, api: ProviderApi) -> list[Swept]:
    """Ask a connection's open questions, then run what is due of its tiers, until the slice is over."""
    ask_open_questions(hands, connection, api)
    done = []
    for tier, windows in due_tiers(hands.database, connection):
        if hands.enough():
            break
        swept = sweep(hands, connection, api, tier, windows)
        done.append(swept)
        if swept.state == "waiting":
            break
    # What a sweep has come to doubt need not wait for the next round.
    if any(swept.suspects for swept in done):
        ask_open_questions(hands, connection, api)
    return done


def due_tiers(database: Database, connection: Connection) -> Sequence[tuple[Tier, list[Span]]]:
    """Which sweeps of a connection are due now, what was left unfinished on demand last."""
    now = sweeps.now(database)
    due = first_due(sweeps.latest(database, connection.client_id, connection.id), now)
    asked = sweeps.unfinished(database, connection.client_id, connection.id)
    return [(tier, spans_of(tier, now)) for tier in due] + asked


def ask_open_questions(hands: Hands, connection: Connection, api: ProviderApi) -> None:
    """Answer questions and look after the subscription, under the connection's lease."""
    owner = new_id()
    if not leases.take(hands.database, lease_of(connection.id), owner, LEASE_SECONDS):
        return
    try:
        check_leads(hands, connection, api)
        confirm(hands, connection, api)
        watchdog.look_after(hands.database, connection, api)
    finally:
        leases.give_back(hands.database, lease_of(connection.id), owner)
