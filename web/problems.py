"""Problems: what went wrong, as RFC 9457 documents that name a field and never its value."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from starlette.responses import JSONResponse

MEDIA_TYPE = "application/problem+json"
ABOUT = "urn:apptrail:problem:"


class Problem(Exception):
    """A request that is answered with a problem document."""

    def __init__(
        self,
        status: int,
        kind: str,
        detail: str,
        *,
        fields: list[tuple[str, str]] | None = None,
        headers: Mapping[str, str] | None = None,
        trace_id: str | None = None,
    ) -> None:
        """`kind` is a word with hyphens that never varies; `fields` are (field, reason); the log has `trace_id`."""
        super().__init__(kind)
        self.status = status
        self.kind = kind
        self.detail = detail
        self.fields = fields or []
        self.headers = dict(headers or {})
        self.trace_id = trace_id


def document(problem: Problem) -> dict[str, Any]:
    """The document of a problem."""
    body: dict[str, Any] = {
        "type": ABOUT + problem.kind,
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
    }
    if problem.fields:
        body["errors"] = [{"field": field, "reason": reason} for field, reason in problem.fields]
    if problem.trace_id:
        body["trace_id"] = problem.trace_id
    return body


def answer(problem: Problem) -> JSONResponse:
    """The whole answer."""
    headers = {"Cache-Control": "no-store", **problem.headers}
    return JSONResponse(document(problem), status_code=problem.status, headers=headers, media_type=MEDIA_TYPE)


def not_signed_in(*, wrong: bool) -> Problem:
    """Nobody is named, or the token names nobody (any more)."""
    error = ', error="invalid_token"' if wrong else ""
    return Problem(
        401,
        "not-signed-in",
        "Send an API token: Authorization: Bearer …",
        headers={"WWW-Authenticate": f'Bearer realm="apptrail"{error}'},
    )


def not_allowed(role: str) -> Problem:
    """The caller is known and may not."""
    return Problem(403, "not-allowed", f"This needs the role {role}.")


def no_such(what: str) -> Problem:
    """None within reach of a `lead`, a `dead letter`: whether it exists elsewhere is not said."""
    return Problem(404, f"no-such-{what.replace(' ', '-')}", f"There is no such {what}.")


def no_such_lead() -> Problem:
    """No lead within reach."""
    return no_such("lead")


def bad_field(field: str, reason: str, detail: str, status: int = 422) -> Problem:
    """One field cannot be used."""
    return Problem(status, "bad-field", detail, fields=[(field, reason)])


def bad_cursor() -> Problem:
    """A cursor is not ours, or belongs to another list."""
    return bad_field("cursor", "not_a_cursor", "cursor: take next_cursor as it was given.", status=400)


def of_http(status: int, headers: Mapping[str, str] | None) -> Problem:
    """What the framework refuses by itself: unknown paths, other methods."""
    phrase = HTTPStatus(status).phrase
    return Problem(status, phrase.lower().replace(" ", "-"), f"{phrase}.", headers=headers)


def of_errors(errors: list[dict[str, Any]]) -> Problem:
    """What validation found. Only path and code are kept: a message or a context may carry the input."""
    fields = sorted({_field(error) for error in errors})
    return Problem(
        422, "bad-field", "; ".join(f"{field}: {reason}" for field, reason in fields), fields=fields
    )


def _field(error: Mapping[str, Any]) -> tuple[str, str]:
    where = [str(step) for step in error["loc"] if not isinstance(step, int)]
    code = str(error["type"])
    if code == "extra_forbidden" or code.startswith("json") or len(where) == 1:
        return where[0], code  # a key that we do not know may itself be somebody's address
    return where[1], code
