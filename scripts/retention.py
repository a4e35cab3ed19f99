"""`apptrail retention`: old observations that were never news are dropped, and no answer changes."""

import json
from uuid import UUID

import typer

from db import backfill_runs, retaining
from db.backfill_runs import Kind, Run
from db.desk import Database
from db.ids import new_id
from db.retaining import Reach
from pipeline.retention import DAYS
from scripts import console
from scripts.migration import client_ids
from scripts.progress import Progress


def retention(
    apply: bool = typer.Option(False, "--apply", help="Drop. Without it everything is only counted."),
    client: str = typer.Option("", help="Id or name; every client without it."),
    older_than: int = typer.Option(DAYS, min=DAYS, help="Age in days from which observations may go."),
    batch_size: int = typer.Option(
        retaining.BATCH, min=1, max=20_000, help="Observations to look at in a transaction."
    ),
    resume: bool = typer.Option(False, "--resume", help="Go on where the last run with --apply stopped."),
    as_json: bool = console.JsonOption,
) -> None:
    """Drop old observations that neither are nor were the newest of a register.

    A dry run unless --apply is given. No answer changes: what may go is what was heard without a version
    while a version that says the same was known already. Each batch commits together with its place. Live
    jobs go first. The clock does the same every day.
    """
    counts: dict[str, int] = {"looked": 0, "dropped": 0}
    with console.database(console.settings()) as database:
        chosen = [console.find_client(database, client).id] if client else client_ids(database)
        within, run_id = retaining.reach(database, older_than), new_id()
        for client_id in chosen:
            run = _run(database, client_id, run_id, apply=apply, resume=resume)
            _walk(database, run, within, batch_size, apply=apply)
            counts = {name: n + run.counts.get(name, 0) for name, n in counts.items()}
    if as_json:
        print(json.dumps({**counts, "before": within.before.isoformat(), "dry_run": not apply}))
        return
    print(
        f"looked at {counts['looked']} observations from before {within.before:%Y-%m-%d}; "
        + (
            f"dropped {counts['dropped']}"
            if apply
            else f"{counts['dropped']} can go (dry run; --apply drops them)"
        )
    )


def _run(database: Database, client_id: UUID, run_id: UUID, *, apply: bool, resume: bool) -> Run:
    if not apply:
        return Run(client_id, run_id)
    run = backfill_runs.unfinished(database, client_id, Kind.RETENTION) if resume else None
    return run or backfill_runs.begin(database, client_id, Kind.RETENTION, run_id)


def _walk(database: Database, run: Run, within: Reach, size: int, *, apply: bool) -> None:
    total = retaining.count(database, run.client_id, within)
    progress = Progress("retention", total, run.counts.get("looked", 0), "observations")
    progress.give_way(database)
    while found := retaining.retain(database, run, within, size, apply=apply):
        progress.advance(found["looked"])
        progress.give_way(database)
    progress.say()
    if apply:
        backfill_runs.end(database, run)
