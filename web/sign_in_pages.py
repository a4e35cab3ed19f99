"""Signing in and out: a one-time link, a button, a cookie."""

from typing import Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from db import passwords, sign_in
from db.engine import writing
from web.auth import SESSION_COOKIE, engine_of, same_site
from web.forms import Form
from web.templating import page

router = APIRouter(include_in_schema=False)


@router.get("/sign-in")
def explain() -> Response:
    """A name and a password, or how to get a link."""
    return _door()


@router.post("/sign-in", dependencies=[Depends(same_site)])
def enter(request: Request, form: Form) -> Response:
    """Trade a name and a password for a session."""
    address = request.client.host if request.client else ""
    refused: Exception | None = None
    with writing(engine_of(request)) as database:
        try:
            session = passwords.sign_in(database, form.get("name", ""), form.get("password", ""), address)
        except (passwords.WrongPassword, passwords.TooManyTries) as error:
            refused = error  # the attempt is to be counted: the transaction commits
    if isinstance(refused, passwords.TooManyTries):
        return _door(429, "Too many attempts. Wait a quarter of an hour, or ask for a link.")
    if refused is not None:
        return _door(401, "That name and that password do not belong together.")
    return _entered(request, session)


@router.get("/sign-in/{token}")
def ask(token: str) -> Response:
    """A button: mail scanners fetch every link they see, and would use this one up."""
    return page("sign_in.html", token=token, spent=False, notice=None)


@router.post("/sign-in/{token}", dependencies=[Depends(same_site)])
def redeem(request: Request, token: str) -> Response:
    """Trade the link for a session."""
    try:
        with writing(engine_of(request)) as database:
            session = sign_in.redeem(database, token)
    except sign_in.SpentLink:
        return page("sign_in.html", status_code=410, token=None, spent=True, notice=None)
    return _entered(request, session)


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


def _door(status: int = 200, notice: str | None = None) -> Response:
    return page("sign_in.html", status_code=status, token=None, spent=False, notice=notice)


def _entered(request: Request, session: str) -> Response:
    """A new session ends the one that the browser came with, if any: nobody else can go on with it."""
    before = request.cookies.get(SESSION_COOKIE)
    if before:
        with writing(engine_of(request)) as database:
            sign_in.end(database, before)
    answer = RedirectResponse("/leads", 303)
    answer.set_cookie(
        SESSION_COOKIE, session, max_age=int(sign_in.SESSION_LASTS.total_seconds()), **_cookie(request)
    )
    return answer


def _cookie(request: Request) -> dict[str, Any]:
    secure = request.app.state.base_url.startswith("https://")
    return {"path": "/", "httponly": True, "samesite": "lax", "secure": secure}
