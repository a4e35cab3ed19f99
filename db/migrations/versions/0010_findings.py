"""Findings: leads whose rows are not what their observations add up to; and the mark of an erased lead."""

from pathlib import Path

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Create the table of findings and the mark."""
    op.execute(Path(__file__).with_suffix(".sql").read_text())
