"""Adoption: a CRM's own note of an appointment is an alias of the real one, once a provider names that (RULES 22).

A legacy key is made by us and begins with its lead: `legacy:<lead>:<mark>` where only a start is known,
`legacy:<lead>:event:<id>` where only the Calendly event is, `legacy:<lead>:shared:<id>` for what another
lead owns. Adopting is computed from the facts at hand, so it does not matter which of the two came first.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from msgspec.structs import replace

from pipeline.folded import Folded
from pipeline.observation import AppointmentKey
from pipeline.words import Provider

SAME_START = timedelta(seconds=60)

_LEGACY, _SHARED = "legacy:", ":shared:"


def is_legacy(key: AppointmentKey) -> bool:
    """Whether we made the key, for want of the provider's."""
    return key.external_id.startswith(_LEGACY)


def shared_name(key: AppointmentKey) -> str | None:
    """The provider's own id that a shared legacy key stands for."""
    return key.external_id.partition(_SHARED)[2] or None if is_legacy(key) else None


def ghl_id(key: AppointmentKey) -> str | None:
    """HighLevel's own id of an appointment; None for one that it never named."""
    if key.provider is not Provider.GHL:
        return None
    return shared_name(key) if is_legacy(key) else key.external_id


def aliases(folded: Mapping[AppointmentKey, Folded]) -> dict[AppointmentKey, AppointmentKey]:
    """Each legacy key that is an alias, with the real appointment that it means; two candidates: none."""
    legacy = sorted(key for key in folded if is_legacy(key))
    if not legacy:  # nearly always
        return {}
    real = [one for key, one in folded.items() if not is_legacy(key)]
    found = {}
    for key in legacy:
        candidates = _candidates(folded[key], [one for one in real if one.provider is key.provider])
        if len(candidates) == 1:
            found[key] = candidates[0].key
    return found


def _candidates(legacy: Folded, real: Iterable[Folded]) -> list[Folded]:
    if name := shared_name(legacy.key):
        return [one for one in real if one.external_id == name]
    event = _last_segment(legacy.calendly_scheduled_event_uri)
    same = [one for one in real if event and _last_segment(one.calendly_scheduled_event_uri) == event]
    if same:
        return same
    start = legacy.start_at
    return [
        one
        for one in real
        if start and one.start_at and abs(one.start_at - start) <= SAME_START
        and not (event and one.calendly_scheduled_event_uri)
    ]  # fmt: skip


def adopted(folded: Mapping[AppointmentKey, Folded]) -> Mapping[AppointmentKey, Folded]:
    """The appointments that there are: aliases gone, and the real ones know what their aliases knew."""
    known = aliases(folded)
    if not known:
        return folded
    there = {key: one for key, one in folded.items() if key not in known}
    for alias, real in known.items():
        there[real] = _lend(there[real], folded[alias])
    return there


def _lend(real: Folded, legacy: Folded) -> Folded:
    """A migration is of the lowest tier: it tells only what the provider has not told."""
    lent: dict[str, Any] = {
        name: getattr(legacy, name)
        for name in ("booked_at", "calendly_invitee_uri", "calendly_scheduled_event_uri")
        if getattr(real, name) is None
    }
    if real.start_at is None:
        lent |= {"start_at": legacy.start_at, "end_at": legacy.end_at}
    if real.word is None:
        lent |= {
            name: getattr(legacy, name) for name in ("word", "removed", "canceled_at", "cancel_time_stated")
        }
        changes = [at for at in (real.word_changed_at, legacy.word_changed_at) if at is not None]
        lent["word_changed_at"] = max(changes, default=None)
    return replace(real, first_effective_at=min(real.first_effective_at, legacy.first_effective_at), **lent)


def packed(folded: Mapping[AppointmentKey, Folded]) -> Mapping[AppointmentKey, Folded]:
    """The same facts by the rows that hold them: an alias has none, its facts are kept with the real one's."""
    known = aliases(folded)
    if not known:
        return folded
    rows = {key: one for key, one in folded.items() if key not in known}
    for alias, real in known.items():
        rows[real] = replace(rows[real], adopted=(*rows[real].adopted, folded[alias]))
    return rows


def unpacked(row: Folded) -> list[Folded]:
    """What one row holds: an appointment's own facts, then those of its aliases."""
    return [replace(row, adopted=()), *row.adopted] if row.adopted else [row]


def _last_segment(uri: str | None) -> str:
    return (uri or "").rstrip("/").rpartition("/")[2]
