"""Dead letters: listed, grouped, shown, noted and discarded. No row is ever deleted here."""

import re
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row

from db import audit, lead_checks, lookups
from db.dead_letter_filters import Filter
from db.desk import Database
from db.ids import new_id
from db.sweeps import now
from db.unparking import CAN_BE_PLACED
from pipeline.doubts import Doubt
from pipeline.observation import AppointmentKey
from pipeline.words import Provider

_NAME = re.compile(r"[A-Za-z0-9_-]{1,128}", re.ASCII)
RUNBOOK = "docs/operations/runbook.md"
_ANCHORS = {
    "WorkerKilled": "a-job-kills-its-worker",
    "Parked": "parked-letters",
    "UnreadablePayload": "unreadable-payload",
}


MENDS = {
    "parked:no_zone": "apptrail connection set-timezone CONNECTION ZONE, then replay",
    "parked:unreadable_time": "mend the template, then discard: the lead's meetings are asked for",
}
"""What gets parked letters into the books."""


class UnknownLetter(LookupError):
    """No dead letter has that id, or it is another client's."""


class NotOpen(ValueError):
    """The letter was replayed or discarded already."""


def runbook_of(error_class: str) -> str:
    """Where the runbook speaks of such a failure."""
    return f"{RUNBOOK}#{_ANCHORS.get(error_class, 'a-job-fails')}"


def groups(database: Database, wanted: Filter) -> list[dict[str, Any]]:
    """Counts by fingerprint, most first, with the first and last failure of each."""
    rows = _rows(
        database,
        f"""SELECT d.fingerprint, min(d.error_class) AS error_class, min(d.reason) AS reason, count(*) AS letters,
                   count(DISTINCT d.client_id) AS clients, count(DISTINCT d.lead_id) AS leads, min(coalesce(d.first_failed_at, d.created_at)) AS first_at,
                   max(d.created_at) AS last_at, max(d.code_version) AS code_version
            FROM dead_letter d WHERE {wanted.condition()}
            GROUP BY d.fingerprint ORDER BY count(*) DESC, d.fingerprint""",  # noqa: S608
        wanted.values(),
    )
    return [
        {**row, "runbook": runbook_of(row["error_class"]), "mend": MENDS.get(row["reason"])} for row in rows
    ]


def letters(
    database: Database, wanted: Filter, limit: int, after: UUID | None = None
) -> list[dict[str, Any]]:
    """Letters by id; `after` is the last id of the page before. No payload is shown."""
    return _rows(
        database,
        f"""SELECT {_SHOWN} FROM dead_letter d
            WHERE {wanted.condition()} AND (%(after)s::uuid IS NULL OR d.id > %(after)s::uuid)
            ORDER BY d.id LIMIT %(limit)s""",  # noqa: S608
        {**wanted.values(), "limit": limit, "after": after},
    )


def letter(database: Database, letter_id: UUID, client_id: UUID | None = None) -> dict[str, Any]:
    """One letter with its notes and its generations; raises UnknownLetter."""
    wanted = Filter(client_id=client_id, letter_id=letter_id, state=None)
    rows = _rows(
        database,
        f"SELECT {_SHOWN}, d.traceback FROM dead_letter d WHERE {wanted.condition()}",  # noqa: S608
        wanted.values(),
    )
    if not rows:
        raise UnknownLetter
    found = rows[0]
    key = (found["client_id"], letter_id)
    notes = _rows(
        database,
        "SELECT author, at, text FROM dead_letter_note WHERE client_id = %s AND letter_id = %s ORDER BY id",
        key,
    )
    jobs = _rows(
        database,
        """SELECT j.id, j.attempts, j.not_before FROM inbox j
           WHERE j.client_id = %s AND j.lead_id = %s AND j.replay_of = %s""",
        (found["client_id"], found["lead_id"], letter_id),
    )
    return {
        **found,
        "runbook": runbook_of(found["error_class"]),
        "mend": _mend(database, found),
        "notes": notes,
        "jobs": jobs,
        "attempts_timeline": _timeline(found, jobs),
        "appointment": _appointment(database, letter_id, found["client_id"]),
        "lead_checks": lead_checks.of_lead(database, found["client_id"], found["lead_id"]),
    }


