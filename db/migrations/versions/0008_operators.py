"""Operators: passwords, sessions that end when nobody uses them, and attempts that are counted."""

from pathlib import Path

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add what signing in by password needs."""
    op.execute(Path(__file__).with_suffix(".sql").read_text())
