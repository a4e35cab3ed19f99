"""Forms: what a page of ours posts, read within bounds."""

from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import Depends, Request

from web import problems
from web.problems import Problem

MOST_BYTES = 8192
MOST_FIELDS = 20
MOST_BYTES_PICKED = 16384
MOST_FIELDS_PICKED = 120

Pairs = list[tuple[str, str]]


async def form_in(request: Request) -> dict[str, str]:
    """Read a urlencoded form; raises Problem for one that is too long."""
    return dict(await _pairs(request, MOST_BYTES, MOST_FIELDS))


async def pairs_in(request: Request) -> Pairs:
    """Read a form in which a field may come several times; raises Problem for one that is too long."""
    return await _pairs(request, MOST_BYTES_PICKED, MOST_FIELDS_PICKED)


async def _pairs(request: Request, most_bytes: int, most_fields: int) -> Pairs:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > most_bytes:
            raise Problem(413, "too-long", "That is more than a form of ours holds.")
    try:
        return parse_qsl(body.decode(), max_num_fields=most_fields)
    except ValueError:
        raise Problem(400, "unreadable", "That is no form of ours.") from None


def text_in(form: dict[str, str], field: str, longest: int, detail: str | None = None) -> str:
    """Read what somebody wrote; raises Problem, with `detail` if there is one, for nothing and for too much."""
    text = form.get(field, "").strip()
    if not text or len(text) > longest or "\0" in text:
        detail = detail or f"{field}: say it in up to {longest} characters."
        raise problems.bad_field(field, "missing", detail)
    return text


def number_in(form: dict[str, str], field: str, *, otherwise: float, least: float, most: float) -> float:
    """Read a number; `otherwise` where none was given. Raises Problem for what is none or out of range."""
    try:
        found = float(form.get(field) or otherwise)
    except ValueError:
        found = least - 1
    if not least <= found <= most:
        raise problems.bad_field(field, "out_of_range", f"{field}: from {least:g} to {most:g}.")
    return found


Form = Annotated[dict[str, str], Depends(form_in)]
Picked = Annotated[Pairs, Depends(pairs_in)]
