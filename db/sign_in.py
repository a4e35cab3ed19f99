"""Signing in: one-time links, and the sessions that they open. Only hashes of either are kept."""

import secrets
from datetime import timedelta
from uuid import UUID

from db.clients import hash_of
from db.desk import Database

LINK_LASTS = timedelta(hours=1)
SESSION_LASTS = timedelta(hours=12)


class SpentLink(LookupError):
    """The sign-in link was used already, has expired, or never was one."""


def make_link(database: Database, operator_id: UUID, lasts: timedelta = LINK_LASTS) -> str:
    """Make the token of a link `/sign-in/{token}`; this is the one time it is seen."""
    token = secrets.token_urlsafe(32)
    database.execute(
        "INSERT INTO sign_in_link (token_hash, operator_id, expires_at) VALUES (%s, %s, now() + %s)",
        (hash_of(token), operator_id, lasts),
    )
    return token


def redeem(database: Database, token: str) -> str:
    """Trade a link for a session's token; a link goes once, whoever else tries at the same time.

    Raises SpentLink.
    """
    session = secrets.token_urlsafe(32)
    with database.transaction():
        row = database.execute(
            "DELETE FROM sign_in_link WHERE token_hash = %s RETURNING operator_id, expires_at > now()",
            (hash_of(token),),
        ).fetchone()
        if row is not None and row[1]:
            database.execute(
                """INSERT INTO operator_session (token_hash, operator_id, expires_at)
                   VALUES (%s, %s, now() + %s)""",
                (hash_of(session), row[0], SESSION_LASTS),
            )
        _sweep(database)
    if row is None or not row[1]:
        raise SpentLink
    return session


def end(database: Database, session: str) -> None:
    """End a session; one that is over already stays over."""
    database.execute("DELETE FROM operator_session WHERE token_hash = %s", (hash_of(session),))


def _sweep(database: Database) -> None:
    """Drop what has expired."""
    database.execute("DELETE FROM operator_session WHERE expires_at < now()")
    database.execute("DELETE FROM sign_in_link WHERE expires_at < now()")
