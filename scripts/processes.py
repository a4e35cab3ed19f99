"""The processes of the Procfile: `web`, `worker` and `clock`."""

from functools import partial

import typer
import uvicorn

from pipeline.words import Lane
from scripts import console
from scripts.serve import Site
from scripts.sweeping import sweeping_duties
from workers.processes import run_clock, run_worker


def web(
    host: str = typer.Option("127.0.0.1", help="Address to listen on."),
    port: int | None = typer.Option(None, help="Port; PORT or 8000 without it."),
) -> None:
    """Serve the webhook addresses, the API and the pages."""
    loaded = console.settings()
    uvicorn.run(
        Site(loaded),
        host=host,
        port=port or loaded.port,
        loop="uvloop",
        http="httptools",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        lifespan="on",
        timeout_graceful_shutdown=5,
        backlog=2048,
    )


def worker(
    lane: Lane = typer.Option(Lane.LIVE, help="Whose rings to answer."),
    threads: int = typer.Option(2, min=1, max=64, help="Drains at the same time; each has two connections."),
    poll: bool = typer.Option(False, "--poll", help="Drain whatever is due, without Redis."),
) -> None:
    """Drain the inbox into the books."""
    run_worker(console.settings(), lane, threads, poll=poll)


def clock() -> None:
    """Keep time: sweep the providers, ask what only they can settle, recompute what time alone changes."""
    loaded = console.settings()
    run_clock(loaded, partial(sweeping_duties, loaded))
