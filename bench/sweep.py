"""The sweep: what a look at 100,000 meetings costs of which none has changed."""

import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import structlog

from bench.figures import Figure
from bench.leads import tidy
from bench.stage import Stage
from db import clients, connections, marks
from db.connections import Connection
from db.desk import Database
from db.marks import Marked
from ingest.apis.calendly_api import CalendlyApi, mark_of
from ingest.apis.caller import Caller
from ingest.apis.http import new_client
from ingest.apis.tokens import FixedToken
from ingest.sweeps.engine import Hands, Swept, sweep
from pipeline.sweeping import Tier, whole
from pipeline.words import Provider
from tests.simulators import calendly_objects as objects
from tests.simulators.calendly_site import CalendlySite
from tests.simulators.clock import SimulatedClock
from tests.simulators.exchange import Asked, Told
from tests.simulators.limits import Limits
from tests.simulators.serving import InProcess
from tests.simulators.truth import Account
from tests.simulators.unbounded import Unbounded
from tests.simulators.world import World

MEETINGS = 100_000
NOW = datetime(2026, 6, 1, tzinfo=UTC)
SPREAD = timedelta(days=380)
NO_LIMIT = (10**9, 60.0)


class Counting(CalendlySite):
    """Calendly, with a count of what was asked."""

    asked: ClassVar[Counter[str]] = Counter()

    def answer(self, asked: Asked) -> Told:
        self.asked[asked.path.split("/")[1]] += 1
        return super().answer(asked)


def measure(stage: Stage) -> list[Figure]:
    """The same sweep again and again; the simulated provider answers in this very process, and is in the time."""
    count = stage.scaled(MEETINGS)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))
    seconds, calls = [], 0
    with stage.database() as name, stage.connect(name) as database:
        database.execute("SELECT set_config('apptrail.now', %s, false)", (NOW.isoformat(),))
        world, account = _world(count)
        connection = _known(stage, database, account)
        tidy(database)
        site = Counting(world, limits=Limits(NO_LIMIT, NO_LIMIT))
        caller = Caller(
            site.base_url, new_client(InProcess(site)), FixedToken(account.token), Unbounded(), {}
        )
        for _ in range(stage.rounds):
            site.asked.clear()
            database.execute("UPDATE lead SET appointment_last_checked_at = NULL")
            stage.settle()
            began = time.monotonic()
            swept = sweep(
                Hands(database, lambda _: None), connection, CalendlyApi(connection, caller, world.clock.now),
                Tier.WHOLE, whole(None, None, NOW),
            )  # fmt: skip
            seconds.append(time.monotonic() - began)
            _check(database, swept, count)
            calls = sum(site.asked.values())
    return [
        Figure(
            line="sweep",
            what=f"Sweep: {count:,} unchanged meetings of one connection",
            unit=" s",
            measured=seconds,
            floor="–",
            notes=[
                f"Sweep: {calls:,} API calls, 0 jobs; every lead's appointment_last_checked_at was refreshed."
            ],
        )
    ]


def _world(count: int) -> tuple[World, Account]:
    world = World(SimulatedClock(NOW - SPREAD - timedelta(days=10)))
    account = world.account(Provider.CALENDLY)
    person = world.person(account)
    step = 2 * SPREAD / count
    for number in range(count):
        world.book(account, person, NOW - SPREAD + number * step)
    world.clock.move_to(NOW)
    return world, account


def _known(stage: Stage, database: Database, account: Account) -> Connection:
    """A connection whose sweeps have seen all of it, with a lead and an appointment for each meeting."""
    client_id = clients.add(database, stage.keyring, "Bench")
    connections.add(
        database, stage.keyring, client_id, Provider.CALENDLY, secret_values={"api_token": account.token}
    )
    connection = connections.of_client(database, stage.keyring, client_id)[0]
    rows = []
    for meeting in account.meetings.values():
        mark = mark_of(objects.event(account, [meeting]), NOW)
        assert mark is not None
        rows.append(Marked(mark.group, mark.fingerprint, mark.start_at, [meeting.id]))
    for first in range(0, len(rows), 5000):
        marks.keep(database, client_id, connection.id, rows[first : first + 5000], NOW)
    database.execute(
        "INSERT INTO lead (client_id, id) SELECT client_id, gen_random_uuid() FROM sweep_mark", ()
    )
    database.execute(
        """INSERT INTO appointment (client_id, id, lead_id, provider, external_id, calendly_invitee_uri,
                                    calendly_scheduled_event_uri, start_at, status, source, first_effective_at)
           SELECT m.client_id, l.id, l.id, 'calendly', m.external_ids[1],
                  %(api)s || '/scheduled_events/' || m.name || '/invitees/' || m.external_ids[1],
                  %(api)s || '/scheduled_events/' || m.name, m.start_at, 'confirmed', 'webhook', m.seen_at
           FROM (SELECT *, row_number() OVER () AS n FROM sweep_mark) AS m
           JOIN (SELECT id, row_number() OVER () AS n FROM lead WHERE client_id = %(client)s) AS l USING (n)""",
        {"api": objects.API, "client": client_id},
    )
    database.execute("ANALYZE sweep_mark, appointment")
    return connection


def _check(database: Database, swept: Swept, count: int) -> None:
    jobs = database.execute("SELECT count(*) FROM inbox").fetchone()
    checked = database.execute(
        "SELECT count(*) FROM lead WHERE appointment_last_checked_at IS NOT NULL"
    ).fetchone()
    told = (swept.state, swept.unchanged, swept.posted, swept.suspects)
    if told != ("finished", count, 0, 0) or jobs != (0,) or checked != (count,):
        raise RuntimeError(f"{told}, {jobs} jobs, {checked} leads checked")
