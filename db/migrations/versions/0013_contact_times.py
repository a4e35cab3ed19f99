"""Contact times: when each of a lead's contact fields was last said."""

from alembic import op

revision = "0013"
down_revision = "0010"


def upgrade() -> None:
    """Add the column; of what is there already nobody knows when it was said."""
    op.execute("ALTER TABLE lead ADD COLUMN contact_times jsonb NOT NULL DEFAULT '{}'")
