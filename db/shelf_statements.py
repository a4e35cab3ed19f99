"""The statements of the shelf: a book's rows, column by column, read and saved for many leads at once."""

from dataclasses import fields
from operator import attrgetter

from pipeline.rollup import Rollup

ROLLUP_COLUMNS = tuple(field.name for field in fields(Rollup))
rollup_values = attrgetter(*ROLLUP_COLUMNS)

_TYPES = {"appointment_count": "integer", "rollup_version": "integer"}
_ROLLUP_TYPES = ", ".join(
    f"%s::{_TYPES.get(column, 'timestamptz' if column.endswith(('_at', '_until')) else 'text')}[]"
    for column in ROLLUP_COLUMNS
)
_LEAD_COLUMNS = ("base_status", "base_status_at", "status", "recompute_at", *ROLLUP_COLUMNS)

APPOINTMENTS = """
    SELECT lead_id, id, provider, external_id, folded::text
    FROM appointment WHERE client_id = %s AND lead_id = ANY (%s::uuid[])"""

NAMED = """
    SELECT k.provider, k.external_id, a.id
    FROM unnest(%s::text[], %s::text[]) AS k (provider, external_id)
    JOIN appointment a ON a.client_id = %s AND a.provider = k.provider AND a.external_id = k.external_id"""

OBSERVATIONS = """
    SELECT o.provider, o.external_id, o.digest, o.body::text
    FROM unnest(%s::text[], %s::text[]) AS k (provider, external_id)
    JOIN observation o ON o.client_id = %s AND o.provider = k.provider AND o.external_id = k.external_id"""

SAVE_OBSERVATIONS = """
    INSERT INTO observation (client_id, id, provider, external_id, digest, source, effective_at, received_at,
                             trace_id, body)
    SELECT a, b, c, d, decode(e, 'hex'), f, g, h, i, j::jsonb
    FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::text[], %s::text[], %s::timestamptz[],
                %s::timestamptz[], %s::uuid[], %s::text[]) AS t (a, b, c, d, e, f, g, h, i, j)
    ON CONFLICT (client_id, provider, external_id, digest)
    DO UPDATE SET source = excluded.source, body = excluded.body"""

APPOINTMENT_COLUMNS = (
    "client_id id lead_id provider external_id ghl_appointment_id calendly_invitee_uri "
    "calendly_scheduled_event_uri ghl_calendar_id calendly_event_type_uri start_at end_at timezone "
    "status status_changed_at booked_at canceled_at cancel_reason rescheduled_from_id "
    "rescheduled_to_id link_kind moved_count removed_at_provider placeholder source "
    "first_effective_at folded"
).split()
_APPOINTMENT_TYPES = (
    "uuid uuid uuid text text text text text text text timestamptz timestamptz text text timestamptz "
    "timestamptz timestamptz text uuid uuid text integer boolean boolean text timestamptz text"
).split()

SAVE_APPOINTMENTS = f"""
    INSERT INTO appointment AS a ({", ".join(APPOINTMENT_COLUMNS)})
    SELECT {", ".join(f"c{n}" for n in range(26))}, c26::jsonb
    FROM unnest({", ".join(f"%s::{of}[]" for of in _APPOINTMENT_TYPES)})
         AS t ({", ".join(f"c{n}" for n in range(27))})
    ON CONFLICT (client_id, provider, external_id) DO UPDATE
    SET {", ".join(f"{column} = excluded.{column}" for column in APPOINTMENT_COLUMNS[2:])}, updated_at = now()
    WHERE a.placeholder OR NOT excluded.placeholder"""  # noqa: S608

DROP_PLACEHOLDERS = """
    DELETE FROM appointment WHERE client_id = %s AND id = ANY (%s::uuid[])
      AND (placeholder OR external_id LIKE 'legacy:%%')"""

SAVE_LEADS = f"""
    UPDATE lead AS l SET {", ".join(f"{column} = t.{column}" for column in _LEAD_COLUMNS)}, updated_at = now()
    FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::timestamptz[], %s::text[], %s::timestamptz[],
                {_ROLLUP_TYPES})
         AS t (client_id, id, {", ".join(_LEAD_COLUMNS)})
    WHERE l.client_id = t.client_id AND l.id = t.id
      AND ({", ".join(f"l.{column}" for column in _LEAD_COLUMNS)})
          IS DISTINCT FROM ({", ".join(f"t.{column}" for column in _LEAD_COLUMNS)})"""  # noqa: S608
