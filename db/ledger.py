"""The ledger: the only writer of the books. A drain locks leads, lets their jobs in, saves, commits."""

from collections.abc import Sequence
from uuid import UUID

from db import failures, jobs, suspects
from db.applying import work
from db.drains import Batch, Drained, Hands, transaction
from db.failures import Failure, failure_from
from db.jobs import Job
from db.merging import merge
from db.suspects import Level
from pipeline.job import MergeAsked, read_payload
from pipeline.observation import Observation

__all__ = ["Busy", "Drained", "Hands", "drain"]


def drain(hands: Hands, client_id: UUID, lead_ids: Sequence[UUID], *, wait: float | None = None) -> Drained:
    """Apply the due jobs of at most 100 leads of one client; leads that are busy are left to their owner.

    Raises only what is nobody's fault (see failures.is_transient); the jobs are still there then.
    """
    try:
        batch = _drain_together(hands, client_id, lead_ids, wait=wait)
    except Exception as error:
        if failures.is_transient(error):
            raise
        batch = Batch(careful=dict.fromkeys(lead_ids, Level.ALONE))
    done = _finish(hands, client_id, batch)
    for lead_id, level in batch.careful.items():
        done += _drain_with_care(hands, client_id, lead_id, level)
    return done


def _drain_together(
    hands: Hands, client_id: UUID, lead_ids: Sequence[UUID], *, wait: float | None = None
) -> Batch:
    """One transaction for many leads; those that need care are left out and named."""
    with transaction(hands, client_id, lead_ids, wait) as (held, batch):
        levels = suspects.levels_of(hands.database, client_id, list(held.leads)) if held.leads else {}
        batch.careful = {lead: level for lead, level in levels.items() if level is not Level.QUARANTINED}
        work(hands, client_id, held, [lead_id for lead_id in held.leads if lead_id not in levels], batch)
    return batch


def _drain_alone(hands: Hands, client_id: UUID, lead_id: UUID, only: UUID | None = None) -> Drained:
    """One transaction for one lead, or for one job of it; raises what its book raises, or Busy."""
    with transaction(hands, client_id, [lead_id]) as (held, batch):
        if not held.leads:
            raise Busy
        work(hands, client_id, held, list(held.leads), batch, only, strict=True)
    return _finish(hands, client_id, batch)


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


def _finish(hands: Hands, client_id: UUID, batch: Batch) -> Drained:
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
