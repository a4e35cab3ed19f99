"""Payloads: bytes from outside as a typed value, leniently and within bounds."""

import json
import re
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from ingest.verdicts import Ignored, Refused

MOST_REPAIRS = 4
LONGEST_NAME = 320

_PLAIN_URI = re.compile(r"https?://[A-Za-z0-9.:-]{1,100}(?:/[A-Za-z0-9_-]{1,128}){1,6}", re.ASCII)


class Payload(BaseModel):
    """A provider's object: the fields we use; the rest is never read, so that it cannot be kept."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True, hide_input_in_errors=True)


Model = TypeVar("Model", bound=Payload)


def read_model(model: type[Model], body: bytes) -> Model:
    """Read a body as a model. An optional field of an odd shape counts as absent.

    Raises Refused for what is no JSON, Ignored for what lacks a field that we cannot do without.
    """
    try:
        return model.model_validate_json(body)
    except ValidationError:
        return _read_leniently(model, _as_json(body))


def read_value(model: type[Model], said: dict[str, Any]) -> Model:
    """Read an object that is parsed already, as leniently. Raises Ignored."""
    return _read_leniently(model, said)


def _as_json(body: bytes) -> Any:
    """Python's own reader takes lone surrogates, which the fast one refuses."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise Refused("not_json") from None


def _read_leniently(model: type[Model], said: Any) -> Model:
    for _ in range(MOST_REPAIRS):
        try:
            return model.model_validate(said)
        except ValidationError as odd:
            errors = odd.errors(include_input=False, include_url=False)
            if not [error for error in errors if _forget(said, error["loc"])]:
                break
    raise Ignored("unusable_shape")


def _forget(said: Any, path: tuple[int | str, ...]) -> bool:
    """Take an odd value out of its object, or make it an empty entry of its list; False if it is not there."""
    if not path:
        return False
    *way, last = path
    for step in way:
        said = _step(said, step)
    if isinstance(said, dict):
        return said.pop(last, path) is not path
    if isinstance(said, list) and isinstance(last, int) and last < len(said) and said[last] != {}:
        said[last] = {}
        return True
    return False


def _step(said: Any, step: int | str) -> Any:
    if isinstance(said, dict):
        return said.get(step)
    if isinstance(said, list) and isinstance(step, int) and step < len(said):
        return said[step]
    return None


def clean_name(text: str | None) -> str | None:
    """A person's own text, on its way to `lead`: what Postgres cannot hold goes, and what is too long."""
    if text is None:
        return None
    if not text.isascii():
        text = text.encode("utf-8", "ignore").decode()
    return text.replace("\0", "").strip()[:LONGEST_NAME] or None


def clean_uri(text: str | None) -> str | None:
    """A provider's name for a thing: a host and plain path segments; None for anything more."""
    return text if text is not None and _PLAIN_URI.fullmatch(text) else None
