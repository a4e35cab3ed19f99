"""Logging that cannot leak: static event names, an allow-list of keys, failures without their values."""

import re
import sys
from collections.abc import MutableMapping
from datetime import date, datetime
from enum import Enum
from typing import Any, TextIO, cast
from uuid import UUID

import orjson
import structlog
from structlog.typing import EventDict, FilteringBoundLogger, Processor

from boot import failures, library_logs
from boot.log_keys import KEYS
from boot.settings import LogFormat

EVENT_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", re.ASCII)
LONGEST_TEXT = 200
PLAIN = frozenset({int, float, bool, UUID, type(None)})
"""What both renderers write as it is, and can only be itself."""
MOST_ITEMS = 100
NAME_KEY = "logger_name"
"""What structlog binds for us; it wants `logger`, the key that is shown, for itself."""


def configure(log_format: LogFormat = "json", *, stream: TextIO | None = None) -> None:
    """Set up this process's logging: ours, the libraries', and what Python says of a crash.

    Everything goes to one stream, standard error if none is named, so that standard output is a command's own.
    """
    _configure_structlog(log_format, stream)
    library_logs.take_over()


def get_logger(name: str | None = None) -> FilteringBoundLogger:
    """A logger, safe before `configure` too: structlog's own defaults would print everything."""
    if not structlog.is_configured():
        _configure_structlog("json", None)
    names = {NAME_KEY: name} if name else {}
    return cast("FilteringBoundLogger", structlog.get_logger(**names))


def _configure_structlog(log_format: LogFormat, stream: TextIO | None) -> None:
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            name_logger,
            describe_failure,
            keep_allowed,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _renderer(log_format),
        ],
        wrapper_class=structlog.make_filtering_bound_logger("INFO"),
        logger_factory=lambda *_: structlog.WriteLogger(stream or sys.stderr),
        cache_logger_on_first_use=False,
    )


def _renderer(log_format: LogFormat) -> Processor:
    if log_format == "json":
        return _as_json
    console = structlog.dev.ConsoleRenderer(colors=False, pad_event_to=28, sort_keys=False)

    def as_lines(logger: object, method: str, event: EventDict) -> str:
        ids_as_text = {key: str(value) if isinstance(value, UUID) else value for key, value in event.items()}
        return console(logger, method, ids_as_text)

    return as_lines


def _as_json(_logger: object, _method: str, event: EventDict) -> str:
    return orjson.dumps(event, default=str).decode()


def name_logger(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Show the logger's name under the key that everybody looks for."""
    if name := event.pop(NAME_KEY, None):
        event.setdefault("logger", name)
    return event


def describe_failure(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Turn an exception into its class and its places; structlog's own rendering shows messages and locals."""
    given = event.pop("exc_info", None)
    error = sys.exc_info()[1] if given is True else given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        event.setdefault("error", failures.class_name(error))
        event.setdefault("location", failures.location(error))
        event["traceback"] = failures.frames(error)
        if causes := failures.causes(error):
            event["causes"] = causes
    return event


def keep_allowed(_logger: object, _method: str, event: EventDict) -> MutableMapping[str, Any]:
    """Keep the keys that a line may have, with plain values; count the rest in `dropped`."""
    kept: dict[str, Any] = {}
    dropped = 0
    for key, value in event.items():
        if key == "event":
            kept["event"], known = _event_name(value)
            dropped += not known
        elif key in KEYS and type(value) in PLAIN:
            kept[key] = value
        elif key in KEYS and _is_plain(value):
            kept[key] = _text(value)
        else:
            dropped += 1
    if dropped:
        kept["dropped"] = dropped
    return kept


def _event_name(value: object) -> tuple[str, bool]:
    """A name that never varies. A sentence may have a value in it, so it is not shown."""
    if isinstance(value, str) and len(value) <= 60 and EVENT_NAME.fullmatch(value):
        return value, True
    return "unnamed_event", False


def _is_plain(value: object) -> bool:
    """Numbers, ids, times and short words. Whatever has an at sign may be somebody's address."""
    if isinstance(value, str):
        return len(value) <= LONGEST_TEXT and "@" not in value and value.isprintable()
    if isinstance(value, (list, tuple, set, frozenset)):
        return len(value) <= MOST_ITEMS and all(map(_is_plain, value))
    return value is None or isinstance(value, (bool, int, float, UUID, date, Enum))


def _text(value: object) -> object:
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_text(item) for item in value]
    if isinstance(value, Enum):
        return _text(value.value)
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, (UUID, date)) else value
