"""The pages of replays: what one would do, starting it with a reason, and how far it is."""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from db import foresight, replays
from db.engine import reading, writing
from db.reads import audit_trail, dead_letter_counts
from db.replays import NotPossible, UnknownReplay
from web import acts, letters_asked, page_acts, problems
from web.asked import named_in
from web.auth import Looker, engine_of
from web.forms import Form, number_in, text_in
from web.letters_asked import Wanted
from web.page_acts import FROM_HERE, Actor
from web.problems import Problem
from web.templating import page

SAMPLE = 200
"""How many letters a preview looks at; the longest statement of a page is three seconds."""
TYPED_ABOVE = 500
LONGEST_REASON = 500
FASTEST = 100.0

router = APIRouter(include_in_schema=False)

STATES = {"pause": "paused", "resume": "running", "cancel": "canceled"}


@router.get("/dead-letters/replay")
def form_page(request: Request, caller: Actor, wanted: Wanted) -> Response:
    """What a replay would do, computed and rolled back, and the form that starts it."""
    chosen = wanted.filter(caller.scope)
    with reading(engine_of(request)) as snapshot:
        total = dead_letter_counts.standing(snapshot.database, chosen).letters
        foreseen = foresight.foresee(snapshot.database, chosen, SAMPLE)
        return page(
            "replay_form.html",
            now=snapshot.now,
            caller=caller,
            here="dead-letters",
            urgent=page_acts.urgent(snapshot, caller),
            wanted=wanted,
            total=total,
            sample=sum(one["letters"] for one in foreseen),
            foreseen=foreseen,
            verdicts=foresight.VERDICTS,
            typed=total > TYPED_ABOVE,
        )


@router.post("/dead-letters/replay", dependencies=FROM_HERE)
def start_page(request: Request, caller: Actor, form: Form) -> Response:
    """Start a replay of what the form's conditions find now; the replayer process carries it out."""
    chosen = letters_asked.of_values({**form, "reason": form.get("died_of", "")}).filter(caller.scope)
    if chosen.state != "open":
        raise problems.bad_field("state", "not_open", "state: only open letters can be replayed.")
    reason = text_in(form, "why", LONGEST_REASON, "Say why you replay these, for the audit trail.")
    rate = number_in(form, "rate", otherwise=5.0, least=0.1, most=FASTEST)
    with writing(engine_of(request)) as database:
        total = dead_letter_counts.standing(database, chosen).letters
        if total > TYPED_ABOVE and form.get("count", "").strip() != str(total):
            raise problems.bad_field(
                "count", "not_the_count", f"count: these are {total} now; type that number."
            )
        begun = replays.start(
            database, chosen, actor=acts.name_of(caller), reason=reason, rate=rate,
            canaries=0 if form.get("canary") == "none" else 1,
        )  # fmt: skip
    return RedirectResponse(f"/replays/{begun}", 303)


@router.get("/replays/{replay_id}")
def progress_page(request: Request, caller: Looker, replay_id: str) -> Response:
    """How far a replay is."""
    asked = named_in(replay_id, "replay")
    with reading(engine_of(request)) as snapshot:
        try:
            found = replays.progress(snapshot.database, asked, caller.scope.client_id)
        except UnknownReplay:
            raise problems.no_such("replay") from None
        return page(
            "replay.html",
            now=snapshot.now,
            caller=caller,
            here="dead-letters",
            urgent=page_acts.urgent(snapshot, caller),
            may_act=caller.may("operate"),
            replay=found,
            moving=found["state"] in ("running", "paused"),
            acts=audit_trail.of_subject(snapshot.database, found["client_id"], asked),
        )


@router.post("/replays/{replay_id}/{act}", dependencies=FROM_HERE)
def steer_page(request: Request, caller: Actor, replay_id: str, act: str) -> Response:
    """Pause, resume or cancel; what is posted already is carried out."""
    asked = named_in(replay_id, "replay")
    if act not in STATES:
        raise Problem(404, "no-such-act", "There is no such act.")
    try:
        with writing(engine_of(request)) as database:
            replays.set_state(database, asked, STATES[act], acts.name_of(caller), caller.scope.client_id)
    except UnknownReplay:
        raise problems.no_such("replay") from None
    except NotPossible:
        raise Problem(409, "ended", "This replay has ended.") from None
    return RedirectResponse(f"/replays/{asked}", 303)
