"""A lead's conversation: what its messages add up to, whether it may be written to, and lifting a suppression."""

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from db import suppressions
from db.engine import Reading, reading
from db.reads import leads, messages
from db.reads.callers import Caller
from db.reads.leads import Lead, UnknownLead
from db.suppressions import NotSuppressed
from pipeline.conversation import Outreach, outreach
from web import acts, conditional, problems
from web.acts import Operating
from web.api import JSON
from web.asked import lead_id_in
from web.auth import Reader, engine_of
from web.problem_docs import REFUSALS
from web.problems import Problem

router = APIRouter(prefix="/api/v1/leads/{lead_id}", tags=["leads"], responses=REFUSALS)


class MessageTold(BaseModel):
    """One message, without a word of it. `signals`: {kind, confidence, rule, and what it names}."""

    model_config = ConfigDict(extra="forbid")

    provider: str
    channel: str
    at: datetime
    human: bool
    signals: list[dict[str, Any]]


class ConversationTold(BaseModel):
    """What a lead's messages add up to. `outreach`: open, or why whoever writes by a sequence is to pause."""

    model_config = ConfigDict(extra="forbid")

    lead_id: UUID
    outreach: Outreach
    suppressed: bool
    suppressed_at: datetime | None
    suppression_lifted_at: datetime | None
    replied_at: datetime | None
    last_inbound_at: datetime | None
    last_inbound_channel: str | None
    sentiment: str | None
    snoozed_until: datetime | None
    zone_hint: str | None
    messages: list[MessageTold]
    """The newest twenty, newest first."""


@router.get("/conversation", response_model=ConversationTold)
def conversation(request: Request, caller: Reader, lead_id: str) -> Response:
    """Return what a lead's messages add up to, and whether it may be written to."""
    with reading(engine_of(request)) as snapshot:
        body = _told(snapshot, _find(snapshot, caller, lead_id))
    return conditional.answer(request, body.model_dump_json().encode(), JSON)


@router.post("/suppression/lift", response_model=ConversationTold)
def lift_suppression(request: Request, caller: Operating, lead_id: str) -> Response:
    """Lift the suppression of a lead that opted out; an opt-out that is said later suppresses it again."""
    lead = lift(request, caller, lead_id)
    with reading(engine_of(request)) as snapshot:
        body = _told(snapshot, lead)
    return Response(body.model_dump_json(), media_type=JSON)


def lift(request: Request, caller: Caller, lead_id: str) -> Lead:
    """Let a person's lifting into the books; raises Problem, 409 where there is nothing to lift."""
    with reading(engine_of(request)) as snapshot:
        lead = _find(snapshot, caller, lead_id)
        adds_up_to, now = messages.adds_up_to(snapshot, lead), snapshot.now
    try:
        said = suppressions.lifting(adds_up_to, acts.name_of(caller), now)
    except NotSuppressed:
        raise Problem(409, "not-suppressed", "The lead is not suppressed.") from None
    acts.carry_out(request, lead.client_id, lead.id, said, now)
    return lead


def _find(snapshot: Reading, caller: Caller, lead_id: str) -> Lead:
    try:
        return leads.find(snapshot, caller.scope, lead_id_in(lead_id))
    except UnknownLead:
        raise problems.no_such_lead() from None


def _told(snapshot: Reading, lead: Lead) -> ConversationTold:
    found = messages.adds_up_to(snapshot, lead)
    return ConversationTold(
        lead_id=lead.id,
        outreach=outreach(found, snapshot.now),
        suppressed=found.suppressed,
        suppressed_at=found.suppressed_at,
        suppression_lifted_at=found.suppression_lifted_at,
        replied_at=found.replied_at,
        last_inbound_at=found.last_inbound_at,
        last_inbound_channel=found.last_inbound_channel,
        sentiment=found.sentiment,
        snoozed_until=found.snoozed_until,
        zone_hint=found.zone_hint,
        messages=[
            MessageTold(
                provider=one.provider, channel=one.channel, at=one.at, human=one.human, signals=one.signals
            )
            for one in messages.of_lead(snapshot, lead)[: messages.MOST]
        ],
    )
