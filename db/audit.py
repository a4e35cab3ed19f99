"""The audit trail: who did what to the books, and why."""

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from db.desk import Database
from db.ids import new_id

NOBODY = UUID(int=0)
"""The client of an act that concerns every client."""


def note(
    database: Database,
    client_id: UUID,
    actor: str,
    action: str,
    subject: UUID | None = None,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Write one act down, in the transaction that carries it out."""
    database.execute(
        """INSERT INTO audit_log (client_id, id, actor, action, subject, detail)
           VALUES (%s, %s, %s, %s, %s, %s::jsonb)""",
        (client_id, new_id(), actor, action, subject, json.dumps(detail or {}, default=str)),
    )
