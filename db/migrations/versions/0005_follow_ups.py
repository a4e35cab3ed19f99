"""Follow-ups: what the meetings ask of people, and what these did."""

from pathlib import Path

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Create the follow-ups."""
    op.execute(Path(__file__).with_suffix(".sql").read_text())
