"""What a CRM's own rollup columns said, as observations of source `migration` (RULES 22)."""

from collections.abc import Container, Mapping
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from pipeline.instants import read_instant
from pipeline.observation import EPOCH, AppointmentKey, Description, Observation, Schedule, StatusWord
from pipeline.words import Provider, Source, Status, is_removal, status_from

Said = Mapping[str, str | None]

_PROVIDERS = {one.value: one for one in Provider}
_SOURCES = {one.value: one for one in Source}


def observations_from(lead_id: UUID, said: Said, shared: Container[str] = ()) -> list[Observation]:
    """Turn a legacy row into what it says of each appointment that it names; times are ISO 8601.

    The fields describe the appointment of `appointment_provider`; where the row names one of the other
    provider too, nothing more than its existence is known. `shared` are the keys that another lead
    owns, as `provider:id`: this lead keeps what its row said of them under keys of its own.
    """
    described = provider_named(said.get("appointment_provider")) or _likely_provider(said)
    keys = _keys(lead_id, said, described)
    return [
        _observation(
            provider,
            shared_key(lead_id, key) if f"{provider}:{key}" in shared else key,
            said,
            described=provider == described,
        )
        for provider, key in keys
    ]


def shared_key(lead_id: UUID, external_id: str) -> str:
    """The key under which a lead keeps what its row said of an appointment that another lead owns."""
    return f"legacy:{lead_id}:shared:{external_id}"


def provider_named(text: str | None) -> Provider | None:
    """A CRM's column is anybody's text; a provider that we do not know says nothing."""
    return _PROVIDERS.get((text or "").strip().casefold())


def _likely_provider(said: Said) -> Provider | None:
    if said.get("calendly_invitee_uri") or said.get("calendly_scheduled_event_uri"):
        return Provider.CALENDLY
    return Provider.GHL if said.get("ghl_appointment_id") or _start(said) else None


def source_named(text: str | None) -> Source | None:
    """A CRM's word for its source, if it is one of ours."""
    return _SOURCES.get((text or "").strip().casefold())


def without_free_text(said: Said) -> dict[str, str]:
    """The same row without what people typed: it makes the same observations."""
    kept = {name: text for name, text in said.items() if text}
    provider, source = (
        provider_named(kept.get("appointment_provider")),
        source_named(kept.get("appointment_source")),
    )
    words = {"appointment_provider": provider, "appointment_source": source}
    if word := kept.get("appointment_status"):
        words["appointment_status"] = "deleted" if is_removal(word) else status_from(word)  # type: ignore[assignment]
    if _instant(kept.get("booked_slot")) is None:
        kept.pop("booked_slot", None)
    return {
        name: str(words.get(name) or text)
        for name, text in kept.items()
        if name not in words or words[name] is not None
    }


def keys_named(said: Said) -> list[AppointmentKey]:
    """The appointments that a legacy row names by their providers' own keys."""
    keys = []
    if ghl := said.get("ghl_appointment_id"):
        keys.append(AppointmentKey(Provider.GHL, ghl))
    if invitee := said.get("calendly_invitee_uri"):
        keys.append(AppointmentKey(Provider.CALENDLY, _last_segment(invitee)))
    return keys


def _keys(lead_id: UUID, said: Said, described: Provider | None) -> list[tuple[Provider, str]]:
    keys: list[tuple[Provider, str]] = list(keys_named(said))
    if (event := said.get("calendly_scheduled_event_uri")) and not said.get("calendly_invitee_uri"):
        keys.append((Provider.CALENDLY, f"legacy:{lead_id}:event:{_last_segment(event)}"))
    if described and not any(provider == described for provider, _ in keys) and _start(said):
        mark = sha256(f"{_start(said)}|{described}".encode()).hexdigest()[:16]
        keys.append((described, f"legacy:{lead_id}:{mark}"))
    return keys


def _observation(provider: Provider, key: str, said: Said, *, described: bool) -> Observation:
    calendly = provider is Provider.CALENDLY
    seen_at = _instant(said.get("appointment_last_checked_at")) or _instant(said.get("updated_at")) or EPOCH
    description = Description(
        calendly_invitee_uri=said.get("calendly_invitee_uri"),
        calendly_scheduled_event_uri=said.get("calendly_scheduled_event_uri"),
    )
    return Observation(
        provider=provider,
        external_id=key,
        source=Source.MIGRATION,
        observed_at=seen_at,
        schedule=Schedule(start_at=_start(said), end_at=_instant(said.get("appointment_end_at")))
        if described
        else None,
        status=_status(said) if described else None,
        description=description if calendly else None,
        booked_at=_instant(said.get("appointment_booked_at")) if described else None,
        source_said=source_named(said.get("appointment_source")) if described else None,
    )


def _status(said: Said) -> StatusWord:
    word = said.get("appointment_status") or ""
    at = _instant(said.get("appointment_canceled_at"))
    status = status_from(word) if word else Status.CANCELED if at else Status.PENDING
    canceled_at = at if status is Status.CANCELED else None
    return StatusWord(word=status, removed=is_removal(word), canceled_at=canceled_at)


def _start(said: Said) -> datetime | None:
    return _instant(said.get("appointment_start_at")) or _instant(said.get("booked_slot"))


def _instant(text: str | None) -> datetime | None:
    """A slot may be a label that a person read, and not a time: then it says nothing."""
    try:
        return read_instant(text, "UTC") if text else None
    except ValueError:
        return None


def _last_segment(uri: str) -> str:
    return uri.rstrip("/").rpartition("/")[2]
