"""Follow-ups as they are asked for: urgent first, then by when they are due, then the newest cause."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text

from db.engine import Reading
from db.reads import cursors
from db.reads.leads import utc
from db.reads.scope import Scope

LIST = "follow-ups"


class UnknownFollowUp(LookupError):
    """No follow-up within reach has that id."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed to; None and empty ask for any. `due`: whether its time has come."""

    states: tuple[str, ...] = ("open",)
    kinds: tuple[str, ...] = ()
    urgent: bool | None = None
    due: bool | None = None
    lead_id: UUID | None = None
    assignee: UUID | None = None
    unassigned: bool = False


@dataclass(frozen=True, slots=True)
class Listed:
    """One follow-up without personal data. `kind` may be of a newer release. `zones`: the lead's, the meeting's.

    `moved_count`: how often the meeting had moved before its cause.
    """

    client_id: UUID
    id: UUID
    lead_id: UUID
    kind: str
    urgent: bool
    state: str
    provider: str
    external_id: str
    appointment_id: UUID | None
    cause_at: datetime
    due_at: datetime
    closed_reason: str | None
    closed_at: datetime | None
    lost_start_at: datetime | None
    new_start_at: datetime | None
    snoozed_until: datetime | None
    acted_at: datetime | None
    acted_by: str | None
    assignee: UUID | None
    assignee_name: str | None
    assigned_at: datetime | None
    zones: tuple[str | None, str | None]
    moved_count: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Counts:
    """How many are open and how many asleep, within the filters but for those of state and due."""

    open: int
    urgent: int
    due: int
    snoozed: int
    by_kind: dict[str, int]


def page(
    reading: Reading, scope: Scope, filters: Filters, *, limit: int, cursor: str | None
) -> tuple[list[Listed], str | None]:
    """One page, and the cursor of the next; raises cursors.BadCursor."""
    values = {**_values(reading, scope, filters), **_after(cursor), "limit": limit + 1}
    rows = reading.connection.execute(_PAGE, values).all()
    found = [_listed(row) for row in rows[:limit]]
    return found, _place(found[-1]) if len(rows) > limit else None


def counts(reading: Reading, scope: Scope, filters: Filters) -> Counts:
    """Count what is open or asleep: for a tab's title, and for what each filter would show."""
    rows = reading.connection.execute(_COUNTS, _values(reading, scope, filters)).all()
    waking = [row for row in rows if row.shown == "open"]
    by_kind: dict[str, int] = {}
    for row in waking:
        by_kind[row.kind] = by_kind.get(row.kind, 0) + row.number
    return Counts(
        open=sum(row.number for row in waking),
        urgent=sum(row.number for row in waking if row.urgent),
        due=sum(row.due for row in waking),
        snoozed=sum(row.number for row in rows if row.shown == "snoozed"),
        by_kind=dict(sorted(by_kind.items())),
    )


def find(reading: Reading, scope: Scope, follow_up_id: UUID) -> Listed:
    """Find one by id; raises UnknownFollowUp."""
    values = {"client": scope.client_id, "id": follow_up_id, "now": reading.now}
    row = reading.connection.execute(_FIND, values).one_or_none()
    if row is None:
        raise UnknownFollowUp
    return _listed(row)


def operator_within(reading: Reading, client_id: UUID, operator_id: UUID) -> bool:
    """Whether somebody may be given this client's work: an operator of it, or of every client."""
    query = text("SELECT 1 FROM operator WHERE id = :id AND (client_id IS NULL OR client_id = :client)")
    return reading.connection.execute(query, {"id": operator_id, "client": client_id}).first() is not None


def _values(reading: Reading, scope: Scope, filters: Filters) -> dict[str, Any]:
    return {
        "client": scope.client_id,
        "now": reading.now,
        "states": list(filters.states),
        "kinds": list(filters.kinds),
        "urgent": filters.urgent,
        "due": filters.due,
        "lead": filters.lead_id,
        "assignee": filters.assignee,
        "unassigned": filters.unassigned,
    }


def _place(last: Listed) -> str:
    """Where a list goes on: all that it is ordered by."""
    rest = orjson.dumps([last.urgent, last.cause_at, str(last.id)]).decode()
    return cursors.write(LIST, last.due_at, rest)


def _after(cursor: str | None) -> dict[str, Any]:
    if not cursor:
        return dict.fromkeys(("after_urgent", "after_due", "after_cause", "after_id"))
    due_at, rest = cursors.read(LIST, cursor)
    urgent, cause_at, row_id = orjson.loads(rest)
    return {
        "after_urgent": urgent,
        "after_due": due_at,
        "after_cause": datetime.fromisoformat(cause_at),
        "after_id": UUID(row_id),
    }


