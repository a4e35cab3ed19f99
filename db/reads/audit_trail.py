"""What was done to one thing of the books, and by whom."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from db.desk import Database

MOST = 50


@dataclass(frozen=True, slots=True)
class Entry:
    """One act. `actor` is an operator's id, `api` or a login of the machine; `reason` is what they gave."""

    at: datetime
    actor: str
    action: str
    reason: str | None


def of_subject(database: Database, client_id: UUID, subject: UUID) -> list[Entry]:
    """The acts on one thing, oldest first. An id begins with its time, and no act comes before its subject."""
    rows: list[tuple[Any, ...]] = database.execute(
        """SELECT a.at, coalesce(o.name, a.actor), a.action, a.detail->>'reason' FROM audit_log a
           LEFT JOIN operator o ON a.actor = 'operator:' || o.id
           WHERE a.client_id = %s AND a.id > %s AND a.subject = %s ORDER BY a.id LIMIT %s""",
        (client_id, subject, subject, MOST),
    ).fetchall()
    return [Entry(*row) for row in rows]
