"""The buttons of the page of sync health: sweep now, sweep a stretch of time."""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from db import sweeps
from db.engine import writing
from pipeline.sweeping import Tier
from web import problems, sweep_acts
from web.asked import id_in
from web.auth import engine_of
from web.forms import Form
from web.page_acts import FROM_HERE, Actor

router = APIRouter(include_in_schema=False)

STRETCH = "stretch"


@router.post("/sync/{connection_id}/sweeps", dependencies=FROM_HERE)
def sweep_page(request: Request, caller: Actor, connection_id: str, form: Form) -> Response:
    """Ask for a sweep: `what` is a tier, or a stretch that `from` and `to` name. The clock walks it."""
    what = form.get("what", "")
    if what not in (*sweep_acts.TIERS, STRETCH):
        raise problems.bad_field("what", "unknown", "what: near, mid, far, whole or stretch.")
    keyring = request.app.state.keyring
    with writing(engine_of(request)) as database:
        found = sweep_acts.connection_within(database, keyring, caller.scope, id_in(connection_id))
        now = sweeps.now(database)
        if what == STRETCH:
            tier, windows = (
                Tier.WHOLE,
                sweep_acts.stretch(form.get("from", ""), form.get("to", ""), now),
            )
        else:
            tier = Tier(what)
            windows = sweep_acts.windows_of(tier, now)
        asked = sweep_acts.ask(database, caller, found, tier, windows)
    said = "asked" if asked else "already"
    return RedirectResponse(f"/sync?said={said}&of={found.id}#c-{found.id}", 303)
