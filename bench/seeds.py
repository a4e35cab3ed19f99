"""Seeds: leads with a history, and jobs for them, made by Postgres itself: millions in a minute or two."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import md5
from uuid import UUID

from bench.leads import CLIENT, lead_id_of, make_leads, observations
from bench.stage import Stage
from db.arrays import columns_of
from db.desk import Database
from db.ids import new_id
from db.inbox import INSERT_JOBS, job_row
from pipeline.observation import Observation, StatusWord
from pipeline.words import Lane, Provider, Source, Status

A_LEAD = 5
"""Appointments of one lead."""


def external_id_of(appointment: int) -> str:
    """The statements below make the same name of the same number."""
    return str(UUID(md5(str(appointment).encode()).hexdigest()))


def make_history(stage: Stage, name: str, appointments: int) -> int:
    """Fill a fresh database: five past meetings a lead, with one observation each; gives the number of leads."""
    leads = appointments // A_LEAD
    with stage.connect(name) as database:
        make_leads(database, leads)
    with ThreadPoolExecutor(2) as pool:  # each table its own connection
        list(pool.map(lambda each: _fill(stage, name, *each, appointments, leads), _TABLES.items()))
    with stage.connect(name) as database:
        database.execute("VACUUM (FREEZE, ANALYZE) lead, appointment, observation")
    return leads


def _fill(stage: Stage, name: str, table: str, statement: str, count: int, leads: int) -> None:
    values = {"client": CLIENT, "count": count, "leads": leads}
    with stage.connect(name) as database:
        database.execute("SET maintenance_work_mem = '512MB'")
        with _indexed_afterwards(database, table):
            database.execute(statement, values)


@contextmanager
def _indexed_afterwards(database: Database, table: str) -> Iterator[None]:
    """As a restore does it: rows first, indexes afterwards, in one transaction that needs no log of its own."""
    with database.transaction():
        constraints = database.execute(_CONSTRAINTS, (table,)).fetchall()
        indexes = database.execute(_INDEXES, (table,)).fetchall()
        database.execute(f"TRUNCATE {table}".encode())
        for constraint, _ in constraints:
            database.execute(f"ALTER TABLE {table} DROP CONSTRAINT {constraint}".encode())
        for index, _ in indexes:
            database.execute(f"DROP INDEX {index}".encode())
        yield
        for constraint, definition in constraints:
            database.execute(f"ALTER TABLE {table} ADD CONSTRAINT {constraint} {definition}".encode())
        for _, definition in indexes:
            database.execute(definition.encode())


def post_news(database: Database, numbers: Sequence[int], leads: int) -> None:
    """One job for each of some leads with a history: in turn a new meeting, and the end of the last one that there is."""
    now = datetime.now(UTC)
    booked = dict(observations(numbers[::2], seed="news"))
    rows = []
    for number in numbers:
        said = booked.get(number) or canceled(external_id_of(number + (A_LEAD - 1) * leads), now)
        rows.append(job_row(CLIENT, lead_id_of(number), said, said.observed_at, Lane.LIVE, new_id()))
    for first in range(0, len(rows), 1_000):
        database.execute(INSERT_JOBS, columns_of(rows[first : first + 1_000]))


def canceled(external_id: str, at: datetime) -> Observation:
    """What the adapter makes of `invitee.canceled`."""
    return Observation(
        provider=Provider.CALENDLY,
        external_id=external_id,
        source=Source.WEBHOOK,
        observed_at=at + timedelta(milliseconds=200),
        version_at=at,
        status=StatusWord(word=Status.CANCELED, canceled_at=at),
    )


def post_lap(database: Database, leads: int, lap: int) -> None:
    """One job for every lead: its one meeting is moved to another hour, as of another minute."""
    database.execute(_LAP, {"client": CLIENT, "leads": leads, "lap": lap})


def _id(number: str) -> str:
    return f"('00000000-0000-7000-8000-' || lpad(to_hex({number}), 12, '0'))::uuid"


def _text(instant: str) -> str:
    """As an adapter writes it."""
    return f"to_char(({instant}) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"


_EVENT = "https://api.calendly.com/scheduled_events/c9f0f895-fb98-ab91-59f5-1fd0297e236d"
_TYPE = "https://api.calendly.com/event_types/CCCCCCCCCCCCCCCC"

# Number n is a meeting of lead n modulo their count: a lead's meetings lie far apart on disk, as they do when
# years lie between them.
_NUMBERED = f"""
    SELECT *, {_text("start_at")} AS starts, {_text("end_at")} AS ends, {_text("booked_at")} AS booked
    FROM (SELECT n, md5(n::text)::uuid::text AS name, hour - interval '30 hours' AS start_at,
                 hour - interval '29 hours 30 minutes' AS end_at, hour - interval '100 hours' AS booked_at
          FROM (SELECT n, date_trunc('hour', now()) - make_interval(hours => (n %% 9000)::integer) AS hour
                FROM generate_series(1, %(count)s::bigint) AS n) AS hours) AS meetings"""

_OF_LEAD = _id("(n - 1) %% %(leads)s + 1")

_APPOINTMENTS = f"""
    INSERT INTO appointment (client_id, id, lead_id, provider, external_id, calendly_invitee_uri,
        calendly_scheduled_event_uri, calendly_event_type_uri, start_at, end_at, timezone, status, status_changed_at,
        booked_at, moved_count, removed_at_provider, placeholder, source, first_effective_at, folded)
    SELECT %(client)s, {_id("n")}, {_OF_LEAD}, 'calendly', name, '{_EVENT}/invitees/' || name, '{_EVENT}', '{_TYPE}',
        start_at, end_at, 'Europe/Berlin', 'confirmed', booked_at, booked_at, 0, false, false,
        'webhook', booked_at,
        format('{{"provider": "calendly", "external_id": "%%s", "source": "webhook", "first_effective_at": "%%s", '
            '"start_at": "%%s", "end_at": "%%s", "timezone": "Europe/Berlin", "word": "confirmed", '
            '"word_changed_at": "%%s", "booked_at": "%%s", "calendly_invitee_uri": "{_EVENT}/invitees/%%s", '
            '"calendly_scheduled_event_uri": "{_EVENT}", "calendly_event_type_uri": "{_TYPE}"}}',
            name, booked, starts, ends, booked, booked, name)::jsonb
    FROM ({_NUMBERED}) AS numbered"""

_OBSERVATIONS = f"""
    INSERT INTO observation (client_id, id, provider, external_id, digest, source, effective_at, received_at, body)
    SELECT %(client)s, {_id("n")}, 'calendly', name, decode(md5('o' || n), 'hex'), 'webhook', booked_at, booked_at,
        format('{{"v": 1, "kind": "appointment", "provider": "calendly", "external_id": "%%s", "source": "webhook", '
            '"observed_at": "%%s", "version_at": "%%s", "normalizer": 1, "schedule": {{"start_at": "%%s", '
            '"end_at": "%%s", "timezone": "Europe/Berlin"}}, "status": {{"word": "confirmed", "removed": false}}, '
            '"description": {{"calendly_invitee_uri": "{_EVENT}/invitees/%%s", '
            '"calendly_scheduled_event_uri": "{_EVENT}", "calendly_event_type_uri": "{_TYPE}"}}, "booked_at": "%%s"}}',
            name, booked, booked, starts, ends, name, booked)::jsonb
    FROM ({_NUMBERED}) AS numbered"""

_TABLES = {"appointment": _APPOINTMENTS, "observation": _OBSERVATIONS}

_CONSTRAINTS = """
    SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = %s::regclass AND contype IN ('p', 'u')"""

_INDEXES = """
    SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i
    WHERE i.indrelid = %s::regclass AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = i.indexrelid)"""

_LAP = f"""
    INSERT INTO inbox (client_id, id, lead_id, kind, payload, received_at, trace_id)
    SELECT %(client)s, uuidv7(), {_id("n")}, 'appointment',
        format('{{"v": 1, "kind": "appointment", "provider": "ghl", "external_id": "%%s", "source": "webhook", '
            '"observed_at": "%%s", "version_at": "%%s", "normalizer": 1, "schedule": {{"start_at": "%%s", '
            '"end_at": "%%s", "timezone": "Europe/Berlin"}}, "status": {{"word": "confirmed", "removed": false}}, '
            '"description": {{"ghl_calendar_id": "CCCCCCCCCCCCCCCCCCCC"}}}}', md5(n::text),
            {_text("now()")}, {_text("at")}, {_text("at + interval '9 days'")},
            {_text("at + interval '9 days 30 minutes'")})::jsonb, now(), uuidv7()
    FROM generate_series(1, %(leads)s::bigint) AS n,
         LATERAL (SELECT date_trunc('hour', now()) - interval '1 day' + make_interval(mins => %(lap)s) AS at) AS version"""
