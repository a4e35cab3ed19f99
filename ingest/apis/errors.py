"""What a provider's answer amounts to: a word of ours, never a word of theirs."""

from collections.abc import Mapping
from typing import Any

import httpx
import orjson

from ingest.apis.api import ApiFailed

UNAUTHORIZED = "unauthorized"
NOT_THERE = "http_404"
RATE_LIMITED = "http_429"
SERVER_ERROR = "http_5xx"
TIMEOUT = "timeout"
UNREACHABLE = "unreachable"
BROKEN_ANSWER = "broken_answer"
"""The connection ended in the middle, or what came was no HTTP."""
TOO_LARGE = "answer_too_large"
EMPTY_ANSWER = "empty_answer"
"""A success without a body: what became of the call is not known."""
HTML_ANSWER = "html_answer"
NOT_JSON = "not_json"
WRAPPED_ANSWER = "wrapped_answer"
"""JSON of another shape than the documented ones: wrapped, renamed or cut."""
UNREADABLE_OBJECTS = "unreadable_objects"
FOREIGN_PAGE = "foreign_next_page"
PAGING_LOOP = "paging_loop"
REDIRECTED = "redirected"
UNUSABLE_NAME = "unusable_name"
"""An id or URI that this API cannot be asked about."""

OTHER_GUESTS = "other_guests"
"""A group event cannot be called off for one of its guests."""

QUICK = frozenset({SERVER_ERROR, TIMEOUT, UNREACHABLE, BROKEN_ANSWER})
"""Worth asking again at once."""

DEFAULT_PAUSE = 60.0
"""Seconds, after a 429 that names none."""
LONGEST_PAUSE = 24 * 3600.0

TRANSPORT: tuple[tuple[type[Exception], str], ...] = (
    (httpx.TimeoutException, TIMEOUT),
    (httpx.ConnectError, UNREACHABLE),
    (httpx.TransportError, BROKEN_ANSWER),
    (httpx.DecodingError, BROKEN_ANSWER),
)


def of_transport(error: Exception) -> str:
    """Name what kept an answer from coming. httpx's own text has the address in it, and is not looked at."""
    return next((word for kind, word in TRANSPORT if isinstance(error, kind)), BROKEN_ANSWER)


def failure(status: int, headers: Mapping[str, str], body: bytes) -> ApiFailed:
    """Name what an answer outside 2xx says.

    GHL sends some 4xx as 500 with the true number in the body (highlevel-api-docs #6).
    """
    if status >= 500:
        status = _true_status(body) or status
    if status == 401:
        return ApiFailed(UNAUTHORIZED)
    if status == 429:
        return ApiFailed(RATE_LIMITED, retry_after=pause_asked(headers) or DEFAULT_PAUSE)
    if status >= 500:
        return ApiFailed(SERVER_ERROR, retry_after=_seconds(headers.get("retry-after")))
    if 300 <= status < 400:
        return ApiFailed(REDIRECTED)
    return ApiFailed(f"http_{status}")


def _true_status(body: bytes) -> int | None:
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    number = said.get("statusCode") if isinstance(said, dict) else None
    return number if type(number) is int and 400 <= number < 500 else None


def pause_asked(headers: Mapping[str, str]) -> float | None:
    """Seconds that the provider asks us to wait, by what it says of its limits; None: it asks for none.

    `Retry-After` in seconds; Calendly's `X-RateLimit-Reset` in seconds; GHL's interval, or an hour when the
    day's calls are used up (it does not say when the day ends).
    """
    if (seconds := _seconds(headers.get("retry-after"))) is not None:
        return seconds
    if headers.get("x-ratelimit-daily-remaining") == "0":
        return 3600.0
    if headers.get("x-ratelimit-remaining") != "0":
        return None
    if (seconds := _seconds(headers.get("x-ratelimit-reset"))) is not None:
        return seconds
    milliseconds = _seconds(headers.get("x-ratelimit-interval-milliseconds"), most=LONGEST_PAUSE * 1000)
    return None if milliseconds is None else milliseconds / 1000


def _seconds(text: str | None, *, most: float = LONGEST_PAUSE) -> float | None:
    """A count as headers have it; a date, or nonsense, states none."""
    text = (text or "").strip()
    return min(float(text), most) if text.isdecimal() and len(text) <= 12 else None


def decoded(headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    """Read the JSON object of a 2xx answer. Raises ApiFailed."""
    if not body.strip():
        raise ApiFailed(EMPTY_ANSWER)
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError:
        html = "html" in headers.get("content-type", "") or body.lstrip()[:1] == b"<"
        raise ApiFailed(HTML_ANSWER if html else NOT_JSON) from None
    if not isinstance(said, dict):
        raise ApiFailed(WRAPPED_ANSWER)
    return said
