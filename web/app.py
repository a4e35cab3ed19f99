"""The web app: API, pages and health, put together."""

from collections.abc import Callable
from pathlib import Path
from typing import NoReturn, cast

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response
from starlette.staticfiles import StaticFiles

from db.engine import Engine, Unavailable
from db.keyring import Keyring
from web import (
    api,
    appointment_acts,
    bookings,
    conversations,
    dead_letters_api,
    follow_ups,
    health,
    pages,
    problems,
    sweeps_api,
    sync_health,
)
from web.auth import SignInFirst
from web.envelope import Envelope
from web.problem_docs import DescribedApi
from web.problems import Problem
from web.templating import STATIC
from workers.booking_desk import NoSlots, SlotsOf
from workers.budget_desk import BudgetsLeft, nobody_counts
from workers.clerk import Act, Busy

RETRY_SECONDS = "2"


def create(
    engine: Engine,
    keyring: Keyring,
    base_url: str,
    redis_ping: Callable[[], bool] | None = None,
    counters_folder: Path | None = None,
    act: Act | None = None,
    slots: SlotsOf | None = None,
    budgets_left: BudgetsLeft = nobody_counts,
) -> FastAPI:
    """Make the app. `redis_ping` says whether Redis answers; it must not raise and should not take long.

    `counters_folder`: where all processes of this host keep their counters. `act` lets a person's act
    into the books; without it the app can only be read. `slots` asks a provider what is free.
    `budgets_left` says how many calls connections may still make.
    """
    app = DescribedApi(
        title="apptrail",
        summary="The appointment history of an agency’s leads.",
        version="1",
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    app.state.engine = engine
    app.state.keyring = keyring
    app.state.base_url = base_url
    app.state.redis_ping = redis_ping
    app.state.counters_folder = counters_folder
    app.state.act = act or _nobody_acts
    app.state.slots = slots or _nothing_is_free
    app.state.budgets_left = budgets_left
    app.include_router(api.router)
    app.include_router(appointment_acts.router)
    app.include_router(follow_ups.router)
    app.include_router(bookings.router)
    app.include_router(conversations.router)
    app.include_router(sync_health.router)
    app.include_router(sweeps_api.router)
    app.include_router(dead_letters_api.router)
    app.include_router(pages.router)
    app.include_router(health.router)
    app.mount("/static", StaticFiles(directory=STATIC))
    app.add_exception_handler(Problem, _refused)
    app.add_exception_handler(SignInFirst, _sign_in_first)
    app.add_exception_handler(Unavailable, _unavailable)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http_refused)
    app.add_middleware(Envelope, failed=_failed)
    return app


def _nobody_acts(*_: object) -> NoReturn:
    raise Busy


def _nothing_is_free(*_: object) -> NoReturn:
    raise NoSlots("no_connection")


def _told(request: Request, problem: Problem) -> Response:
    """A document for programs, a page for people."""
    if request.url.path.startswith("/api/"):
        return problems.answer(problem)
    return pages.problem_page(request, problem)


def _refused(request: Request, error: Exception) -> Response:
    return _told(request, cast("Problem", error))


def _sign_in_first(request: Request, _: Exception) -> Response:
    if request.url.path.endswith("/timeline"):  # a script asks, and would follow a redirect blindly
        return Response(status_code=401, headers=problems.not_signed_in(wrong=False).headers)
    return RedirectResponse("/sign-in", 303)


def _unavailable(request: Request, _: Exception) -> Response:
    detail = "The database does not answer now. Ask again in a moment."
    return _told(request, Problem(503, "unavailable", detail, headers={"Retry-After": RETRY_SECONDS}))


def _invalid(request: Request, error: Exception) -> Response:
    return _told(request, problems.of_errors(list(cast("RequestValidationError", error).errors())))


def _http_refused(request: Request, error: Exception) -> Response:
    refused = cast("HTTPException", error)
    return _told(request, problems.of_http(refused.status_code, refused.headers))


def _failed(request: Request, trace_id: str) -> Response:
    detail = "Something broke here. It was logged and is ours to mend."
    return _told(request, Problem(500, "failed", detail, trace_id=trace_id))
