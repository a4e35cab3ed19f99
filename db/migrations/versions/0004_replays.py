"""Replays: what became of a dead letter, what people noted, and the operations that post letters again."""

from pathlib import Path

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the columns of disposal, the notes and the operations."""
    op.execute(Path(__file__).with_suffix(".sql").read_text())
