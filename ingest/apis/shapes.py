"""Small readings of what a provider's API answers: lists, instants and names, without trusting any of them."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import orjson

from ingest.apis import errors
from ingest.apis.api import ApiFailed

NAME = re.compile(r"[A-Za-z0-9_-]{1,128}", re.ASCII)

Thing = dict[str, Any]


def things(said: Mapping[str, Any], field: str) -> tuple[list[Thing], int]:
    """The objects of a documented list, and how many entries are none. Raises ApiFailed if there is no list."""
    listed = said.get(field)
    if not isinstance(listed, list):
        raise ApiFailed(errors.WRAPPED_ANSWER)
    objects = [one for one in listed if isinstance(one, dict)]
    return objects, len(listed) - len(objects)


def resource(said: Mapping[str, Any]) -> Thing:
    """Calendly's `{"resource": {…}}`. Raises ApiFailed for another shape."""
    one = said.get("resource")
    if not isinstance(one, dict):
        raise ApiFailed(errors.WRAPPED_ANSWER)
    return one


def text(said: Mapping[str, Any], field: str) -> str | None:
    """A text, if it is one and not empty."""
    value = said.get(field)
    return value if isinstance(value, str) and value else None


def last_segment(uri: str | None) -> str | None:
    """The id in a provider's URI: its last path segment."""
    last = (uri or "").rstrip("/").rpartition("/")[2]
    return last if NAME.fullmatch(last) else None


def named(external_id: str) -> str:
    """An id that may stand in a path. Raises ApiFailed."""
    if NAME.fullmatch(external_id) is None:
        raise ApiFailed(errors.UNUSABLE_NAME)
    return external_id


def instant(said: Any) -> datetime | None:
    """An instant with an offset, in UTC; whatever else states none."""
    try:
        read = datetime.fromisoformat(said)
        return read.astimezone(UTC) if read.tzinfo is not None else None
    except (TypeError, ValueError, OverflowError):
        return None


def stamp(at: datetime) -> str:
    """An instant as both providers take it: UTC, microseconds, Z."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def milliseconds(at: datetime) -> int:
    """An instant as GHL's queries have it."""
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def fingerprint(*parts: Any) -> str:
    """What a listing shows of an object, as 32 hex digits: equal as long as nothing that we read is changed."""
    return sha256(orjson.dumps(parts, default=str, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]
