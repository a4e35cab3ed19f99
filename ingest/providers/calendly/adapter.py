"""The adapter: proves a webhook, and has its invitee read."""

import hmac
from collections.abc import Sequence
from datetime import UTC, datetime

from db.connections import Connection
from ingest.adapter import Adapter, Headers, Reading
from ingest.header_secrets import check_secret
from ingest.payload import read_model
from ingest.providers.calendly.invitees import Delivery
from ingest.providers.calendly.shapes import READ, Envelope
from ingest.providers.calendly.signatures import HEADER, NEWEST, OLDEST, signature_parts
from ingest.verdicts import Ignored, NotAuthentic
from pipeline.words import Provider


class Calendly(Adapter):
    """The adapter: the invitee is the appointment (RULES 11)."""

    provider = Provider.CALENDLY
    size_limit = 256_000
    retry_status = 503

    def verify(self, connection: Connection, headers: Headers, body: bytes, now: datetime) -> None:
        """Check `t=<seconds>,v1=<hex>`: HMAC-SHA256 of "t.body" under one of the connection's keys.

        Calendly signs only where a key was given to it: a connection without one relies on a header secret,
        or on its endpoint alone if it was added `--unsigned`.
        """
        keys = [key.encode() for key in connection.secrets.get("signing_keys", ()) if key]
        if not keys and (connection.unsigned or connection.secrets.get("header_secrets")):
            check_secret(connection, headers)
            return
        stamp, signatures = signature_parts(headers.get(HEADER, b""))
        if not keys or stamp is None or not signatures:
            raise NotAuthentic("no_signature")
        expected = [hmac.digest(key, stamp + b"." + body, "sha256") for key in keys]
        matches = [hmac.compare_digest(one, given) for one in expected for given in signatures]
        if not any(matches):
            raise NotAuthentic("bad_signature")
        signed_at = datetime.fromtimestamp(int(stamp), UTC)
        if not now - OLDEST <= signed_at <= now + NEWEST:
            raise NotAuthentic("stale_signature")

    def read(self, connection: Connection, body: bytes, observed_at: datetime) -> Sequence[Reading]:
        """Read one webhook: one invitee."""
        envelope = read_model(Envelope, body)
        invitee = envelope.payload
        if envelope.event is not None and envelope.event not in READ:
            raise Ignored("other_event")
        if invitee is None:
            raise Ignored("no_payload")
        if invitee.uri is None:  # also the v1 shape of GET /sample_webhook_data
            raise Ignored("no_invitee")
        return [Delivery(connection, envelope, invitee, invitee.uri, observed_at).reading()]
