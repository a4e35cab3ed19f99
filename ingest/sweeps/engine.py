"""The engine: walks a run's windows page by page, for a slice of time, and can be killed anywhere."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from boot.logs import get_logger
from db import connection_health, leases, marks, sweeps
from db.connections import Connection
from db.contacts import fill_contacts_now
from db.desk import Database
from db.failures import is_transient
from db.ids import new_id
from db.locks import Ringer
from db.parcels import Posted
from db.sweeps import Counts, Run, RunLost
from ingest.apis.api import ApiFailed, Mark, ProviderApi, Window
from ingest.sweeps import pages
from ingest.sweeps.absent import MASS_DISAPPEARANCE, MassDisappearance, suspect_absent
from ingest.sweeps.calls import Calls, NotNow
from pipeline.addressing import Contact
from pipeline.sweeping import Span, Tier

LEASE_SECONDS = 90.0
FILL_ATTEMPTS = 3

log = get_logger(__name__)


@dataclass
class Swept:
    """What a slice of a run came to. `state`: finished, running (more is to come), stopped or waiting."""

    tier: Tier
    state: str = "running"
    reason: str | None = None
    pages: int = 0
    listed: int = 0
    unchanged: int = 0
    posted: int = 0
    held: int = 0
    suspects: int = 0

    def add(self, counts: Counts) -> None:
        """Add a page."""
        self.pages += 1
        self.listed += counts.listed
        self.unchanged += counts.unchanged
        self.posted += counts.posted
        self.held += counts.held

    def take(self, other: "Swept") -> None:
        """Add another slice of the same run; its end is this one's."""
        self.state, self.reason = other.state, other.reason
        for name in ("pages", "listed", "unchanged", "posted", "held", "suspects"):
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass
class Shown:
    """What a window's listing has shown since its first page; `cursor` is the page that comes next."""

    position: int
    cursor: str | None = None
    names: set[str] = field(default_factory=set)
    complete: bool = True


@dataclass(frozen=True)
class Hands:
    """What a sweeping thread works with. `enough` says when a slice is over; another takes the run up.

    `memory` keeps what unfinished windows have shown, by run, from slice to slice. It is lost with the
    process: such a window is brought to its end, and who is absent from it is left to the next sweep.
    """

    database: Database
    ringer: Ringer
    enough: Callable[[], bool] = lambda: False
    memory: dict[UUID, Shown] = field(default_factory=dict)


def lease_of(connection_id: UUID) -> str:
    """The lease under which one thread in all processes calls a connection."""
    return f"sweep:{connection_id}"


def sweep(hands: Hands, connection: Connection, api: ProviderApi, tier: Tier, windows: list[Span]) -> Swept:
    """Begin a run or take one up, and walk it. Raises nothing of the provider's: it is on the connection's health.

    The caller holds no lease: this takes the connection's, and is `waiting` if another thread has it.
    """
    owner = new_id()
    if not leases.take(hands.database, lease_of(connection.id), owner, LEASE_SECONDS):
        return Swept(tier, "waiting", "busy")
    try:
        run = sweeps.begin(hands.database, connection.client_id, connection.id, tier, windows, owner)
        return _Walk(hands, connection, api, run).walk()
    finally:
        leases.give_back(hands.database, lease_of(connection.id), owner)


def fill(database: Database, posted: Posted) -> bool:
    """Give stubs what they lack of a name and an address; False: a lead stays busy, and is left for another time."""
    fills = [one for one in posted.fills if one[2] != Contact()]
    for attempt in range(FILL_ATTEMPTS):
        try:
            fill_contacts_now(database, fills)
        except Exception as error:
            if not is_transient(error):
                raise
            log.warning("contact_fill_postponed", attempts=attempt + 1, exc_info=error)
        else:
            return True
    return False


