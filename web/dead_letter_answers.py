"""What the API answers and takes about dead letters and their replays; no payload is ever among it."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from web.answers import Answer, Instant

Words = Annotated[str, Field(min_length=1, max_length=1000, pattern=r"^[^\x00]*$")]
Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]
Age = Annotated[str, Field(pattern=r"^[0-9]{1,6}[smhd]$", description="As in 30m, 6h or 2d.")]


class Group(Answer):
    """Open letters that died in one way."""

    fingerprint: str
    error_class: str
    reason: str
    letters: int
    first_at: Instant
    last_at: Instant
    code_version: str
    runbook: str


class Letter(Answer):
    """A job that was given up, without what it said."""

    id: UUID
    lead_id: UUID | None
    kind: str
    provider: str | None
    state: str
    reason: str
    fingerprint: str
    error_class: str
    location: str
    attempts: int
    code_version: str
    generation: int
    replay_of: UUID | None
    replay_id: UUID | None
    outcome: str | None
    trace_id: UUID | None
    received_at: Instant
    first_failed_at: Instant
    last_failed_at: Instant
    closed_at: Instant | None
    closed_by: str | None
    closed_because: str | None


class Letters(Answer):
    """A page of letters by id, and the counts of all that match by fingerprint."""

    groups: list[Group]
    items: list[Letter]
    next_cursor: str | None


class Note(Answer):
    """What a person found."""

    author: str
    at: Instant
    text: str


class Step(Answer):
    """One thing that happened to a letter; `attempt` counts from 1."""

    what: str
    at: Instant
    attempt: int | None


class AppointmentNow(Answer):
    """The appointment that a letter is about, as the books have it now."""

    id: UUID
    lead_id: UUID
    status: str
    start_at: Instant | None
    end_at: Instant | None
    canceled_at: Instant | None
    updated_at: Instant


class LeadCheck(Answer):
    """What became of asking one connection for all meetings of a lead. `state`: waiting, answered, unknown.

    `listed` counts what its provider showed, `posted` what of it was news.
    """

    connection_id: UUID
    provider: str
    reason: str
    state: str
    asked_at: Instant
    answered_at: Instant | None
    error: str | None
    listed: int
    posted: int


class Discarded(Letter):
    """A letter that was closed for good. `asked`: how many connections are asked for its lead's meetings."""

    asked: int


class OneLetter(Letter):
    """A letter with its notes, what happened to it, and what a replay would do."""

    traceback: str
    runbook: str
    notes: list[Note]
    attempts_timeline: list[Step]
    appointment: AppointmentNow | None
    lead_checks: list[LeadCheck]
    mend: str | None
    replay_would: str | None


class Replay(Answer):
    """A durable operation that posts letters again; `eta_seconds` is what the rest takes at its rate."""

    id: UUID
    state: str
    phase: str
    reason: str
    actor: str
    rate: float
    total: int
    posted: int
    on_the_way: int
    applied: int
    failed_again: int
    eta_seconds: float
    started_at: Instant
    ended_at: Instant | None


class DryRun(Answer):
    """For each fingerprint, how many letters would do what. Nothing was written."""

    dry_run: bool = True
    groups: list[dict[str, Any]]


class Body(BaseModel):
    """What is taken; an unknown field is refused."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class Wanted(Body):
    """Conditions on letters, all of which hold."""

    kind: Name | None = None
    provider: Name | None = None
    fingerprint: Name | None = None
    lead_id: UUID | None = None
    letter_id: UUID | None = None
    reason: Name | None = None
    older: Age | None = None
    newer: Age | None = None


class ReplayAsked(Body):
    """Which letters to post again, why, and how fast (letters a second)."""

    filter: Wanted = Wanted()
    reason: Words
    dry_run: bool = False
    rate: float = Field(default=5.0, ge=0.1, le=1000)
    limit: int | None = Field(default=None, ge=1, le=10_000_000)
    canaries: int = Field(default=1, ge=0, le=1000)


class Because(Body):
    """Why, for the audit trail. No personal data: it is kept as it is."""

    reason: Words


class NoteAsked(Body):
    """What was found. No personal data: it is kept as it is."""

    text: Words
