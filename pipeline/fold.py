"""Folding: the observations of one appointment, in whatever order they came, add up to one Folded."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from pipeline.folded import Folded
from pipeline.observation import TIER_MIGRATION, TIER_VERSIONED, Observation, StatusWord
from pipeline.register import Order, Register
from pipeline.words import SOURCE_STRENGTH, Provider, Source, Status

# RULES 7: the greatest wins where two words are said for the same instant; a removal beats them all.
WORD_RANK: dict[Status | None, int] = {
    None: -1,
    Status.PENDING: 0,
    Status.CONFIRMED: 1,
    Status.INVALID: 2,
    Status.SHOWED: 3,
    Status.NO_SHOW: 3,
    Status.CANCELED: 4,
    Status.RESCHEDULED: 4,
}
REMOVED_RANK = 5

# RULES 11: a Calendly invitee never comes back from a cancellation; RULES 12: a GHL appointment may.
CANCELLATION_ABSORBS = frozenset({Provider.CALENDLY})

LINK_FIELDS = ("replaces", "replaced_by")
DESCRIPTION_FIELDS = (
    "calendly_invitee_uri",
    "calendly_scheduled_event_uri",
    "calendly_event_type_uri",
    "ghl_calendar_id",
)


class NothingToFold(ValueError):
    """An appointment was folded without an observation."""


def fold(observations: Iterable[Observation]) -> Folded:
    """Fold the observations of one appointment; raises NothingToFold if there is none."""
    ordered = sorted(observations, key=_by_moment)
    if not ordered:
        raise NothingToFold
    state = Walk(ordered[0])
    for observation in ordered:
        state.take(observation)
    return state.folded()


def walk(observations: Iterable[Observation]) -> Iterator["Walk"]:
    """Yield the state after each observation, in the order in which the facts took effect."""
    ordered = sorted(observations, key=_by_moment)
    if ordered:
        state = Walk(ordered[0])
        for observation in ordered:
            state.take(observation)
            yield state


def moment_of(said: Observation) -> datetime:
    """When an observation's newest fact took effect: its place in a timeline."""
    if said.outcome is not None and said.outcome.at > said.effective_at:
        return said.outcome.at
    return said.effective_at


def _by_moment(said: Observation) -> tuple[datetime, int, int, bytes]:
    return moment_of(said), said.tier, _rank(said.status), said.digest


def _rank(status: StatusWord | None) -> int:
    if status is None:
        return WORD_RANK[None]
    return REMOVED_RANK if status.removed else WORD_RANK[status.word]


