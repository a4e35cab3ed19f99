"""Every route by every role of two clients: the expected status. A route that the table does not name fails."""

import re
from collections.abc import Iterator
from typing import Any, cast

from fastapi import FastAPI
from fastapi.routing import APIRoute

from tests.builders import a_client
from tests.web.conftest import Web
from tests.web.story import deliver, told

# Callers: nobody; read, operate, admin of the lead's client; the same three of another client.
# 422 and 409 are let in: the request itself is empty. The sixth wrong password in a row is 429.
TABLE = """
GET    /api/v1/leads/{lead_id}/appointments                             401 200 200 200 404 404 404
GET    /api/v1/leads/{lead_id}/booking-status                           401 200 200 200 404 404 404
GET    /api/v1/leads                                                    401 200 200 200 200 200 200
POST   /api/v1/leads/search                                             401 422 422 422 422 422 422
POST   /api/v1/leads/{lead_id}/appointments/{appointment_id}/outcome    401 403 422 422 403 422 422
POST   /api/v1/leads/{lead_id}/appointments/{appointment_id}/unlink     401 403 409 409 403 404 404
GET    /api/v1/follow-ups                                               401 200 200 200 200 200 200
POST   /api/v1/follow-ups/{follow_up_id}/complete                       401 403 404 404 403 404 404
POST   /api/v1/follow-ups/{follow_up_id}/snooze                         401 403 422 422 403 422 422
POST   /api/v1/follow-ups/{follow_up_id}/assign                         401 403 422 422 403 422 422
POST   /api/v1/follow-ups/{follow_up_id}/undo                           401 403 404 404 403 404 404
POST   /api/v1/follow-ups/{follow_up_id}/reopen                         401 403 404 404 403 404 404
GET    /api/v1/leads/{lead_id}/slots                                    401 403 409 409 403 404 404
POST   /api/v1/leads/{lead_id}/bookings                                 401 403 422 422 403 422 422
GET    /api/v1/leads/{lead_id}/bookings                                 401 200 200 200 404 404 404
GET    /api/v1/leads/{lead_id}/bookings/{booking_id}                    401 404 404 404 404 404 404
DELETE /api/v1/leads/{lead_id}/bookings/{booking_id}                    401 403 404 404 403 404 404
POST   /api/v1/leads/{lead_id}/bookings/{booking_id}/cancel             401 403 404 404 403 404 404
GET    /api/v1/sync-health                                              401 200 200 200 200 200 200
GET    /api/v1/dead-letters                                             401 200 200 200 200 200 200
GET    /api/v1/dead-letters/{letter_id}                                 401 404 404 404 404 404 404
POST   /api/v1/dead-letters/replay                                      401 403 422 422 403 422 422
POST   /api/v1/dead-letters/{letter_id}/discard                         401 403 422 422 403 422 422
POST   /api/v1/dead-letters/{letter_id}/note                            401 403 422 422 403 422 422
GET    /api/v1/replays/{replay_id}                                      401 404 404 404 404 404 404
POST   /api/v1/replays/{replay_id}/{act}                                401 403 404 404 403 404 404
GET    /                                                                303 303 303 303 303 303 303
GET    /api/docs                                                        200 200 200 200 200 200 200
GET    /sign-in                                                         200 200 200 200 200 200 200
GET    /sign-in/{token}                                                 200 200 200 200 200 200 200
POST   /sign-in/{token}                                                 410 410 410 410 410 410 410
POST   /sign-out                                                        303 303 303 303 303 303 303
GET    /leads                                                           303 200 200 200 200 200 200
POST   /leads/search                                                    303 200 200 200 200 200 200
GET    /leads/{lead_id}                                                 303 200 200 200 404 404 404
GET    /leads/{lead_id}/timeline                                        401 200 200 200 404 404 404
GET    /tokens                                                          303 403 403 200 403 403 200
POST   /tokens                                                          303 403 403 422 403 403 422
POST   /tokens/{token_id}/revoke                                        303 403 403 404 403 403 404
POST   /leads/{lead_id}/appointments/{appointment_id}/outcome           303 403 422 422 403 422 422
POST   /leads/{lead_id}/appointments/{appointment_id}/unlink            303 403 409 409 403 404 404
POST   /leads/{lead_id}/appointments/{appointment_id}/check             303 403 409 409 403 404 404
GET    /follow-ups                                                      303 200 200 200 200 200 200
POST   /follow-ups/{act}                                                303 403 404 404 403 404 404
GET    /sync                                                            303 200 200 200 200 200 200
GET    /dead-letters/replay                                             303 403 200 200 403 200 200
POST   /dead-letters/replay                                             303 403 422 422 403 422 422
GET    /replays/{replay_id}                                             303 404 404 404 404 404 404
POST   /replays/{replay_id}/{act}                                       303 403 404 404 403 404 404
GET    /dead-letters                                                    303 200 200 200 200 200 200
GET    /dead-letters/list                                               303 200 200 200 200 200 200
GET    /dead-letters/{letter_id}                                        303 404 404 404 404 404 404
POST   /dead-letters/{letter_id}/note                                   303 403 422 422 403 422 422
POST   /dead-letters/{letter_id}/discard                                303 403 422 422 403 422 422
GET    /healthz                                                         200 200 200 200 200 200 200
GET    /readyz                                                          200 200 200 200 200 200 200
GET    /metrics                                                         200 200 200 200 200 200 200
POST   /sign-in                                                         401 401 401 401 401 429 429
"""

EXPECTED = {
    tuple(line.split()[:2]): [int(code) for code in line.split()[2:]] for line in TABLE.strip().splitlines()
}
NO_SUCH = "00000000-0000-0000-0000-000000000007"
ROLES = ("read", "operate", "admin")


def test_every_route_lets_in_whom_it_should(web: Web) -> None:
    lead = deliver(web.hands, told(web.client))
    row = web.database.execute("SELECT id FROM appointment").fetchone()
    assert row is not None
    ids = {"lead_id": str(lead), "appointment_id": str(row[0])}
    other = a_client(web.database, "Other")
    callers = [{}, *(web.token(role, client) for client in (web.client, other) for role in ROLES)]
    answered = {
        (method, path): [
            web.http.request(method, _url(path, ids), headers=headers).status_code for headers in callers
        ]
        for method, path in _routes(web)
    }
    assert answered == EXPECTED


def _routes(web: Web) -> Iterator[tuple[str, str]]:
    yield from _walk(cast("FastAPI", web.http.app).routes)


def _walk(routes: list[Any]) -> Iterator[tuple[str, str]]:
    """Name each route; an included router is walked."""
    for route in routes:
        if isinstance(route, APIRoute):
            yield from ((method, route.path) for method in sorted(route.methods or ()))
        elif hasattr(route, "original_router"):
            yield from _walk(route.original_router.routes)
        else:
            assert route.path in {"/api/openapi.json", "/static"}, "a public route that nobody listed"


def _url(path: str, ids: dict[str, str]) -> str:
    act = "pause" if "replays" in path else "complete"
    return re.sub(r"{(\w+)}", lambda name: {"act": act, **ids}.get(name[1], NO_SUCH), path)
