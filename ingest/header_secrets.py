"""Header secrets: how those are told from strangers who sign nothing."""

import hmac
from collections.abc import Iterable

from db.connections import Connection
from ingest.adapter import Headers
from ingest.verdicts import NotAuthentic

NAMES = (b"x-apptrail-secret", b"x-webhook-secret", b"unipile-auth")
BEARER = b"bearer "


def check_secret(connection: Connection, headers: Headers, *in_body: str | None) -> None:
    """Check that a delivery carries one of the connection's header secrets, compared in constant time.

    Two at once serve for rotation. `in_body`: a secret that the provider puts into its body. A connection
    without secrets takes a delivery only if it was added `--unsigned`: then its endpoint is the secret.
    """
    secrets = [secret.encode() for secret in connection.secrets.get("header_secrets", ()) if secret]
    if not secrets:
        if not connection.unsigned:
            raise NotAuthentic("no_secret")
        return
    given = [*_given(headers), *(text.encode("utf-8", "surrogatepass") for text in in_body if text)]
    matches = [hmac.compare_digest(one, secret) for one in given for secret in secrets]
    if not any(matches):
        raise NotAuthentic("bad_secret" if given else "no_secret")


def _given(headers: Headers) -> Iterable[bytes]:
    for name in NAMES:
        if value := headers.get(name):
            yield value
    authorization = headers.get(b"authorization", b"")
    if authorization:
        yield (
            authorization[len(BEARER) :] if authorization[: len(BEARER)].lower() == BEARER else authorization
        )
