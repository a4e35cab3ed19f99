"""Header secrets: how those are told from strangers who sign nothing."""

import hmac
from collections.abc import Callable, Iterable

from db.connections import Connection
from ingest.adapter import Headers
from ingest.verdicts import NotAuthentic

NAMES = (b"x-apptrail-secret", b"x-webhook-secret", b"unipile-auth")
BEARER = b"bearer "


def check_secret(
    connection: Connection, headers: Headers, in_body: Callable[[], str | None] | None = None
) -> None:
    """Check that a delivery carries one of the connection's header secrets, compared in constant time.

    Two at once serve for rotation. `in_body` reads the secret that a provider puts into its body; it is asked only
    where no header holds one of ours. A connection without secrets takes a delivery only if it was added `--unsigned`: then its endpoint is the secret.
    """
    secrets = [secret.encode() for secret in connection.secrets.get("header_secrets", ()) if secret]
    if not secrets:
        if not connection.unsigned:
            raise NotAuthentic("no_secret")
        return
    given = list(_given(headers))
    if _is_one_of(secrets, given):
        return
    text = in_body() if in_body is not None else None
    if text and _is_one_of(secrets, [text.encode("utf-8", "surrogatepass")]):
        return
    raise NotAuthentic("bad_secret" if given or text else "no_secret")


def _is_one_of(secrets: Iterable[bytes], given: Iterable[bytes]) -> bool:
    """Whether any is ours; all are compared, so that how long it takes says nothing of which."""
    matches = [hmac.compare_digest(one, secret) for one in given for secret in secrets]
    return any(matches)


def _given(headers: Headers) -> Iterable[bytes]:
    for name in NAMES:
        if value := headers.get(name):
            yield value
    authorization = headers.get(b"authorization", b"")
    if authorization:
        yield (
            authorization[len(BEARER) :] if authorization[: len(BEARER)].lower() == BEARER else authorization
        )
