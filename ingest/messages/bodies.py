"""Message bodies: JSON or a form, as an object; what a relay wrapped is unwrapped once."""

import json
from typing import Any
from urllib.parse import parse_qsl

import orjson

from ingest.verdicts import Ignored, Refused

MOST_FIELDS = 500
UNRENDERED = "{{"


def read_object(body: bytes) -> dict[str, Any]:
    """Read a body as an object. Raises Refused for what is neither JSON nor a form, Ignored for no object."""
    said = _parsed(body)
    if isinstance(said, list) and len(said) == 1:
        said = said[0]
    if isinstance(said, dict):
        inner = said.get("body")
        if isinstance(inner, dict) and not any(name in said for name in ("event_type", "event", "type")):
            said = inner
    if not isinstance(said, dict):
        raise Ignored("unusable_shape")
    return said


def _parsed(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except ValueError:
        pass
    try:
        return json.loads(body)  # takes lone surrogates, which the fast one refuses
    except (ValueError, RecursionError):
        pass
    if body[:1] in b"{[" or b"=" not in body:
        raise Refused("not_json")
    try:
        fields = dict(parse_qsl(body.decode(), max_num_fields=MOST_FIELDS))
    except ValueError:
        raise Refused("not_json") from None
    return {name: _maybe_json(text) for name, text in fields.items()}


def _maybe_json(text: str) -> Any:
    """A field of a form may hold an object as JSON."""
    if text[:1] in ("{", "["):
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            return text
    return text


def is_unrendered(*values: object) -> bool:
    """Whether one of some values is a template that nobody filled in."""
    return any(isinstance(value, str) and UNRENDERED in value for value in values)
