"""Payloads: bytes from outside as a typed value, leniently and within bounds."""

import json
import re
from functools import cache
from typing import Any, TypeVar, get_args

import msgspec

from ingest.verdicts import Ignored, Refused

LONGEST_NAME = 320

_PLAIN_URI = re.compile(r"https?://[A-Za-z0-9.:-]{1,100}(?:/[A-Za-z0-9_-]{1,128}){1,6}", re.ASCII)


class Payload(msgspec.Struct):
    """A provider's object: the fields we use; the rest is never read, so that it cannot be kept."""


Model = TypeVar("Model", bound=Payload)


def read_model(model: type[Model], body: bytes) -> Model:
    """Read a body as a model. An optional field of an odd shape counts as absent.

    Raises Refused for what is no JSON, Ignored for what lacks a field that we cannot do without.
    """
    try:
        return _decoder_of(model).decode(body)  # type: ignore[no-any-return]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return read_value(model, _as_json(body))


def read_value(model: type[Model], said: Any) -> Model:
    """Read an object that is parsed already, as leniently. Raises Ignored."""
    try:
        return msgspec.convert(_usable(model, said), model)
    except msgspec.ValidationError:
        raise Ignored("unusable_shape") from None


@cache
def _decoder_of(model: type[Payload]) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(model)


@cache
def _types_of(model: type[Payload]) -> dict[str, Any]:
    return {field.encode_name: field.type for field in msgspec.structs.fields(model)}


def _as_json(body: bytes) -> Any:
    """Python's own reader takes lone surrogates, which the fast one refuses."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise Refused("not_json") from None


def _usable(model: type[Payload], said: Any) -> Any:
    """What of an object has the shape that the model gives it."""
    if not isinstance(said, dict):
        return said
    types = _types_of(model)
    parts = {name: _part(types[name], value) for name, value in said.items() if name in types}
    return {name: value for name, value in parts.items() if value is not msgspec.UNSET}


def _part(kind: Any, value: Any) -> Any:
    """One field's value without what is odd in it; an odd entry of a list is an empty one."""
    options = get_args(kind) or (kind,)
    if isinstance(value, dict):
        models = [one for one in options if isinstance(one, type) and issubclass(one, Payload)]
        return _usable(models[0], value) if models else msgspec.UNSET
    items = [get_args(one)[0] for one in options if getattr(one, "__origin__", None) is list]
    if isinstance(value, list) and items:
        return [{} if (part := _part(items[0], one)) is msgspec.UNSET else part for one in value]
    try:
        msgspec.convert(value, kind)
    except (
        msgspec.ValidationError,
        UnicodeEncodeError,
    ):  # the latter of half a surrogate pair where no text is due
        return msgspec.UNSET
    return value


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
