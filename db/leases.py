"""Leases: which of many processes does what only one should do; a row, so that poolers do not matter."""

from uuid import UUID

from db.desk import Database


def take(database: Database, name: str, owner: UUID, seconds: float) -> bool:
    """Take or renew a lease; False while another owner holds it."""
    taken = database.execute(
        """INSERT INTO lease (name, owner, until) VALUES (%(name)s, %(owner)s, now() + make_interval(secs => %(for)s))
           ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, until = excluded.until
           WHERE lease.owner = excluded.owner OR lease.until < now()""",
        {"name": name, "owner": owner, "for": seconds},
    )
    return bool(taken.rowcount)


def give_back(database: Database, name: str, owner: UUID) -> None:
    """Give a lease back, so that the next owner need not wait for its end."""
    database.execute("DELETE FROM lease WHERE name = %s AND owner = %s", (name, owner))
