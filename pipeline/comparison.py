"""Comparison: what a CRM's columns said against what the rollup says after the migration, and why they differ."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pipeline.instants import read_instant
from pipeline.legacy import Said, provider_named, source_named
from pipeline.words import STATUS_WORDS, Status, spelled, status_from

COLUMNS = (
    "ghl_appointment_id", "calendly_invitee_uri", "calendly_scheduled_event_uri", "appointment_booked_at",
    "appointment_start_at", "appointment_end_at", "appointment_status", "appointment_canceled_at",
    "appointment_provider", "appointment_source", "booked_slot",
)  # fmt: skip


class Cause(StrEnum):
    """Why a column reads otherwise than it did."""

    MERGED = "merged"  # two leads are one now
    PROVIDER_SAID_MORE = "provider_said_more"  # a webhook or a sweep knows better
    FILLED = "filled"  # the CRM had left it empty
    SEVERAL_APPOINTMENTS = "several_appointments"  # one row described two: the rollup shows the primary
    RESPELLED = "respelled"  # the same in our words
    UNKNOWN_WORD = "unknown_word"  # a word that nobody knows
    NOT_A_TIME = "not_a_time"  # a label for people
    CONTRADICTS_START = "contradicts_start"  # the slot was another instant than the start
    CONTRADICTS_STATUS = "contradicts_status"  # a time of cancellation on what is not canceled
    END_WITHOUT_START = "end_without_start"
    UNEXPLAINED = "unexplained"  # a fault of ours


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What else is known of the lead: whether it was merged away, who spoke, how many appointments it has."""

    merged: bool = False
    provider_spoke: bool = False
    appointments: int = 1


def differences(said: Said, shown: Mapping[str, object], known: Circumstances) -> dict[str, Cause]:
    """Compare field by field; `shown` has the rollup columns as the database gives them."""
    found = {}
    for column in COLUMNS:
        before, after = said.get(column) or None, shown[column]
        if not _equal(before, after):
            found[column] = _cause(column, before, after, said, known)
    return found


def _equal(before: str | None, after: object) -> bool:
    """Times are equal as instants; a slot is a time too, where it is one."""
    if before is None or after is None:
        return before is after
    instant = _instant(before)
    if isinstance(after, datetime):
        return instant == after
    return before == after or (instant is not None and instant == _instant(str(after)))


def _cause(column: str, before: str | None, after: object, said: Said, known: Circumstances) -> Cause:
    if known.merged:
        return Cause.MERGED
    if known.provider_spoke:
        return Cause.PROVIDER_SAID_MORE
    if before is None:
        return Cause.FILLED
    if known.appointments > 1:
        return Cause.SEVERAL_APPOINTMENTS
    if column in {"appointment_status", "appointment_provider", "appointment_source"}:
        return _cause_of_word(column, before, after)
    if column == "booked_slot":
        return Cause.NOT_A_TIME if _instant(before) is None else _contradiction(said, "appointment_start_at")
    if column == "appointment_canceled_at" and said.get("appointment_status"):
        held = status_from(said["appointment_status"] or "") is not Status.CANCELED
        return Cause.CONTRADICTS_STATUS if held else Cause.UNEXPLAINED
    if column == "appointment_end_at" and not said.get("appointment_start_at"):
        return Cause.END_WITHOUT_START
    return Cause.UNEXPLAINED


def _cause_of_word(column: str, before: str, after: object) -> Cause:
    if column == "appointment_status":
        if spelled(before) not in STATUS_WORDS:
            return Cause.UNKNOWN_WORD
        return Cause.RESPELLED if status_from(before) == after else Cause.UNEXPLAINED
    word = provider_named(before) if column == "appointment_provider" else source_named(before)
    if word is None:
        return Cause.UNKNOWN_WORD
    return Cause.RESPELLED if word == after else Cause.UNEXPLAINED


def _contradiction(said: Said, column: str) -> Cause:
    return Cause.CONTRADICTS_START if said.get(column) else Cause.UNEXPLAINED


def _instant(text: str) -> datetime | None:
    try:
        return read_instant(text, "UTC")
    except ValueError:
        return None
