"""`apptrail audit-rollups` and `apptrail rebuild`: what is shown, held against what the observations add up to."""

import json
from collections import Counter
from collections.abc import Iterator
from uuid import UUID

import typer

from db import auditing, backfill_runs, watching
from db.backfill_runs import Kind
from db.desk import Database
from db.ids import new_id
from db.locks import Ringer
from db.rebuilding import Examined
from scripts import console
from scripts.migration import client_ids
from scripts.progress import Progress
from scripts.ringing import ringing

SHOWN = 20


def audit_rollups(
    repair: bool = typer.Option(False, "--repair", help="Write what differs anew, through the ledger."),
    client: str = typer.Option("", help="Id or name; every client without it."),
    resume: bool = typer.Option(False, "--resume", help="Go on where the last audit stopped."),
    sample: int = typer.Option(0, min=0, help="Only so many leads of each client, drawn at random; 0: all."),
    as_json: bool = console.JsonOption,
) -> None:
    """Recompute every lead's appointments and rollup from its observations, and compare.

    Exit code 1 if anything differs and is not repaired. A rollup whose time has come, and that the tick
    has not recomputed yet, is no difference: it is compared as of just before. The clock checks all leads
    in turn, cheaply, and samples as thoroughly as this, all the time.
    """
    if sample and resume:
        console.fail("A sample is drawn anew each time: there is nothing to resume.")
    if sample:
        counts, different = _walk(Kind.SAMPLE, client, repair=repair, resume=False, sample=sample)
    else:
        counts, different = _walk(Kind.AUDIT, client, repair=repair, resume=resume)
    causes = {
        name.removeprefix("cause:"): n for name, n in sorted(counts.items()) if name.startswith("cause:")
    }
    if as_json:
        found = {name: counts[name] for name in ("checked", "different", "repaired")}
        print(json.dumps({**found, "by_cause": causes}))
    else:
        print(f"checked {counts['checked']}, different {counts['different']}, repaired {counts['repaired']}")
        for cause, number in causes.items():
            print(f"  {cause}: {number}")
        for client_id, one in different[:SHOWN]:
            print(f"  client {client_id} lead {one.lead_id}: {one.reason} {', '.join(one.columns)}")
    if counts["different"] > counts["repaired"]:
        raise typer.Exit(1)


def rebuild(
    client: str = typer.Option("", help="Id or name; every client without it."),
    resume: bool = typer.Option(False, "--resume", help="Go on where the last rebuild stopped."),
    as_json: bool = console.JsonOption,
) -> None:
    """Compute appointments and rollups from the observations again, as after a change of the rules.

    Work goes on meanwhile: a few hundred leads are locked at a time, live jobs go first, and rows that
    are right already are not written.
    """
    counts, _ = _walk(Kind.REBUILD, client, repair=True, resume=resume)
    answer = {"checked": counts["checked"], "rewritten": counts["repaired"]}
    print(json.dumps(answer) if as_json else f"checked {answer['checked']}, rewritten {answer['rewritten']}")


def _walk(
    kind: Kind, client: str, *, repair: bool, resume: bool, sample: int = 0
) -> tuple[Counter[str], list[tuple[UUID, Examined]]]:
    loaded = console.settings()
    counts: Counter[str] = Counter()
    different: list[tuple[UUID, Examined]] = []
    run_id = new_id()
    with console.database(loaded) as database, ringing(loaded) as ringer:
        chosen = [console.find_client(database, client).id] if client else client_ids(database)
        for client_id in chosen:
            run = backfill_runs.unfinished(database, client_id, kind) if resume else None
            run = run or backfill_runs.begin(database, client_id, kind, run_id)
            drawn = watching.sample(database, client_id, sample) if sample else None
            for one in _visit(database, run, ringer, kind, drawn, repair=repair):
                different += [(client_id, each) for each in one.different[: SHOWN - len(different)]]
            counts += Counter(run.counts)
            backfill_runs.end(database, run)
    return counts, different


def _visit(
    database: Database,
    run: backfill_runs.Run,
    ringer: Ringer,
    kind: Kind,
    drawn: list[UUID] | None,
    *,
    repair: bool,
) -> list[auditing.Audited]:
    """One client's leads, or those drawn; batches without a difference are forgotten at once."""
    found: list[auditing.Audited] = []
    total = auditing.count(database, run.client_id) if drawn is None else len(drawn)
    progress = Progress(kind.value, total, run.counts.get("checked", 0))
    for lead_ids in _batches(database, run, drawn):
        progress.give_way(database)
        audited = auditing.audit(database, run, lead_ids, ringer, repair=repair)
        if audited.different and len(found) < SHOWN:
            found.append(audited)
        progress.advance(len(lead_ids))
    progress.say()
    return found


def _batches(database: Database, run: backfill_runs.Run, drawn: list[UUID] | None) -> Iterator[list[UUID]]:
    if drawn is None:
        while lead_ids := auditing.next_leads(database, run.client_id, run.place):
            yield lead_ids
        return
    for first in range(0, len(drawn), auditing.BATCH):
        yield drawn[first : first + auditing.BATCH]
