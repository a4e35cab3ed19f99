"""The adapter: tells the two families of webhooks apart, and holds each to its own proof."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from db.connections import Connection
from ingest.adapter import Adapter, Headers, Reading
from ingest.counters import CONTACT_EVENTS, LAYOUTS
from ingest.header_secrets import check_secret
from ingest.messages.ghl import DND, INBOUND, is_opt_out, read_dnd, read_inbound
from ingest.providers.ghl.contacts import contact_reading
from ingest.providers.ghl.events import read_event
from ingest.providers.ghl.shapes import is_unrendered, part, plain_id, read_object, text, unwrapped
from ingest.providers.ghl.signatures import check_signature, is_signed
from ingest.providers.ghl.workflow import is_workflow, read_workflow
from ingest.verdicts import Ignored, Refused
from pipeline.words import Provider, Source

CREATED, UPDATED, DELETED = "AppointmentCreate", "AppointmentUpdate", "AppointmentDelete"
APPOINTMENTS = frozenset({CREATED, UPDATED, DELETED})
# Each carries the whole contact.
CONTACTS = frozenset({"ContactCreate", "ContactUpdate", "ContactDndUpdate", "ContactTagUpdate"})
# A contact that is deleted at GHL stays a lead, identities and all: what is still on its way finds it.
CONTACT_DELETED = "ContactDelete"


class GHL(Adapter):
    """Native webhooks are signed; workflow webhooks rely on a header secret, or on the endpoint alone."""

    provider = Provider.GHL
    size_limit = 256_000
    retry_status = 429  # the only one upon which GHL sends again

    def account_in(self, body: bytes) -> str | None:
        """The location that a body names: one app has one address for all of its locations."""
        try:
            said, _ = unwrapped(read_object(body))
        except (Refused, Ignored):
            return None
        return text(said, "locationId") or text(part(said, "location"), "id")

    def verify(self, connection: Connection, headers: Headers, body: bytes, now: datetime) -> None:
        """Check the signature of whatever is native or claims to be; the secret of anything else."""
        if is_signed(headers) or is_native(_peeked(body)):
            check_signature(connection, headers, body, now)
        else:
            check_secret(connection, headers)

    def read(self, connection: Connection, body: bytes, observed_at: datetime) -> Sequence[Reading]:
        """Read one webhook: one appointment, or one contact."""
        said = read_object(body)
        if not is_native(said):
            if not is_workflow(said):
                raise Ignored("no_appointment")
            return [read_workflow(connection, said, observed_at)]
        native, odd = unwrapped(said)
        if odd:
            LAYOUTS.labels(Provider.GHL, "wrapped_or_snake_case").inc()
        _check_app(connection, native)
        return _read_native(connection, native, observed_at)


def is_native(said: dict[str, Any]) -> bool:
    """Whether a body claims to be one of HighLevel's own: those name their `type`, or hold an `appointment`."""
    named, _ = unwrapped(said)
    return text(named, "type") is not None or bool(part(named, "appointment"))


def _peeked(body: bytes) -> dict[str, Any]:
    """The body before anything is proven; what is no object will be refused when it is read."""
    try:
        return read_object(body)
    except (Refused, Ignored):
        return {}


def _check_app(connection: Connection, native: dict[str, Any]) -> None:
    """The platform's key proves HighLevel, not our app: an app id that we know has to be ours."""
    ours, theirs = connection.settings.get("app_id"), text(native, "appId")
    if ours and theirs and theirs != ours:
        raise Ignored("other_app")


def _read_native(connection: Connection, native: dict[str, Any], observed_at: datetime) -> list[Reading]:
    said = text(native, "type")
    if said == CONTACT_DELETED or said in CONTACTS:
        CONTACT_EVENTS.labels(Provider.GHL, said).inc()
    if said == CONTACT_DELETED:
        raise Ignored("contact_deleted")
    if said in CONTACTS:
        said_besides = (
            [read_dnd(connection, native, observed_at)] if said == DND and is_opt_out(native) else []
        )
        return [contact_reading(connection, native), *said_besides]
    if said == INBOUND:
        return [read_inbound(connection, native, observed_at, Provider.GHL)]
    if said not in APPOINTMENTS:
        raise Ignored("other_event")
    event = part(native, "appointment")
    if not event:
        LAYOUTS.labels(Provider.GHL, "flattened").inc()
        event = {**native, "id": text(native, "appointmentId", "id")}
    contact_id = text(native, "contactId")
    if is_unrendered(contact_id):
        raise Ignored("misconfigured")
    contact, removed = plain_id(contact_id), said == DELETED
    return [read_event(connection, event, observed_at, Source.WEBHOOK, removed=removed, contact_id=contact)]
