"""Signing as the providers do, for `apptrail deliver`."""

import hmac
import json
from base64 import b64encode
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from boot import clock
from db.connections import Connection
from pipeline.words import Provider

PRIVATE_KEY = "private_key"
"""The secret of a connection of ours (the demo's) that plays the provider itself: an Ed25519 key as PEM."""


class UnusableKey(ValueError):
    """A private key is no Ed25519 key in PEM."""


def signature(connection: Connection, body: bytes, private_key: str | None = None) -> dict[str, str]:
    """The headers that prove a body to a connection: a signature, a header secret, or nothing if it is unsigned.

    `private_key` stands in for GoHighLevel's own; without it the connection's secret of that name is taken.
    """
    if connection.provider is Provider.CALENDLY and (keys := connection.secrets.get("signing_keys")):
        return _by_calendly(keys[0], body)
    pem = private_key or connection.secrets.get(PRIVATE_KEY)
    if connection.provider is Provider.GHL and pem and _is_native(body):
        return {"x-ghl-signature": b64encode(_private(pem).sign(body)).decode()}
    secrets = connection.secrets.get("header_secrets")
    return {"x-apptrail-secret": secrets[0]} if secrets else {}


def _by_calendly(key: str, body: bytes) -> dict[str, str]:
    stamp = str(int(clock.now().timestamp()))
    digest = hmac.new(key.encode(), f"{stamp}.".encode() + body, sha256).hexdigest()
    return {"calendly-webhook-signature": f"t={stamp},v1={digest}"}


def _is_native(body: bytes) -> bool:
    try:
        said = json.loads(body)
    except ValueError:
        return True
    return not (isinstance(said, dict) and "calendar" in said and "type" not in said)


def _private(pem: str) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except ValueError:
        raise UnusableKey from None
    if not isinstance(key, Ed25519PrivateKey):
        raise UnusableKey
    return key
