"""Signing in: operators, their one-time links, and the sessions that these open. Only hashes are kept."""

import secrets
from datetime import timedelta
from uuid import UUID

from db.clients import ROLES, hash_of
from db.desk import Database
from db.ids import new_id

LINK_LASTS = timedelta(hours=1)
SESSION_LASTS = timedelta(hours=12)
IDLE_LASTS = timedelta(hours=2)


class SpentLink(LookupError):
    """The sign-in link was used already, has expired, or never was one."""


class UnknownOperator(LookupError):
    """No operator has that name."""


class UnknownRole(ValueError):
    """A role is read, operate or admin."""


def ensure_operator(database: Database, name: str, role: str, client_id: UUID | None = None) -> UUID:
    """Add an operator, or give the one of that name this role and client; without a client, every one's.

    Raises UnknownRole.
    """
    if role not in ROLES:
        raise UnknownRole
    row = database.execute(
        """INSERT INTO operator (id, name, role, client_id) VALUES (%s, %s, %s, %s)
           ON CONFLICT (name) DO UPDATE SET role = excluded.role, client_id = excluded.client_id RETURNING id""",
        (new_id(), name, role, client_id),
    ).fetchone()
    operator_id: UUID = row[0]  # type: ignore[index]
    return operator_id


def make_link(database: Database, operator: str, lasts: timedelta = LINK_LASTS) -> str:
    """Make the token of a link `/sign-in/{token}` for an operator by name; this is the one time it is seen.

    Raises UnknownOperator.
    """
    token = secrets.token_urlsafe(32)
    made = database.execute(
        """INSERT INTO sign_in_link (token_hash, operator_id, expires_at)
           SELECT %s, id, now() + %s FROM operator WHERE name = %s""",
        (hash_of(token), lasts, operator),
    )
    if not made.rowcount:
        raise UnknownOperator
    return token


def redeem(database: Database, token: str) -> str:
    """Trade a link for a session's token; a link goes once, whoever else tries at the same time.

    Raises SpentLink.
    """
    session = None
    with database.transaction():
        row = database.execute(
            "DELETE FROM sign_in_link WHERE token_hash = %s RETURNING operator_id, expires_at > now()",
            (hash_of(token),),
        ).fetchone()
        if row is not None and row[1]:
            session = open_session(database, row[0])
        _sweep(database)
    if session is None:
        raise SpentLink
    return session


def open_session(database: Database, operator_id: UUID) -> str:
    """Open a session for an operator who has proven to be one; its token is seen this one time."""
    session = secrets.token_urlsafe(32)
    database.execute(
        "INSERT INTO operator_session (token_hash, operator_id, expires_at) VALUES (%s, %s, now() + %s)",
        (hash_of(session), operator_id, SESSION_LASTS),
    )
    return session


def seen(database: Database, session: str) -> None:
    """Note that a session is in use."""
    database.execute(
        "UPDATE operator_session SET last_seen_at = now() WHERE token_hash = %s", (hash_of(session),)
    )


def end(database: Database, session: str) -> None:
    """End a session; one that is over already stays over."""
    database.execute("DELETE FROM operator_session WHERE token_hash = %s", (hash_of(session),))


def _sweep(database: Database) -> None:
    """Drop what has expired."""
    database.execute(
        "DELETE FROM operator_session WHERE expires_at < now() OR last_seen_at < now() - %s", (IDLE_LASTS,)
    )
    database.execute("DELETE FROM sign_in_link WHERE expires_at < now()")
