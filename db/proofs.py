"""Proofs: how the deliveries of a connection show that they are the provider's."""

from db.connections import Connection
from pipeline.words import Provider


def verified(connection: Connection) -> str:
    """How its deliveries prove themselves: signed, header_secret, unsigned, or refused as long as nothing can.

    The weakest proof counts: beside HighLevel's signed webhooks come those of workflows, which nobody signs.
    """
    signed, secret = (bool(connection.secrets.get(name)) for name in ("signing_keys", "header_secrets"))
    if signed and connection.provider is not Provider.GHL:
        return "signed"
    if secret:
        return "header_secret"
    return "unsigned" if connection.unsigned else "signed" if signed else _without_keys(connection)


def _without_keys(connection: Connection) -> str:
    """HighLevel signs with a key of its own that needs no setting."""
    return "signed" if connection.provider is Provider.GHL else "refuses_all"
