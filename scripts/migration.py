"""`apptrail migrate-appointments`: a CRM's rollup columns become history, and nothing is lost on the way."""

import json
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TextIO
from uuid import UUID

import typer

from db import backfill_runs, legacy_rows, migrating, plain_rows, rolling_back, verifying
from db.backfill_runs import FIRST, Kind, Run, State, UnknownRun
from db.desk import Database
from db.ids import new_id
from db.locks import Ringer
from db.migrating import Batch
from db.plain_rows import Stretch
from db.table_statistics import in_step
from db.turns import AT_ONCE, Turn, in_turn
from db.verifying import Verified
from pipeline.comparison import Cause
from scripts import console
from scripts.progress import Progress
from scripts.ringing import ringing

COUNTS = ("scanned", "created", "exists", "skipped", "errors")
TOO_MANY_ERRORS = 0.01
LOOK_AT_ERRORS_AFTER = 200


def migrate_appointments(
    apply: bool = typer.Option(False, "--apply", help="Write. Without it everything is only counted."),
    client: str = typer.Option("", help="Id or name; every client without it."),
    max_leads: int = typer.Option(0, min=0, help="Stop after so many legacy rows; 0: all."),
    batch_size: int = typer.Option(migrating.BATCH, min=1, max=5_000, help="Leads in a transaction."),
    resume: bool = typer.Option(False, "--resume", help="Go on where the last run stopped."),
    rollback: UUID | None = typer.Option(None, help="Take back what this run made."),
    report: Path | None = typer.Option(
        None, help="Write each lead and column that reads otherwise, with its cause."
    ),
    as_json: bool = console.JsonOption,
) -> None:
    """Turn the rollup columns that a CRM brought into appointments of source `migration`.

    A dry run unless --apply is given. Each batch commits together with its checkpoint, so a run that was
    killed goes on with --resume, and running it again changes nothing. Live jobs go first. Afterwards
    every row is verified: exit code 1 if anything was lost or cannot be explained. No follow-up is made
    and no lead's status is changed.
    """
    loaded = console.settings()
    with console.database(loaded) as database, ringing(loaded) as ringer:
        if rollback is not None:
            _roll_back(database, ringer, rollback, as_json=as_json)
            return
        chosen = [console.find_client(database, client).id] if client else client_ids(database)
        with ExitStack() as stack:
            connections = [stack.enter_context(console.database(loaded)) for _ in range(AT_ONCE)]
            walk = Walk(database, connections, ringer, batch_size, max_leads, apply=apply)
            for client_id in chosen:
                walk.visit(client_id, resume=resume)
        verified = Verified()
        with _listening(report) as listen:
            if apply:
                walk.verify(chosen, verified, listen)
    _print(walk, verified, apply=apply, as_json=as_json)
    if walk.counts["errors"] or (apply and not verified.holds):
        raise typer.Exit(1)


def run(client_id: UUID, *, as_json: bool) -> int:
    """Migrate a client as the command with --apply does; returns its exit code."""
    own = typer.Typer()
    own.command()(migrate_appointments)
    arguments = ["--apply", "--client", str(client_id), *(["--json"] if as_json else [])]
    return int(typer.main.get_command(own).main(arguments, standalone_mode=False) or 0)


def client_ids(database: Database) -> list[UUID]:
    """Every client."""
    from db import clients

    return [one.id for one in clients.every(database)]


