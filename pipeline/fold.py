"""Folding: the observations of one appointment, in whatever order they came, add up to one Folded."""

from collections.abc import Iterable, Iterator

from pipeline.folded import Folded
from pipeline.moments import by_moment
from pipeline.observation import Observation, Outcome
from pipeline.walk import Walk


class NothingToFold(ValueError):
    """An appointment was folded without an observation."""


def fold(observations: Iterable[Observation]) -> Folded:
    """Fold the observations of one appointment; raises NothingToFold if there is none."""
    ordered = list(_steps(observations))
    if not ordered:
        raise NothingToFold
    if len(ordered) > 1:
        ordered.sort(key=by_moment)
    state = Walk(ordered[0])
    for observation in ordered:
        state.take(observation)
    return state.folded()


def walk(observations: Iterable[Observation]) -> Iterator[Walk]:
    """Yield the state after each observation, in the order in which the facts took effect."""
    ordered = sorted(_steps(observations), key=by_moment)
    if ordered:
        state = Walk(ordered[0])
        for observation in ordered:
            state.take(observation)
            yield state


def _steps(observations: Iterable[Observation]) -> Iterator[Observation]:
    """The observations, and apart from each what a read of the API said besides: that there is no outcome."""
    for one in observations:
        yield one
        if one.no_outcome_at is not None:
            yield Observation(
                provider=one.provider,
                external_id=one.external_id,
                source=one.source,
                observed_at=one.observed_at,
                version_at=one.version_at,
                normalizer=one.normalizer,
                outcome=Outcome(word=None, at=one.no_outcome_at),
            )
