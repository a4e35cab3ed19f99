"""Signing in and out: a one-time link, a button, a cookie."""

from typing import Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from db import sign_in
from db.engine import writing
from web.auth import SESSION_COOKIE, engine_of, same_site
from web.templating import page

router = APIRouter(include_in_schema=False)


@router.get("/sign-in")
def explain() -> Response:
    """How to get a link."""
    return page("sign_in.html", token=None, spent=False)


@router.get("/sign-in/{token}")
def ask(token: str) -> Response:
    """A button: mail scanners fetch every link they see, and would use this one up."""
    return page("sign_in.html", token=token, spent=False)


@router.post("/sign-in/{token}", dependencies=[Depends(same_site)])
def redeem(request: Request, token: str) -> Response:
    """Trade the link for a session."""
    try:
        with writing(engine_of(request)) as database:
            session = sign_in.redeem(database, token)
    except sign_in.SpentLink:
        return page("sign_in.html", status_code=410, token=None, spent=True)
    answer = RedirectResponse("/leads", 303)
    answer.set_cookie(
        SESSION_COOKIE, session, max_age=int(sign_in.SESSION_LASTS.total_seconds()), **_cookie(request)
    )
    return answer


@router.post("/sign-out", dependencies=[Depends(same_site)])
def leave(request: Request) -> Response:
    """End the session, here and in the books."""
    session = request.cookies.get(SESSION_COOKIE)
    if session:
        with writing(engine_of(request)) as database:
            sign_in.end(database, session)
    answer = RedirectResponse("/sign-in", 303)
    answer.delete_cookie(SESSION_COOKIE, **_cookie(request))
    return answer


def _cookie(request: Request) -> dict[str, Any]:
    secure = request.app.state.base_url.startswith("https://")
    return {"path": "/", "httponly": True, "samesite": "lax", "secure": secure}
