"""Who asks: bearer tokens for programs, a session cookie for people."""

from collections.abc import Callable
from typing import Annotated, cast
from urllib.parse import urlsplit

from fastapi import Depends, Request

from db import sign_in
from db.engine import Engine, reading, writing
from db.reads.callers import Caller, by_session, by_token
from web import problems
from web.problems import Problem

SESSION_COOKIE = "apptrail_session"


class SignInFirst(Exception):
    """A page was asked for by nobody we know."""


def engine_of(request: Request) -> Engine:
    """The engine that this app reads with."""
    return cast("Engine", request.app.state.engine)


def caller_of(request: Request, *, session: bool) -> Caller:
    """Name the caller by bearer token, or by session where that is good enough; raises Problem."""
    token = _bearer(request)
    cookie = request.cookies.get(SESSION_COOKIE) if session and token is None else None
    if token is None and cookie is None:
        raise problems.not_signed_in(wrong=False)
    with reading(engine_of(request)) as snapshot:
        caller = by_token(snapshot, token) if token is not None else by_session(snapshot, cookie or "")
    if caller is None:
        raise problems.not_signed_in(wrong=True)
    if caller.unseen and cookie is not None:
        with writing(engine_of(request)) as database:
            sign_in.seen(database, cookie)
    return caller


def api_caller(role: str) -> Callable[[Request], Caller]:
    """A dependency: who asks the API, with at least this role. A cookie may only read (no forged posts)."""

    def named(request: Request) -> Caller:
        caller = caller_of(request, session=request.method == "GET")
        if not caller.may(role):
            raise problems.not_allowed(role)
        return caller

    return named


def page_caller(request: Request) -> Caller:
    """Who looks at a page, whatever they may; raises SignInFirst."""
    try:
        return caller_of(request, session=True)
    except Problem as refused:
        raise SignInFirst from refused


def same_site(request: Request) -> None:
    """A dependency: refuse a form that another site's page has sent; raises Problem.

    Browsers name at least one of both headers with a form, and let no page forge them. Where a session comes
    with neither, something on the way has cut them off, and nobody can tell whose page it was.
    """
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    silent = site is None and origin is None and SESSION_COOKIE in request.cookies
    foreign = origin is not None and urlsplit(origin).netloc != request.headers.get("host", "")
    if silent or foreign or site not in {None, "same-origin", "none"}:
        raise Problem(403, "not-allowed", "Forms are taken from apptrail's own pages only.")


def page_caller_with(role: str) -> Callable[[Request], Caller]:
    """A dependency: who acts on a page, with at least this role; raises SignInFirst, Problem."""

    def named(request: Request) -> Caller:
        caller = page_caller(request)
        if not caller.may(role):
            raise problems.not_allowed(role)
        return caller

    return named


def _bearer(request: Request) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


Reader = Annotated[Caller, Depends(api_caller("read"))]
Looker = Annotated[Caller, Depends(page_caller_with("read"))]
