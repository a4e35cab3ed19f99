"""Erasing a person: contact data, identities and typed texts go; an anonymous husk keeps its place in the counts.

Appointments and observations stay, for the client's figures are made of them: they name times, words and a
provider's ids, and nobody. The appointments' own identities stay too, so that late news of them finds the
husk and makes no new stub of the person; whose names such news carries is not kept again (`lead.erased_at`).
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

import orjson
from psycopg import sql

from db.arrays import literal
from db.desk import Database
from db.ids import new_id
from db.import_statements import SHOW_LEGACY
from db.locks import Ringer, leads_held
from db.merging import CONTACT_FIELDS, winner_of
from pipeline.legacy import without_free_text

WAIT_SECONDS = 5.0
NAMES = ("first_name", "last_name", "full_name")
SHORTEST = 3
"""What is shorter stands in any text."""
HASHES = ("md5", "sha1", "sha256")
HASH_DIGITS = 32
"""Whoever knows an address can make its plain hash again: that is looked for too, by its first digits."""


@dataclass(frozen=True)
class Person:
    """Whom to look for: the husks, and what was known of them. Never shown."""

    client_id: UUID
    leads: tuple[UUID, ...]
    addresses: frozenset[str]
    names: frozenset[str]

    def __repr__(self) -> str:
        """Say nothing of a person."""
        return f"Person(leads={len(self.leads)})"

    @property
    def pattern(self) -> str:
        """A regular expression, for Postgres and for Python, that finds any of it; empty for nobody."""
        names = [rf"(?<!\w){re.escape(one)}(?!\w)" for one in self.names]
        return "|".join(sorted([*map(re.escape, self.addresses), *names]))


def erase(database: Database, client_id: UUID, lead_id: UUID, ringer: Ringer) -> Person:
    """Erase a person, with every lead that was merged into this one; returns whom to look for afterwards."""
    home = winner_of(database, client_id, lead_id) or lead_id
    family = [
        row[0]
        for row in database.execute(
            "SELECT id FROM lead WHERE client_id = %s AND (id = %s OR merged_into = %s) ORDER BY id",
            (client_id, home, home),
        )
    ]
    with leads_held(database, client_id, family, ringer, wait=WAIT_SECONDS):
        person = _person(database, client_id, family)
        of_family = (client_id, literal(family))
        _clear_legacy(database, client_id, family)
        for statement in _STATEMENTS:
            database.execute(statement, of_family)
        database.execute(
            "INSERT INTO audit_log (client_id, id, actor, action, subject) VALUES (%s, %s, 'person', 'lead_erased', %s)",
            (client_id, new_id(), home),
        )
    return person


def _person(database: Database, client_id: UUID, family: Sequence[UUID]) -> Person:
    columns = [one for one in CONTACT_FIELDS if one != "timezone"]
    rows = database.execute(
        f"SELECT {', '.join(columns)} FROM lead WHERE client_id = %s AND id = ANY (%s::uuid[])",  # noqa: S608
        (client_id, literal(family)),
    ).fetchall()
    known = [(name, text) for row in rows for name, text in zip(columns, row, strict=True) if text]
    digests = database.execute(
        """SELECT encode(digest, 'hex') FROM lead_identity
           WHERE client_id = %s AND lead_id = ANY (%s::uuid[]) AND kind <> 'appointment'""",
        (client_id, literal(family)),
    ).fetchall()
    found = [(text, name in NAMES) for name, text in known if len(text) >= SHORTEST]
    plain = {text for text, is_name in found if not is_name}
    addresses = plain | {row[0] for row in digests} | {one for text in plain for one in _hashes(text)}
    return Person(
        client_id, tuple(family), frozenset(addresses), frozenset(text for text, is_name in found if is_name)
    )


def _hashes(text: str) -> Iterator[str]:
    for spelling in {text, text.strip().casefold()}:
        for name in HASHES:
            yield hashlib.new(name, spelling.encode(errors="replace")).hexdigest()[:HASH_DIGITS]


def _clear_legacy(database: Database, client_id: UUID, family: Sequence[UUID]) -> None:
    """A CRM's columns keep what makes observations; a lead that has not moved in yet shows only that."""
    rows = database.execute(
        "SELECT lead_id, said FROM legacy_rollup WHERE client_id = %s AND lead_id = ANY (%s::uuid[])",
        (client_id, literal(family)),
    ).fetchall()
    for lead_id, said in rows:
        database.execute(
            "UPDATE legacy_rollup SET said = %s::jsonb WHERE client_id = %s AND lead_id = %s",
            (orjson.dumps(without_free_text(said)).decode(), client_id, lead_id),
        )
    waiting = database.execute(
        """SELECT id FROM lead WHERE client_id = %s AND id = ANY (%s::uuid[]) AND rollup_version = 0
           AND appointment_status IS NOT NULL""",
        (client_id, literal(family)),
    ).fetchall()
    database.execute(SHOW_LEGACY, (client_id, literal(row[0] for row in waiting)))