class _Walk:
    """One slice of one run."""

    def __init__(self, hands: Hands, connection: Connection, api: ProviderApi, run: Run) -> None:
        self._hands = hands
        self._database = hands.database
        self._connection = connection
        self._api = api
        self._run = run
        self._calls = Calls(hands.database, connection)
        self._swept = Swept(run.tier)

    def walk(self) -> Swept:
        swept = self._swept
        try:
            swept.state = "finished" if self._windows() else "running"
        except NotNow as not_now:
            swept.state, swept.reason = "waiting", not_now.reason
        except ApiFailed as failed:
            swept.state, swept.reason = "waiting", failed.error
        except MassDisappearance:
            swept.state, swept.reason = "stopped", MASS_DISAPPEARANCE
        except RunLost:
            swept.state, swept.reason = "waiting", "run_lost"
        self._close()
        return swept

    def _close(self) -> None:
        run, swept = self._run, self._swept
        if swept.state in ("finished", "stopped"):
            sweeps.finish(self._database, run, swept.state, swept.reason)
        elif swept.reason is not None:
            sweeps.note_reason(self._database, run, swept.reason)
        log.info(
            "sweep_finished" if swept.state == "finished" else "sweep_interrupted",
            client_id=run.client_id,
            connection_id=run.connection_id,
            sweep_id=run.id,
            kind=run.tier,
            outcome=swept.state,
            reason=swept.reason,
            pages=swept.pages,
            count=swept.listed,
            jobs=swept.posted,
        )

    def _windows(self) -> bool:
        """Walk window after window; False if the slice is over before the run is."""
        cursor = self._run.cursor
        for position in range(self._run.position, len(self._run.windows)):
            if not self._window(position, cursor):
                return False
            cursor = None
        if self._run.tier in (Tier.WHOLE, Tier.FAR):
            connection_health.alert(self._database, self._connection.client_id, self._connection.id, None)
        return True

    def _window(self, position: int, cursor: str | None) -> bool:
        """Walk one window's pages. Only what was listed from the first page on is complete, and says who is absent."""
        span = self._run.windows[position]
        shown = self._shown(position, cursor)
        for page in self._calls.each(self._api.pages(Window(span.start, span.end), cursor, self._known)):
            sorted_ = pages.sort(self._database, self._connection, page)
            posted = pages.save(self._database, self._connection, self._run, page, sorted_, position=position)
            self._after(posted, sorted_)
            names = [pages.name_of(mark) for mark in (*page.marks, *page.unchanged)]
            shown.names.update(names)
            shown.cursor = page.cursor
            shown.complete = shown.complete and not page.unreadable
            marks.refresh_checked(
                self._database,
                self._connection.client_id,
                self._connection.id,
                self._connection.provider,
                names,
            )
            if page.cursor is None:
                break
            if self._hands.enough():
                return False
            self._keep_lease()
        del self._hands.memory[self._run.id]
        if shown.complete:
            self._swept.suspects += suspect_absent(
                self._database, self._connection, self._run, span, shown.names
            )
        return True

    def _shown(self, position: int, cursor: str | None) -> Shown:
        """What this process remembers of a window; nothing, if somebody else has walked a part of it."""
        known = self._hands.memory.get(self._run.id)
        if known is None or (known.position, known.cursor) != (position, cursor):
            known = Shown(position, cursor, complete=cursor is None)
            self._hands.memory[self._run.id] = known
        return known

    def _known(self, listed: Sequence[Mark]) -> set[str]:
        groups = {pages.name_of(mark): mark.group for mark in listed}
        pairs = [(pages.name_of(mark), mark.fingerprint) for mark in listed]
        found = marks.known(self._database, self._connection.client_id, self._connection.id, pairs)
        return {groups[name] for name in found}

    def _after(self, posted: Posted, sorted_: pages.Sorted) -> None:
        """After the commit: ring, and give stubs what they lack."""
        self._swept.add(sorted_.counts)
        self._hands.ringer(posted.rings)
        fill(self._database, posted)

    def _keep_lease(self) -> None:
        if not leases.take(self._database, lease_of(self._connection.id), self._run.owner, LEASE_SECONDS):
            raise RunLost
