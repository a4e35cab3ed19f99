"""Auditing: every lead of a client computed afresh and compared; what differs is repaired through the ledger."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from db import backfill_runs, findings
from db.backfill_runs import Run
from db.desk import Database
from db.locks import Ringer, leads_held
from db.rebuilding import Examined, examine, rewrite

BATCH = 500
LOCK_SECONDS = 5.0


@dataclass
class Audited:
    """What a batch came to: leads checked and repaired, and those that differ."""

    counts: Counter[str] = field(default_factory=Counter)
    different: list[Examined] = field(default_factory=list)


def next_leads(database: Database, client_id: UUID, after: UUID, size: int = BATCH) -> list[UUID]:
    """A client's leads by id, from one on."""
    rows = database.execute(
        "SELECT id FROM lead WHERE client_id = %s AND id > %s ORDER BY id LIMIT %s", (client_id, after, size)
    )
    return [row[0] for row in rows]


def count(database: Database, client_id: UUID) -> int:
    """How many leads a client has."""
    row = database.execute("SELECT count(*) FROM lead WHERE client_id = %s", (client_id,)).fetchone()
    return row[0] if row else 0


def audit(database: Database, run: Run, lead_ids: Sequence[UUID], ringer: Ringer, *, repair: bool) -> Audited:
    """Examine some leads in one snapshot; with `repair`, write those that differ anew. Notes the run's place."""
    audited = Audited(Counter(checked=len(lead_ids)))
    with database.transaction():
        database.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        audited.different = [one for one in examine(database, run.client_id, lead_ids) if one.reason]
    findings.note(database, run.client_id, lead_ids, audited.different)
    audited.counts["different"] = len(audited.different)
    audited.counts += Counter(f"cause:{one.reason}" for one in audited.different)
    doubtful = [one.lead_id for one in audited.different] if repair else []
    with leads_held(database, run.client_id, doubtful, ringer, wait=LOCK_SECONDS) as held:
        if doubtful:
            found = examine(database, run.client_id, list(held.leads), held.now)
            wrong = [one for one in found if one.reason]
            if wrong:
                rewrite(database, run.client_id, held, wrong)
            findings.forget(database, run.client_id, held.leads)
            audited.counts["repaired"] = len(wrong)
        run.add(audited.counts)
        run.place = lead_ids[-1]
        backfill_runs.checkpoint(database, run)
    return audited