def _listed(row: Any) -> Listed:
    return Listed(
        client_id=row.client_id,
        id=row.id,
        lead_id=row.lead_id,
        kind=row.kind,
        urgent=row.urgent,
        state=row.shown,
        provider=row.provider,
        external_id=row.external_id,
        appointment_id=row.appointment_id,
        cause_at=row.cause_at.astimezone(UTC),
        due_at=row.due_at.astimezone(UTC),
        closed_reason=row.closed_reason,
        closed_at=utc(row.closed_at),
        lost_start_at=utc(row.lost_start_at),
        new_start_at=utc(row.new_start_at),
        snoozed_until=utc(row.snoozed_until) if row.shown == "snoozed" else None,
        acted_at=utc(row.acted_at),
        acted_by=row.acted_by,
        assignee=row.assignee,
        assignee_name=row.assignee_name,
        assigned_at=utc(row.assigned_at),
        zones=(row.lead_zone, row.meeting_zone),
        moved_count=row.moved_count or 0,
        created_at=row.created_at.astimezone(UTC),
        updated_at=row.updated_at.astimezone(UTC),
    )


# A snooze that has ended is open, though no drain has met the lead since.
_SHOWN = "CASE WHEN f.state = 'snoozed' AND f.snoozed_until <= :now THEN 'open' ELSE f.state END"

# Rows without a cause hold nothing but what somebody once did: there is nothing to show of them.
_WITHIN = """f.client_id = c.id AND f.cause_at IS NOT NULL
      AND (cardinality(CAST(:kinds AS text[])) = 0 OR f.kind = ANY (CAST(:kinds AS text[])))
      AND (CAST(:urgent AS boolean) IS NULL OR f.urgent = :urgent)
      AND (CAST(:lead AS uuid) IS NULL OR f.lead_id = :lead)
      AND (CAST(:assignee AS uuid) IS NULL OR f.assignee = :assignee)
      AND (NOT CAST(:unassigned AS boolean) OR f.assignee IS NULL)"""

_ROW = f"""f.*, {_SHOWN} AS shown, a.id AS appointment_id, a.timezone AS meeting_zone, a.moved_count,
       l.timezone AS lead_zone, o.name AS assignee_name"""

_NAMED = """
    LEFT JOIN appointment a ON a.client_id = f.client_id AND a.provider = f.provider
                           AND a.external_id = f.external_id
    LEFT JOIN lead l ON l.client_id = f.client_id AND l.id = f.lead_id
    LEFT JOIN operator o ON o.id = f.assignee"""

_ORDER = "f.urgent DESC, f.due_at, f.cause_at DESC, f.id"

_PAGE = text(f"""
    SELECT {_ROW} FROM (
        SELECT f.* FROM client c CROSS JOIN LATERAL (
            SELECT f.* FROM follow_up f WHERE {_WITHIN}
              AND f.state = ANY (CASE WHEN 'open' = ANY (CAST(:states AS text[]))
                                 THEN CAST(:states AS text[]) || '{{snoozed}}' ELSE CAST(:states AS text[]) END)
              AND {_SHOWN} = ANY (CAST(:states AS text[]))
              AND (CAST(:due AS boolean) IS NULL OR (f.due_at <= :now) = :due)
              AND (CAST(:after_id AS uuid) IS NULL OR f.urgent < :after_urgent OR (f.urgent = :after_urgent
                   AND (f.due_at > :after_due OR (f.due_at = :after_due
                        AND (f.cause_at < :after_cause OR (f.cause_at = :after_cause AND f.id > :after_id))))))
            ORDER BY {_ORDER} LIMIT :limit) f
        WHERE CAST(:client AS uuid) IS NULL OR c.id = :client
        ORDER BY {_ORDER} LIMIT :limit) f {_NAMED}
    ORDER BY {_ORDER}""")  # noqa: S608

_COUNTS = text(f"""
    SELECT f.kind, f.urgent, {_SHOWN} AS shown, count(*) AS number, count(*) FILTER (WHERE f.due_at <= :now) AS due
    FROM client c JOIN follow_up f ON {_WITHIN} AND f.state IN ('open', 'snoozed')
    WHERE CAST(:client AS uuid) IS NULL OR c.id = :client
    GROUP BY 1, 2, 3""")  # noqa: S608

_FIND = text(f"""
    SELECT {_ROW} FROM client c CROSS JOIN LATERAL (
        SELECT * FROM follow_up f WHERE f.client_id = c.id AND f.id = :id AND f.cause_at IS NOT NULL OFFSET 0) f
    {_NAMED} WHERE CAST(:client AS uuid) IS NULL OR c.id = :client""")  # noqa: S608


def urgent_up_to(reading: Reading, scope: Scope, most: int) -> int:
    """How many are open and urgent; at `most` it stops counting."""
    values = {"client": scope.client_id, "now": reading.now, "most": most}
    return int(reading.connection.execute(_URGENT, values).scalar_one())


_URGENT = text(f"""
    SELECT count(*) FROM (
        SELECT 1 FROM client c CROSS JOIN LATERAL (
            SELECT 1 FROM follow_up f WHERE f.client_id = c.id AND f.cause_at IS NOT NULL AND f.urgent
              AND f.state IN ('open', 'snoozed') AND {_SHOWN} = 'open' LIMIT :most) f
        WHERE CAST(:client AS uuid) IS NULL OR c.id = :client LIMIT :most) u""")  # noqa: S608
