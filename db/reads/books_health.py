"""Whether what is shown is what the observations add up to, as far as the clock's watch has seen."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from db.engine import Reading
from db.reads.leads import utc


@dataclass(frozen=True, slots=True)
class BooksHealth:
    """`different`: leads that were found different and not repaired, by cause.

    `overdue`: leads that ought to have been computed again five minutes ago. `checked`: leads looked at since
    the watch began, the samples among them; `watched_at`: when it last looked, if ever.
    """

    different: dict[str, int]
    overdue: int
    checked: int
    watched_at: datetime | None


def books_health(reading: Reading) -> BooksHealth:
    """Measure, over all clients."""
    row = reading.connection.execute(_NUMBERS).one()
    found = reading.connection.execute(_FOUND)
    return BooksHealth({one[0]: one[1] for one in found}, row.overdue, int(row.checked), utc(row.watched_at))


_FOUND = text("SELECT cause, count(*) FROM rollup_finding GROUP BY cause ORDER BY cause")

_NUMBERS = text("""
    SELECT (SELECT count(*) FROM lead
            WHERE recompute_at < apptrail_now() - interval '5 minutes' AND merged_into IS NULL) AS overdue,
           coalesce(sum(coalesce((counts->>'checked')::bigint, 0) + coalesce((counts->>'sampled')::bigint, 0)), 0)
               AS checked,
           max(updated_at) AS watched_at
    FROM backfill_run WHERE kind = 'watch'""")