def _mend(database: Database, found: dict[str, Any]) -> str | None:
    """For a parked letter: the command that gets what it says into the books."""
    if found["error_class"] != "Parked" or found["state"] != "open":
        return None
    row = database.execute(
        f"SELECT payload->>'connection_id', {CAN_BE_PLACED} FROM dead_letter d WHERE client_id = %s AND id = %s",  # noqa: S608
        (found["client_id"], found["id"]),
    ).fetchone()
    connection_id, can_be_placed = row or (None, False)
    if can_be_placed:
        return f"apptrail dead-letters replay --letter {found['id']} --reason WHY"
    if connection_id is not None:
        return f"apptrail connection set-timezone {connection_id} ZONE"
    return f"apptrail dead-letters discard {found['id']} --reason WHY"


def _timeline(found: dict[str, Any], jobs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What happened to a letter, oldest first; the attempts between the first and the last are not dated."""
    steps = [
        ("received", found["received_at"], None),
        ("first failed", found["first_failed_at"], 1 if found["attempts"] else None),
        ("given up", found["last_failed_at"], found["attempts"]),
        (found["outcome"] or found["state"], found["closed_at"], None),
        *(("next attempt", job["not_before"], job["attempts"] + 1) for job in jobs),
    ]
    return [{"what": what, "at": at, "attempt": attempt} for what, at, attempt in steps if at is not None]


def _appointment(database: Database, letter_id: UUID, client_id: UUID) -> dict[str, Any] | None:
    """The appointment that a letter is about, as the books have it now; None while they have none."""
    rows = _rows(
        database,
        """SELECT a.id, a.lead_id, a.status, a.start_at, a.end_at, a.canceled_at, a.updated_at
           FROM dead_letter d JOIN appointment a
             ON a.client_id = d.client_id AND a.provider = d.provider AND a.external_id = d.payload->>'external_id'
           WHERE d.client_id = %s AND d.id = %s""",
        (client_id, letter_id),
    )
    return rows[0] if rows else None


def add_note(
    database: Database, letter_id: UUID, actor: str, text: str, client_id: UUID | None = None
) -> None:
    """Keep a person's words on a letter; raises UnknownLetter."""
    owner = letter(database, letter_id, client_id)["client_id"]
    database.execute(
        "INSERT INTO dead_letter_note (client_id, id, letter_id, author, text) VALUES (%s, %s, %s, %s, %s)",
        (owner, new_id(), letter_id, actor, text),
    )


def discard(
    database: Database, letter_id: UUID, actor: str, reason: str, client_id: UUID | None = None
) -> int:
    """Close an open letter for good; raises UnknownLetter or NotOpen. The row stays.

    What it said may have been true: its lead's meetings are asked for at their providers, and so is its own
    appointment. Returns how many connections are asked; 0 where nobody can be.
    """
    found = letter(database, letter_id, client_id)
    owner, lead_id = found["client_id"], found["lead_id"]
    with database.transaction():
        closed = database.execute(
            """UPDATE dead_letter SET state = 'discarded', closed_at = now(), closed_by = %s, closed_because = %s
               WHERE client_id = %s AND id = %s AND state = 'open'
               RETURNING provider, payload->>'external_id', payload->'description'->>'calendly_invitee_uri'""",
            (actor, reason, owner, letter_id),
        ).fetchone()
        if closed is None:
            raise NotOpen
        asked = 0
        if lead_id is not None:
            asked = lead_checks.ask_check_of_lead(database, owner, lead_id, reason=lead_checks.DISCARDED)
        _ask_for(database, owner, *closed)
        audit.note(
            database,
            owner,
            actor,
            "dead_letter_discarded",
            letter_id,
            {"reason": reason, "lead_id": lead_id, "asked": asked},
        )
    return asked


def _ask_for(
    database: Database, client_id: UUID, provider: str | None, external_id: str | None, uri: str | None
) -> None:
    """Ask for the appointment that a letter names, if its provider can be: Calendly finds one by its URI only."""
    if provider not in lead_checks.ASKABLE or (provider == Provider.CALENDLY and not uri):
        return
    if external_id is None or _NAME.fullmatch(external_id) is None:  # the payload may be unreadable
        return
    doubt = Doubt(AppointmentKey(Provider(provider), external_id), lookups.DISCARDED, now(database), uri)
    lookups.ask(database, client_id, [doubt])


def _rows(database: Database, query: str, values: Any) -> list[dict[str, Any]]:
    with database.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query, values).fetchall()


_SHOWN = """d.id, d.client_id, d.lead_id, d.kind, d.provider, d.state, d.reason, d.fingerprint, d.error_class,
            d.location, d.attempts, d.code_version, d.generation, d.replay_of, d.replay_id, d.outcome, d.trace_id,
            d.received_at, coalesce(d.first_failed_at, d.created_at) AS first_failed_at,
            d.created_at AS last_failed_at, d.closed_at, d.closed_by, d.closed_because"""
