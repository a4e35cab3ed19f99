"""Applying: jobs of held leads are read, let into the books and saved, within the caller's transaction."""

from collections import Counter
from collections.abc import Mapping, Sequence
from uuid import UUID

from db import acceptances, conversations, jobs, lookups, meetings_told, suspects
from db.conversations import Received, statuses_from
from db.drains import Batch, Drained, Hands
from db.failures import failure_from
from db.jobs import Job
from db.legacy import legacy_observations
from db.locks import Held
from db.shelf import Change, Receipt, Shelved, load, save
from db.suspects import Level
from pipeline.book import compute, enter
from pipeline.doubts import Doubt, doubts
from pipeline.job import FollowUpAct, LeadStatusSaid, MergeAsked, NewerPayload, read_payload
from pipeline.message import MessageSaid, SuppressionLifted
from pipeline.observation import Observation

Statement = Observation | LeadStatusSaid | FollowUpAct | MessageSaid | SuppressionLifted


def work(
    hands: Hands,
    client_id: UUID,
    held: Held,
    lead_ids: Sequence[UUID],
    batch: Batch,
    only: UUID | None = None,
    *,
    strict: bool = False,
) -> None:
    """Take the jobs of some held leads, let them into the books and save; the caller commits.

    `strict`: a book that fails raises, instead of being left for the careful way.
    """
    taken = _forward(hands, client_id, held, batch, jobs.due(hands.database, client_id, lead_ids, only))
    stale = [lead_id for lead_id in lead_ids if _is_stale(held, lead_id)]
    in_hand = dict.fromkeys([*(job.lead_id for job in taken), *stale])
    if not in_hand:
        return
    # Before anything of theirs is read: a payload may kill whoever reads it.
    batch.holding = suspects.hold(hands.witness, client_id, list(in_hand), only)
    said = _read(hands, client_id, taken, batch)
    idle = [lead_id for lead_id in stale if lead_id not in said]
    if only is not None or not (said or idle):
        _count_tried(hands, taken, batch)
    if said or idle:
        _apply(hands, client_id, held, taken, said, idle, batch, only, strict=strict)
    suspects.let_go(hands.database, batch.holding)


def _apply(
    hands: Hands,
    client_id: UUID,
    held: Held,
    taken: Sequence[Job],
    said: Mapping[UUID, Sequence[tuple[Job, Statement]]],
    idle: Sequence[UUID],
    batch: Batch,
    only: UUID | None,
    *,
    strict: bool,
) -> None:
    """Let what was read into the books, and save."""
    changes = _changes(hands, client_id, held, said, idle, batch, strict=strict)
    if only is None:
        _count_tried(hands, taken, batch)
    applied = [job for lead_id, entries in said.items() if lead_id not in batch.careful for job, _ in entries]
    if changes:
        save(hands.database, client_id, changes)
        lookups.ask(hands.database, client_id, _doubts(changes))
    if spoken := _spoken(said, batch.careful):
        fresh = conversations.save(hands.database, client_id, spoken)
        acceptances.accept(hands.database, client_id, fresh, held.now)
        meetings_told.look_up(hands.database, client_id, fresh)
    if applied:
        jobs.remove(hands.database, client_id, [job.id for job in applied])
    traces = tuple(job.trace_id for job in applied if job.trace_id is not None)
    batch.done += Drained(leads=len(changes), applied=len(applied), trace_ids=traces)


def _spoken(
    said: Mapping[UUID, Sequence[tuple[Job, Statement]]], careful: Mapping[UUID, Level]
) -> dict[UUID, list[Received]]:
    """The messages of the leads whose books are saved, and what persons lifted."""
    spoken: dict[UUID, list[Received]] = {}
    for lead_id, entries in said.items():
        for job, payload in entries:
            if isinstance(payload, MessageSaid | SuppressionLifted) and lead_id not in careful:
                spoken.setdefault(lead_id, []).append(Received(payload, job.received_at, job.trace_id))
    return spoken


def _count_tried(hands: Hands, taken: Sequence[Job], batch: Batch) -> None:
    """Count jobs once: those that are left for the careful way are counted there."""
    failed = {job.id for job, _ in batch.failed}
    tried = (
        job.kind
        for job in taken
        if job.replay_of is None and (job.lead_id not in batch.careful or job.id in failed)
    )
    for kind, count in Counter(tried).items():
        hands.tally.tried(kind, count)


