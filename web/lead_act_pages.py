"""What people say and ask on a lead's page: how a meeting went, that it moved nowhere, how it stands; that they may write again."""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from db import connections, sweep_requests
from db.engine import writing
from pipeline.doubts import Doubt
from web import acts, appointment_acts, conversations, problems
from web.appointment_acts import OUTCOMES
from web.auth import engine_of
from web.forms import Form
from web.page_acts import FROM_HERE, Actor
from web.problems import Problem
from web.sweep_acts import can_be_swept

ASKED = "asked"
"""Why a provider is asked about an appointment: a person wants to know."""

router = APIRouter(include_in_schema=False)


@router.post("/leads/{lead_id}/appointments/{appointment_id}/outcome", dependencies=FROM_HERE)
def outcome_page(request: Request, caller: Actor, lead_id: str, appointment_id: str, form: Form) -> Response:
    """Record how a meeting went, or take that back."""
    word = form.get("outcome", "")
    if word not in OUTCOMES:
        raise problems.bad_field("outcome", "unknown", "outcome: showed, no_show, canceled or none.")
    appointment_acts.record(request, caller, lead_id, appointment_id, OUTCOMES[word])
    return _back(lead_id, appointment_id, "none" if word == "none" else "outcome")


@router.post("/leads/{lead_id}/appointments/{appointment_id}/unlink", dependencies=FROM_HERE)
def unlink_page(request: Request, caller: Actor, lead_id: str, appointment_id: str) -> Response:
    """Take an inferred link apart."""
    appointment_acts.take_apart(request, caller, lead_id, appointment_id)
    return _back(lead_id, appointment_id, "unlinked")


@router.post("/leads/{lead_id}/suppression/lift", dependencies=FROM_HERE)
def lift_page(request: Request, caller: Actor, lead_id: str) -> Response:
    """Lift the suppression of a lead that opted out."""
    lead = conversations.lift(request, caller, lead_id)
    return RedirectResponse(f"/leads/{lead.id}?said=lifted&of={lead.id}", 303)


@router.post("/leads/{lead_id}/appointments/{appointment_id}/check", dependencies=FROM_HERE)
def check_page(request: Request, caller: Actor, lead_id: str, appointment_id: str) -> Response:
    """Have the provider asked how an appointment stands; the answer comes by itself."""
    lead, one, now = appointment_acts.find(request, caller, lead_id, appointment_id)
    key = one.facts.key
    with writing(engine_of(request)) as database:
        held = connections.of_client(database, request.app.state.keyring, lead.client_id)
        if not any(each.provider is key.provider and can_be_swept(each) for each in held):
            raise Problem(409, "no-api", "No connection of the client has an API token to ask with.")
        doubt = Doubt(key, ASKED, now, one.facts.calendly_invitee_uri)
        sweep_requests.ask_about(database, lead.client_id, lead.id, doubt, acts.name_of(caller))
    return _back(lead_id, appointment_id, ASKED)


def _back(lead_id: str, appointment_id: str, said: str) -> Response:
    """Both ids were found in the books, so they are ids and nothing else."""
    return RedirectResponse(f"/leads/{lead_id}?said={said}&of={appointment_id}", 303)
