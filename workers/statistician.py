"""The clock's eye on the planner: tables that outgrow their statistics get new ones at once."""

from boot.logs import get_logger
from db import table_statistics
from db.desk import Database

ROUND_SECONDS = 5.0

log = get_logger(__name__)


def walk(database: Database) -> None:
    """Refresh what is due, and say so."""
    if refreshed := table_statistics.refresh(database):
        log.info("statistics_refreshed", tables=refreshed)
