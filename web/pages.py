"""The pages that people see, and those that tell them what went wrong."""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from web import (
    dead_letter_pages,
    follow_up_pages,
    lead_act_pages,
    lead_counts,
    lead_pages,
    replay_pages,
    sign_in_pages,
    sweep_pages,
    sync_pages,
    token_pages,
)
from web.problems import Problem
from web.templating import page

router = APIRouter(include_in_schema=False)


@router.get("/")
def home() -> Response:
    """Leads are what there is to see."""
    return RedirectResponse("/leads", 303)


@router.get("/api/docs")
def api_docs(request: Request) -> Response:
    """The API's description, from its own OpenAPI document and nobody else's host."""
    return page("api_docs.html", document=request.app.openapi())


router.include_router(sign_in_pages.router)
router.include_router(lead_counts.router)
router.include_router(lead_pages.router)
router.include_router(token_pages.router)
router.include_router(lead_act_pages.router)
router.include_router(follow_up_pages.router)
router.include_router(sync_pages.router)
router.include_router(sweep_pages.router)
router.include_router(replay_pages.router)
router.include_router(dead_letter_pages.router)

HEADLINES = {
    400: "That address does not work",
    403: "This is not for you to see",
    404: "Nothing here",
    405: "That cannot be done here",
    422: "That address does not work",
    503: "The books do not answer",
}


def problem_page(request: Request, problem: Problem) -> Response:
    """What went wrong, for people, and how to try again where that may help."""
    headline = HEADLINES.get(problem.status, "Something went wrong")
    again = request.url.path if problem.status >= 500 and request.method == "GET" else None
    answer = page(
        "problem.html", status_code=problem.status, headline=headline, detail=problem.detail, again=again,
        trace_id=problem.trace_id,
    )  # fmt: skip
    answer.headers.update(problem.headers)
    return answer
