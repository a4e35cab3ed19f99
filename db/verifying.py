"""Verifying a migration: whether anything was lost, in both directions, and what each lead shows now."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Self
from uuid import UUID

from psycopg.rows import dict_row

from db.arrays import columns_of, literal
from db.desk import Database
from db.legacy import read_rows
from db.legacy_rows import STORED, Told
from pipeline.comparison import COLUMNS, Cause, Circumstances, differences

Listen = Callable[[UUID, str, Cause], None]
"""Told of each lead and column that reads otherwise than the CRM's did, with the cause."""


@dataclass
class Verified:
    """`lost`: observations that a legacy row makes and the books lack. `surplus`: the other way round.

    `by_cause` counts columns of leads that read otherwise than the CRM's did.
    """

    leads: int = 0
    equal: int = 0
    lost: int = 0
    stored: int = 0
    surplus: int = 0
    by_cause: Counter[str] = field(default_factory=Counter)

    def __iadd__(self, other: "Verified") -> Self:
        """Add up two clients."""
        for name in ("leads", "equal", "lost", "stored", "surplus"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.by_cause += other.by_cause
        return self

    def summary(self) -> dict[str, Any]:
        """What was found, for programs."""
        return {
            "leads": self.leads,
            "equal": self.equal,
            "lost": self.lost,
            "surplus": self.surplus,
            "by_cause": dict(sorted(self.by_cause.items())),
        }

    @property
    def holds(self) -> bool:
        """Whether nothing is lost and nothing is unexplained."""
        return not (self.lost or self.surplus or self.by_cause[Cause.UNEXPLAINED])


def verify(
    database: Database, client_id: UUID, rows: Sequence[Told], so_far: Verified, listen: Listen
) -> None:
    """Look for what some legacy rows say in the books, and compare field by field."""
    families = {row[1]: (row[4],) for row in rows}
    told = read_rows(database, client_id, [row[1:4] for row in rows], families)
    keys = {(one.provider, one.external_id, one.digest.hex()) for said in told.values() for one in said}
    stored = database.execute(STORED, (*columns_of(list(keys)), client_id)).fetchall() if keys else []
    so_far.lost += len(keys) - len(stored)
    so_far.stored += len(stored)
    leads = _leads(database, client_id, [row[4] for row in rows])
    for _, lead_id, said, _, heir in rows:
        shown = leads[heir]
        known = Circumstances(lead_id != heir, bool(shown["provider_spoke"]), int(shown["appointments"]))
        found = differences(said, shown, known)
        so_far.leads += 1
        so_far.equal += not found
        for column, cause in found.items():
            so_far.by_cause[cause] += 1
            listen(lead_id, column, cause)


def count_surplus(database: Database, client_id: UUID, so_far: Verified) -> None:
    """After all rows: migration observations of a client that no legacy row makes."""
    row = database.execute(
        "SELECT count(*) FROM observation WHERE client_id = %s AND source = 'migration'", (client_id,)
    ).fetchone()
    so_far.surplus += max(0, (row[0] if row else 0) - so_far.stored)


def _leads(database: Database, client_id: UUID, lead_ids: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
    with database.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(_LEADS, (client_id, literal(lead_ids))).fetchall()
    return {row["id"]: row for row in rows}


_LEADS = f"""
    SELECT l.id, {", ".join(f"l.{column}" for column in COLUMNS)}, a.appointments, a.provider_spoke
    FROM lead l
    CROSS JOIN LATERAL (
        SELECT count(*) AS appointments, coalesce(bool_or(source <> 'migration'), false) AS provider_spoke
        FROM appointment a WHERE a.client_id = l.client_id AND a.lead_id = l.id) AS a
    WHERE l.client_id = %s AND l.id = ANY (%s::uuid[])"""  # noqa: S608
