"""Shapes: GHL's objects as mappings, whatever their layout; a value of an odd type counts as absent."""

import json
import re
from collections.abc import Mapping
from typing import Any

from ingest.verdicts import Ignored, Refused

Shape = Mapping[str, Any]

_ID = re.compile(r"[A-Za-z0-9_-]{1,128}", re.ASCII)
_SNAKE = re.compile(r"_([a-z])")
UNRENDERED = "{{"


def read_object(body: bytes) -> dict[str, Any]:
    """Read a body. Raises Refused for what is no JSON, Ignored for what is no object."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        raise Refused("not_json") from None
    if isinstance(said, list) and len(said) == 1:
        said = said[0]
    if not isinstance(said, dict):
        raise Ignored("unusable_shape")
    return said


def unwrapped(said: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """A native body in the documented layout; whether it came in another (wrapped in `data`, or snake_case)."""
    data = said.get("data")
    if isinstance(data, dict) and "appointment" not in said:
        outer = {name: value for name, value in said.items() if name != "data"}
        return {**camel(data), **camel(outer)}, True
    named = camel(said)
    return named, named.keys() != said.keys()


def camel(said: Shape) -> dict[str, Any]:
    """Names in camelCase, one level deep and in `appointment`."""
    named = {_camel(name): value for name, value in said.items()}
    inner = named.get("appointment")
    return {**named, "appointment": camel(inner)} if isinstance(inner, dict) else named


def _camel(name: str) -> str:
    return _SNAKE.sub(lambda mark: mark[1].upper(), name)


def text(said: Shape, *names: str) -> str | None:
    """The first of some fields that holds a text that says something."""
    for name in names:
        value = said.get(name)
        if isinstance(value, str) and value.strip():
            return value.strip()
    return None


def part(said: Shape, name: str) -> dict[str, Any]:
    """An object inside an object; empty if it is missing or something else."""
    value = said.get(name)
    return value if isinstance(value, dict) else {}


def plain_id(value: str | None) -> str | None:
    """An id as GHL makes them; None for anything else."""
    return value if value is not None and _ID.fullmatch(value) else None


def is_unrendered(*values: str | None) -> bool:
    """Whether one of some values is a merge field that nobody filled in."""
    return any(value is not None and UNRENDERED in value for value in values)
