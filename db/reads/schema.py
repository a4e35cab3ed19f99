"""The schema's version: whether the database is as this release expects it."""

from functools import cache
from pathlib import Path

from alembic.script import ScriptDirectory
from sqlalchemy import text

from db import migrations
from db.engine import Reading


def is_current(reading: Reading) -> bool:
    """Say whether the database has every revision of this release; one that was never migrated has none."""
    known = reading.connection.execute(text("SELECT to_regclass('alembic_version') IS NOT NULL")).scalar_one()
    if not known:
        return False
    at = reading.connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all()
    return at == [_head()]


@cache
def _head() -> str | None:
    return ScriptDirectory(str(Path(migrations.__file__).parent)).get_current_head()
