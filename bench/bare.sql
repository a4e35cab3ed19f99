-- The reference of the drain: lock a lead, upsert its appointment, read its appointments, update its rollup.
-- The columns are those that the ledger writes, of the same size; leads are as random as in the drain.
\set n random(1, :leads)
BEGIN;
SELECT id FROM lead
WHERE client_id = :client AND id = ('00000000-0000-7000-8000-' || lpad(to_hex(:n::bigint), 12, '0'))::uuid
FOR NO KEY UPDATE;
INSERT INTO appointment (client_id, id, lead_id, provider, external_id, calendly_invitee_uri,
    calendly_scheduled_event_uri, calendly_event_type_uri, start_at, end_at, timezone, status, status_changed_at,
    booked_at, moved_count, removed_at_provider, placeholder, source, first_effective_at, folded)
VALUES (:client, uuidv7(), ('00000000-0000-7000-8000-' || lpad(to_hex(:n::bigint), 12, '0'))::uuid, 'calendly',
    md5(:n::text)::uuid::text,
    'https://api.calendly.com/scheduled_events/c9f0f895-fb98-ab91-59f5-1fd0297e236d/invitees/' || md5(:n::text)::uuid,
    'https://api.calendly.com/scheduled_events/c9f0f895-fb98-ab91-59f5-1fd0297e236d',
    'https://api.calendly.com/event_types/CCCCCCCCCCCCCCCC',
    now() + interval '5 days', now() + interval '5 days 30 minutes', 'Europe/Berlin', 'confirmed', now(), now(), 0,
    false, false, 'webhook', now(),
    ('{"provider": "calendly", "external_id": "' || md5(:n::text)::uuid || '", "source": "webhook", '
     '"first_effective_at": "2026-11-24T06:53:15.123456Z", "start_at": "2026-11-29T09:00:00Z", '
     '"end_at": "2026-11-29T09:30:00Z", "timezone": "Europe/Berlin", "word": "confirmed", '
     '"word_changed_at": "2026-11-24T06:53:15.123456Z", "booked_at": "2026-11-24T06:53:15.123456Z", '
     '"calendly_invitee_uri": "https://api.calendly.com/scheduled_events/c9f0f895-fb98-ab91-59f5-1fd0297e236d/invitees/'
     || md5(:n::text)::uuid || '", "calendly_scheduled_event_uri": '
     '"https://api.calendly.com/scheduled_events/c9f0f895-fb98-ab91-59f5-1fd0297e236d", '
     '"calendly_event_type_uri": "https://api.calendly.com/event_types/CCCCCCCCCCCCCCCC"}')::jsonb)
ON CONFLICT (client_id, provider, external_id) DO UPDATE
SET lead_id = excluded.lead_id, calendly_invitee_uri = excluded.calendly_invitee_uri,
    calendly_scheduled_event_uri = excluded.calendly_scheduled_event_uri,
    calendly_event_type_uri = excluded.calendly_event_type_uri, start_at = excluded.start_at, end_at = excluded.end_at,
    timezone = excluded.timezone, status = excluded.status, status_changed_at = excluded.status_changed_at,
    booked_at = excluded.booked_at, source = excluded.source, first_effective_at = excluded.first_effective_at,
    folded = excluded.folded, updated_at = now();
SELECT id, provider, external_id, status, start_at, booked_at, folded FROM appointment
WHERE client_id = :client AND lead_id = ('00000000-0000-7000-8000-' || lpad(to_hex(:n::bigint), 12, '0'))::uuid;
UPDATE lead SET status = 'meeting-booked', recompute_at = now() + interval '5 days',
    calendly_invitee_uri =
        'https://api.calendly.com/scheduled_events/c9f0f895-fb98-ab91-59f5-1fd0297e236d/invitees/' || md5(:n::text)::uuid,
    calendly_scheduled_event_uri = 'https://api.calendly.com/scheduled_events/c9f0f895-fb98-ab91-59f5-1fd0297e236d',
    appointment_booked_at = now(), appointment_start_at = now() + interval '5 days',
    appointment_end_at = now() + interval '5 days 30 minutes', appointment_status = 'confirmed',
    appointment_provider = 'calendly', appointment_source = 'webhook', booked_slot = '2026-11-29T09:00:00Z',
    appointment_count = 1, next_appointment_start_at = now() + interval '5 days',
    rollup_valid_until = now() + interval '5 days', rollup_version = 1, updated_at = now()
WHERE client_id = :client AND id = ('00000000-0000-7000-8000-' || lpad(to_hex(:n::bigint), 12, '0'))::uuid;
COMMIT;
