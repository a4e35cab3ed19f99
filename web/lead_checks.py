"""Check now: having a provider asked about the appointment that speaks for a lead."""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from db import sweep_requests
from db.engine import reading, writing
from db.reads import appointments, booking, leads
from db.reads.leads import UnknownLead
from pipeline.doubts import Doubt
from web import acts, problems
from web.asked import lead_id_in
from web.auth import engine_of
from web.page_acts import FROM_HERE, Actor
from web.problems import Problem

ASKED = "asked"

router = APIRouter(include_in_schema=False)


@router.post("/leads/{lead_id}/check", dependencies=FROM_HERE)
def check_page(request: Request, caller: Actor, lead_id: str) -> Response:
    """Ask; the clock puts the question within seconds, and what the provider answers is posted like all else."""
    with reading(engine_of(request)) as snapshot:
        try:
            lead = leads.find(snapshot, caller.scope, lead_id_in(lead_id))
        except UnknownLead:
            raise problems.no_such_lead() from None
        now = snapshot.now
        found = booking.at(now, lead, appointments.of_lead(snapshot, lead))
    if found.chosen is None or found.row_id is None:
        raise Problem(409, "nothing-to-check", "No provider has told of a meeting of this lead.")
    doubt = Doubt(found.chosen.key, ASKED, now, found.chosen.calendly_invitee_uri)
    with writing(engine_of(request)) as database:
        sweep_requests.ask_about(database, lead.client_id, lead.id, doubt, acts.name_of(caller))
    return RedirectResponse(f"/leads/{lead.id}", 303)
