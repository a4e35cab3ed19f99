"""The inbox's health: what waits, for how long, and what was given up on."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from db.engine import Reading

EVERY_CLIENT = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Pause:
    """A kind of job ("*": any) that is not worked on; of one client, or of every one (None)."""

    kind: str
    client_id: UUID | None


@dataclass(frozen=True, slots=True)
class InboxHealth:
    """Counts, and the age in seconds of the oldest job that is due (0 if none is)."""

    jobs: int
    oldest_due_seconds: float
    dead_letters_open: int
    pauses: tuple[Pause, ...]


def inbox_health(reading: Reading) -> InboxHealth:
    """Measure the inbox of all clients."""
    row = reading.connection.execute(_NUMBERS).one()
    pauses = reading.connection.execute(text("SELECT kind, client_id FROM pause ORDER BY kind, client_id"))
    return InboxHealth(
        jobs=row.jobs,
        oldest_due_seconds=max(0.0, float(row.oldest_due_seconds)),
        dead_letters_open=row.dead_letters_open,
        pauses=tuple(
            Pause(kind, None if client_id == EVERY_CLIENT else client_id) for kind, client_id in pauses
        ),
    )


_NUMBERS = text("""
    SELECT (SELECT count(*) FROM inbox) AS jobs,
           (SELECT coalesce(extract(epoch FROM now() - min(not_before)), 0) FROM inbox) AS oldest_due_seconds,
           (SELECT count(*) FROM dead_letter WHERE state = 'open') AS dead_letters_open""")
