"""The rows of follow-ups: loaded with the books of some leads in one query, saved as they changed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from psycopg import Connection as Database
from psycopg import Cursor

from db.arrays import columns_of, literal
from db.ids import new_id
from pipeline.follow_up import NOBODY_ACTED, Acts, FollowUp, FollowUpKey
from pipeline.follow_ups import Since
from pipeline.words import Act, Answered, FollowUpKind, FollowUpState, Provider


@dataclass(frozen=True, slots=True)
class Row:
    """One row as it stands: its id, and what it shows."""

    id: UUID
    shown: FollowUp


_PROVIDERS = frozenset(one.value for one in Provider)
_KINDS = frozenset(one.value for one in FollowUpKind)

Rows = dict[FollowUpKey, Row]


@dataclass(frozen=True, slots=True)
class Shelf:
    """The rows of some leads, and from when on each provider's connections raise any."""

    rows: dict[UUID, Rows] = field(default_factory=dict)
    since: Since = field(default_factory=dict)

    def acts_of(self, lead_id: UUID) -> dict[FollowUpKey, Acts]:
        """What persons did with a lead's follow-ups."""
        rows = self.rows.get(lead_id, {})
        return {key: row.shown.acts for key, row in rows.items() if row.shown.acts != NOBODY_ACTED}


def ask(database: Database[Any], client_id: UUID, lead_ids: Iterable[UUID]) -> Cursor[Any]:
    """Ask for the rows; in a pipeline the answer comes with that of the next question."""
    return database.execute(_LOAD, (client_id, literal(lead_ids), client_id), binary=True)


def read(asked: Cursor[Any]) -> Shelf:
    """Read what was asked. Kinds and words of a newer release are its own business: their rows are left alone."""
    rows: dict[UUID, Rows] = {}
    since = {}
    for lead_id, row_id, kind, provider, external_id, *columns in asked:
        if lead_id is None:
            if provider in _PROVIDERS:
                since[Provider(provider)] = columns[0]
        elif kind in _KINDS:
            key = FollowUpKey(FollowUpKind(kind), Provider(provider), external_id)
            rows.setdefault(lead_id, {})[key] = Row(row_id, _shown(key, columns))
    return Shelf(rows, since)


def _shown(key: FollowUpKey, columns: list[Any]) -> FollowUp:
    cause_at, due_at, state, reason, closed_at, lost, new, act, acted_at, acted_by, until, who, given_at = (
        columns
    )
    return FollowUp(
        key=key,
        cause_at=cause_at,
        due_at=due_at,
        state=FollowUpState(state),
        closed_reason=reason and Answered(reason),
        closed_at=closed_at,
        lost_start_at=lost,
        new_start_at=new,
        acts=Acts(act and Act(act), acted_at, acted_by, until, who, given_at),
    )


def save(
    database: Database[Any],
    client_id: UUID,
    changes: Iterable[tuple[UUID, Mapping[FollowUpKey, Row], Mapping[FollowUpKey, FollowUp]]],
) -> None:
    """Save what changed: (lead, rows before, follow-ups now). Nothing is sent where nothing did."""
    saved: list[tuple[Any, ...]] = []
    gone: list[UUID] = []
    for lead_id, before, now in changes:
        for key, one in now.items():
            row = before.get(key)
            if row is None or row.shown != one:
                saved.append(_columns(client_id, row.id if row else new_id(), lead_id, one))
        gone += [row.id for key, row in before.items() if key not in now]
    if saved:
        database.execute(_SAVE, columns_of(saved))
    if gone:
        database.execute(
            "DELETE FROM follow_up WHERE client_id = %s AND id = ANY (%s::uuid[])", (client_id, literal(gone))
        )


def move(database: Database[Any], client_id: UUID, loser: UUID, winner: UUID) -> None:
    """Hand a merged lead's follow-ups on. Where both have one, the later act of persons stays."""
    database.execute(_MOVE, {"client": client_id, "loser": loser, "winner": winner})


def _columns(client_id: UUID, row_id: UUID, lead_id: UUID, one: FollowUp) -> tuple[Any, ...]:
    acts = one.acts
    return (
        client_id, row_id, lead_id, one.key.kind, one.key.provider, one.key.external_id, one.urgent,
        one.cause_at, one.due_at, one.state, one.closed_reason, one.closed_at, one.lost_start_at,
        one.new_start_at, acts.act, acts.at, acts.by, acts.until, acts.assignee, acts.assigned_at,
    )  # fmt: skip


_SHOWN = (
    "cause_at due_at state closed_reason closed_at lost_start_at new_start_at act acted_at acted_by "
    "snoozed_until assignee assigned_at"
).split()

_LOAD = f"""
    SELECT lead_id, id, kind, provider, external_id, {", ".join(_SHOWN)}
    FROM follow_up WHERE client_id = %s AND lead_id = ANY (%s::uuid[])
    UNION ALL
    SELECT NULL, NULL, NULL, provider, NULL, min(follow_ups_from), NULL, NULL, NULL, NULL, NULL, NULL, NULL,
           NULL, NULL, NULL, NULL, NULL
    FROM connection WHERE client_id = %s GROUP BY provider"""  # noqa: S608

_COLUMNS = ("client_id", "id", "lead_id", "kind", "provider", "external_id", "urgent", *_SHOWN)
_TYPES = (
    "uuid uuid uuid text text text boolean timestamptz timestamptz text text timestamptz timestamptz "
    "timestamptz text timestamptz text timestamptz uuid timestamptz"
).split()

_SAVE = f"""
    INSERT INTO follow_up AS f ({", ".join(_COLUMNS)})
    SELECT * FROM unnest({", ".join(f"%s::{of}[]" for of in _TYPES)})
    ON CONFLICT (client_id, lead_id, kind, provider, external_id) DO UPDATE
    SET {", ".join(f"{column} = excluded.{column}" for column in _COLUMNS[6:])}, updated_at = now()"""  # noqa: S608

_ACTED = ("act", "acted_at", "acted_by", "snoozed_until")
_ASSIGNED = ("assignee", "assigned_at")


def _later(columns: Iterable[str], at: str) -> str:
    """Of two rows' acts, those of the later one."""
    later = f"excluded.{at} > coalesce(f.{at}, '-infinity')"
    return ", ".join(f"{one} = CASE WHEN {later} THEN excluded.{one} ELSE f.{one} END" for one in columns)


_MOVE = f"""
    WITH theirs AS (DELETE FROM follow_up WHERE client_id = %(client)s AND lead_id = %(loser)s RETURNING *)
    INSERT INTO follow_up AS f ({", ".join(_COLUMNS)}, created_at)
    SELECT {", ".join("%(winner)s" if one == "lead_id" else one for one in _COLUMNS)}, created_at FROM theirs
    ON CONFLICT (client_id, lead_id, kind, provider, external_id) DO UPDATE
    SET {_later(_ACTED, "acted_at")}, {_later(_ASSIGNED, "assigned_at")}"""  # noqa: S608
