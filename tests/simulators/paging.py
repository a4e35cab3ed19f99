"""Pages by opaque tokens that stay good while the collection changes: each names what the last page ended with."""

import base64
import json
from collections.abc import Callable, Iterator
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")
Key = tuple[str, ...]


def page(ordered: Iterator[Item], key: Callable[[Item], Key], count: int) -> tuple[list[Item], str | None]:
    """The first items of those after the last page, and the next token."""
    shown = list(islice(ordered, count))
    more = next(ordered, None) is not None
    return shown, sealed(key(shown[-1])) if shown and more else None


def sealed(key: Key) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def opened(token: str) -> Key:
    return tuple(json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))))
