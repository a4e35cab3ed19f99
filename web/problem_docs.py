"""How the API's description shows refusals."""

from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel

from web.problems import MEDIA_TYPE


class FieldError(BaseModel):
    """A field that cannot be used, and why; never its value."""

    field: str
    reason: str


class ProblemDocument(BaseModel):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldError] = []


def _refusal(description: str) -> dict[str, Any]:
    return {"model": ProblemDocument, "description": description}


REFUSALS: dict[int | str, dict[str, Any]] = {
    304: {"description": "If-None-Match names what you have already"},
    400: _refusal("The cursor is not of this list"),
    401: _refusal("No token, or one that names nobody"),
    403: _refusal("The token's role does not reach"),
    404: _refusal("No such thing within the token's client"),
    422: _refusal("A field cannot be used"),
    503: _refusal("The database does not answer; Retry-After says when to ask again"),
}


CONFLICT: dict[int | str, dict[str, Any]] = {409: _refusal("It is closed already")}


class DescribedApi(FastAPI):
    """An app whose description gives refusals the media type that they have."""

    def openapi(self) -> dict[str, Any]:
        """Describe the API; FastAPI itself would say that every answer is application/json."""
        described = super().openapi()
        for operations in described["paths"].values():
            for operation in operations.values():
                for status, answer in operation["responses"].items():
                    content = answer.get("content", {})
                    if int(status) >= 400 and "application/json" in content:
                        content[MEDIA_TYPE] = content.pop("application/json")
        return described
