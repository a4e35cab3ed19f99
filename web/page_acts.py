"""What people do on pages: who may, and from which site."""

from typing import Annotated

from fastapi import Depends

from db.engine import Reading
from db.reads import follow_ups
from db.reads.callers import Caller
from web import problems
from web.auth import Looker, same_site


def page_operator(caller: Looker) -> Caller:
    """A dependency: somebody signed in who may act; raises SignInFirst or Problem 403."""
    if not caller.may("operate"):
        raise problems.not_allowed("operate")
    return caller


def urgent(snapshot: Reading, caller: Caller) -> int:
    """How many follow-ups are urgent, for the navigation; counted up to a hundred."""
    return follow_ups.urgent_up_to(snapshot, caller.scope, 100)


Actor = Annotated[Caller, Depends(page_operator)]
FROM_HERE = [Depends(same_site)]
