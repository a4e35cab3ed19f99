"""Absence: what we hold as live and a complete listing does not show is a suspicion, and a GET decides."""

from boot.logs import get_logger
from db import connection_health, lookups, marks, sweeps
from db.connections import Connection
from db.desk import Database
from db.sweeps import Run
from pipeline.doubts import Doubt
from pipeline.observation import AppointmentKey
from pipeline.sweeping import Span, is_mass_disappearance

MASS_DISAPPEARANCE = "mass_disappearance"

log = get_logger(__name__)


class MassDisappearance(Exception):
    """So much is missing that the listing is doubted: nothing is concluded, and a person is told."""


def suspect_absent(database: Database, connection: Connection, run: Run, span: Span, shown: set[str]) -> int:
    """Ask about each live appointment of a window that its listing did not show; returns how many.

    `shown` are the names of everything that the listing showed, from its first page to its last. Raises
    MassDisappearance, with nothing asked.
    """
    held = marks.live_within(
        database, connection.client_id, connection.id, connection.provider, run.tier, span
    )
    gone = [one for name, one in held if name not in shown]
    if is_mass_disappearance(sum(one.listed for one in gone), sum(one.listed for _, one in held)):
        connection_health.alert(database, connection.client_id, connection.id, MASS_DISAPPEARANCE)
        log.error(
            "mass_disappearance",
            client_id=connection.client_id,
            connection_id=connection.id,
            sweep_id=run.id,
            missing=len(gone),
            count=len(held),
        )
        raise MassDisappearance
    if gone:
        at = sweeps.now(database)
        for listed in (True, False):
            doubts = [
                Doubt(AppointmentKey(connection.provider, one.external_id), lookups.ABSENT, at, one.uri)
                for one in gone
                if one.listed is listed
            ]
            whose = connection.id if listed else None
            lookups.ask(database, connection.client_id, doubts, connection_id=whose)
        sweeps.suspect(database, run, len(gone))
    return len(gone)
