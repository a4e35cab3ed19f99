"""Forms: what a page of ours posts, read within bounds."""

from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import Depends, Request

from web.problems import Problem

MOST_BYTES = 8192
MOST_FIELDS = 20


async def form_in(request: Request) -> dict[str, str]:
    """Read a urlencoded form; raises Problem for one that is too long."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise Problem(413, "too-long", "That is more than a form of ours holds.")
    try:
        return dict(parse_qsl(body.decode(), max_num_fields=MOST_FIELDS))
    except ValueError:
        raise Problem(400, "unreadable", "That is no form of ours.") from None


Form = Annotated[dict[str, str], Depends(form_in)]
