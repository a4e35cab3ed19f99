"""The API of asking for a sweep."""

from datetime import date
from typing import Literal
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from db import sweeps
from db.engine import writing
from pipeline.sweeping import Tier
from web import problems, sweep_acts
from web.acts import Operating
from web.answers import Answer
from web.api import JSON
from web.asked import id_in
from web.auth import engine_of
from web.problem_docs import REFUSALS

router = APIRouter(prefix="/api/v1/connections/{connection_id}", tags=["sync"], responses=REFUSALS)


class SweepAsked(BaseModel):
    """A tier; or, as `whole`, the meetings that start from one day on and before another (UTC)."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    tier: Literal["near", "mid", "far", "whole"] = "near"
    since: date | None = Field(default=None, alias="from")
    until: date | None = Field(default=None, alias="to")


class SweepTold(Answer):
    """`asked`: the clock walks it within seconds; `already`: one of its tier is under way. See `/sync-health`."""

    connection_id: UUID
    tier: str
    state: Literal["asked", "already"]


@router.post("/sweeps", response_model=SweepTold, status_code=202)
def ask_for_sweep(request: Request, caller: Operating, connection_id: str, asked: SweepAsked) -> Response:
    """Have a connection's provider asked now what it holds; what is new is posted like any delivery."""
    tier = Tier(asked.tier)
    bounded = asked.since is not None or asked.until is not None
    if bounded and (tier is not Tier.WHOLE or asked.since is None or asked.until is None):
        raise problems.bad_field("from", "not_a_stretch", "from, to: both, and with the tier whole.")
    with writing(engine_of(request)) as database:
        keyring = request.app.state.keyring
        found = sweep_acts.connection_within(database, keyring, caller.scope, id_in(connection_id))
        now = sweeps.now(database)
        windows = (
            sweep_acts.stretch(str(asked.since), str(asked.until), now)
            if bounded
            else sweep_acts.windows_of(tier, now)
        )
        new = sweep_acts.ask(database, caller, found, tier, windows)
    body = SweepTold(connection_id=found.id, tier=tier, state="asked" if new else "already")
    return Response(body.model_dump_json(), 202, media_type=JSON)