class Searched(NamedTuple):
    """One place that was searched for a person: how much of it, and in how much a trace was found."""

    place: str
    looked_at: int
    found: int


def places(database: Database, person: Person) -> Iterator[Searched]:
    """Search every table for a trace of a person, row by row: to prove that there is none.

    Other leads may share a telephone or a first name: of `lead` only the husks are searched, and of a
    tenant's tables only this client's rows.
    """
    if not person.pattern:
        return
    for table, of_tenant in database.execute(_TABLES).fetchall():
        narrowed = sql.SQL(" AND t.client_id = {}").format(person.client_id) if of_tenant else sql.SQL("")
        if table == "lead":
            narrowed += sql.SQL(" AND t.id = ANY ({})").format(list(person.leads))
        query = sql.SQL(
            "SELECT count(*), count(*) FILTER (WHERE t::text ~* {}) FROM {} AS t WHERE true"
        ).format(person.pattern, sql.Identifier(table))
        for looked_at, found in database.execute(query + narrowed):
            yield Searched(table, looked_at, found)


_TABLES = """
    SELECT c.relname, EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'client_id')
    FROM pg_class c WHERE c.relkind IN ('r', 'p') AND c.relnamespace = current_schema()::regnamespace
    ORDER BY c.relname"""

_STATEMENTS = (
    f"""UPDATE lead SET {", ".join(f"{column} = NULL" for column in CONTACT_FIELDS)}, stub = false, contact_times = '{{}}',
               zone_hint = NULL, zone_hint_at = NULL, erased_at = coalesce(erased_at, now())
        WHERE client_id = %s AND id = ANY (%s::uuid[])""",  # noqa: S608
    "DELETE FROM lead_identity WHERE client_id = %s AND lead_id = ANY (%s::uuid[]) AND kind <> 'appointment'",
    """UPDATE observation o SET body = o.body #- '{status,cancel_reason}'
       FROM (SELECT client_id, provider, external_id FROM appointment
             WHERE client_id = %s AND lead_id = ANY (%s::uuid[])) AS a
       WHERE o.client_id = a.client_id AND o.provider = a.provider AND o.external_id = a.external_id
         AND o.body->'status' ? 'cancel_reason'""",
    """UPDATE appointment SET cancel_reason = NULL, folded = folded - 'cancel_reason'
       WHERE client_id = %s AND lead_id = ANY (%s::uuid[]) AND (cancel_reason IS NOT NULL OR folded ? 'cancel_reason')""",
    """UPDATE inbox SET payload = payload #- '{status,cancel_reason}'
       WHERE client_id = %s AND lead_id = ANY (%s::uuid[])""",
    """UPDATE dead_letter SET payload = payload #- '{status,cancel_reason}'
       WHERE client_id = %s AND lead_id = ANY (%s::uuid[])""",
    # A digest of a message's words and its sender: whoever has them could make it again.
    """UPDATE message SET external_id = id::text
       WHERE client_id = %s AND lead_id = ANY (%s::uuid[]) AND external_id ~ '^[0-9a-f]{64}$'""",
    # A call that is under way, or whose fate is unknown, is looked for by the contact: erase again after it.
    """UPDATE booking SET contact_id = NULL
       WHERE client_id = %s AND lead_id = ANY (%s::uuid[]) AND state NOT IN ('calling', 'unknown')""",
    "DELETE FROM offered_slot WHERE client_id = %s AND lead_id = ANY (%s::uuid[])",
    """DELETE FROM lead_conflict c USING (SELECT %s::uuid AS client_id, %s::uuid[] AS ids) AS f
       WHERE c.client_id = f.client_id AND (c.lead_a = ANY (f.ids) OR c.lead_b = ANY (f.ids))""",
)
