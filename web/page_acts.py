"""What people do on pages: who may, from which site, and what their forms may pick several of."""

from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import Depends, Request

from db.engine import Reading
from db.reads import follow_ups
from db.reads.callers import Caller
from web import problems
from web.auth import Looker, same_site
from web.problems import Problem

MOST_BYTES = 16384
MOST_FIELDS = 120

Pairs = list[tuple[str, str]]


def page_operator(caller: Looker) -> Caller:
    """A dependency: somebody signed in who may act; raises SignInFirst or Problem 403."""
    if not caller.may("operate"):
        raise problems.not_allowed("operate")
    return caller


async def pairs_in(request: Request) -> Pairs:
    """Read a form in which a field may come several times; raises Problem for one that is too long."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise Problem(413, "too-long", "That is more than a form of ours holds.")
    try:
        return parse_qsl(body.decode(), max_num_fields=MOST_FIELDS)
    except ValueError:
        raise Problem(400, "unreadable", "That is no form of ours.") from None


def urgent(snapshot: Reading, caller: Caller) -> int:
    """How many follow-ups are urgent, for the navigation; counted up to a hundred."""
    return follow_ups.urgent_up_to(snapshot, caller.scope, 100)


Actor = Annotated[Caller, Depends(page_operator)]
Picked = Annotated[Pairs, Depends(pairs_in)]
FROM_HERE = [Depends(same_site)]
