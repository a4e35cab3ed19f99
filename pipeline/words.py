"""The closed vocabularies of the house; in Postgres each is stored as its text."""

from enum import StrEnum


class Word(StrEnum):
    """A closed vocabulary. A word hashes as its text, in C: keys made of words are looked up all the time."""

    __hash__ = str.__hash__


class Provider(Word):
    """A booking system, or a channel that messages arrive by."""

    CALENDLY = "calendly"
    GHL = "ghl"
    SMS = "sms"
    LINKEDIN = "linkedin"
    SMARTLEAD = "smartlead"
    INSTANTLY = "instantly"


class Source(Word):
    """Which of our doors an observation came through, strongest first (RULES 10)."""

    AUTO_BOOK = "auto_book"
    WEBHOOK = "webhook"
    RECONCILE_CRON = "reconcile_cron"
    BACKFILL = "backfill"
    MANUAL = "manual"
    MIGRATION = "migration"


class Status(Word):
    """The status shown for an appointment; a provider says all of them but `rescheduled`."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    SHOWED = "showed"
    NO_SHOW = "no_show"
    CANCELED = "canceled"
    INVALID = "invalid"
    RESCHEDULED = "rescheduled"


class LinkKind(Word):
    """Whether a provider named the link of a chain, or we inferred it."""

    NATIVE = "native"
    INFERRED = "inferred"


class Why(Word):
    """Which clause of RULES 20 chose the primary."""

    UPCOMING = "upcoming"
    LAST_HELD = "last_held"
    LAST_CANCELED = "last_canceled"
    ONLY_HISTORY = "only_history"
    NONE = "none"


class Lane(Word):
    """Which workers a ring is for: people wait on `live`, nobody on `bulk`."""

    LIVE = "live"
    BULK = "bulk"


class FollowUpKind(Word):
    """What somebody is to see to; another release may know more of them."""

    MEETING_CANCELED = "meeting-canceled"
    MEETING_RESCHEDULED = "meeting-rescheduled"
    NO_SHOW = "no-show"
    NEEDS_OUTCOME = "needs-outcome"


class FollowUpState(Word):
    """Where a follow-up stands; `closed` is what nobody had to do."""

    OPEN = "open"
    SNOOZED = "snoozed"
    DONE = "done"
    CLOSED = "closed"


class Answered(Word):
    """Why a follow-up closed by itself (RULES 25)."""

    BOOKED_AGAIN = "booked-again"
    MOVED_AGAIN = "moved-again"
    REINSTATED = "reinstated"
    CANCELED = "canceled"
    STARTED = "started"
    OUTCOME = "outcome"
    WITHDRAWN = "withdrawn"


class Act(Word):
    """What a person does with a follow-up. `undo` takes back the last of them, `reopen` overrules its closing."""

    DONE = "done"
    SNOOZE = "snooze"
    ASSIGN = "assign"
    UNDO = "undo"
    REOPEN = "reopen"


URGENT = frozenset({FollowUpKind.MEETING_CANCELED, FollowUpKind.MEETING_RESCHEDULED})

SOURCE_STRENGTH: dict[Source, int] = {source: -place for place, source in enumerate(Source)}

LIVE = frozenset({Status.PENDING, Status.CONFIRMED})
HELD = frozenset({Status.SHOWED})
LOST = frozenset({Status.CANCELED, Status.NO_SHOW})

# RULES 13. A provider's spelling, folded by `spelled`, on the left; our word on the right.
STATUS_WORDS: dict[str, Status] = {
    "new": Status.PENDING,
    "pending": Status.PENDING,
    "booked": Status.CONFIRMED,
    "active": Status.CONFIRMED,
    "confirmed": Status.CONFIRMED,
    "rescheduled": Status.CONFIRMED,
    "showed": Status.SHOWED,
    "show": Status.SHOWED,
    "attended": Status.SHOWED,
    "completed": Status.SHOWED,
    "noshow": Status.NO_SHOW,  # also "no-show", "no_show" and "No Show"
    "cancelled": Status.CANCELED,
    "canceled": Status.CANCELED,
    "deleted": Status.CANCELED,  # and removed at the provider
    "invalid": Status.INVALID,
}


def spelled(word: str) -> str:
    """Fold a provider's spelling of a status: case, blanks, hyphens and underscores say nothing."""
    return word.strip().casefold().replace("-", "").replace("_", "").replace(" ", "")


def status_from(word: str) -> Status:
    """Read a provider's status word; a word nobody knows is `pending` (RULES 13)."""
    return STATUS_WORDS.get(word) or STATUS_WORDS.get(spelled(word), Status.PENDING)


def is_known(word: str) -> bool:
    """Say whether a provider's status word is one that we have a word for."""
    return spelled(word) in STATUS_WORDS


def is_removal(word: str) -> bool:
    """Say whether the word means that the provider no longer has the appointment."""
    return spelled(word) == "deleted"
