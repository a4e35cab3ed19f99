"""Passwords: hashed with argon2id, and tried only so often."""

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from db.clients import hash_of
from db.desk import Database
from db.sign_in import UnknownOperator, open_session

SHORTEST, LONGEST = 12, 200
MOST_FAILURES_OF_A_NAME = 5
MOST_FAILURES_OF_AN_ADDRESS = 20
WINDOW = "15 minutes"

_HASHER = PasswordHasher()


class WrongPassword(LookupError):
    """The name or the password is wrong; which of them is not said."""


class TooManyTries(PermissionError):
    """A name, or an address, has failed too often in the last quarter of an hour."""


class UnusablePassword(ValueError):
    """A password has fewer than 12 or more than 200 characters."""


@cache
def _nobodys() -> str:
    """Checked where there is no password, so that an unknown name takes as long as a known one."""
    return _HASHER.hash("a password that nobody has")


def set_password(database: Database, name: str, password: str) -> None:
    """Give an operator a password and end their sessions. Raises UnusablePassword, UnknownOperator."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise UnusablePassword
    with database.transaction():
        done = database.execute(
            "UPDATE operator SET password_hash = %s WHERE name = %s", (_HASHER.hash(password), name)
        )
        if not done.rowcount:
            raise UnknownOperator
        database.execute(
            "DELETE FROM operator_session s USING operator o WHERE o.id = s.operator_id AND o.name = %s",
            (name,),
        )


def sign_in(database: Database, name: str, password: str, address: str) -> str:
    """Trade a name and a password for a session's token; what fails is counted, and kept though it fails.

    Must not run inside a transaction that its failure rolls back. Raises WrongPassword, TooManyTries.
    """
    limits = {
        _key("name", name): MOST_FAILURES_OF_A_NAME,
        _key("address", address): MOST_FAILURES_OF_AN_ADDRESS,
    }
    for key, most in limits.items():
        if _failures(database, key) >= most:
            raise TooManyTries
    row = database.execute("SELECT id, password_hash FROM operator WHERE name = %s", (name,)).fetchone()
    if not _holds(row[1] if row else None, password):
        for key in limits:
            database.execute("INSERT INTO sign_in_failure (key) VALUES (%s)", (key,))
        raise WrongPassword
    database.execute("DELETE FROM sign_in_failure WHERE key = %s", (_key("name", name),))
    return open_session(database, row[0])  # type: ignore[index]


def _holds(password_hash: str | None, password: str) -> bool:
    try:
        _HASHER.verify(password_hash or _nobodys(), password[: LONGEST + 1])
    except (VerifyMismatchError, InvalidHashError):
        return False
    return password_hash is not None


def _failures(database: Database, key: bytes) -> int:
    """How often a key has failed lately; what is older is dropped on the way."""
    database.execute(f"DELETE FROM sign_in_failure WHERE at < now() - interval '{WINDOW}'")  # noqa: S608
    row = database.execute("SELECT count(*) FROM sign_in_failure WHERE key = %s", (key,)).fetchone()
    return int(row[0]) if row else 0


def _key(kind: str, value: str) -> bytes:
    return hash_of(f"{kind}\0{value}")
