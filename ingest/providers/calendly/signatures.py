"""Signatures: `t=<seconds>,v1=<hex>`, and how old one may be."""

from datetime import timedelta

HEADER = b"calendly-webhook-signature"
LONGEST = 1024
# Retries go on for 24 hours, and whether they are signed anew is not known: idempotence absorbs them.
OLDEST = timedelta(hours=26)
NEWEST = timedelta(minutes=5)


def signature_parts(header: bytes) -> tuple[bytes | None, list[bytes]]:
    """Split the header without trusting it; several v1 are allowed."""
    stamp, signatures = None, []
    for part in header[:LONGEST].split(b","):
        name, _, value = part.strip().partition(b"=")
        if name == b"t" and value.isdigit() and len(value) <= 11:
            stamp = value
        elif name == b"v1" and (signature := _from_hex(value)):
            signatures.append(signature)
    return stamp, signatures


def _from_hex(value: bytes) -> bytes | None:
    try:
        return bytes.fromhex(value.decode("ascii"))
    except ValueError:
        return None
