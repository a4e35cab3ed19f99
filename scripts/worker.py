"""The process `worker`."""

import typer

from pipeline.words import Lane
from scripts import console
from workers.processes import run_worker


def worker(
    lane: Lane = typer.Option(Lane.LIVE, help="Whose rings to answer."),
    threads: int = typer.Option(2, min=1, max=64, help="Drains at the same time; each has two connections."),
    poll: bool = typer.Option(False, "--poll", help="Drain whatever is due, without Redis."),
) -> None:
    """Drain the inbox into the books."""
    run_worker(console.settings(), lane, threads, poll=poll)
