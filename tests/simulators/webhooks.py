"""Webhooks of both providers: which acts make which message, and how each is signed."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime
from functools import partial

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from pipeline.words import Provider
from tests.simulators import calendly_objects, ghl_objects
from tests.simulators.calendly_site import CalendlySite, Hook
from tests.simulators.senders import Delivery, Sender, calendly_retries, ghl_retries, no_retries
from tests.simulators.truth import Change

CALENDLY_KINDS = {
    "booked": "invitee.created",
    "canceled": "invitee.canceled",
    "no_show": "invitee_no_show.created",
    "no_show_undone": "invitee_no_show.deleted",
}
JSON = {"content-type": "application/json"}


class CalendlyWebhooks:
    """What the subscriptions of a simulated Calendly are sent. One that fails for a day is disabled, silently."""

    retries = staticmethod(calendly_retries)

    def __init__(self, site: CalendlySite, sender: Sender) -> None:
        self._site = site
        self._sender = sender
        site.world.listeners.append(self._heard)

    def _heard(self, change: Change) -> None:
        kind = CALENDLY_KINDS.get(change.kind)
        if change.account.provider is not Provider.CALENDLY or kind is None:
            return
        siblings = change.account.groups.get(change.meeting.group, [])
        said = calendly_objects.webhook(change.account, kind, change.meeting, change.at, siblings)
        body = json.dumps(said).encode()
        for hook in self._site.hooks.values():
            if hook.account is change.account and hook.state == "active" and kind in hook.events:
                signed, answered = (
                    partial(calendly_signature, hook.signing_key),
                    partial(self._answered, hook, change.at),
                )
                self._sender.send(Delivery(change, hook.url, body, signed, change.at, answered=answered))

    def _answered(self, hook: Hook, first_at: datetime, status: int) -> None:
        now = self._site.world.clock.now()
        if 200 <= status < 300:
            hook.retry_started_at = None
            return
        hook.retry_started_at = hook.retry_started_at or now
        if (now - first_at).total_seconds() > 22 * 3600:  # the next try would be past its 24 hours
            hook.state = "disabled"


def calendly_signature(key: str | None, body: bytes, now: datetime) -> Mapping[str, str]:
    """The headers of one attempt; without a key none is signed."""
    if not key:
        return JSON
    stamp = str(int(now.timestamp()))
    signed = hmac.new(key.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return {**JSON, "calendly-webhook-signature": f"t={stamp},v1={signed}"}


class GhlKey:
    """A pair of our own, in place of HighLevel's."""

    def __init__(self, pem: str | None = None) -> None:
        """`pem`: a private key that was made before; always the same one without it."""
        made = load_pem_private_key(pem.encode(), password=None) if pem else None
        seed = hashlib.sha256(b"simulated GHL").digest()
        self._private = (
            made if isinstance(made, Ed25519PrivateKey) else Ed25519PrivateKey.from_private_bytes(seed)
        )

    @property
    def public(self) -> str:
        """What `connection add --signing-key` takes."""
        spki = self._private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return base64.b64encode(spki).decode()

    def signed(self, body: bytes, _now: datetime) -> Mapping[str, str]:
        return {**JSON, "x-ghl-signature": base64.b64encode(self._private.sign(body)).decode()}


class GhlWebhooks:
    """A Marketplace app's webhooks, signed, at one address for all locations."""

    retries = staticmethod(ghl_retries)

    def __init__(self, sender: Sender, key: GhlKey, urls: Mapping[str, str]) -> None:
        """`urls`: by location; a location without one has not installed the app."""
        self._sender = sender
        self._key = key
        self._urls = urls
        self._number = 0
        sender.world.listeners.append(self._heard)

    def _heard(self, change: Change) -> None:
        url = self._urls.get(change.account.id)
        if change.account.provider is not Provider.GHL or url is None:
            return
        self._number += 1
        body = json.dumps(ghl_objects.native(change, self._number)).encode()
        self._sender.send(Delivery(change, url, body, self._key.signed, change.at))


class GhlWorkflows:
    """Workflow actions: unsigned, once, one for each act but a deletion."""

    retries = staticmethod(no_retries)

    def __init__(
        self, sender: Sender, urls: Mapping[str, str], secret: tuple[str, str] | None = None
    ) -> None:
        """`urls`: by location; `secret`: a header that was set in the action, by name and value."""
        self._sender = sender
        self._urls = urls
        self._headers = {**JSON, **({secret[0]: secret[1]} if secret else {})}
        sender.world.listeners.append(self._heard)

    def _heard(self, change: Change) -> None:
        url = self._urls.get(change.account.id)
        if change.account.provider is not Provider.GHL or url is None or change.kind == "removed":
            return
        body = json.dumps(ghl_objects.workflow(change)).encode()
        self._sender.send(Delivery(change, url, body, lambda _body, _now: self._headers, change.at))
