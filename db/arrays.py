"""Arrays: many rows as one parameter for each column, written as Postgres reads them.

psycopg dumps a list element by element in Python; this is an order of magnitude faster, and a batch of
100 leads carries some five thousand elements.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson


def columns_of(rows: Sequence[Sequence[Any]]) -> list[str]:
    """Turn rows into array literals, one a column, for an unnest."""
    return [literal(column) for column in zip(*rows, strict=True)]


def literal(values: Iterable[Any]) -> str:
    """Write one array: texts, ids, instants, numbers, truth values and nulls; no bytes."""
    column = list(values)
    try:
        text = orjson.dumps(column).decode()
    except orjson.JSONEncodeError:  # a lone surrogate: Postgres is to refuse it, not we
        text = "\\"
    if "\\" in text and "\\" in text.replace("\\\\", "").replace('\\"', ""):
        # Of JSON's escapes only those of a quote and of a backslash are Postgres's too.
        return "{" + ",".join(map(_element, column)) + "}"
    return "{" + text[1:-1] + "}"


def _element(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, UUID | datetime | int | bool):
        return f'"{value}"'
    raise TypeError