class Walk:
    """One run over some clients."""

    def __init__(
        self,
        database: Database,
        connections: Sequence[Database],
        ringer: Ringer,
        size: int,
        max_leads: int,
        *,
        apply: bool,
    ) -> None:
        self._database, self._connections, self._ringer = database, connections, ringer
        self._size, self._apply = size, apply
        self._left = max_leads or sys.maxsize
        self._partial = bool(max_leads)
        self.run_id = new_id()
        self.counts: Counter[str] = Counter()
        self.failed: list[tuple[UUID, str]] = []

    def visit(self, client_id: UUID, *, resume: bool) -> None:
        """Go through one client's legacy rows."""
        run = backfill_runs.unfinished(self._database, client_id, Kind.MIGRATION) if resume else None
        if run is not None:
            self.run_id = run.id
            self.counts += Counter(run.counts)
        elif self._apply:
            run = backfill_runs.begin(self._database, client_id, Kind.MIGRATION, self.run_id)
        else:
            run = Run(client_id, self.run_id)
        before = run.counts.get("scanned", 0)
        progress = Progress("migrate-appointments", legacy_rows.count(self._database, client_id), before)
        stretches = self._stretches(run, progress)
        walk = in_step(self._database, stretches) if self._apply else stretches
        for found, batch in in_turn(self._connections, walk, partial(self._do, run)):
            self.counts += batch.counts
            self.failed += batch.failed
            progress.advance(found.size)
            self._stop_if_it_fails()
        progress.say()
        if self._apply and self._next(client_id, run.place, 1) is None:
            backfill_runs.end(self._database, run)

    def _stretches(self, run: Run, progress: Progress) -> Iterator[Stretch]:
        """What is left of a client's rows, as far as was asked for; between them live jobs go first."""
        place = run.place
        while self._left and (found := self._next(run.client_id, place, min(self._size, self._left))):
            self._left -= found.size
            place = found.last
            progress.give_way(self._database)
            yield found

    def _next(self, client_id: UUID, place: UUID, size: int) -> Stretch | None:
        return plain_rows.next_stretch(self._database, client_id, place, size)

    def _do(self, run: Run, database: Database, found: Stretch, turn: Turn) -> Batch:
        if self._apply:
            return migrating.migrate(database, run, found, self._ringer, time.sleep, turn)
        return migrating.rehearse(database, run.client_id, found)

    def _stop_if_it_fails(self) -> None:
        tried, errors = self.counts["scanned"], self.counts["errors"]
        if tried >= LOOK_AT_ERRORS_AFTER and errors > tried * TOO_MANY_ERRORS:
            causes = ", ".join(sorted({cause for _, cause in self.failed}))
            console.fail(f"{errors} of {tried} leads failed ({causes}). Mend that, then --resume.")

    def verify(self, chosen: list[UUID], verified: Verified, listen: verifying.Listen) -> None:
        """Look for every legacy row's facts in the books; of a part of them if only a part was asked for."""
        for client_id in chosen:
            left = self.counts["scanned"] if self._partial else sys.maxsize
            progress = Progress("verify", legacy_rows.count(self._database, client_id))
            here = Verified()
            for rows in legacy_rows.batches(self._database, client_id, FIRST, self._size):
                verifying.verify(self._database, client_id, rows[:left], here, listen)
                progress.advance(len(rows[:left]))
                left -= len(rows)
                if left <= 0:
                    break
            if not self._partial:
                verifying.count_surplus(self._database, client_id, here)
            verified += here


@contextmanager
def _listening(report: Path | None) -> Iterator[verifying.Listen]:
    if report is None:
        yield lambda lead_id, column, cause: None
        return
    with report.open("w", encoding="utf-8") as file:
        yield lambda lead_id, column, cause: _report(file, lead_id, column, cause)


def _report(file: TextIO, lead_id: UUID, column: str, cause: Cause) -> None:
    file.write(json.dumps({"lead_id": str(lead_id), "column": column, "cause": cause}) + "\n")


def _print(walk: Walk, verified: Verified, *, apply: bool, as_json: bool) -> None:
    counts: dict[str, Any] = {name: walk.counts[name] for name in COUNTS}
    if as_json:
        checked = verified.summary() if apply else None
        print(json.dumps({"run_id": str(walk.run_id), **counts, "dry_run": not apply, "verified": checked}))
        return
    adopted = f", of which {walk.counts['adopted']} are adopted at once" if walk.counts["adopted"] else ""
    print(f"run {walk.run_id}" + ("" if apply else " (dry run: nothing was written; --apply writes)"))
    print(f"scanned {counts['scanned']} leads; appointments: created {counts['created']}{adopted}, "
          f"exists {counts['exists']}; skipped {counts['skipped']} leads that name none; errors {counts['errors']}")  # fmt: skip
    for lead_id, cause in walk.failed[:20]:
        print(f"  lead {lead_id}: {cause}")
    if apply:
        print(f"verified {verified.leads} leads: {verified.lost} facts lost, {verified.surplus} without a row; "
              f"{verified.equal} leads read as before")  # fmt: skip
        for cause, columns in sorted(verified.by_cause.items()):
            print(f"  {cause}: {columns} columns")


def _roll_back(database: Database, ringer: Ringer, run_id: UUID, *, as_json: bool) -> None:
    try:
        visited = backfill_runs.clients_of(database, run_id)
    except UnknownRun:
        console.fail("No migration has that id.")
    gone = 0
    for client_id in visited:
        progress = Progress("rollback", legacy_rows.count(database, client_id))
        for rows in legacy_rows.batches(database, client_id, FIRST, rolling_back.BATCH):
            progress.give_way(database)
            gone += rolling_back.roll_back(database, client_id, run_id, rows, ringer)
            progress.advance(len(rows))
        backfill_runs.end(database, Run(client_id, run_id), State.ROLLED_BACK)
    answer = {"run_id": str(run_id), "removed": gone}
    print(json.dumps(answer) if as_json else f"removed {gone} observations of run {run_id}")
