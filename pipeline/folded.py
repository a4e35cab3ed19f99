"""A Folded: what one appointment's own observations add up to, before its neighbours are asked."""

from datetime import datetime
from functools import cached_property

import msgspec

from pipeline.observation import AppointmentKey
from pipeline.words import Provider, Source, Status


class Folded(msgspec.Struct, frozen=True, omit_defaults=True, dict=True):
    """The registers of one appointment. All instants are aware.

    `word` is the provider's status word, `outcome` and `manual` what the provider and a person said of
    the meeting itself. `canceled_at` is None unless the word is canceled. `cancel_time_stated` says
    that the provider named the time, by itself or as its version, rather than our clock (RULES 19).
    The `_cause_` fields say when it was last canceled, missed or moved in place, reverted or not, and
    the start that was lost by it (RULES 24); migrations are no causes.
    `source_said` is what a CRM's own column called its source; `adopted` are the facts of aliases, only
    in the row that is stored (see pipeline/adoption.py).
    """

    provider: Provider
    external_id: str
    source: Source
    first_effective_at: datetime
    start_at: datetime | None = None
    end_at: datetime | None = None
    timezone: str | None = None
    word: Status | None = None
    removed: bool = False
    word_changed_at: datetime | None = None
    outcome: Status | None = None
    manual: Status | None = None
    manual_at: datetime | None = None
    canceled_at: datetime | None = None
    cancel_time_stated: bool = False
    cancel_reason: str | None = None
    booked_at: datetime | None = None
    replaces: str | None = None
    replaced_by: str | None = None
    moved: bool = False
    detached: tuple[str, ...] = ()
    moves_in_place: int = 0
    canceled_cause_at: datetime | None = None
    canceled_cause_start: datetime | None = None
    no_show_cause_at: datetime | None = None
    moved_cause_at: datetime | None = None
    moved_cause_start: datetime | None = None
    calendly_invitee_uri: str | None = None
    calendly_scheduled_event_uri: str | None = None
    calendly_event_type_uri: str | None = None
    ghl_calendar_id: str | None = None
    source_said: Source | None = None
    adopted: tuple["Folded", ...] = ()

    @cached_property
    def key(self) -> AppointmentKey:
        """The appointment that this is."""
        return AppointmentKey(self.provider, self.external_id)

    @property
    def linked(self) -> tuple[AppointmentKey, ...]:
        """The neighbours that it names."""
        return tuple(
            AppointmentKey(self.provider, name) for name in (self.replaces, self.replaced_by) if name
        )

    @property
    def says_it_was_superseded(self) -> bool:
        """Whether its own observations name a successor, or say that there is one."""
        return self.moved or self.replaced_by is not None

    @property
    def a_person_decides(self) -> bool:
        """Whether a manual outcome is later than the provider's last change of word (RULES 17)."""
        if self.manual is None or self.manual_at is None:
            return False
        return self.word_changed_at is None or self.manual_at > self.word_changed_at

    @property
    def own_status(self) -> Status:
        """The status shown, were there no neighbours: RULES 17 without its first clause."""
        if self.a_person_decides and self.manual is not None:
            return self.manual
        return self.outcome or self.word or Status.PENDING

    @property
    def own_status_at(self) -> datetime:
        """When `own_status` came to be."""
        if self.a_person_decides and self.manual_at is not None:
            return self.manual_at
        return self.word_changed_at or self.first_effective_at

    @property
    def lost_at(self) -> datetime | None:
        """When the meeting was canceled, if it is; whoever said so."""
        if self.own_status is not Status.CANCELED:
            return None
        return self.manual_at if self.a_person_decides else self.canceled_at

    @property
    def calendar(self) -> str | None:
        """What was booked, for pairing by calendar (RULES 19)."""
        return self.ghl_calendar_id or self.calendly_event_type_uri