class Walk:
    """The registers of one appointment while its observations are taken in turn."""

    def __init__(self, first: Observation) -> None:
        """Start with nothing stated, for the appointment that `first` is about."""
        self.observation = first
        self._source = first.source
        self._first_effective_at = first.effective_at
        self._status: Register[tuple[Status, bool]] = Register()
        self._outcome: Register[Status | None] = Register()
        self._manual: Register[tuple[Status | None, datetime]] = Register()
        self._times: Register[tuple[datetime, datetime | None]] = Register()
        self._timezone: Register[str] = Register()
        self._booked_at: Register[datetime] = Register()
        self._source_said: Register[Source] = Register()
        self._names: dict[str, Register[str]] = {}
        self._word_changed_at: datetime | None = None
        self._outcome_changed_at: datetime | None = None
        self._cancellation = _Cancellation()
        self._moved = False
        self._detached: set[str] = set()
        self._moves = 0

    def take(self, said: Observation) -> None:
        """Let one observation state its registers."""
        self.observation = said
        if SOURCE_STRENGTH[said.source] > SOURCE_STRENGTH[self._source]:
            self._source = said.source
        self._first_effective_at = min(self._first_effective_at, said.effective_at)
        order: Order = (said.tier, said.effective_at, said.normalizer, 0, said.digest)
        if said.source is Source.MANUAL:
            self._take_word_of_a_person(said)
        else:
            self._take_status(said)
            self._take_outcome(said)
        self._take_schedule(said, order)
        if said.booked_at is not None:
            self._booked_at.offer(order, said.booked_at)
        if said.source_said is not None:
            self._source_said.offer(order, said.source_said)
        self._take_links(said, order)
        self._take_names(said.description, DESCRIPTION_FIELDS, order)

    def _take_word_of_a_person(self, said: Observation) -> None:
        if said.outcome is not None:
            self._manual.offer((said.outcome.at, said.digest), (said.outcome.word, said.outcome.at))

    def _take_status(self, said: Observation) -> None:
        if said.status is None:
            return
        word = said.status.word
        before = self._status.value
        real = said.tier > TIER_MIGRATION
        absorbs = word is Status.CANCELED and said.provider in CANCELLATION_ABSORBS
        order = (
            real,
            absorbs,
            said.tier,
            said.effective_at,
            said.normalizer,
            _rank(said.status),
            said.digest,
        )
        changed = self._status.offer(order, (word, said.status.removed))
        if changed and (before is None or before[0] is not word):
            self._word_changed_at = said.effective_at
            self._cancellation = _Cancellation()
        if self._status.value is not None and self._status.value[0] is word is Status.CANCELED:
            self._cancellation.take(said, said.status)

    def _take_outcome(self, said: Observation) -> None:
        if said.outcome is None:
            return
        word, at = said.outcome.word, said.outcome.at
        before = self._outcome.value
        self._outcome.offer((said.tier, at, said.normalizer, WORD_RANK[word], said.digest), word)
        if self._outcome.value is not before:
            self._outcome_changed_at = at

    def _take_schedule(self, said: Observation, order: Order) -> None:
        if said.schedule is None:
            return
        if said.schedule.start_at is not None:
            before = self._times.value
            times = (said.schedule.start_at, said.schedule.end_at)
            if self._times.offer(order, times) and before is not None and before[0] != times[0]:
                self._moves += 1
        if said.schedule.timezone is not None:
            self._timezone.offer(order, said.schedule.timezone)

    def _take_links(self, said: Observation, order: Order) -> None:
        if said.links is None:
            return
        self._moved = self._moved or said.links.moved
        self._detached.update(said.links.detached)
        self._take_names(said.links, LINK_FIELDS, order)

    def _take_names(self, fact: object, fields: tuple[str, ...], order: Order) -> None:
        """Names merge field by field: what is not said is never nulled (RULES 18)."""
        if fact is None:
            return
        for field in fields:
            value: str | None = getattr(fact, field)
            if value is not None:
                self._names.setdefault(field, Register()).offer(order, value)

    def folded(self) -> Folded:
        """The state as a value."""
        word, removed = self._status.value or (None, False)
        start_at, end_at = self._times.value or (None, None)
        manual, manual_at = self._manual.value or (None, None)
        changes = [at for at in (self._word_changed_at, self._outcome_changed_at) if at is not None]
        canceled = self._cancellation if word is Status.CANCELED else _Cancellation()
        return Folded(
            provider=self.observation.provider,
            external_id=self.observation.external_id,
            source=self._source,
            first_effective_at=self._first_effective_at,
            start_at=start_at,
            end_at=end_at,
            timezone=self._timezone.value,
            word=word,
            removed=removed,
            word_changed_at=max(changes, default=None),
            outcome=self._outcome.value,
            manual=manual,
            manual_at=manual_at,
            canceled_at=canceled.at,
            cancel_time_stated=canceled.stated,
            cancel_reason=canceled.reason,
            booked_at=self._booked_at.value,
            source_said=self._source_said.value,
            adopted=(),
            moved=self._moved,
            detached=tuple(sorted(self._detached)),
            moves_in_place=self._moves,
            **{field: register.value for field, register in self._names.items()},
        )


class _Cancellation:
    """When and why an appointment was canceled, while its word is canceled.

    A time that the provider states beats one read off its version, and that beats our own clock.
    """

    def __init__(self) -> None:
        self._said: Register[datetime] = Register()
        self._inferred: datetime | None = None
        self._by_version = False
        self.reason: str | None = None

    @property
    def at(self) -> datetime | None:
        return self._said.value or self._inferred

    @property
    def stated(self) -> bool:
        return self._said.value is not None or self._by_version

    def take(self, said: Observation, status: StatusWord) -> None:
        by_version = said.tier == TIER_VERSIONED
        if status.canceled_at is not None:
            self._said.offer((said.tier, said.effective_at, said.normalizer, said.digest), status.canceled_at)
        # When a CRM's row was last looked at is not when the meeting was canceled.
        if said.tier > TIER_MIGRATION and (self._inferred is None or (by_version and not self._by_version)):
            self._inferred, self._by_version = said.effective_at, by_version
        if status.cancel_reason is not None:
            self.reason = max(self.reason or "", status.cancel_reason)
