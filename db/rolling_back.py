"""Rolling a migration back: its observations go, what is left is computed anew, and the CRM's columns show again."""

from collections.abc import Sequence
from uuid import UUID

from db.arrays import columns_of
from db.desk import Database
from db.legacy import read_rows
from db.legacy_rows import Told
from db.locks import Ringer, leads_held
from db.rebuilding import examine, rewrite, show_legacy, without
from pipeline.observation import AppointmentKey
from pipeline.words import Provider

BATCH = 400
LOCK_SECONDS = 5.0


def roll_back(database: Database, client_id: UUID, run_id: UUID, rows: Sequence[Told], ringer: Ringer) -> int:
    """Take back what a run made of some legacy rows; returns how many observations went."""
    families = {row[1]: (row[4],) for row in rows}
    told = read_rows(database, client_id, [row[1:4] for row in rows], families)
    keys = sorted({one.key for said in told.values() for one in said})
    if not keys:
        return 0
    with leads_held(database, client_id, sorted({row[4] for row in rows}), ringer, wait=LOCK_SECONDS) as held:
        gone = database.execute(_FORGET, (*columns_of(keys), client_id, run_id)).fetchall()
        forgotten = {AppointmentKey(Provider(provider), name) for provider, name in gone}
        found = []
        for one in examine(database, client_id, list(held.leads), held.now):
            lost = {key for key in one.change.book.folded if key in forgotten}
            if lost:
                left = database.execute(_LEFT, (*columns_of(sorted(lost)), client_id)).fetchall()
                still = {AppointmentKey(Provider(provider), name) for provider, name in left}
                found.append(without(one, lost - still, held.now))
        if found:
            rewrite(database, client_id, held, found)
            movers = {row[4] for row in rows if row[1] == row[4]}
            show_legacy(database, client_id, [one.lead_id for one in found if one.lead_id in movers])
    return len(gone)


_FORGET = """
    DELETE FROM observation o USING unnest(%s::text[], %s::text[]) AS k (provider, external_id)
    WHERE o.client_id = %s AND o.provider = k.provider AND o.external_id = k.external_id
      AND o.source = 'migration' AND o.trace_id = %s
    RETURNING o.provider, o.external_id"""

_LEFT = """
    SELECT DISTINCT k.provider, k.external_id FROM unnest(%s::text[], %s::text[]) AS k (provider, external_id)
    JOIN observation o ON o.client_id = %s AND o.provider = k.provider AND o.external_id = k.external_id"""
