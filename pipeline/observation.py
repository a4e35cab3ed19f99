"""An Observation: what a provider held true of one appointment at one time, raw-free by type."""

from datetime import UTC, datetime
from functools import cached_property
from hashlib import sha256
from typing import Any, NamedTuple, Self

import msgspec

from pipeline.words import SOURCE_STRENGTH, Provider, Source, Status

FORMAT_VERSION = 1
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

TIER_MIGRATION, TIER_UNVERSIONED, TIER_VERSIONED = 0, 1, 2


class AppointmentKey(NamedTuple):
    """How a provider names an appointment. Calendly: the last path segment of the invitee's URI."""

    provider: Provider
    external_id: str


class Fact(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A value that crosses our own borders: frozen, and a reader refuses unknown fields.

    Its types are held when it is read, not when it is made. A field that is None is not written;
    one that has another default comes from a factory, so that it is.
    """

    def text(self) -> str:
        """Write it as JSON."""
        return _ENCODER.encode(self).decode()

    def but(self, **changed: Any) -> Self:
        """Make a copy with some fields changed; they are not checked."""
        return msgspec.structs.replace(self, **changed)


class Tagged(Fact, frozen=True, kw_only=True, tag_field="kind"):
    """A fact that is told from others by its kind."""

    @property
    def kind(self) -> str:
        """The tag that it is written with."""
        return str(self.__struct_config__.tag)


_ENCODER = msgspec.json.Encoder()


def bounded(name: str, text: str | None, most: int, least: int = 1) -> None:
    """Refuse a text of an odd length, when a fact is made and when it is read; the error names the field only."""
    if text is not None and not least <= len(text) <= most:
        raise ValueError(f"{name}: {least} to {most} characters")


def written(value: Any) -> Any:
    """Declare a default that is written out all the same: it may be another in the next release."""
    return msgspec.field(default_factory=lambda: value)


class Schedule(Fact, frozen=True, kw_only=True):
    """When the meeting is. Instants are aware; `timezone` is the IANA name the provider gave."""

    start_at: datetime | None = None
    end_at: datetime | None = None
    timezone: str | None = None


class StatusWord(Fact, frozen=True, kw_only=True):
    """The provider's word for the status; `canceled_at` only where the provider states it.

    `removed`: the provider has it no longer. `hearsay`: that is only a workflow's word, which stands until
    something more trustworthy is said. `restored_at`: a GET that was made because it was removed found it at
    that instant (RULES 12).
    """

    word: Status
    removed: bool = written(False)
    hearsay: bool | None = None
    canceled_at: datetime | None = None
    cancel_reason: str | None = None
    restored_at: datetime | None = None


class Outcome(Fact, frozen=True, kw_only=True):
    """Whether the meeting was held, as of `at`; `word` None says that an outcome was taken back."""

    word: Status | None = None
    at: datetime


class Links(Fact, frozen=True, kw_only=True):
    """The neighbours in a chain, by external id. `moved`: superseded, though by whom is not said.

    `detached` names predecessors that a person unlinked from this appointment (RULES 19).
    """

    replaces: str | None = None
    replaced_by: str | None = None
    moved: bool = written(False)
    detached: tuple[str, ...] = written(())


class Description(Fact, frozen=True, kw_only=True):
    """The provider's own names for the thing booked; identifiers only, never a title."""

    calendly_invitee_uri: str | None = None
    calendly_scheduled_event_uri: str | None = None
    calendly_event_type_uri: str | None = None
    ghl_calendar_id: str | None = None


class Observation(Tagged, frozen=True, kw_only=True, tag="appointment", dict=True):
    """One distinct statement about one appointment. A register that is None is not stated (RULES 5)."""

    v: int = written(FORMAT_VERSION)
    provider: Provider
    external_id: str
    source: Source
    observed_at: datetime
    version_at: datetime | None = None
    normalizer: int = written(1)
    schedule: Schedule | None = None
    status: StatusWord | None = None
    outcome: Outcome | None = None
    no_outcome_at: datetime | None = None
    """A read of the API at this instant named no outcome: no part of the digest, the last of its tellings holds."""
    links: Links | None = None
    description: Description | None = None
    booked_at: datetime | None = None
    source_said: Source | None = None
    """What the column of a CRM that moved in called its source (RULES 22)."""

    @property
    def key(self) -> AppointmentKey:
        """The appointment that this is about."""
        return AppointmentKey(self.provider, self.external_id)

    @property
    def linked(self) -> tuple[AppointmentKey, ...]:
        """The neighbours that it names."""
        return linked(self.provider, self.links) if self.links is not None else ()

    @property
    def tier(self) -> int:
        """RULES 7: provider-versioned over unversioned over migration."""
        if self.source is Source.MIGRATION:
            return TIER_MIGRATION
        return TIER_UNVERSIONED if self.version_at is None else TIER_VERSIONED

    @property
    def effective_at(self) -> datetime:
        """The provider's version, else when we saw it (RULES 7)."""
        return self.version_at or self.observed_at

    @cached_property
    def digest(self) -> bytes:
        """Content by which two observations are the same one (RULES 9).

        Leaves out the source, the time of receipt of a versioned observation, the normalizer and the
        cancellation reason, so that a webhook and an API read of one version are one observation.
        """
        content = _Content(
            provider=self.provider,
            external_id=self.external_id,
            observed_at=self.observed_at if self.version_at is None else None,
            version_at=self.version_at,
            schedule=self.schedule,
            status=self.status and self.status.but(cancel_reason=None),
            outcome=self.outcome,
            links=self.links,
            description=self.description,
            booked_at=self.booked_at,
            source_said=self.source_said,
        )
        return sha256(_ENCODER.encode(content)).digest()[:16]

    def joined(self, other: "Observation") -> "Observation":
        """Merge two tellings of the same observation, so that the order in which they came says nothing."""
        strongest = max(self.source, other.source, key=SOURCE_STRENGTH.__getitem__)
        reason = max(filter(None, (_reason(self), _reason(other))), default=None)
        status = self.status and self.status.but(cancel_reason=reason)
        absent = max(filter(None, (self.no_outcome_at, other.no_outcome_at)), default=None)
        return self.but(
            source=strongest,
            observed_at=min(self.observed_at, other.observed_at),
            normalizer=max(self.normalizer, other.normalizer),
            status=status,
            no_outcome_at=absent,
        )


class _Content(Tagged, frozen=True, kw_only=True, tag="appointment"):
    """What of an Observation its digest is of, in the order of its fields."""

    provider: Provider
    external_id: str
    observed_at: datetime | None = None
    version_at: datetime | None = None
    schedule: Schedule | None = None
    status: StatusWord | None = None
    outcome: Outcome | None = None
    links: Links | None = None
    description: Description | None = None
    booked_at: datetime | None = None
    source_said: Source | None = None


def linked(provider: Provider, links: Links) -> tuple[AppointmentKey, ...]:
    """The keys of the appointments that links name; chains stay within a provider."""
    return tuple(AppointmentKey(provider, name) for name in (links.replaces, links.replaced_by) if name)


def _reason(observation: Observation) -> str | None:
    return observation.status.cancel_reason if observation.status else None
