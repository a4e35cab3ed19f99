"""Signals: what a reply means, without a word of it. Read in `ingest`, acted on in the drain."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from msgspec import Meta

from pipeline.observation import Fact, bounded, written
from pipeline.words import Word


class SignalKind(Word):
    """What a reply may mean; it may mean several things at once."""

    OPT_OUT = "opt_out"
    NOT_INTERESTED = "not_interested"
    BOUNCE = "bounce"
    AUTO_REPLY = "auto_reply"
    OUT_OF_OFFICE = "out_of_office"
    SNOOZE = "snooze"
    TIMEZONE = "timezone"
    MEETING_REQUESTED = "meeting_requested"
    CALL_REQUESTED = "call_requested"
    INFORMATION_REQUESTED = "information_requested"
    SLOT_ACCEPTED = "slot_accepted"
    INTERESTED = "interested"
    MEETING_BOOKED = "meeting_booked"


SAID_BY_CHANNELS = frozenset({SignalKind.INTERESTED, SignalKind.MEETING_BOOKED})
"""What a channel says of a lead, and no reply's words."""

MACHINE = frozenset({SignalKind.BOUNCE, SignalKind.AUTO_REPLY, SignalKind.OUT_OF_OFFICE})
"""Said by a machine: no person has answered."""

LAST = -1
NOON = 12
EVENING = 17


class Choice(Fact, frozen=True, kw_only=True):
    """Which of the offered slots a reply takes, as it names it. All that is named must fit.

    `ordinal`: 1 for the first, LAST for the last. `weekday`: 0 for Monday. `hour`: 0–23, or 1–11 with
    `half_day_known` false ("at 2"). `any`: it names none ("works for me"), and so takes the only one.
    """

    any: bool = written(False)
    ordinal: Annotated[int, Meta(ge=LAST, le=20)] | None = None
    weekday: Annotated[int, Meta(ge=0, le=6)] | None = None
    month: Annotated[int, Meta(ge=1, le=12)] | None = None
    day: Annotated[int, Meta(ge=1, le=31)] | None = None
    hour: Annotated[int, Meta(ge=0, le=23)] | None = None
    minute: Annotated[int, Meta(ge=0, le=59)] | None = None
    half_day_known: bool = written(True)
    part: Literal["morning", "afternoon", "evening"] | None = None


class Signal(Fact, frozen=True, kw_only=True):
    """One meaning of a reply: how sure we are (0–1), the rule that fired, and its detail.

    `until`: the day from which the person is there again (out_of_office, snooze). `zone`: IANA.
    """

    kind: SignalKind
    confidence: float
    rule: str
    until: date | None = None
    zone: str | None = None
    choice: Choice | None = None

    def __post_init__(self) -> None:
        """Hold the bounds: a classifier may be a client's own."""
        if not 0 <= self.confidence <= 1:
            raise ValueError("confidence: 0 to 1")
        bounded("rule", self.rule, 40)
        bounded("zone", self.zone, 64)


def chosen(choice: Choice, offered: Sequence[datetime], zone: ZoneInfo) -> datetime | None:
    """The one offered slot that a choice names, in the order in which they were offered; None if not exactly one.

    `offered` are instants; `zone` is the one in which they were shown to the person.
    """
    if choice.any:
        return offered[0] if len(offered) == 1 else None
    slots = list(offered)
    if choice.ordinal is not None:
        place = choice.ordinal - 1 if choice.ordinal > 0 else len(slots) - 1
        slots = slots[place : place + 1] if 0 <= place < len(slots) else []
    fitting = [slot for slot in slots if _fits(choice, slot.astimezone(zone))]
    return fitting[0] if len(fitting) == 1 else None


def _fits(choice: Choice, local: datetime) -> bool:
    return (
        choice.weekday in (None, local.weekday())
        and choice.month in (None, local.month)
        and choice.day in (None, local.day)
        and choice.minute in (None, local.minute)
        and _hour_fits(choice, local.hour)
        and choice.part in (None, _part_of(local.hour))
    )


def _hour_fits(choice: Choice, hour: int) -> bool:
    if choice.hour is None:
        return True
    return choice.hour == hour if choice.half_day_known else choice.hour % NOON == hour % NOON


def _part_of(hour: int) -> str:
    if hour < NOON:
        return "morning"
    return "afternoon" if hour < EVENING else "evening"
