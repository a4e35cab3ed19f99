"""What people say on a lead's page: how a meeting went, that it was no reschedule, that the lead may be written to."""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from web import appointment_acts, conversations, problems
from web.appointment_acts import OUTCOMES
from web.forms import Form
from web.page_acts import FROM_HERE, Actor

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


def _back(lead_id: str, appointment_id: str, said: str) -> Response:
    """Both ids were found in the books, so they are ids and nothing else."""
    return RedirectResponse(f"/leads/{lead_id}?said={said}&of={appointment_id}", 303)
