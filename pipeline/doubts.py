"""Doubts: what was said that only the provider's own answer to a question can settle (RULES 8 and 15)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pipeline.book import Book
from pipeline.folded import Folded
from pipeline.observation import TIER_VERSIONED, AppointmentKey, Observation
from pipeline.words import Provider, Source, Status

CONTRADICTION = "contradiction"
NO_START = "no_start"

# A person's word contradicts nobody, and an answer to our own question is what settles a doubt.
_SETTLED = frozenset({Source.MANUAL, Source.RECONCILE_CRON, Source.BACKFILL, Source.MIGRATION})


@dataclass(frozen=True, slots=True)
class Doubt:
    """An appointment that the provider is to be asked about. `at`: since when; `uri`: Calendly's invitee."""

    key: AppointmentKey
    reason: str
    at: datetime
    uri: str | None = None


def doubts(before: Book, after: Book) -> list[Doubt]:
    """What the statements that a book took in leave in doubt. A repetition raises no doubt anew."""
    return [
        doubt
        for key, observations in after.observations.items()
        if (doubt := _doubt(after.folded[key], observations, before.observations.get(key, {}))) is not None
    ]


def _doubt(
    folded: Folded, every: Mapping[bytes, Observation], known: Mapping[bytes, Observation]
) -> Doubt | None:
    # A migration is settled, so what has no version here is of the unversioned tier.
    unversioned = [one for one in every.values() if one.version_at is None and one.source not in _SETTLED]
    startless = folded.start_at is None and folded.provider is Provider.CALENDLY
    if folded.removed or not (unversioned or startless):  # nearly always
        return None
    fresh = [one for digest, one in every.items() if digest not in known and one.source not in _SETTLED]
    if not fresh:
        return None
    at = max(one.observed_at for one in fresh)
    version = max((one.effective_at for one in every.values() if one.tier == TIER_VERSIONED), default=None)
    if version is not None and any(_contradicts(one, folded, version) for one in unversioned):
        return Doubt(folded.key, CONTRADICTION, at, folded.calendly_invitee_uri)
    if startless and folded.word is not Status.CANCELED:
        return Doubt(folded.key, NO_START, at, folded.calendly_invitee_uri)
    return None


def _contradicts(said: Observation, folded: Folded, version: datetime) -> bool:
    """Whether something without a version was heard after the newest version, and says otherwise.

    What was heard before that version is merely older.
    """
    if said.observed_at <= version:
        return False
    shown = folded.outcome or folded.word
    other_word = said.status is not None and said.status.word not in (folded.word, shown)
    start = said.schedule.start_at if said.schedule is not None else None
    return other_word or (start is not None and start != folded.start_at)
