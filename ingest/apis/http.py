"""One request and one answer: bounded, never logged, and failures told in our words."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
from stamina.instrumentation import set_on_retry_hooks

from db.release import CODE_VERSION
from ingest.apis import errors
from ingest.apis.api import ApiFailed

USER_AGENT = f"apptrail/{CODE_VERSION} (appointment sync)"
"""Calendly's front refuses the names of Python libraries."""
TIMEOUT = httpx.Timeout(connect=5.0, read=20.0, write=10.0, pool=5.0)
MOST_BYTES = 32 * 1024 * 1024

# Both would write addresses, whose query may hold somebody's email, and stamina the failure's text.
for _library in ("httpx", "httpcore"):
    logging.getLogger(_library).setLevel(logging.CRITICAL + 1)
set_on_retry_hooks(())


def new_client(transport: httpx.BaseTransport | None = None) -> httpx.Client:
    """A client that follows no redirect and takes nothing from the surroundings; share it within a process."""
    return httpx.Client(timeout=TIMEOUT, follow_redirects=False, trust_env=False, transport=transport)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it came, for the few callers that must look into a refusal. Never log one."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


def exchange(client: httpx.Client, method: str, url: str, **request: Any) -> Answer:
    """Send one request and read its answer within bounds. Raises ApiFailed, without what httpx says."""
    try:
        with client.stream(method, url, **request) as response:
            return Answer(response.status_code, dict(response.headers), _bounded(response))
    except httpx.HTTPError as error:
        raise ApiFailed(errors.of_transport(error)) from None


def _bounded(response: httpx.Response) -> bytes:
    parts, size = [], 0
    for part in response.iter_bytes():
        parts.append(part)
        size += len(part)
        if size > MOST_BYTES:
            raise ApiFailed(errors.TOO_LARGE)
    return b"".join(parts)
