"""Health: whether this process lives, whether it can work, and its numbers."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Gauge, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.responses import JSONResponse, Response

from db.engine import Engine, Unavailable, reading
from db.reads.books_health import BooksHealth, books_health
from db.reads.inbox_health import InboxHealth, inbox_health
from db.reads.operations import Operations, operations
from db.reads.schema import is_current
from db.rebuilding import Reason
from web.auth import engine_of

PATIENCE_SECONDS = 1.0
NO_STORE = {"Cache-Control": "no-store"}

router = APIRouter(include_in_schema=False)

# Its own few threads: a server that hangs must not take those that answer people.
_probes = ThreadPoolExecutor(max_workers=4, thread_name_prefix="probe")


@router.get("/healthz")
async def healthz() -> Response:
    """This process answers."""
    return JSONResponse({"ok": True}, headers=NO_STORE)


@router.get("/readyz")
def readyz(request: Request) -> Response:
    """Whether requests can be served: Postgres answers, at this release's schema. Redis is only told of."""
    ping: Callable[[], bool] | None = request.app.state.redis_ping
    postgres = _probes.submit(_postgres, engine_of(request))
    redis = _probes.submit(ping) if ping else None
    parts = _postgres_parts(postgres) | {"redis": _redis_part(redis)}
    ready = parts["postgres"] == "ok" and parts["schema"] == "current"
    return JSONResponse({"ready": ready, **parts}, 200 if ready else 503, headers=NO_STORE)


@router.get("/metrics")
def metrics(request: Request) -> Response:
    """Prometheus text: the counters of all processes of this host, and the inbox as it is now."""
    return Response(
        generate_latest(_counters(request.app.state.counters_folder))
        + generate_latest(_gauges(_measured(engine_of(request)))),
        media_type=CONTENT_TYPE_LATEST,
        headers=NO_STORE,
    )


def _counters(folder: Path | None) -> CollectorRegistry:
    """Every process counts into files of one folder; without it there is this process alone."""
    if folder is None:
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=str(folder))  # type: ignore[no-untyped-call]
    return registry


def _postgres(engine: Engine) -> bool:
    with reading(engine, seconds=PATIENCE_SECONDS) as snapshot:
        return is_current(snapshot)


def _postgres_parts(probe: "Future[bool]") -> dict[str, str]:
    try:
        current = probe.result(PATIENCE_SECONDS)
    except (Unavailable, TimeoutError):
        return {"postgres": "down", "schema": "unknown"}
    return {"postgres": "ok", "schema": "current" if current else "not current"}


def _redis_part(probe: "Future[bool] | None") -> str:
    if probe is None:
        return "not asked"
    try:
        return "ok" if probe.result(PATIENCE_SECONDS) else "down"
    except TimeoutError:
        return "down"


def _measured(engine: Engine) -> tuple[InboxHealth, Operations, BooksHealth] | None:
    """The database's numbers; None while it does not answer, which is a number of its own."""
    try:
        with reading(engine) as snapshot:
            return inbox_health(snapshot), operations(snapshot), books_health(snapshot)
    except Unavailable:
        return None


def _gauges(measured: tuple[InboxHealth, Operations, BooksHealth] | None) -> CollectorRegistry:
    registry = CollectorRegistry()
    Gauge("apptrail_database_up", "Whether Postgres answered this scrape", registry=registry).set(
        measured is not None
    )
    if measured is None:
        return registry
    health, watched, books = measured
    for name, told, value in (
        ("apptrail_inbox_jobs", "Jobs that are not applied yet", health.jobs),
        ("apptrail_inbox_oldest_due_seconds", "Age of the oldest due job", health.oldest_due_seconds),
        (
            "apptrail_dead_letters_open",
            "Jobs that were given up on and wait for somebody",
            health.dead_letters_open,
        ),
        ("apptrail_leads_quarantined", "Leads whose own books fail", watched.quarantined),
        ("apptrail_replays_running", "Replays under way", watched.replays),
        ("apptrail_replay_letters", "Letters of the replays under way", watched.replay_letters),
        ("apptrail_replay_letters_posted", "Letters of them that were posted again", watched.replay_posted),
        ("apptrail_rollups_checked", "Leads that the watch over the books has looked at", books.checked),
        ("apptrail_rollups_overdue", "Leads that ought to have been computed again", books.overdue),
    ):
        Gauge(name, told, registry=registry).set(value)
    letters = Gauge(
        "apptrail_dead_letters_open_by_kind", "Open dead letters by kind", ["kind"], registry=registry
    )
    for kind, count in watched.letters.items():
        letters.labels(kind).set(count)
    different = Gauge(
        "apptrail_rollups_different", "Leads whose rows are not their facts", ["cause"], registry=registry
    )
    for cause in Reason:
        different.labels(cause).set(books.different.get(cause, 0))
    paused = Gauge("apptrail_paused", "What is not worked on", ["kind", "client"], registry=registry)
    for pause in health.pauses:
        paused.labels(pause.kind, str(pause.client_id or "*")).set(1)
    return registry
