"""A Job's payload: what the inbox may hold, addressed to a lead."""

import re
from datetime import datetime
from uuid import UUID

import msgspec

from pipeline.message import MessageSaid
from pipeline.observation import FORMAT_VERSION, Observation, Tagged, bounded, written
from pipeline.words import Act, FollowUpKind, Provider, Source


class LeadStatusSaid(Tagged, frozen=True, kw_only=True, tag="lead_status"):
    """A person, an import or a message gave the lead a status at `at`."""

    v: int = written(FORMAT_VERSION)
    source: Source
    word: str
    at: datetime

    def __post_init__(self) -> None:
        """Hold the bounds."""
        bounded("word", self.word, 80)


class MergeAsked(Tagged, frozen=True, kw_only=True, tag="merge"):
    """This lead is the same person as `into`. `by_evidence`: nobody asked, a delivery tied a stub to it."""

    v: int = written(FORMAT_VERSION)
    source: Source
    into: UUID
    by_evidence: bool = written(False)


class FollowUpAct(Tagged, frozen=True, kw_only=True, tag="follow_up_act"):
    """A person did something with a follow-up at `at`; it covers every cause up to then (RULES 26).

    `until`: the end of a snooze. `assignee`: an operator, None for nobody. `by`: who did it.
    """

    v: int = written(FORMAT_VERSION)
    source: Source = written(Source.MANUAL)
    of: FollowUpKind
    provider: Provider
    external_id: str
    act: Act
    at: datetime
    by: str | None = None
    until: datetime | None = None
    assignee: UUID | None = None

    def __post_init__(self) -> None:
        """Hold the bounds."""
        bounded("by", self.by, 80, least=0)


Payload = Observation | LeadStatusSaid | MergeAsked | MessageSaid | FollowUpAct

_DECODER = msgspec.json.Decoder(Payload)


class UnreadablePayload(ValueError):
    """A job's payload does not have the form that this release reads."""


class NewerPayload(ValueError):
    """A job was written by a newer release; it waits for a worker that can read it."""


def read_payload(text: str | bytes) -> Payload:
    """Read a payload as it stands in the inbox.

    Raises NewerPayload for a format version above ours, UnreadablePayload for anything else that does
    not fit. Neither carries the payload.
    """
    try:
        payload: Payload = _DECODER.decode(text)
    except msgspec.DecodeError as refused:
        raise _verdict(text, str(refused)) from None
    if payload.v > FORMAT_VERSION:
        raise NewerPayload
    return payload


def _verdict(text: str | bytes, refusal: str) -> ValueError:
    try:
        if _VERSION.decode(text).v > FORMAT_VERSION:
            return NewerPayload()
    except msgspec.DecodeError:
        pass  # it has no version that could be newer
    places = (pattern.search(refusal) for pattern in (_MISSING, _BOUNDS, _PATH))
    where = next((place.group(1) for place in places if place), "payload")
    return UnreadablePayload(f"{where}: {_kind_of(refusal)}")


def _kind_of(refusal: str) -> str:
    """What kind of refusal it is, in words of ours: msgspec's own may quote a value."""
    return next((kind for start, kind in _REFUSALS if refusal.startswith(start)), "invalid")


_MISSING = re.compile(r"^Object missing required field `(\w+)`")
_BOUNDS = re.compile(r"^(\w+): \d+ to \d+")
_PATH = re.compile(r" - at `\$\.?([\w.\[\]]+)`$")
_REFUSALS = (
    ("Object missing", "missing"),
    ("Object contains unknown", "unknown field"),
    ("Expected", "type"),
    ("JSON is malformed", "no JSON"),
    ("Input data was truncated", "no JSON"),
)


class _VersionOnly(msgspec.Struct):
    v: int


_VERSION = msgspec.json.Decoder(_VersionOnly)
