"""A CRM that has moved in: leads as an import leaves them, three in ten with rollup columns, of every kind of row."""

from bench.leads import CLIENT
from db.desk import Database


def make_leads(database: Database, count: int, rolled: int) -> None:
    """So many leads, the first `rolled` of them with a legacy row."""
    database.execute("INSERT INTO client (id, name, pepper) VALUES (%s, 'bench', '')", (CLIENT,))
    database.execute("SET apptrail.writer = 'ledger'")
    database.execute(_LEADS, (CLIENT, count))
    database.execute(_LEGACY, (CLIENT, rolled))
    database.execute(_SHOWN, (CLIENT,))
    database.execute("RESET apptrail.writer")
    database.execute("VACUUM (FREEZE, ANALYZE) lead, legacy_rollup")


_ID = "('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid"
_ISO = "'YYYY-MM-DD\"T\"HH24:MI:SS'"

_LEADS = f"""
    INSERT INTO lead (client_id, id, external_id, email, first_name, last_name)
    SELECT %s, {_ID}, 'crm-' || n, 'lead' || n || '@example.com', 'Chiara', 'Costa' FROM generate_series(1, %s) AS n"""

# Of 200 rows: 99 ghl (one far past), 80 calendly, 10 with the event alone, 10 of both providers, 4 with a slot alone,
# 2 that name another's meeting, 1 that names none; an eighth has no status, an eighth an unknown one.
_LEGACY = f"""
    INSERT INTO legacy_rollup (client_id, id, lead_id, shared, said)
    SELECT client, {_ID}, {_ID}, CASE kind WHEN 'shared' THEN ARRAY['ghl:g' || n - 2] ELSE '{{}}' END,
           jsonb_strip_nulls(jsonb_build_object(
        'appointment_provider', CASE WHEN kind IN ('calendly', 'event', 'both') THEN 'calendly' WHEN kind <> 'slot' THEN 'ghl' END,
        'ghl_appointment_id', CASE WHEN kind = 'shared' THEN 'g' || n - 2 WHEN kind IN ('ghl', 'both') THEN 'g' || n END,
        'calendly_invitee_uri', CASE WHEN kind IN ('calendly', 'both')
                                     THEN 'https://api.calendly.com/scheduled_events/e' || n || '/invitees/i' || n END,
        'calendly_scheduled_event_uri', CASE WHEN kind IN ('calendly', 'event', 'both')
                                             THEN 'https://api.calendly.com/scheduled_events/e' || n END,
        'appointment_status', word,
        'appointment_start_at', CASE WHEN named THEN to_char(starts, {_ISO}) || '+00:00' END,
        'appointment_end_at', CASE WHEN named THEN to_char(starts + interval '1 hour', {_ISO}) || '+00:00' END,
        'appointment_booked_at', CASE WHEN named THEN to_char(starts - interval '100 hours', {_ISO}) || '+00:00' END,
        'appointment_canceled_at', CASE WHEN word LIKE 'cancel%%' AND n / 16 %% 2 = 0
                                        THEN to_char(starts - interval '2 hours', {_ISO}) || '+00:00' END,
        'appointment_source', CASE WHEN kind <> 'nothing' THEN 'webhook' END,
        'booked_slot', CASE WHEN n %% 101 = 0 AND named THEN 'Thursday at three'
                            WHEN kind <> 'nothing' THEN to_char(starts, {_ISO}) || 'Z' END,
        'updated_at', to_char(now() - make_interval(hours => n %% 900), {_ISO}) || '+00:00'))
    FROM (
        SELECT *, kind NOT IN ('slot', 'nothing') AS named,
               (ARRAY['confirmed', 'showed', 'canceled', 'noshow', 'booked', NULL, 'cancelled', 'vielleicht'])[n / 2 %% 8 + 1] AS word,
               CASE WHEN n %% 200 = 97 THEN '1999-05-05T10:00:00Z'::timestamptz
                    ELSE date_trunc('hour', now()) + make_interval(hours => n * 37 %% 9000 - 8500) END AS starts
        FROM (SELECT %s::uuid AS client, n,
                     CASE WHEN n %% 200 = 9 THEN 'nothing' WHEN n %% 100 = 3 THEN 'shared' WHEN n %% 50 = 7 THEN 'slot'
                          WHEN n %% 20 = 0 THEN 'both' WHEN n %% 20 = 10 THEN 'event' WHEN n %% 2 = 0 THEN 'calendly'
                          ELSE 'ghl' END AS kind
              FROM generate_series(1, %s) AS n) AS k) AS r"""

_SHOWN = """
    UPDATE lead l SET appointment_status = coalesce(r.said->>'appointment_status', 'pending'),
        appointment_provider = r.said->>'appointment_provider', appointment_source = r.said->>'appointment_source',
        ghl_appointment_id = r.said->>'ghl_appointment_id', calendly_invitee_uri = r.said->>'calendly_invitee_uri',
        calendly_scheduled_event_uri = r.said->>'calendly_scheduled_event_uri', booked_slot = r.said->>'booked_slot',
        appointment_start_at = (r.said->>'appointment_start_at')::timestamptz,
        appointment_end_at = (r.said->>'appointment_end_at')::timestamptz,
        appointment_booked_at = (r.said->>'appointment_booked_at')::timestamptz,
        appointment_canceled_at = (r.said->>'appointment_canceled_at')::timestamptz
    FROM legacy_rollup r WHERE l.client_id = %s AND r.client_id = l.client_id AND r.lead_id = l.id"""
