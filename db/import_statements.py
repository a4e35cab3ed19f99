"""The statements of an import: each takes many rows as arrays (see db/arrays.py)."""

from db.contact_times import IMPORTED, assignments, repeats, times
from db.import_row import CONTACT_COLUMNS

LOOK_UP = """
    SELECT k.kind, k.digest, coalesce(w.id, l.id), coalesce(w.stub, l.stub),
           CASE WHEN coalesce(w.base_status_at, l.base_status_at) IS NOT NULL
                THEN coalesce(w.base_status, l.base_status) END,
           CASE WHEN w.id IS NULL THEN l.external_id ELSE w.external_id END,
           coalesce(w.stub, l.stub) AND k.kind = 'appointment' AND EXISTS (
               SELECT FROM lead_identity o WHERE o.client_id = i.client_id AND o.lead_id = coalesce(w.id, l.id)
               AND o.kind <> 'appointment'),
           coalesce(w.erased_at, l.erased_at) IS NOT NULL
    FROM unnest(%s::text[], %s::text[]) AS k (kind, digest)
    JOIN lead_identity i ON i.client_id = %s AND i.kind = k.kind AND i.digest = decode(k.digest, 'hex')
    JOIN lead l ON l.client_id = i.client_id AND l.id = i.lead_id
    LEFT JOIN lead w ON w.client_id = l.client_id AND w.id = l.merged_into"""

_CONTACT = ", ".join(CONTACT_COLUMNS)
_CONTACT_ARRAYS = ", ".join(["%s::text[]"] * len(CONTACT_COLUMNS))

INSERT_LEADS = f"""
    INSERT INTO lead (client_id, id, {_CONTACT}, base_status, status, base_status_at, stub, contact_times)
    SELECT client_id, id, {_CONTACT}, word, word, status_at, false,
           {times({column: f"{column} IS NOT NULL" for column in CONTACT_COLUMNS} | {IMPORTED: "true"}, "said_at")}
    FROM unnest(%s::uuid[], %s::uuid[], {_CONTACT_ARRAYS}, %s::text[], %s::timestamptz[])
         AS t (client_id, id, {_CONTACT}, word, status_at),
         (SELECT %s::timestamptz AS said_at) AS now"""  # noqa: S608

# An import speaks at the instant at which it is made: of two at one instant, the one that is made last.
UPDATE_LEADS = f"""
    UPDATE lead l SET stub = false, {assignments(CONTACT_COLUMNS, "t", "now.said_at", even=True)}
        || {times({IMPORTED: "true"}, "now.said_at")}
    FROM unnest(%s::uuid[], %s::uuid[], {_CONTACT_ARRAYS}) AS t (client_id, id, {_CONTACT}),
         (SELECT %s::timestamptz AS said_at) AS now
    WHERE l.client_id = t.client_id AND l.id = t.id
      AND (l.stub OR NOT ({repeats(CONTACT_COLUMNS, "t")}))"""  # noqa: S608

INSERT_IDENTITIES = """
    INSERT INTO lead_identity (client_id, id, kind, digest, lead_id)
    SELECT a, b, c, decode(d, 'hex'), e
    FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::uuid[]) AS t (a, b, c, d, e)"""

INSERT_CONFLICTS = """
    INSERT INTO lead_conflict (client_id, id, lead_a, lead_b)
    SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::uuid[]) ON CONFLICT DO NOTHING"""

INSERT_LEGACY = """
    INSERT INTO legacy_rollup (client_id, id, lead_id, said)
    SELECT a, b, c, d::jsonb FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::text[]) AS t (a, b, c, d)
    ON CONFLICT (client_id, lead_id) DO NOTHING RETURNING lead_id"""

# The next drain that meets such a lead turns the row into observations, whatever is known already.
AWAIT_MIGRATION = """
    UPDATE lead SET rollup_version = 0 WHERE client_id = %s AND id = ANY (%s::uuid[])"""

# Readers of the columns go on seeing what they saw until a drain has turned the row into observations.
SHOW_LEGACY = """
    UPDATE lead l SET
        ghl_appointment_id = r.said->>'ghl_appointment_id',
        calendly_invitee_uri = r.said->>'calendly_invitee_uri',
        calendly_scheduled_event_uri = r.said->>'calendly_scheduled_event_uri',
        appointment_booked_at = (r.said->>'appointment_booked_at')::timestamptz,
        appointment_start_at = (r.said->>'appointment_start_at')::timestamptz,
        appointment_end_at = (r.said->>'appointment_end_at')::timestamptz,
        appointment_status = coalesce(r.said->>'appointment_status', 'pending'),
        appointment_canceled_at = (r.said->>'appointment_canceled_at')::timestamptz,
        appointment_provider = r.said->>'appointment_provider',
        appointment_source = r.said->>'appointment_source',
        booked_slot = r.said->>'booked_slot'
    FROM legacy_rollup r
    WHERE l.client_id = %s AND l.id = ANY (%s::uuid[]) AND l.appointment_count = 0
      AND r.client_id = l.client_id AND r.lead_id = l.id"""
