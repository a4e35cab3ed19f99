"""Bookings: intents that a meeting be made, the slots that were offered, and the switches that forbid both."""

from pathlib import Path

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Create bookings and offered slots; switches are on."""
    op.execute(Path(__file__).with_suffix(".sql").read_text())
