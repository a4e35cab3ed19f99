"""Messages: that somebody wrote, and what that makes of a lead; no words."""

from pathlib import Path

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Create the messages, and the columns of a lead that they speak to."""
    op.execute(Path(__file__).with_suffix(".sql").read_text())
