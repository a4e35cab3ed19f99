"""Conditional answers: a strong ETag over what was said, and 304 when the asker has it already."""

from hashlib import sha256

from starlette.requests import Request
from starlette.responses import Response

PRIVATE = {"Cache-Control": "private, no-cache", "Vary": "Authorization, Cookie"}


def etag_of(content: bytes) -> str:
    """The strong validator of some content."""
    return f'"{sha256(content).hexdigest()[:32]}"'


def answer(request: Request, body: bytes, media_type: str, *, content: bytes | None = None) -> Response:
    """Answer 200 with the body, or 304 if the asker's copy is good.

    `content` is what the answer says, where the body says it in words that change with the hour.
    """
    etag = etag_of(body if content is None else content)
    headers = {**PRIVATE, "ETag": etag}
    if _has(request.headers.get("if-none-match", ""), etag):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type=media_type)


def _has(if_none_match: str, etag: str) -> bool:
    """RFC 9110 13.1.2: weak comparison, a list, or any."""
    given = [part.strip().removeprefix("W/") for part in if_none_match.split(",")]
    return etag in given or given == ["*"]
