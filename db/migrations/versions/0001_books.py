"""The books: clients, leads, inbox, history and projections."""

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create every table, the clock function and the guard of the rollup columns."""
    op.execute(Path(__file__).with_suffix(".sql").read_text())
