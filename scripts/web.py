"""The process `web`."""

import typer
import uvicorn

from scripts import console
from scripts.serve import Site


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
