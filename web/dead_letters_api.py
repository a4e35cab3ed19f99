"""The API of dead letters: what died and why, and posting it again."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from db import dead_letters, foresight, replays
from db.dead_letter_filters import Filter, seconds_in
from db.dead_letters import NotOpen, UnknownLetter
from db.engine import reading, writing
from db.reads import cursors
from db.reads.callers import Caller
from db.replays import NotPossible, UnknownReplay
from web import dead_letter_answers as shapes
from web import problems
from web.answers import Answer
from web.asked import named_in
from web.auth import Reader, api_caller, engine_of
from web.problem_docs import CONFLICT, REFUSALS
from web.problems import Problem

JSON = "application/json"
LIST = "dead-letters"
STATE_OF = {"pause": "paused", "resume": "running", "cancel": "canceled"}

router = APIRouter(prefix="/api/v1", tags=["dead letters"], responses=REFUSALS)

Operator = Annotated[Caller, Depends(api_caller("operate"))]
Name = Annotated[shapes.Name | None, Query()]
State = Literal["open", "replaying", "replayed", "discarded", "all"]


@router.get("/dead-letters", response_model=shapes.Letters)
def list_letters(
    request: Request,
    caller: Reader,
    kind: Name = None,
    provider: Name = None,
    fingerprint: Name = None,
    lead_id: UUID | None = None,
    reason: Name = None,
    state: State = "open",
    older: Annotated[shapes.Age | None, Query()] = None,
    newer: Annotated[shapes.Age | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: Annotated[str | None, Query(description="next_cursor of the page before.")] = None,
) -> Response:
    """The client's dead letters by id, with counts of all that match by fingerprint."""
    wanted = Filter(
        client_id=caller.scope.client_id, kind=kind, provider=provider, fingerprint=fingerprint, lead_id=lead_id,
        reason=reason, state=None if state == "all" else state, older=seconds_in(older), newer=seconds_in(newer),
    )  # fmt: skip
    after = _after(cursor)
    with reading(engine_of(request)) as snapshot:
        found = dead_letters.letters(snapshot.database, wanted, limit + 1, after)
        groups = dead_letters.groups(snapshot.database, wanted)
    more = cursors.write(LIST, None, str(found[limit - 1]["id"])) if len(found) > limit else None
    return _answer(
        shapes.Letters(
            groups=[shapes.Group(**_of(shapes.Group, row)) for row in groups],
            items=[shapes.Letter(**_of(shapes.Letter, row)) for row in found[:limit]],
            next_cursor=more,
        )
    )


@router.get("/dead-letters/{letter_id}", response_model=shapes.OneLetter)
def show_letter(request: Request, caller: Reader, letter_id: str) -> Response:
    """One letter: where it failed, its notes, the appointment now, and what a replay would do."""
    wanted = named_in(letter_id, "dead letter")
    with reading(engine_of(request)) as snapshot:
        found = _letter(snapshot.database, wanted, caller)
        would = foresight.foresee_now(
            snapshot.database, Filter(client_id=caller.scope.client_id, letter_id=wanted)
        )
    verdict = next((name for group in would for name in foresight.VERDICTS if group[name]), None)
    return _answer(shapes.OneLetter(**_of(shapes.OneLetter, {**found, "replay_would": verdict})))


@router.post(
    "/dead-letters/replay",
    response_model=shapes.Replay,
    status_code=202,
    responses={200: {"model": shapes.DryRun, "description": "What a replay would do."}},
)
def replay_letters(request: Request, caller: Operator, asked: shapes.ReplayAsked) -> Response:
    """Post every open letter that matches again, oldest first, once a canary of each fingerprint lives.

    The clock drives it: ask `/replays/{id}` how far it is. `dry_run` writes nothing.
    """
    given = asked.filter.model_dump(exclude={"older", "newer"})
    wanted = Filter(
        client_id=caller.scope.client_id, older=seconds_in(asked.filter.older), newer=seconds_in(asked.filter.newer),
        **given,
    )  # fmt: skip
    if asked.dry_run:
        with reading(engine_of(request)) as snapshot:
            found = foresight.foresee_now(snapshot.database, wanted, asked.limit)
        return _answer(shapes.DryRun(groups=found))
    with writing(engine_of(request)) as database:
        replay_id = replays.start(
            database, wanted, actor=_actor(caller), reason=asked.reason, rate=asked.rate, most=asked.limit,
            canaries=asked.canaries,
        )  # fmt: skip
        begun = replays.progress(database, replay_id)
    return _answer(shapes.Replay(**_of(shapes.Replay, begun)), 202)


