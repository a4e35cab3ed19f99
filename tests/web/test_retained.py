"""Retention, from outside: the API and the pages answer letter by letter what they answered before."""

from datetime import timedelta
from uuid import UUID

from db import backfill_runs, retaining
from db.backfill_runs import Kind
from pipeline.observation import Observation
from pipeline.words import Provider, Source, Status
from tests.builders import hands
from tests.web.conftest import Web
from tests.web.story import NOW, a_meeting, deliver, told

HOUR = timedelta(hours=1)


def a_story(name: str) -> list[Observation]:
    """A meeting that is moved, missed and canceled, with a workflow that repeats all of it, late."""

    def said(hours: int, *, versioned: bool = True, **stated: object) -> Observation:
        at = NOW - 40 * HOUR + hours * HOUR
        source = Source.RECONCILE_CRON if versioned else Source.WEBHOOK
        return a_meeting(name, provider=Provider.GHL, at=at, versioned=versioned, source=source, **stated)  # type: ignore[arg-type]

    moved = NOW + 9 * HOUR
    return [
        said(0, booked_at=NOW - 41 * HOUR),
        *(said(hour, versioned=False) for hour in (1, 2, 3)),
        said(4, start_at=moved),
        *(said(hour, versioned=False, start_at=moved) for hour in (5, 6)),
        said(7, start_at=moved, status=Status.CANCELED, canceled_at=NOW - 33 * HOUR),
        said(8, versioned=False, start_at=moved, status=Status.CANCELED),
        said(9, start_at=moved),
        said(10, versioned=False, start_at=None, status=Status.PENDING),
    ]


def answers(web: Web, lead: UUID) -> dict[str, str]:
    api = web.token("read")
    return {
        path: web.http.get(path, headers=api if path.startswith("/api") else {}).text
        for path in (
            f"/api/v1/leads/{lead}/appointments",
            f"/api/v1/leads/{lead}/appointments?as_of=2026-06-09T12:00:00Z",
            f"/api/v1/leads/{lead}/booking-status",
            "/api/v1/leads",
            "/api/v1/follow-ups",
            f"/leads/{lead}",
            "/leads",
            "/follow-ups",
        )
    }


def test_no_answer_changes_when_observations_are_dropped(web: Web, database: str) -> None:
    web.sign_in()
    lead = deliver(web.hands, *(told(web.client, one) for name in ("one", "two") for one in a_story(name)))
    before = answers(web, lead)
    assert before[f"/api/v1/leads/{lead}/appointments"].count('"changes"') >= 8
    with hands(database) as later:
        later.database.execute("SELECT set_config('apptrail.now', '2090-01-01', false)")
        run = backfill_runs.begin(later.database, web.client.id, Kind.RETENTION)
        within = retaining.reach(later.database, 400)
        while retaining.retain(later.database, run, within, apply=True):
            pass
    assert run.counts["looked"] == 22
    assert run.counts["dropped"] >= 8
    assert answers(web, lead) == before
