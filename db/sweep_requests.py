"""What a person asks the providers to be asked: taken down with who wanted it, and seen to by the clock."""

from collections.abc import Sequence
from uuid import UUID

from db import audit, lookups, sweeps
from db.connections import Connection
from db.desk import Database
from pipeline.doubts import Doubt
from pipeline.sweeping import Span, Tier


def ask(database: Database, connection: Connection, tier: Tier, windows: Sequence[Span], actor: str) -> bool:
    """Ask for a sweep of some windows (UTC); False if one of that tier is under way already.

    A scheduled tier counts as due until the run that was asked for is at its end.
    """
    with database.transaction():
        asked = sweeps.request(database, connection.client_id, connection.id, tier, windows)
        if asked:
            detail = {"tier": tier, "from": windows[0].start, "to": windows[-1].end}
            audit.note(database, connection.client_id, actor, "sweep_asked", connection.id, detail)
    return asked


def ask_about(database: Database, client_id: UUID, lead_id: UUID, doubt: Doubt, actor: str) -> bool:
    """Ask about one appointment of a lead; False if that is asked already."""
    with database.transaction():
        asked = bool(lookups.ask(database, client_id, [doubt], lead_id=lead_id))
        if asked:
            audit.note(database, client_id, actor, "check_asked", lead_id, {"provider": doubt.key.provider})
    return asked
