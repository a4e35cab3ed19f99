"""Legacy rollups on disk: what a lead's row said when its CRM moved in."""

from typing import Any
from uuid import UUID

from psycopg import Connection as Database

from pipeline.legacy import observations_from
from pipeline.observation import Observation


def legacy_observations(database: Database[Any], client_id: UUID, lead_id: UUID) -> list[Observation]:
    """A lead's legacy row as migration observations; nothing if it moved in without one."""
    row = database.execute(
        "SELECT said FROM legacy_rollup WHERE client_id = %s AND lead_id = %s", (client_id, lead_id)
    ).fetchone()
    return observations_from(lead_id, row[0]) if row else []
