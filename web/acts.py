"""Acts: what a person or a program does with a lead's books, carried out before the answer."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request

from db.engine import reading
from db.inbox import Payload
from db.people import UnknownLead
from db.reads.callers import Caller
from web import problems
from web.auth import api_caller, engine_of
from web.problems import Problem
from workers.clerk import Busy

BUSY_SECONDS = "2"

Operating = Annotated[Caller, Depends(api_caller("operate"))]


def carry_out(request: Request, client_id: UUID, lead_id: UUID, said: Payload, at: datetime) -> None:
    """Let an act into the books; raises Problem, 503 where it could not be seen to at once."""
    try:
        request.app.state.act(client_id, lead_id, said, at)
    except UnknownLead:
        raise problems.no_such_lead() from None
    except Busy:
        detail = "The lead is busy. Ask again in a moment; doing it twice does no harm."
        raise Problem(503, "busy", detail, headers={"Retry-After": BUSY_SECONDS}) from None


def now_of(request: Request) -> datetime:
    """The database's now, which every act is dated by."""
    with reading(engine_of(request)) as snapshot:
        return snapshot.now


def name_of(caller: Caller) -> str:
    """Who acts, as it is kept: an operator's id, or that it was a program."""
    return f"operator:{caller.operator_id}" if caller.operator_id else "api"
