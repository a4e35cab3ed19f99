"""Promise 1: the appointment model exists as the design names it, and is read by index."""

from uuid import UUID

import psycopg
import pytest

LEGACY_COLUMNS = frozenset(
    "provider ghl_appointment_id calendly_invitee_uri calendly_scheduled_event_uri ghl_calendar_id "
    "calendly_event_type_uri start_at end_at timezone status status_changed_at booked_at canceled_at cancel_reason "
    "rescheduled_from_id link_kind source created_at updated_at".split()
)
FILL = """
    INSERT INTO appointment (client_id, id, lead_id, provider, external_id, status, source, first_effective_at, start_at)
    SELECT lpad(to_hex(n % 10), 32, '0')::uuid, gen_random_uuid(), lpad(to_hex(n % 2000), 32, '0')::uuid, 'calendly',
           n::text, 'confirmed', 'webhook', now(), now() - make_interval(hours => n)
    FROM generate_series(-10, 20000) AS n"""
TENANT_TABLES_WITHOUT_CLIENT_FIRST = """
    SELECT c.conrelid::regclass::text, c.conname
    FROM pg_constraint c
    JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
    WHERE c.contype IN ('p', 'u') AND a.attname <> 'client_id'
      AND EXISTS (SELECT 1 FROM pg_attribute t WHERE t.attrelid = c.conrelid AND t.attname = 'client_id')
      AND c.conrelid::regclass::text NOT IN ('connection', 'operator', 'api_token', 'holding', 'pause')"""


def test_an_appointment_has_the_columns_that_the_design_names(database: str) -> None:
    with psycopg.connect(database) as connection:
        rows = connection.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_name = 'appointment'"
        ).fetchall()
    assert {name for (name,) in rows} >= LEGACY_COLUMNS


@pytest.mark.parametrize(
    ("query", "index"),
    [
        ("client_id = '{id}' AND lead_id = '{id}' ORDER BY start_at DESC NULLS LAST, id", "appointment_timeline"),
        ("client_id = '{id}' AND provider = 'calendly' AND start_at > now()", "appointment_by_start"),
        ("client_id = '{id}' AND provider = 'calendly' AND start_at > now() AND status = 'confirmed'", "appointment_by_start"),
        ("client_id = '{id}' AND provider = 'calendly' AND external_id = 'x'", "appointment_client_id_provider_external_id_key"),
    ],
)  # fmt: skip
def test_a_leads_timeline_status_start_and_provider_are_read_by_index(
    database: str, query: str, index: str
) -> None:
    with psycopg.connect(database) as connection:
        connection.execute(FILL)
        connection.execute("ANALYZE appointment")
        plan = connection.execute(
            "EXPLAIN SELECT * FROM appointment WHERE " + query.format(id=UUID(int=7))
        ).fetchall()
    assert index in str(plan)


def test_every_key_of_a_tenant_table_begins_with_the_client(database: str) -> None:
    """So that it can be distributed by tenant without a change of keys."""
    with psycopg.connect(database) as connection:
        assert connection.execute(TENANT_TABLES_WITHOUT_CLIENT_FIRST).fetchall() == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE lead SET appointment_count = 7",
        "UPDATE lead SET status = 'won'",
        "UPDATE lead SET rollup_valid_until = now()",
        "INSERT INTO lead (client_id, id, booked_slot) VALUES (gen_random_uuid(), gen_random_uuid(), 'x')",
    ],
)
def test_nobody_but_the_ledger_writes_the_rollup_columns(database: str, statement: str) -> None:
    """The owner of the table is refused too."""
    with psycopg.connect(database) as connection:
        connection.execute("INSERT INTO lead (client_id, id) VALUES (gen_random_uuid(), gen_random_uuid())")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement)


def test_a_lead_can_still_be_changed_otherwise(database: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute("INSERT INTO lead (client_id, id) VALUES (gen_random_uuid(), gen_random_uuid())")
        assert connection.execute("UPDATE lead SET first_name = 'Ada', appointment_count = 0").rowcount == 1
