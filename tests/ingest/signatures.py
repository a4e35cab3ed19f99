"""Signatures: how each provider signs a body, for those who play the provider; a new provider adds its own."""

import hmac
from collections.abc import Callable
from datetime import datetime
from hashlib import sha256

from pipeline.words import Provider

HeaderPairs = dict[bytes, bytes]


def by_calendly(body: bytes, key: str, at: datetime) -> HeaderPairs:
    stamp = str(int(at.timestamp())).encode()
    mac = hmac.new(key.encode(), stamp + b"." + body, sha256).hexdigest().encode()
    return {b"calendly-webhook-signature": b"t=" + stamp + b",v1=" + mac}


SIGNED_BY: dict[Provider, Callable[[bytes, str, datetime], HeaderPairs]] = {Provider.CALENDLY: by_calendly}