def _is_stale(held: Held, lead_id: UUID) -> bool:
    """Whether a lead without news is to be computed again: its time has come (RULES 21)."""
    due_at = held.leads[lead_id].recompute_at
    return due_at is not None and due_at <= held.now


def _forward(hands: Hands, client_id: UUID, held: Held, batch: Batch, taken: list[Job]) -> list[Job]:
    """Hand the jobs of leads that were merged meanwhile on to their winners."""
    moves = {job.lead_id: held.leads[job.lead_id].merged_into for job in taken}
    forwarded = [(loser, winner) for loser, winner in moves.items() if winner is not None]
    if not forwarded:
        return taken
    jobs.forward(hands.database, client_id, forwarded)
    batch.forwarded_to.update(winner for _, winner in forwarded)
    return [job for job in taken if moves[job.lead_id] is None]


def _read(
    hands: Hands, client_id: UUID, taken: Sequence[Job], batch: Batch
) -> dict[UUID, list[tuple[Job, Statement]]]:
    """Read the payloads: statements by lead; what cannot be read fails by itself, alone."""
    said: dict[UUID, list[tuple[Job, Statement]]] = {}
    newer: list[UUID] = []
    for job in taken:
        try:
            payload = read_payload(job.payload)
        except NewerPayload:
            newer.append(job.id)
        except Exception as error:  # noqa: BLE001  whatever it is, it is this job's
            batch.failed.append((job, failure_from(error)))
        else:
            if isinstance(payload, MergeAsked):
                batch.merges.append((job, payload))
            else:
                said.setdefault(job.lead_id, []).append((job, payload))
    if newer:
        jobs.put_off(hands.database, client_id, newer, jobs.NEWER_WAITS_SECONDS)
        batch.done.waiting += len(newer)
    if batch.failed:
        jobs.put_off(
            hands.database, client_id, [job.id for job, _ in batch.failed], jobs.FAILED_WAITS_SECONDS
        )
    return said


def _changes(
    hands: Hands,
    client_id: UUID,
    held: Held,
    said: Mapping[UUID, Sequence[tuple[Job, Statement]]],
    idle: Sequence[UUID],
    batch: Batch,
    *,
    strict: bool,
) -> list[Change]:
    """Let statements into the books; a lead whose book raises is left for the careful way."""
    statements = {lead_id: [payload for _, payload in entries] for lead_id, entries in said.items()}
    for told in statements.values():
        told.extend(statuses_from([one for one in told if isinstance(one, MessageSaid)]))
    # Also leads that are only computed again: what is shown of them is about to be overwritten.
    awaited = [lead_id for lead_id in (*said, *idle) if held.leads[lead_id].legacy]
    for lead_id, legacy in legacy_observations(hands.database, client_id, awaited).items():
        statements.setdefault(lead_id, []).extend(legacy)
    bases = {lead_id: held.leads[lead_id].base for lead_id in (*said, *idle)}
    observed = {
        lead_id: [one for one in entries if isinstance(one, Observation)]
        for lead_id, entries in statements.items()
    }
    changes = []
    for lead_id, shelved in load(hands.database, client_id, bases, observed).items():
        receipts = {
            payload.digest: Receipt(job.received_at, job.trace_id, payload, job.payload)
            for job, payload in said.get(lead_id, ())
            if isinstance(payload, Observation)
        }
        try:
            changes.append(_change(held, lead_id, shelved, statements.get(lead_id, ()), receipts))
        except Exception:
            if strict:
                raise
            batch.careful[lead_id] = Level.JOB_BY_JOB
    return changes


def _change(
    held: Held,
    lead_id: UUID,
    shelved: Shelved,
    statements: Sequence[Statement],
    receipts: Mapping[bytes, Receipt],
) -> Change:
    mine = [one for one in statements if not isinstance(one, MessageSaid | SuppressionLifted)]
    book = enter(shelved.book, mine)
    return Change(lead_id, shelved, book, compute(book, held.now), receipts)


def _doubts(changes: Sequence[Change]) -> list[Doubt]:
    """What the provider is to be asked about (RULES 8 and 15)."""
    return [doubt for change in changes for doubt in doubts(change.before.book, change.book)]
