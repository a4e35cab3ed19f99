"""The API of sync health: whether webhooks come and sweeps run, for each of a client's connections."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BeforeValidator
from starlette.responses import Response

from db.connections import Connection
from db.engine import reading
from db.proofs import verified
from db.reads import sync_health
from db.reads.sync_health import ConnectionSync
from pipeline.words import Provider
from web.answers import Answer, Instant
from web.auth import Reader, engine_of
from web.problem_docs import REFUSALS
from workers import budget_desk

router = APIRouter(prefix="/api/v1", tags=["sync"], responses=REFUSALS)

Stored = Annotated[
    Instant, BeforeValidator(lambda at: datetime.fromisoformat(at) if isinstance(at, str) else at)
]


class Run(Answer):
    """The last sweep of one tier: near, mid, far, whole or gap."""

    tier: str
    state: str
    reason: str | None
    started_at: Instant
    finished_at: Instant | None
    pages: int
    listed: int
    unchanged: int
    posted: int
    held: int
    suspects: int


class Watermark(Answer):
    """Every page of what starts between `from_at` and `to_at` was posted, as it stood at `at`."""

    at: Stored
    from_at: Stored
    to_at: Stored


class Breaker(Answer):
    """closed, open, or half_open while one call tries."""

    state: str
    reason: str | None
    opened_at: Instant | None
    next_probe_at: Instant | None


class Subscription(Answer):
    """The provider's webhook subscription as it was last seen; null where it has none to list."""

    state: str
    retry_started_at: Stored | None
    checked_at: Instant | None


class Question(Answer):
    """Something that only the provider can settle. `reason`: contradiction, no_start, absent, returned, stub, discarded, checked, asked."""

    external_id: str
    lead_id: UUID | None
    reason: str
    since: Instant
    attempts: int
    error: str | None


class Pause(Answer):
    """No call is made until then: a budget is spent, or the provider asked for it."""

    until: Instant
    reason: str | None


class BudgetLeft(Answer):
    """One window of the call budget: `left` of `calls` in any `seconds`; sweeps may take `for_sweeps` of them."""

    name: str
    seconds: int
    calls: int
    left: int
    for_sweeps: int


class Connected(Answer):
    """One connection. `budget` is null where nothing is called, and while Redis cannot say what was spent."""

    id: UUID
    client_id: UUID
    provider: Provider
    state: str
    verified: str
    health: str
    why: str | None
    api: bool
    errors: dict[str, int]
    breaker: Breaker
    paused: Pause | None
    budget: list[BudgetLeft] | None
    last_webhook_at: Instant | None
    silence: str
    completeness: float | None
    sweeps: list[Run]
    watermarks: dict[str, Watermark]
    subscription: Subscription | None
    questions: list[Question]
    paused_kinds: list[str]


class SyncHealth(Answer):
    """Every connection within the caller's reach."""

    items: list[Connected]
    as_of: Instant


@router.get("/sync-health", response_model=SyncHealth)
def get_sync_health(request: Request, caller: Reader) -> Response:
    """How each connection does: `healthy`, `degraded`, `unhealthy` or `circuit_broken`, and why."""
    with reading(engine_of(request)) as snapshot:
        found = sync_health.connections_of(snapshot, request.app.state.keyring, caller.scope)
        now = snapshot.now
    body = SyncHealth(items=told_all(request, found), as_of=now)
    return Response(
        body.model_dump_json(), media_type="application/json", headers={"Cache-Control": "no-store"}
    )


def told_all(request: Request, found: Sequence[ConnectionSync]) -> list[Connected]:
    """All connections in the API's words, each with what is left of its budget."""
    left = request.app.state.budgets_left([one.connection for one in found if _is_called(one.connection)])
    return [told(one, left.get(one.connection.id)) for one in found]


def _is_called(connection: Connection) -> bool:
    return bool(connection.secrets.get("api_token") or connection.secrets.get("refresh_token"))


def told(one: ConnectionSync, left: Sequence[budget_desk.BudgetLeft] | None) -> Connected:
    """One connection in the API's words."""
    row, connection = one.row, one.connection
    return Connected(
        id=connection.id,
        client_id=connection.client_id,
        provider=connection.provider,
        state=connection.state,
        verified=verified(connection),
        health=one.health,
        why=one.why,
        api=_is_called(connection),
        errors=one.errors,
        breaker=Breaker(
            state=row.get("breaker", "closed"),
            reason=row.get("reason"),
            opened_at=row.get("opened_at"),
            next_probe_at=row.get("next_probe_at"),
        ),
        paused=Pause(until=row["paused_until"], reason=row["pause_reason"])
        if row.get("paused_until")
        else None,
        budget=None if left is None else [BudgetLeft(**asdict(window)) for window in left],
        last_webhook_at=one.last_webhook_at,
        silence=one.silence,
        completeness=one.completeness,
        sweeps=[Run(**{name: run[name] for name in Run.model_fields}) for run in one.runs],
        watermarks={tier: _watermark(mark) for tier, mark in one.watermarks.items()},
        subscription=_subscription(row),
        questions=[
            Question(since=doubt["asked_at"], **_but(doubt, "asked_at")) for doubt in one.contradictions
        ],
        paused_kinds=list(one.paused_kinds),
    )


def _watermark(mark: dict[str, Any]) -> Watermark:
    return Watermark(at=mark["at"], from_at=mark["from"], to_at=mark["to"])


def _subscription(row: dict[str, Any]) -> Subscription | None:
    seen = row.get("subscription")
    if not seen:
        return None
    return Subscription(
        state=seen["state"], retry_started_at=seen.get("retry_started_at"), checked_at=row.get("checked_at")
    )


def _but(row: dict[str, Any], left_out: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != left_out}
