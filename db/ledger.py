"""The ledger: the only writer of the books. A drain locks leads, lets their jobs in, saves, commits."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Self
from uuid import UUID

from psycopg import Connection as Database

from db import acceptances, conversations, failures, jobs, lookups, meetings_told, suspects
from db.conversations import Received, statuses_from
from db.failures import Failure, Tally, failure_from
from db.jobs import Job
from db.legacy import legacy_observations
from db.locks import Held, Ringer, due_among, leads_held
from db.merging import merge
from db.shelf import Change, Receipt, Shelved, load, save
from db.suspects import Level
from pipeline.book import compute, enter
from pipeline.doubts import Doubt, doubts
from pipeline.job import FollowUpAct, LeadStatusSaid, MergeAsked, NewerPayload, read_payload
from pipeline.message import MessageSaid, SuppressionLifted
from pipeline.observation import Observation

Statement = Observation | LeadStatusSaid | FollowUpAct | MessageSaid | SuppressionLifted


@dataclass(frozen=True)
class Hands:
    """What one worker thread works with.

    `witness` is a second connection, in autocommit: what it notes survives the death of this process
    while `database` is in the middle of a transaction.
    """

    database: Database[Any]
    witness: Database[Any]
    ringer: Ringer
    tally: Tally = field(default_factory=Tally)


@dataclass
class Drained:
    """What a drain came to: counts of leads and jobs, and the deliveries behind the applied ones."""

    leads: int = 0
    applied: int = 0
    retried: int = 0
    buried: int = 0
    paused: int = 0
    waiting: int = 0
    merged: int = 0
    trace_ids: tuple[UUID, ...] = ()

    def __iadd__(self, other: "Drained") -> Self:
        """Add up two drains."""
        for name in vars(other):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        return self


@dataclass
class _Batch:
    """What one transaction found out, for what comes after it."""

    done: Drained = field(default_factory=Drained)
    careful: dict[UUID, Level] = field(default_factory=dict)
    merges: list[tuple[Job, MergeAsked]] = field(default_factory=list)
    failed: list[tuple[Job, Failure]] = field(default_factory=list)
    forwarded_to: set[UUID] = field(default_factory=set)
    holding: UUID | None = None


@contextmanager
def _transaction(
    hands: Hands, client_id: UUID, lead_ids: Sequence[UUID], wait: float | None = None
) -> Iterator[tuple[Held, _Batch]]:
    """Hold leads for one transaction; if it fails, nothing is left that says they were in hand."""
    batch = _Batch()
    try:
        with leads_held(hands.database, client_id, lead_ids, hands.ringer, wait=wait) as held:
            suspects.find_vanished(hands.witness, client_id, list(held.leads))
            try:
                yield held, batch
            except BaseException:
                _let_go(hands, batch)  # while the leads are still ours: nobody is to think that we vanished
                raise
        if batch.forwarded_to:
            hands.ringer(due_among(hands.database, client_id, list(batch.forwarded_to)))
    except BaseException:
        _let_go(hands, batch)  # it was the commit that failed
        raise


def _let_go(hands: Hands, batch: _Batch) -> None:
    holding, batch.holding = batch.holding, None
    if holding is not None:
        suspects.let_go(hands.witness, holding)


def drain(hands: Hands, client_id: UUID, lead_ids: Sequence[UUID], *, wait: float | None = None) -> Drained:
    """Apply the due jobs of at most 100 leads of one client; leads that are busy are left to their owner.

    Raises only what is nobody's fault (see failures.is_transient); the jobs are still there then.
    """
    try:
        batch = _drain_together(hands, client_id, lead_ids, wait=wait)
    except Exception as error:
        if failures.is_transient(error):
            raise
        batch = _Batch(careful=dict.fromkeys(lead_ids, Level.ALONE))
    done = _finish(hands, client_id, batch)
    for lead_id, level in batch.careful.items():
        done += _drain_with_care(hands, client_id, lead_id, level)
    return done


def _drain_together(
    hands: Hands, client_id: UUID, lead_ids: Sequence[UUID], *, wait: float | None = None
) -> _Batch:
    """One transaction for many leads; those that need care are left out and named."""
    with _transaction(hands, client_id, lead_ids, wait) as (held, batch):
        levels = suspects.levels_of(hands.database, client_id, list(held.leads)) if held.leads else {}
        batch.careful = {lead: level for lead, level in levels.items() if level is not Level.QUARANTINED}
        _work(hands, client_id, held, [lead_id for lead_id in held.leads if lead_id not in levels], batch)
    return batch


def _drain_alone(hands: Hands, client_id: UUID, lead_id: UUID, only: UUID | None = None) -> Drained:
    """One transaction for one lead, or for one job of it; raises what its book raises, or Busy."""
    with _transaction(hands, client_id, [lead_id]) as (held, batch):
        if not held.leads:
            raise Busy
        _work(hands, client_id, held, list(held.leads), batch, only, strict=True)
    return _finish(hands, client_id, batch)


def _work(
    hands: Hands,
    client_id: UUID,
    held: Held,
    lead_ids: Sequence[UUID],
    batch: _Batch,
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
    batch: _Batch,
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


def _count_tried(hands: Hands, taken: Sequence[Job], batch: _Batch) -> None:
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


def _forward(hands: Hands, client_id: UUID, held: Held, batch: _Batch, taken: list[Job]) -> list[Job]:
    """Hand the jobs of leads that were merged meanwhile on to their winners."""
    moves = {job.lead_id: held.leads[job.lead_id].merged_into for job in taken}
    forwarded = [(loser, winner) for loser, winner in moves.items() if winner is not None]
    if not forwarded:
        return taken
    jobs.forward(hands.database, client_id, forwarded)
    batch.forwarded_to.update(winner for _, winner in forwarded)
    return [job for job in taken if moves[job.lead_id] is None]


def _read(
    hands: Hands, client_id: UUID, taken: Sequence[Job], batch: _Batch
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
    batch: _Batch,
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


class Busy(Exception):
    """Somebody else has the lead; it is left to them."""


def _drain_with_care(hands: Hands, client_id: UUID, lead_id: UUID, level: Level) -> Drained:
    """Drain one lead by itself, or job by job, and find out which job is at fault."""
    done = Drained()
    try:
        if level is not Level.ALONE or not _did_alone(hands, client_id, lead_id, done):
            _drain_job_by_job(hands, client_id, lead_id, done)
    except Busy:
        return done
    suspects.clear(hands.witness, client_id, lead_id)
    return done


def _did_alone(hands: Hands, client_id: UUID, lead_id: UUID, done: Drained) -> bool:
    try:
        done += _drain_alone(hands, client_id, lead_id)
    except Exception as error:
        if failures.is_transient(error) or isinstance(error, Busy):
            raise
        return False
    return True


def _drain_job_by_job(hands: Hands, client_id: UUID, lead_id: UUID, done: Drained) -> None:
    waiting = jobs.due(hands.database, client_id, [lead_id])
    for job in sorted(waiting, key=lambda one: one.deaths):
        done += _drain_job(hands, client_id, job)
    if not waiting:
        done += _drain_without_jobs(hands, client_id, lead_id)


def _drain_job(hands: Hands, client_id: UUID, job: Job) -> Drained:
    if job.deaths >= suspects.DEATHS_TO_BURY:
        provider = jobs.provider_of(hands.database, client_id, job.id)  # reading it here might kill us, too
        failures.bury(hands.database, client_id, job, failures.KILLED, provider)
        return Drained(buried=1)
    try:
        return _drain_alone(hands, client_id, job.lead_id, only=job.id)
    except Exception as error:
        if failures.is_transient(error) or isinstance(error, Busy):
            raise
        return _record(hands, client_id, job, failure_from(error))


def _drain_without_jobs(hands: Hands, client_id: UUID, lead_id: UUID) -> Drained:
    """A lead whose book fails by itself is quarantined: its jobs wait, and somebody is told."""
    try:
        return _drain_alone(hands, client_id, lead_id)
    except Exception as error:
        if failures.is_transient(error) or isinstance(error, Busy):
            raise
        fingerprint = failure_from(error).fingerprint(None, "book")
        suspects.suspect(hands.witness, client_id, [lead_id], Level.QUARANTINED, fingerprint)
        return Drained()


def _finish(hands: Hands, client_id: UUID, batch: _Batch) -> Drained:
    """After the commit: what failed is recorded, what asks for another transaction gets it."""
    done = batch.done
    for job, failure in batch.failed:
        done += _record(hands, client_id, job, failure)
    for job, payload in batch.merges:
        done += _merge(hands, client_id, job, payload)
    return done


def _record(hands: Hands, client_id: UUID, job: Job, failure: Failure) -> Drained:
    verdict = failures.record(hands.database, client_id, job, failure, _provider(job), hands.tally)
    done = Drained()
    setattr(done, verdict, 1)
    return done


def _provider(job: Job) -> str | None:
    """The provider that a payload names, without trusting the rest of it."""
    try:
        payload = read_payload(job.payload)
    except ValueError:
        return None
    return payload.provider if isinstance(payload, Observation) else None


def _merge(hands: Hands, client_id: UUID, job: Job, payload: MergeAsked) -> Drained:
    """Carry a merge out in a transaction of its own, both leads locked in id order."""
    try:
        merged = merge(hands.database, hands.witness, client_id, job, payload, hands.ringer)
    except Exception as error:
        if failures.is_transient(error):
            raise
        return _record(hands, client_id, job, failure_from(error))
    return Drained(merged=1) if merged else Drained()