@router.post("/dead-letters/{letter_id}/discard", response_model=shapes.Discarded, responses=CONFLICT)
def discard_letter(request: Request, caller: Operator, letter_id: str, asked: shapes.Because) -> Response:
    """Close a letter for good. The row stays, with who did it and why; its lead's meetings are asked for."""
    wanted = named_in(letter_id, "dead letter")
    with writing(engine_of(request)) as database:
        _letter(database, wanted, caller)
        try:
            asking = dead_letters.discard(
                database, wanted, _actor(caller), asked.reason, caller.scope.client_id
            )
        except NotOpen:
            raise Problem(409, "not-open", "The letter was replayed or discarded already.") from None
        found = _letter(database, wanted, caller)
    return _answer(shapes.Discarded(**_of(shapes.Discarded, {**found, "asked": asking})))


@router.post("/dead-letters/{letter_id}/note", response_model=shapes.Note, status_code=201)
def note_letter(request: Request, caller: Operator, letter_id: str, asked: shapes.NoteAsked) -> Response:
    """Add a note to a letter."""
    wanted = named_in(letter_id, "dead letter")
    with writing(engine_of(request)) as database:
        _letter(database, wanted, caller)
        dead_letters.add_note(database, wanted, _actor(caller), asked.text, caller.scope.client_id)
        found = _letter(database, wanted, caller)
    return _answer(shapes.Note(**found["notes"][-1]), 201)


@router.get("/replays/{replay_id}", response_model=shapes.Replay)
def show_replay(request: Request, caller: Reader, replay_id: str) -> Response:
    """How far a replay is."""
    wanted = named_in(replay_id, "replay")
    with reading(engine_of(request)) as snapshot:
        return _answer(_replay(snapshot.database, wanted, caller))


@router.post("/replays/{replay_id}/{act}", response_model=shapes.Replay, responses=CONFLICT)
def steer_replay(
    request: Request, caller: Operator, replay_id: str, act: Literal["pause", "resume", "cancel"]
) -> Response:
    """Pause, resume or cancel a replay. Jobs that it has posted are carried out."""
    wanted = named_in(replay_id, "replay")
    with writing(engine_of(request)) as database:
        _replay(database, wanted, caller)
        try:
            replays.set_state(database, wanted, STATE_OF[act], _actor(caller), caller.scope.client_id)
        except NotPossible:
            raise Problem(409, "has-ended", "The replay has ended.") from None
        return _answer(_replay(database, wanted, caller))


def _letter(database: Any, letter_id: UUID, caller: Caller) -> dict[str, Any]:
    try:
        return dead_letters.letter(database, letter_id, caller.scope.client_id)
    except UnknownLetter:
        raise problems.no_such("dead letter") from None


def _replay(database: Any, replay_id: UUID, caller: Caller) -> shapes.Replay:
    try:
        found = replays.progress(database, replay_id, caller.scope.client_id)
    except UnknownReplay:
        raise problems.no_such("replay") from None
    return shapes.Replay(**_of(shapes.Replay, found))


def _after(cursor: str | None) -> UUID | None:
    if cursor is None:
        return None
    try:
        return UUID(cursors.read(LIST, cursor)[1])
    except cursors.BadCursor:
        raise problems.bad_cursor() from None


def _actor(caller: Caller) -> str:
    return caller.name or "a program"


def _of(shape: type[Answer], row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in shape.model_fields}


def _answer(body: Answer, status: int = 200) -> Response:
    return Response(body.model_dump_json(), status, media_type=JSON, headers={"Cache-Control": "no-store"})
