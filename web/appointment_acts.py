"""What a person says of one appointment: how it went, and that it is no part of a chain (RULES 17 and 19)."""

from datetime import datetime
from typing import Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from db.engine import reading
from db.reads import appointments, leads
from db.reads.appointments import Shelved
from db.reads.callers import Caller
from db.reads.leads import Lead, UnknownLead
from pipeline.observation import Links, Observation, Outcome
from pipeline.words import LinkKind, Source, Status
from web import acts, history, problems
from web import answers as shapes
from web.acts import Operating
from web.api import JSON
from web.asked import id_in, lead_id_in
from web.auth import engine_of
from web.problem_docs import REFUSALS
from web.problems import Problem

router = APIRouter(prefix="/api/v1/leads/{lead_id}/appointments", tags=["leads"], responses=REFUSALS)

OUTCOMES: dict[str, Status | None] = {
    "showed": Status.SHOWED,
    "no_show": Status.NO_SHOW,
    "canceled": Status.CANCELED,
    "none": None,  # takes back what a person said before
}


class OutcomeSaid(BaseModel):
    """How a meeting went; `none` takes back what was said before."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    outcome: Literal["showed", "no_show", "canceled", "none"]


@router.post("/{appointment_id}/outcome", response_model=shapes.Appointment)
def record_outcome(
    request: Request, caller: Operating, lead_id: str, appointment_id: str, asked: OutcomeSaid
) -> Response:
    """Record how a meeting went. It stands until the provider changes its own word later (RULES 17)."""
    record(request, caller, lead_id, appointment_id, OUTCOMES[asked.outcome])
    return _answer(request, caller, lead_id, appointment_id)


@router.post("/{appointment_id}/unlink", response_model=shapes.Appointment)
def unlink(request: Request, caller: Operating, lead_id: str, appointment_id: str) -> Response:
    """Say that an appointment did not follow from another, where we had only inferred that it did."""
    take_apart(request, caller, lead_id, appointment_id)
    return _answer(request, caller, lead_id, appointment_id)


def record(request: Request, caller: Caller, lead_id: str, appointment_id: str, word: Status | None) -> None:
    """Let a person's word on a meeting into the books; raises Problem."""
    lead, one, now = find(request, caller, lead_id, appointment_id)
    acts.carry_out(request, lead.client_id, lead.id, outcome_of(one, word, now), now)


def take_apart(request: Request, caller: Caller, lead_id: str, appointment_id: str) -> None:
    """Take an inferred link apart; raises Problem."""
    lead, one, now = find(request, caller, lead_id, appointment_id)
    with reading(engine_of(request)) as snapshot:
        known = appointments.of_lead(snapshot, lead)
    before = next((each for each in known if each.id == one.rescheduled_from_id), None)
    after = next((each for each in known if each.id == one.rescheduled_to_id), None)
    pair = inferred_pair(one, before, after)
    if pair is None:
        raise Problem(409, "not-inferred", "Only a link that was inferred can be taken apart.")
    earlier, later = pair
    said = Observation(
        provider=later.facts.key.provider,
        external_id=later.facts.key.external_id,
        source=Source.MANUAL,
        observed_at=now,
        links=Links(detached=(earlier.facts.key.external_id,)),
    )
    acts.carry_out(request, lead.client_id, lead.id, said, now)


def outcome_of(one: Shelved, word: Status | None, now: datetime) -> Observation:
    """What a person says of a meeting, as an observation of source manual."""
    return Observation(
        provider=one.facts.key.provider,
        external_id=one.facts.key.external_id,
        source=Source.MANUAL,
        observed_at=now,
        outcome=Outcome(word=word, at=now),
    )


def inferred_pair(
    one: Shelved, before: Shelved | None, after: Shelved | None
) -> tuple[Shelved, Shelved] | None:
    """The inferred link that an appointment is part of, as (earlier, later); the one behind it first."""
    if one.facts.link_kind is not LinkKind.INFERRED:
        return None
    if before is not None:
        return before, one
    return (one, after) if after is not None else None


def find(
    request: Request, caller: Caller, lead_id: str, appointment_id: str
) -> tuple[Lead, Shelved, datetime]:
    """A lead's appointment within reach, and the database's now; raises Problem."""
    asked = id_in(appointment_id)
    with reading(engine_of(request)) as snapshot:
        try:
            lead = leads.find(snapshot, caller.scope, lead_id_in(lead_id))
        except UnknownLead:
            raise problems.no_such_lead() from None
        for one in appointments.of_lead(snapshot, lead):
            if one.id == asked and not one.facts.placeholder:
                return lead, one, snapshot.now
    raise Problem(404, "no-such-appointment", "The lead has no such appointment.")


def _answer(request: Request, caller: Caller, lead_id: str, appointment_id: str) -> Response:
    lead, one, now = find(request, caller, lead_id, appointment_id)
    with reading(engine_of(request)) as snapshot:
        body = history.one_of(snapshot, lead, one, now)
    return Response(body.model_dump_json(), media_type=JSON)
