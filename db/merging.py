"""Merging: one person known as two leads becomes one; nothing is deleted (RULES 3 and 4)."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from psycopg import Connection as Database

from db import bookings, conversations, follow_up_rows, jobs, suspects
from db.ids import new_id
from db.jobs import Job
from db.legacy import legacy_observations
from db.locks import Held, Ringer, due_among, leads_held
from db.shelf import Change, Shelved, load, save
from pipeline.book import Book, compute, enter
from pipeline.job import MergeAsked

WAIT_SECONDS = 2.0
CONTACT_FIELDS = [
    "external_id",
    "email",
    "phone",
    "first_name",
    "last_name",
    "full_name",
    "ghl_contact_id",
    "linkedin_profile",
    "timezone",
]


def merge(
    database: Database[Any],
    witness: Database[Any],
    client_id: UUID,
    job: Job,
    asked: MergeAsked,
    ringer: Ringer,
) -> bool:
    """Merge the job's lead into another: identities, facts and jobs move, the loser keeps `merged_into`.

    By evidence only a stub is merged; two real leads are listed as a conflict. Raises LockNotAvailable
    when a lead stays busy; the job is still there then. The `witness` notes that the job is in hand.
    """
    winner = winner_of(database, client_id, asked.into)
    pair = [job.lead_id] if winner is None else [job.lead_id, winner]
    with _held(database, witness, client_id, pair, job, ringer) as held:
        loser = held.leads[job.lead_id]
        possible = winner is not None and winner != loser.id and loser.merged_into is None
        if possible and winner is not None and held.leads[winner].merged_into is None:
            if asked.by_evidence and not loser.stub:
                _list_conflict(database, client_id, loser.id, winner)
                possible = False
            else:
                _move(database, client_id, loser.id, winner)
                _recompute(database, client_id, held, loser.id, winner)
                _audit(database, client_id, loser.id, winner, asked)
        jobs.remove(database, client_id, [job.id])
    if possible and winner is not None:
        ringer(due_among(database, client_id, [winner]))
    return possible


@contextmanager
def _held(
    database: Database[Any],
    witness: Database[Any],
    client_id: UUID,
    pair: Sequence[UUID],
    job: Job,
    ringer: Ringer,
) -> Iterator[Held]:
    """Both leads, locked, and the job in hand until the commit: a merge may kill its worker like any job."""
    holding: UUID | None = None
    try:
        with leads_held(database, client_id, pair, ringer, wait=WAIT_SECONDS) as held:
            holding = suspects.hold(witness, client_id, [job.lead_id], job.id)
            try:
                yield held
            except BaseException:
                suspects.let_go(witness, holding)  # while the leads are still ours
                raise
            suspects.let_go(database, holding)
    except BaseException:
        if holding is not None:
            suspects.let_go(witness, holding)  # it was the commit that failed
        raise


def winner_of(database: Database[Any], client_id: UUID, lead_id: UUID) -> UUID | None:
    """Follow `merged_into` to the lead that is still there."""
    row = database.execute(
        """WITH RECURSIVE trail AS (
               SELECT id, merged_into FROM lead WHERE client_id = %(client)s AND id = %(lead)s
               UNION SELECT l.id, l.merged_into FROM lead l JOIN trail t ON l.id = t.merged_into
               WHERE l.client_id = %(client)s)
           SELECT id FROM trail WHERE merged_into IS NULL""",
        {"client": client_id, "lead": lead_id},
    ).fetchone()
    return row[0] if row else None


def _move(database: Database[Any], client_id: UUID, loser: UUID, winner: UUID) -> None:
    pair = {"client": client_id, "loser": loser, "winner": winner}
    for table in ("lead_identity", "appointment", "inbox"):
        database.execute(
            f"UPDATE {table} SET lead_id = %(winner)s WHERE client_id = %(client)s AND lead_id = %(loser)s",  # noqa: S608
            pair,
        )
    database.execute(
        "UPDATE lead SET merged_into = %(winner)s WHERE client_id = %(client)s AND (id = %(loser)s OR merged_into = %(loser)s)",
        pair,
    )
    conversations.merge(database, client_id, loser, winner)
    follow_up_rows.move(database, client_id, loser, winner)
    bookings.move(database, client_id, loser, winner)
    database.execute(
        f"""UPDATE lead w SET {_contact_of_both()}, stub = w.stub AND l.stub FROM lead l
            WHERE w.client_id = %(client)s AND w.id = %(winner)s AND l.client_id = %(client)s AND l.id = %(loser)s""",  # noqa: S608
        pair,
    )


def _contact_of_both() -> str:
    """SQL: what the winner lacks, and what was said later of a stub; what a person merges keeps the winner's."""
    sets, noted = [], []
    for field in CONTACT_FIELDS:
        ours, theirs = (
            f"coalesce(({of}.contact_times->>'{field}')::timestamptz, '-infinity')" for of in ("w", "l")
        )
        taken = f"l.{field} IS NOT NULL AND (w.{field} IS NULL OR (l.stub AND {theirs} > {ours}))"
        sets.append(f"{field} = CASE WHEN {taken} THEN l.{field} ELSE w.{field} END")
        noted.append(f"'{field}', CASE WHEN {taken} THEN l.contact_times->'{field}' END")
    times = f"jsonb_strip_nulls(jsonb_build_object({', '.join(noted)}))"
    return ", ".join([*sets, f"contact_times = w.contact_times || {times}"])


def _recompute(database: Database[Any], client_id: UUID, held: Held, loser: UUID, winner: UUID) -> None:
    """The winner's book holds both leads' facts now, the loser's none."""
    base = held.leads[winner].base.or_later(held.leads[loser].base)
    bases = {winner: base, loser: held.leads[loser].base}
    awaited = [lead_id for lead_id in (winner, loser) if held.leads[lead_id].legacy]
    told = legacy_observations(database, client_id, awaited, family=(winner, loser))
    said = [one for lead_id in awaited for one in told.get(lead_id, ())]
    changes = []
    for lead_id, shelved in load(database, client_id, bases, {winner: said}).items():
        book = enter(shelved.book, said) if lead_id == winner else shelved.book
        # Every row is written: what two leads showed apart says nothing.
        unseen = Shelved(Book(), shelved.ids, shelved.elsewhere, shelved.follow_ups)
        changes.append(Change(lead_id, unseen, book, compute(book, held.now), {}))
    save(database, client_id, changes)


def _list_conflict(database: Database[Any], client_id: UUID, one: UUID, other: UUID) -> None:
    low, high = sorted((one, other))
    database.execute(
        "INSERT INTO lead_conflict (client_id, id, lead_a, lead_b) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
        (client_id, new_id(), low, high),
    )


def _audit(database: Database[Any], client_id: UUID, loser: UUID, winner: UUID, asked: MergeAsked) -> None:
    database.execute(
        """INSERT INTO audit_log (client_id, id, actor, action, subject, detail)
           VALUES (%s, %s, %s, 'lead_merged', %s, jsonb_build_object('loser', %s::text))""",
        (client_id, new_id(), "evidence" if asked.by_evidence else "person", winner, str(loser)),
    )
