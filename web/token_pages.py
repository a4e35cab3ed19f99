"""The page of API tokens: made, shown once, revoked. For admins."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from db import audit, clients, tokens
from db.engine import reading, writing
from db.reads import lead_list
from db.reads.callers import Caller
from web import acts
from web.asked import id_in
from web.auth import engine_of, page_caller_with, same_site
from web.forms import Form
from web.problems import Problem
from web.templating import page

router = APIRouter(include_in_schema=False)

Admin = Annotated[Caller, Depends(page_caller_with("admin"))]


@router.get("/tokens")
def tokens_page(request: Request, caller: Admin) -> Response:
    """Which programs may ask, and as what."""
    return _shown(request, caller)


@router.post("/tokens", dependencies=[Depends(same_site)])
def make(request: Request, caller: Admin, form: Form) -> Response:
    """Make a token; this answer is the one time it is seen."""
    role = form.get("role", "")
    scope = caller.scope.narrowed(id_in(form.get("client", "")))
    if role not in clients.ROLES or scope is None:
        raise Problem(422, "bad-field", "Choose a client of yours and one of the roles.")
    with reading(engine_of(request)) as snapshot:
        known = lead_list.clients_within(snapshot, scope)
    if len(known) != 1:
        raise Problem(422, "bad-field", "Choose the client whose programs are to ask.")
    client_id = next(iter(known))
    with writing(engine_of(request)) as database:
        made = clients.add_token(database, client_id, role)
        audit.note(database, client_id, acts.name_of(caller), "token_made", None, {"role": role})
    answer = _shown(request, caller, made)
    answer.headers["Cache-Control"] = "no-store"
    return answer


@router.post("/tokens/{token_id}/revoke", dependencies=[Depends(same_site)])
def revoke(request: Request, caller: Admin, token_id: str) -> Response:
    """Revoke a token, for good."""
    found = id_in(token_id)
    with writing(engine_of(request)) as database:
        client_id = found and tokens.revoke(database, caller.scope.client_id, found)
        if client_id is None:
            raise Problem(404, "not-found", "There is no such token.")
        audit.note(database, client_id, acts.name_of(caller), "token_revoked", found)
    return RedirectResponse("/tokens", 303)


def _shown(request: Request, caller: Caller, made: str | None = None) -> Response:
    with reading(engine_of(request)) as snapshot:
        listed = tokens.of_client(snapshot.database, caller.scope.client_id)
        known = lead_list.clients_within(snapshot, caller.scope)
        now = snapshot.now
    return page(
        "tokens.html", now=now, caller=caller, tokens=listed, clients=known, roles=clients.ROLES, made=made
    )
