"""The backfill: legacy rows a second through the migration, against one INSERT … SELECT of the same rows."""

import json
import time

from bench.drain import hear
from bench.figures import Figure
from bench.leads import CLIENT
from bench.stage import Stage
from db.desk import Database

LEADS = 1_000_000
WITH_ROLLUP = 0.3


def measure(stage: Stage) -> list[Figure]:
    """Dry run and run by a process of its own; the reference writes the very rows that the run wrote."""
    count = stage.scaled(LEADS)
    rolled = int(count * WITH_ROLLUP)
    rates: list[float] = []
    bare: list[float] = []
    notes: list[str] = []
    with stage.database() as template:
        with stage.connect(template) as database:
            make_leads(database, count, rolled)
            database.execute("VACUUM (FREEZE, ANALYZE) lead, legacy_rollup")
        for _ in range(stage.rounds):
            with stage.database(template) as name:
                stage.settle()
                with stage.process(["-m", "bench.backfill_worker"], name) as worker:
                    said = json.loads(hear(stage, worker))
                print(said)
                rates.append(rolled / said["seconds"])
                with stage.connect(name) as database:
                    bare.append(rolled / _in_one(database, template, stage))
                notes = [_note(rolled, said)]
    return [
        Figure(
            line="backfill",
            what=f"Backfill: {count:,} leads, {rolled:,} with rollups, one process",
            unit="/s",
            measured=rates,
            against="one INSERT … SELECT of the same rows",
            reference=bare,
            floor="≥ 0.4",
            notes=notes,
        )
    ]


def _note(rolled: int, said: dict[str, float]) -> str:
    dry, again, verify = (rolled / said[f"{name}_seconds"] for name in ("dry", "again", "verify"))
    return (
        f"Dry run: {dry:,.0f} leads a second. A second run over the same leads: {said['created_again']} created, "
        f"{again:,.0f} leads a second. Verify pass: {verify:,.0f} leads a second, {said['lost']} lost. Memory of the "
        f"process: {said['megabytes_before']:,.0f} MB before, {said['megabytes']:,.0f} MB at the most."
    )


def make_leads(database: Database, count: int, rolled: int) -> None:
    """Leads as an import leaves them, of every kind of row in turn."""
    database.execute("INSERT INTO client (id, name, pepper) VALUES (%s, 'bench', '')", (CLIENT,))
    database.execute("SET apptrail.writer = 'ledger'")
    database.execute(_LEADS, (CLIENT, count))
    database.execute(_LEGACY, (CLIENT, rolled))
    database.execute(_SHOWN, (CLIENT,))
    database.execute("RESET apptrail.writer")


def _in_one(database: Database, template: str, stage: Stage) -> float:
    """Seconds for the same observations and appointments in one statement each, and the leads' update, all at once."""
    for table in ("observation", "appointment"):
        database.execute(f"CREATE UNLOGGED TABLE made_{table} AS SELECT * FROM {table}".encode())
        database.execute(f"TRUNCATE {table}".encode())
    database.execute("SET apptrail.writer = 'ledger'")
    stage.settle()
    began = time.monotonic()
    with database.transaction():
        database.execute("INSERT INTO observation SELECT * FROM made_observation")
        database.execute("INSERT INTO appointment SELECT * FROM made_appointment")
        database.execute("UPDATE lead SET updated_at = now() WHERE rollup_version > 0")
    return time.monotonic() - began


_ID = "('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid"

_LEADS = f"""
    INSERT INTO lead (client_id, id, external_id, email, first_name, last_name)
    SELECT %s, {_ID}, 'crm-' || n, 'lead' || n || '@example.com', 'Chiara', 'Costa' FROM generate_series(1, %s) AS n"""

_LEGACY = f"""
    INSERT INTO legacy_rollup (client_id, id, lead_id, said)
    SELECT %s, {_ID}, {_ID}, jsonb_strip_nulls(jsonb_build_object(
        'appointment_provider', CASE WHEN n %% 2 = 0 THEN 'calendly' ELSE 'ghl' END,
        'ghl_appointment_id', CASE WHEN n %% 2 = 1 OR n %% 20 = 0 THEN 'g' || n END,
        'calendly_invitee_uri', CASE WHEN n %% 2 = 0 AND n %% 10 > 0 THEN 'https://api.calendly.com/scheduled_events/e' || n || '/invitees/i' || n END,
        'calendly_scheduled_event_uri', CASE WHEN n %% 2 = 0 THEN 'https://api.calendly.com/scheduled_events/e' || n END,
        'appointment_status', (ARRAY['confirmed', 'showed', 'canceled', 'noshow', 'booked', NULL])[n %% 6 + 1],
        'appointment_start_at', to_char(now() - make_interval(hours => n %% 9000), 'YYYY-MM-DD"T"HH24:00:00+00:00'),
        'appointment_booked_at', to_char(now() - make_interval(hours => n %% 9000 + 100), 'YYYY-MM-DD"T"HH24:00:00+00:00'),
        'appointment_source', 'webhook',
        'updated_at', to_char(now() - make_interval(hours => n %% 900), 'YYYY-MM-DD"T"HH24:00:00+00:00')))
    FROM generate_series(1, %s) AS n"""

_SHOWN = """
    UPDATE lead l SET appointment_status = coalesce(r.said->>'appointment_status', 'pending'),
        appointment_provider = r.said->>'appointment_provider', appointment_source = 'webhook',
        ghl_appointment_id = r.said->>'ghl_appointment_id', calendly_invitee_uri = r.said->>'calendly_invitee_uri',
        calendly_scheduled_event_uri = r.said->>'calendly_scheduled_event_uri',
        appointment_start_at = (r.said->>'appointment_start_at')::timestamptz,
        appointment_booked_at = (r.said->>'appointment_booked_at')::timestamptz
    FROM legacy_rollup r WHERE l.client_id = %s AND r.client_id = l.client_id AND r.lead_id = l.id"""
