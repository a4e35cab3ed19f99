"""The walk: the registers of one appointment while its observations are taken in turn."""

from datetime import datetime
from typing import NamedTuple

from pipeline.cancellation import Cancellation
from pipeline.causes import Causes, Loss
from pipeline.folded import Folded
from pipeline.moments import WORD_RANK, by_moment, rank_of
from pipeline.observation import TIER_MIGRATION, Observation, StatusWord
from pipeline.register import Order, Register
from pipeline.words import SOURCE_STRENGTH, Provider, Source, Status

# RULES 11: a Calendly invitee never comes back from a cancellation; RULES 12: a GHL appointment may.
CANCELLATION_ABSORBS = frozenset({Provider.CALENDLY})

LINK_FIELDS = ("replaces", "replaced_by")
DESCRIPTION_FIELDS = (
    "calendly_invitee_uri",
    "calendly_scheduled_event_uri",
    "calendly_event_type_uri",
    "ghl_calendar_id",
)


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
        self._cancellation = Cancellation()
        self._removals: list[Observation] = []
        self._restored_at: datetime | None = None
        self._moved = False
        self._detached: set[str] = set()
        self._moves = 0
        self._causes = Causes()

    def take(self, said: Observation) -> None:
        """Let one observation state its registers."""
        self.observation = said
        if SOURCE_STRENGTH[said.source] > SOURCE_STRENGTH[self._source]:
            self._source = said.source
        self._first_effective_at = min(self._first_effective_at, said.effective_at)
        order: Order = (said.tier, said.effective_at, said.normalizer, 0, said.digest)
        if said.source is Source.MANUAL:
            held = self._take_word_of_a_person(said)
        else:
            held = [self._take_status(said), self._take_outcome(said)] != [False, False]
        self._take_schedule(said, order)
        if said.booked_at is not None:
            self._booked_at.offer(order, said.booked_at)
        if said.source_said is not None:
            self._source_said.offer(order, said.source_said)
        self._take_links(said, order)
        self._take_names(said.description, DESCRIPTION_FIELDS, order)
        if held:  # what lost against something greater is nobody's cause
            standing = self._standing()
            self._causes.take_status(said, self._status_shown(standing), standing.cancellation, self._start())

    def _take_word_of_a_person(self, said: Observation) -> bool:
        if said.outcome is None:
            return False
        order = (said.outcome.at, said.digest)
        self._manual.offer(order, (said.outcome.word, said.outcome.at))
        return self._manual.is_held_by(order)

    def _take_status(self, said: Observation) -> bool:
        """Take a word; say whether it is the newest."""
        if said.status is None:
            return False
        if said.status.restored_at is not None:
            self._restored_at = max(self._restored_at or said.status.restored_at, said.status.restored_at)
        if said.status.removed and not said.status.hearsay and said.source is not Source.MIGRATION:
            self._removals.append(said)
            return True
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
            rank_of(said.status),
            said.digest,
        )
        changed = self._status.offer(order, (word, said.status.removed))
        if changed and (before is None or before[0] is not word):
            self._word_changed_at = said.effective_at
            self._cancellation = Cancellation()
        if self._status.value is not None and self._status.value[0] is word is Status.CANCELED:
            self._cancellation.take(said, said.status)
        return self._status.is_held_by(order) or said.status.restored_at is not None

    def _take_outcome(self, said: Observation) -> bool:
        if said.outcome is None:
            return False
        word, at = said.outcome.word, said.outcome.at
        before = self._outcome.value
        order = (said.tier, at, said.normalizer, WORD_RANK[word], said.digest)
        self._outcome.offer(order, word)
        if self._outcome.value is not before:
            self._outcome_changed_at = at
        return self._outcome.is_held_by(order)

    def _take_schedule(self, said: Observation, order: Order) -> None:
        if said.schedule is None:
            return
        if said.schedule.start_at is not None:
            before = self._start()
            times = (said.schedule.start_at, said.schedule.end_at)
            changed = self._times.offer(order, times)
            if changed and before is not None and before != times[0]:
                self._moves += 1
            self._causes.take_start(said, before, self._start())
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

    def _standing_removals(self) -> list[Observation]:
        """The removals since the provider was last seen to have it again, for nothing else undoes one."""
        back_at = self._restored_at
        return [one for one in self._removals if back_at is None or one.observed_at >= back_at]

    def _start(self) -> datetime | None:
        return self._times.value[0] if self._times.value else None

    def _standing(self) -> "_Standing":
        """What the provider's words add up to, a removal over all of them."""
        word, removed = self._status.value or (None, False)
        changes, cancellation = [self._word_changed_at], self._cancellation
        if removals := self._standing_removals():
            if word is not Status.CANCELED:
                changes.append(min(one.effective_at for one in removals))
                cancellation = Cancellation()
                for one in sorted(removals, key=by_moment):
                    cancellation.take(one, one.status or StatusWord(word=Status.CANCELED))
            word, removed = Status.CANCELED, True
        elif self._removals:
            changes.append(self._restored_at)
        changed_at = max((at for at in changes if at is not None), default=None)
        return _Standing(word, removed, changed_at, cancellation)

    def _status_shown(self, standing: "_Standing") -> Status:
        """What Folded.own_status says of this state."""
        manual, manual_at = self._manual.value or (None, None)
        changes = [at for at in (standing.changed_at, self._outcome_changed_at) if at is not None]
        if manual is not None and manual_at is not None and (not changes or manual_at > max(changes)):
            return manual
        return self._outcome.value or standing.word or Status.PENDING

    def folded(self) -> Folded:
        """The state as a value."""
        standing = self._standing()
        start_at, end_at = self._times.value or (None, None)
        manual, manual_at = self._manual.value or (None, None)
        changes = [at for at in (standing.changed_at, self._outcome_changed_at) if at is not None]
        canceled = standing.cancellation if standing.word is Status.CANCELED else Cancellation()
        return Folded(
            provider=self.observation.provider,
            external_id=self.observation.external_id,
            source=self._source,
            first_effective_at=self._first_effective_at,
            start_at=start_at,
            end_at=end_at,
            timezone=self._timezone.value,
            word=standing.word,
            removed=standing.removed,
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
            canceled_cause_at=_at(self._causes.canceled),
            canceled_cause_start=_start_of(self._causes.canceled),
            no_show_cause_at=_at(self._causes.no_show),
            moved_cause_at=_at(self._causes.moved),
            moved_cause_start=_start_of(self._causes.moved),
            **{field: register.value for field, register in self._names.items()},
        )


def _at(loss: Loss | None) -> datetime | None:
    return loss.dated.at if loss else None


def _start_of(loss: Loss | None) -> datetime | None:
    return loss.start_at if loss else None


class _Standing(NamedTuple):
    """The provider's word as it stands, since when, and the cancellation that goes with it."""

    word: Status | None
    removed: bool
    changed_at: datetime | None
    cancellation: Cancellation
