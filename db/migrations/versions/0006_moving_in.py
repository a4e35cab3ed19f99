"""Moving in: who owns what several rows named, the runs that walk all leads, and the old application's view."""

from pathlib import Path

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Create the run table and the view, and the mark of shared appointments."""
    op.execute(Path(__file__).with_suffix(".sql").read_text())
