"""Signatures of native webhooks: Ed25519 over the raw body, by one key of HighLevel's for all its apps.

The older `x-wh-signature` (RSA) ended on 2026-07-01; a connection may name a later end and the key.
"""

import base64
import binascii
from datetime import UTC, datetime
from functools import lru_cache

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key, load_pem_public_key

from db.connections import Connection
from ingest.adapter import Headers
from ingest.verdicts import NotAuthentic

HEADER = b"x-ghl-signature"
LEGACY_HEADER = b"x-wh-signature"
# HighLevel's own (SPKI), as its official SDKs have it.
PLATFORM_KEY = "MCowBQYDK2VwAyEAi2HR1srL4o18O8BRa7gVJY7G7bupbN3H9AwJrHCDiOg="
LEGACY_ENDED = datetime(2026, 7, 1, tzinfo=UTC)
LONGEST = 2048


def check_signature(connection: Connection, headers: Headers, body: bytes, now: datetime) -> None:
    """Check a native webhook's signature. Raises NotAuthentic: without one, nothing native is taken."""
    if signature := _decoded(headers.get(HEADER)):
        # Keys of its own replace HighLevel's; an empty one among them verifies nothing.
        keys = [key or "" for key in connection.secrets.get("signing_keys") or [PLATFORM_KEY]]
        matches = [_is_signed(_key(key), signature, body) for key in keys]
    elif (signature := _decoded(headers.get(LEGACY_HEADER))) and now < _legacy_end(connection):
        matches = [
            _is_signed(_key(key), signature, body) for key in connection.secrets.get("legacy_keys", ())
        ]
    else:
        raise NotAuthentic("no_signature")
    if not any(matches):
        raise NotAuthentic("bad_signature")


def is_signed(headers: Headers) -> bool:
    """Whether a delivery carries what claims to be a signature."""
    return HEADER in headers or LEGACY_HEADER in headers


def _legacy_end(connection: Connection) -> datetime:
    text = connection.settings.get("legacy_signature_until")
    return datetime.fromisoformat(text).astimezone(UTC) if isinstance(text, str) else LEGACY_ENDED


def _decoded(header: bytes | None) -> bytes | None:
    """None for what is no base64, `N/A` among it."""
    try:
        return base64.b64decode(header, validate=True) if header and len(header) <= LONGEST else None
    except (binascii.Error, ValueError):
        return None


@lru_cache(maxsize=256)
def _key(text: str) -> object:
    """A public key as PEM or as bare base64 SPKI; None for anything else: it verifies nothing."""
    try:
        if "BEGIN" in text:
            return load_pem_public_key(text.encode())
        return load_der_public_key(base64.b64decode(text))
    except (ValueError, UnsupportedAlgorithm):
        return None


def _is_signed(key: object, signature: bytes, body: bytes) -> bool:
    try:
        if isinstance(key, Ed25519PublicKey):
            key.verify(signature, body)
        elif isinstance(key, RSAPublicKey):
            key.verify(signature, body, PKCS1v15(), SHA256())
        else:
            return False
    except InvalidSignature:
        return False
    return True
