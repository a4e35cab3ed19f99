"""What the on-call engineer watches: open letters by kind, replays under way, quarantined leads."""

from dataclasses import dataclass

from sqlalchemy import text

from db.engine import Reading


@dataclass(frozen=True, slots=True)
class Operations:
    """Counts. `letters` holds open dead letters by kind; the `replay` numbers are of running ones alone."""

    letters: dict[str, int]
    quarantined: int
    replays: int
    replay_letters: int
    replay_posted: int


def operations(reading: Reading) -> Operations:
    """Measure, over all clients."""
    letters = reading.connection.execute(_LETTERS)
    row = reading.connection.execute(_NUMBERS).one()
    return Operations(
        letters={row[0]: row[1] for row in letters},
        quarantined=row.quarantined,
        replays=row.replays,
        replay_letters=row.letters,
        replay_posted=row.posted,
    )


_LETTERS = text("SELECT kind, count(*) FROM dead_letter WHERE state = 'open' GROUP BY kind")

_NUMBERS = text("""
    SELECT (SELECT count(*) FROM suspect WHERE level = 'quarantined') AS quarantined,
           count(*) AS replays, coalesce(sum(total), 0) AS letters, coalesce(sum(posted), 0) AS posted
    FROM replay WHERE state = 'running'""")
