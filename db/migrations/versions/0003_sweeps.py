"""Sweeps: runs and what they have seen, what is to be asked again, and how each connection does."""

from pathlib import Path

from alembic import op

revision = "0003"
down_revision = "0001"


def upgrade() -> None:
    """Create the tables of sweeps, marks, lookups and connection health."""
    op.execute(Path(__file__).with_suffix(".sql").read_text())
