"""A Job's payload: what the inbox may hold, addressed to a lead."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from pipeline.message import MessageSaid, SuppressionLifted
from pipeline.observation import FORMAT_VERSION, Fact, Observation
from pipeline.words import Act, FollowUpKind, Provider, Source


class LeadStatusSaid(Fact):
    """A person, an import or a message gave the lead a status at `at`."""

    v: int = FORMAT_VERSION
    kind: Literal["lead_status"] = "lead_status"
    source: Source
    word: str = Field(min_length=1, max_length=80)
    at: datetime


class MergeAsked(Fact):
    """This lead is the same person as `into`. `by_evidence`: nobody asked, a delivery tied a stub to it."""

    v: int = FORMAT_VERSION
    kind: Literal["merge"] = "merge"
    source: Source
    into: UUID
    by_evidence: bool = False


class FollowUpAct(Fact):
    """A person did something with a follow-up at `at`; it covers every cause up to then (RULES 26).

    `until`: the end of a snooze. `assignee`: an operator, None for nobody. `by`: who did it.
    """

    v: int = FORMAT_VERSION
    kind: Literal["follow_up_act"] = "follow_up_act"
    source: Source = Source.MANUAL
    of: FollowUpKind
    provider: Provider
    external_id: str
    act: Act
    at: datetime
    by: str | None = Field(default=None, max_length=80)
    until: datetime | None = None
    assignee: UUID | None = None


AnyPayload = Observation | LeadStatusSaid | MergeAsked | MessageSaid | FollowUpAct | SuppressionLifted
Payload = Annotated[AnyPayload, Field(discriminator="kind")]

_PAYLOAD: TypeAdapter[AnyPayload] = TypeAdapter(Payload)


class UnreadablePayload(ValueError):
    """A job's payload does not have the form that this release reads."""


class NewerPayload(ValueError):
    """A job was written by a newer release; it waits for a worker that can read it."""


def read_payload(text: str | bytes) -> AnyPayload:
    """Read a payload as it stands in the inbox.

    Raises NewerPayload for a format version above ours, UnreadablePayload for anything else that does
    not fit. Neither carries the payload.
    """
    try:
        payload = _PAYLOAD.validate_json(text)
    except ValidationError as refused:
        raise _verdict(text, refused) from None
    if payload.v > FORMAT_VERSION:
        raise NewerPayload
    return payload


def _verdict(text: str | bytes, refused: ValidationError) -> ValueError:
    version = _Version.validate_json(text) if _is_object(text) else None
    if version is not None and version.v > FORMAT_VERSION:
        return NewerPayload()
    first = refused.errors(include_input=False, include_context=False, include_url=False)[0]
    path = ".".join(str(step) for step in first["loc"])
    return UnreadablePayload(f"{path}: {first['type']}")


def _is_object(text: str | bytes) -> bool:
    try:
        _Version.validate_json(text)
    except ValidationError:
        return False
    return True


class _VersionOnly(Fact):
    model_config = ConfigDict(extra="ignore")
    v: int


_Version: TypeAdapter[_VersionOnly] = TypeAdapter(_VersionOnly)
