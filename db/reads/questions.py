"""Questions: what a provider was asked about one appointment, and when it answered."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from db.engine import Reading
from db.reads.leads import utc
from pipeline.observation import AppointmentKey


@dataclass(frozen=True, slots=True)
class Question:
    """The last question about an appointment. `answered_at` (UTC) is None until the provider has answered it."""

    is_open: bool
    answered_at: datetime | None


def about(reading: Reading, client_id: UUID, key: AppointmentKey) -> Question | None:
    """What was last asked about an appointment; None if nothing ever was."""
    row = reading.connection.execute(
        _ABOUT, {"client": client_id, "provider": key.provider, "name": key.external_id}
    ).one_or_none()
    if row is None:
        return None
    return Question(row.state == "waiting", utc(row.answered_at) if row.state == "answered" else None)


_ABOUT = text("""
    SELECT state, answered_at FROM lookup
    WHERE client_id = :client AND provider = :provider AND external_id = :name""")
