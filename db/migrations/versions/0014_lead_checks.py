"""Lead checks: leads whose meetings the providers are to be asked for."""

from pathlib import Path

from alembic import op

revision = "0014"
down_revision = "0009"


def upgrade() -> None:
    """Create lead checks."""
    op.execute(Path(__file__).with_suffix(".sql").read_text())
