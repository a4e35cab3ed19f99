"""Admission: which of the connections behind an address a delivery is for, and that it is authentic for it."""

from collections.abc import Sequence
from datetime import datetime

from db.connections import Connection
from ingest.adapter import Adapter, Headers
from ingest.verdicts import Ignored, NotAuthentic


def admitted(
    adapter: Adapter, connections: Sequence[Connection], headers: Headers, body: bytes, now: datetime
) -> Connection:
    """Find the connection that a delivery is for, and check that its proof holds for that one.

    Connections that share an endpoint are told apart by the account that a body names; where a provider's
    bodies name none, by whose proof holds. Raises NotAuthentic; Ignored for what is authentic and nobody's.
    """
    if len(connections) == 1 and connections[0].location_id is None:
        adapter.verify(connections[0], headers, body, now)
        return connections[0]
    account = adapter.account_in(body)
    mine = candidates(connections, account)
    connection = _proven(adapter, mine or connections[:1], headers, body, now)
    if not mine:
        raise Ignored("other_location" if account else "no_location")
    return connection


def candidates(connections: Sequence[Connection], account: str | None) -> Sequence[Connection]:
    """Those that may be meant: of that very account, else those for any; a lone one needs no name."""
    named = [one for one in connections if one.location_id == account] if account else []
    if account is None and len(connections) == 1:
        return connections
    return named or [one for one in connections if one.location_id is None]


def _proven(
    adapter: Adapter, connections: Sequence[Connection], headers: Headers, body: bytes, now: datetime
) -> Connection:
    """The first whose proof holds; the first's refusal if none does."""
    refusals = []
    for connection in connections:
        try:
            adapter.verify(connection, headers, body, now)
        except NotAuthentic as refused:
            refusals.append(refused)
        else:
            return connection
    raise refusals[0]
