"""How many leads fit: in words, beside the list, and again while somebody looks."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from db.engine import Engine, Unavailable, reading
from db.reads import lead_list
from db.reads.callers import Caller
from web.auth import Looker, engine_of
from web.leads_asked import Asked, LeadsAsked

MOST = 1000
PATIENCE_SECONDS = 0.5
"""A number is worth no more waiting than that; the list itself does not wait for it."""

router = APIRouter(include_in_schema=False)


@router.get("/leads/count")
def count_part(request: Request, caller: Looker, asked: Asked) -> Response:
    """The number alone, as text, for the script of the page."""
    text = in_words(engine_of(request), caller, asked)
    return Response(text, media_type="text/plain; charset=utf-8", headers={"Cache-Control": "no-store"})


def in_words(engine: Engine, caller: Caller, asked: LeadsAsked) -> str:
    """Such as `12 leads`, or `more than 1,000 leads`; `many leads` where counting takes too long. Raises Problem."""
    filters, scope = asked.filters(), asked.scope(caller.scope)
    if scope is None:
        return "0 leads"
    try:
        with reading(engine, seconds=PATIENCE_SECONDS) as snapshot:
            number = lead_list.count(snapshot, scope, filters, most=MOST)
    except Unavailable:
        return "many leads"
    if number > MOST:
        return f"more than {MOST:,} leads"
    return "1 lead" if number == 1 else f"{number:,} leads"
