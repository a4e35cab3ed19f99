"""A working day: an agency's books with something of everything that the pages can show."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from db import connection_health, connections, failures, inbox, replay_steps, replays
from db.dead_letter_filters import Filter
from db.failures import Failure
from db.ids import new_id
from db.inbox import Parcel
from db.jobs import due
from ingest.sweeps.engine import Hands, sweep
from pipeline.observation import Observation
from pipeline.sweeping import Tier, spans_of
from pipeline.words import Provider, Source, Status
from tests.browser.site import Site
from tests.builders import KEYRING
from tests.laws.test_failures import add_job
from tests.sweeps.fake_api import FakeApi
from tests.web.story import NOW, a_meeting, deliver, drain_all, told

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

OTHERS = (
    ("Radia Perlman", "America/New_York"), ("Mary Jackson", "Europe/London"), ("Katherine Johnson", "Europe/Berlin"),
    ("Hedy Lamarr", "America/Los_Angeles"), ("Grace Hopper", "America/New_York"), ("Annie Easley", "Europe/Lisbon"),
)  # fmt: skip

PEOPLE = (
    "Joan Clarke", "Jean Bartik", "Karen Sparck Jones", "Adele Goldberg", "Frances Allen", "Barbara Liskov",
    "Shafi Goldwasser", "Fei-Fei Li", "Cynthia Dwork",
)  # fmt: skip

A_BUG = Failure("KeyError", "pipeline/book.py:enter:81", "  File pipeline/book.py, line 81, in enter")
UNREADABLE = Failure("ValidationError", "pipeline/job.py:read:44", "  File pipeline/job.py, line 44, in read")


@dataclass(frozen=True)
class Workday:
    """Whom and what the pages are opened for."""

    lead: UUID
    empty: UUID
    long: UUID
    letter: UUID
    replay: UUID


def begin(site: Site) -> Workday:
    """Fill the books of a site."""
    _connect(site)
    lead = deliver(site.hands, *(told(site.client, said) for said in _adas()))
    _follow_ups(site)
    letter, replay = _letters(site)
    return Workday(lead, _nobody_yet(site), _long(site), letter, replay)


def _connect(site: Site) -> None:
    for provider, secrets in (
        (Provider.CALENDLY, {"signing_keys": ["k"], "api_token": "t"}),
        (Provider.GHL, {"signing_keys": ["k"], "api_token": "t"}),
    ):
        connections.add(site.database, KEYRING, site.client.id, provider, secret_values=secrets)
    site.database.execute("UPDATE connection SET follow_ups_from = %s", (NOW - 5 * DAY,))
    for one in connections.of_client(site.database, KEYRING, site.client.id):
        connection_health.heard(site.database, [(site.client.id, one.id, 40, NOW - 4 * MINUTE)])
        for tier in (Tier.NEAR, Tier.MID, Tier.FAR):
            sweep(Hands(site.database, lambda _: None), one, FakeApi(NOW), tier, spans_of(tier, NOW))


def _adas() -> Iterator[Observation]:
    """A lead whose next meeting moved twice, with a past in three months."""
    monday = NOW + 5 * DAY + HOUR
    for step in range(2):
        at = NOW - (3 - step) * DAY
        yield a_meeting(
            f"ada-{step}", start_at=monday - (2 - step) * DAY, at=at, booked_at=at - 2 * HOUR,
            status=Status.CANCELED, replaced_by=f"ada-{step + 1}", replaces=f"ada-{step - 1}" if step else None,
            moved=True,
        )  # fmt: skip
    yield a_meeting("ada-2", start_at=monday, at=NOW - 4 * MINUTE, booked_at=NOW - DAY, replaces="ada-1")
    yield a_meeting("ada-ghl", provider=Provider.GHL, status=Status.PENDING, start_at=NOW + 12 * DAY,
                    source=Source.RECONCILE_CRON, at=NOW - HOUR)  # fmt: skip
    yield a_meeting("ada-now", start_at=NOW - HOUR / 4, minutes=45, at=NOW - 2 * DAY)
    yield a_meeting("ada-over", start_at=NOW - 2 * DAY, at=NOW - 9 * DAY, minutes=45)
    yield a_meeting("ada-showed", start_at=NOW - 20 * DAY, outcome=Status.SHOWED, at=NOW - 20 * DAY + HOUR)
    yield a_meeting("ada-absent", start_at=NOW - 26 * DAY, outcome=Status.NO_SHOW, at=NOW - 26 * DAY + HOUR)
    yield a_meeting("ada-lost", start_at=NOW - 40 * DAY, status=Status.CANCELED, at=NOW - 44 * DAY,
                    canceled_at=NOW - 44 * DAY, booked_at=NOW - 50 * DAY)  # fmt: skip
    yield a_meeting("ada-again", start_at=NOW - 39 * DAY, at=NOW - 44 * DAY + HOUR,
                    booked_at=NOW - 44 * DAY + HOUR, outcome=Status.SHOWED, source=Source.AUTO_BOOK)  # fmt: skip
    yield a_meeting("ada-gone", provider=Provider.GHL, status=Status.CANCELED, removed=True,
                    start_at=NOW - 60 * DAY, at=NOW - 62 * DAY, source=Source.BACKFILL)  # fmt: skip


def _follow_ups(site: Site) -> None:
    for number, (name, zone) in enumerate(OTHERS):
        said = _lost(number, zone)
        deliver(
            site.hands, *(told(site.client, one, email=f"p{number}@example.test", name=name) for one in said)
        )
    lead, provider = site.database.execute(
        "SELECT lead_id, provider FROM follow_up WHERE external_id = 'lost-1'"
    ).fetchone() or (None, None)
    site.database.execute(
        """INSERT INTO follow_up (client_id, id, lead_id, kind, provider, external_id, state, urgent, due_at, cause_at)
           VALUES (%s, %s, %s, 'double-booked', %s, 'from-a-newer-release', 'open', false, %s, %s)""",
        (site.client.id, new_id(), lead, provider, NOW + DAY, NOW - DAY),
    )


def _lost(number: int, zone: str) -> list[Observation]:
    """What one of the others did: called off, moved, stayed away, or has met without an outcome."""
    name, at = f"lost-{number}", NOW - (number + 1) * HOUR
    if number < 2:
        return [a_meeting(name, status=Status.CANCELED, canceled_at=at, at=at, timezone=zone,
                          start_at=NOW + (8 + 9 * number) * HOUR)]  # fmt: skip
    if number < 4:
        again = f"{name}-again"
        old = a_meeting(name, status=Status.CANCELED, moved=True, replaced_by=again, at=at, timezone=zone)
        return [
            old,
            a_meeting(again, start_at=NOW + 4 * DAY, replaces=name, at=at, booked_at=at, timezone=zone),
        ]
    outcome = Status.NO_SHOW if number == 4 else None
    return [
        a_meeting(
            name, start_at=NOW - number * HOUR, at=NOW - (number - 1) * HOUR, outcome=outcome, timezone=zone
        )
    ]


def _letters(site: Site) -> tuple[UUID, UUID]:
    """Letters of two bugs, and a replay of the second in the middle of its work."""
    letters = []
    for number in range(9):
        bug, age = (A_BUG, 2 + number) if number < 5 else (UNREADABLE, 26 + number)
        start_at = NOW + (number - 3) * DAY + number * HOUR
        first = told(
            site.client,
            a_meeting(f"dead-{number}", start_at=start_at),
            email=f"dead{number}@example.test",
            name=PEOPLE[number],
        )
        lead = deliver(site.hands, first)
        said = a_meeting(f"letter-{number}").text()
        add_job(site.hands, site.client.id, lead, said)
        for job in due(site.database, site.client.id, [lead]):
            failures.bury(site.database, site.client.id, job, bug, "calendly")
        row = site.database.execute(
            """UPDATE dead_letter SET created_at = %s, first_failed_at = %s, received_at = %s,
                      attempts = 3, code_version = '0.1.0' WHERE lead_id = %s RETURNING id, fingerprint""",
            (NOW - age * HOUR, NOW - age * HOUR - 4 * MINUTE, NOW - age * HOUR - 5 * MINUTE, lead),
        ).fetchone()
        assert row is not None
        letters.append(row)
    chosen = Filter(client_id=site.client.id, fingerprint=letters[-1][1])
    replay = replays.start(site.database, chosen, actor="operator:olga", reason="The fix is out", rate=1.0)
    for _ in range(2):
        rings = replay_steps.step(site.database, replay, 1).rings
        drain_all(site.hands, site.client.id, [ring.lead_id for ring in rings])
    replay_steps.step(site.database, replay, 1)
    site.database.execute("UPDATE replay SET started_at = %s", (NOW - MINUTE / 2,))
    site.database.execute("UPDATE audit_log SET at = %s", (NOW - MINUTE / 2,))
    return letters[0][0], replay


def _nobody_yet(site: Site) -> UUID:
    """A lead of a CRM that never met anybody."""
    lead = new_id()
    site.database.execute(
        "INSERT INTO lead (client_id, id, full_name, status) VALUES (%s, %s, 'Karen Jones', 'new')",
        (site.client.id, lead),
    )
    return lead


def _long(site: Site) -> UUID:
    """A lead with 500 appointments in chains of ten."""
    posted = inbox.post(site.database, list(_chains(site))).rings
    drain_all(site.hands, site.client.id, list(dict.fromkeys(ring.lead_id for ring in posted)))
    return posted[0].lead_id


def _chains(site: Site) -> Iterator[Parcel]:
    for number in range(500):
        chain, step = divmod(number, 10)
        start_at: datetime = NOW - (3 * chain - 6) * DAY + step * HOUR
        last = step == 9
        said = a_meeting(
            f"long-{chain:02d}-{step}", start_at=start_at, at=start_at - 20 * DAY + step * HOUR,
            booked_at=start_at - 20 * DAY + (step - 1) * HOUR, status=Status.CONFIRMED if last else Status.CANCELED,
            replaces=f"long-{chain:02d}-{step - 1}" if step else None, moved=not last,
            replaced_by=None if last else f"long-{chain:02d}-{step + 1}",
            outcome=Status.SHOWED if last and start_at < NOW else None,
        )  # fmt: skip
        yield told(site.client, said, email="long@example.test", name="Ida Rhodes")
