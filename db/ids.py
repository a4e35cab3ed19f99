"""Ids: UUIDv7, made by the application so that a row's references are known before it is stored."""

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """Make an id; later ones sort after earlier ones."""
    return uuid7()
