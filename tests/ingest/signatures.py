"""Signatures: how each provider signs a body, for those who play the provider; a new provider adds its own."""

import hmac
from base64 import b64encode
from collections.abc import Callable
from datetime import datetime
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pipeline.words import Provider

HeaderPairs = dict[bytes, bytes]


def by_calendly(body: bytes, key: str, at: datetime) -> HeaderPairs:
    stamp = str(int(at.timestamp())).encode()
    mac = hmac.new(key.encode(), stamp + b"." + body, sha256).hexdigest().encode()
    return {b"calendly-webhook-signature": b"t=" + stamp + b",v1=" + mac}


def key_pair_of_ghl(key: str) -> Ed25519PrivateKey:
    """The pair that a test's key stands for."""
    return Ed25519PrivateKey.from_private_bytes(sha256(key.encode()).digest())


def by_ghl(body: bytes, key: str, at: datetime) -> HeaderPairs:
    return {b"x-ghl-signature": b64encode(key_pair_of_ghl(key).sign(body))}


def verifier_of(provider: Provider, key: str | None) -> str | None:
    """What a connection holds to check what `key` signed: the same secret, or the public half."""
    if provider is not Provider.GHL or not key:
        return key
    public = key_pair_of_ghl(key).public_key()
    return b64encode(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


def by_secret(body: bytes, key: str, at: datetime) -> HeaderPairs:
    """Message channels sign nothing: a secret in a header is all."""
    return {b"x-apptrail-secret": key.encode()}


SECRET_ALONE = frozenset({Provider.SMS, Provider.LINKEDIN, Provider.SMARTLEAD, Provider.INSTANTLY})
"""Providers whose proof says nothing of the body."""

SIGNED_BY: dict[Provider, Callable[[bytes, str, datetime], HeaderPairs]] = {
    Provider.CALENDLY: by_calendly,
    Provider.GHL: by_ghl,
    **dict.fromkeys(SECRET_ALONE, by_secret),
}
