"""Cursors: where a list goes on, as text that nobody outside should read or mend."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime
from hashlib import blake2b

import orjson

LONGEST = 4000
_CHECK_BYTES = 8


class BadCursor(ValueError):
    """The cursor is not one that this list gave out."""


def write(of_list: str, start_at: datetime | None, name: str) -> str:
    """Write the place after one row of a list; `of_list` names the list, for no other takes the cursor."""
    place = orjson.dumps([start_at and start_at.astimezone(UTC).isoformat(), name])
    return urlsafe_b64encode(_check(of_list, place) + place).decode().rstrip("=")


def read(of_list: str, cursor: str) -> tuple[datetime | None, str]:
    """Read a place; raises BadCursor for whatever `write` did not write for the same list."""
    if len(cursor) > LONGEST or not cursor.isascii():
        raise BadCursor
    try:
        raw = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except (binascii.Error, ValueError):
        raise BadCursor from None
    check, place = raw[:_CHECK_BYTES], raw[_CHECK_BYTES:]
    if check != _check(of_list, place):
        raise BadCursor
    start_at, name = orjson.loads(place)
    return start_at and datetime.fromisoformat(start_at), name


def _check(of_list: str, place: bytes) -> bytes:
    """A mark against accidents and mixed-up lists. A forged cursor shows nothing that its bearer may not see."""
    return blake2b(of_list.encode() + b"\0" + place, digest_size=_CHECK_BYTES).digest()
