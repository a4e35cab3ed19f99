"""Retention: which observations of an appointment can go without changing anything that is ever computed of it.

What may go is what a provider said without a version, and what it said by version already, and has said
otherwise since. Everything else stays: each version, a person's word, what a CRM brought, whatever tells
why or when a meeting was lost. A register that a versioned observation holds is never given up to an
unversioned one (RULES 7), so that one changed nothing when it took its turn, and it will change nothing
whatever is yet to come, its own repetition included.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from pipeline.moments import moment_of
from pipeline.observation import TIER_UNVERSIONED, TIER_VERSIONED, Observation
from pipeline.walk import DESCRIPTION_FIELDS
from pipeline.words import SOURCE_STRENGTH, Provider, Source, Status

DAYS = 400
"""No observation is given up sooner."""


def superfluous(observations: Collection[Observation], before: datetime) -> list[Observation]:
    """Those of an appointment's observations that are older than `before`, and were never news.

    `before` is aware. Whatever is left folds to the same facts and the same timeline, together with any
    further observation too.
    """
    versions = [one for one in observations if one.tier == TIER_VERSIONED]
    if not versions:
        return []
    latest = max(one.effective_at for one in versions)
    going = [
        one
        for one in sorted(observations, key=lambda one: (one.effective_at, one.digest))
        if one.effective_at < before and one.effective_at <= latest and _was_never_news(one, versions)
    ]
    return _without_strongest_door(going, observations)


def _without_strongest_door(
    going: list[Observation], observations: Collection[Observation]
) -> list[Observation]:
    """An appointment's source is its strongest door (RULES 10): where only those that go know it, one stays."""
    leaving = {one.digest for one in going}
    staying = max(SOURCE_STRENGTH[one.source] for one in observations if one.digest not in leaving)
    stronger = [one for one in going if SOURCE_STRENGTH[one.source] > staying]
    if not stronger:
        return going
    kept = max(stronger, key=lambda one: SOURCE_STRENGTH[one.source])
    return [one for one in going if one is not kept]


def _was_never_news(said: Observation, versions: Collection[Observation]) -> bool:
    """Whether a version that took its turn before holds everything that this one states."""
    if said.tier != TIER_UNVERSIONED or said.source is Source.MANUAL or _is_one_of_a_kind(said):
        return False
    earlier = [
        one for one in versions if moment_of(one) < moment_of(said) and one.effective_at <= said.effective_at
    ]
    return bool(earlier) and all(
        any(_holds(one, register, said) for one in earlier) for register in _stated(said)
    )


def _is_one_of_a_kind(said: Observation) -> bool:
    """What is added up, and not held by the greatest: removals, links without a name, times and reasons of a loss."""
    status, links = said.status, said.links
    return bool(
        said.no_outcome_at
        or said.source_said
        or (status and (status.removed or status.restored_at or status.canceled_at or status.cancel_reason))
        or (links and (links.moved or links.detached))
    )


def _stated(said: Observation) -> list[str]:
    """The registers that an observation states."""
    schedule, links = said.schedule, said.links
    stated = {
        "status": said.status,
        "outcome": said.outcome,
        "booked_at": said.booked_at,
        "start_at": schedule and schedule.start_at,
        "timezone": schedule and schedule.timezone,
        "replaces": links and links.replaces,
        "replaced_by": links and links.replaced_by,
        **{field: said.description and getattr(said.description, field) for field in DESCRIPTION_FIELDS},
    }
    return [register for register, value in stated.items() if value is not None]


def _holds(version: Observation, register: str, said: Observation) -> bool:
    """Whether a version states a register, in a way that an unversioned statement cannot take it from."""
    if register not in _stated(version):
        return False
    if register != "status":
        return True
    word: Any = version.status
    if word.removed and not word.hearsay:
        return False  # a removal stands beside the word, it does not hold it
    # RULES 11: an invitee's cancellation absorbs, whoever tells of it.
    absorbs = said.provider is Provider.CALENDLY and said.status and said.status.word is Status.CANCELED
    return not absorbs or word.word is Status.CANCELED
