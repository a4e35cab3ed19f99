"""The statements that turn plain rows into history: what fold.py, rollup.py and the shelf make of one or two meetings.

A CRM's row names at most one meeting of each provider, and describes at most one of the two; of the other
nothing but its existence is known. No provider has spoken, so there are no links, no moves, no follow-ups.
"""

from db.plain_reading import NAMING, reading
from db.shelf_statements import ROLLUP_COLUMNS
from pipeline.observation import FORMAT_VERSION
from pipeline.rollup import ROLLUP_VERSION
from pipeline.words import Source, Status

_LIVE = f"('{Status.PENDING}', '{Status.CONFIRMED}')"
_NOT_HELD = f"('{Status.CANCELED}', '{Status.INVALID}')"


def _field(name: str, value: str) -> str:
    """A field of a JSON object; nothing where the value is null."""
    return f"""',"{name}":"' || {value} || '"'"""


def _nobody_has(table: str, provider: str, but: str = "") -> str:
    # A provider named by a parameter is as common as any: of one by name the planner knew once that there is none.
    return _none(table, f"o.provider = %({provider})s::text AND o.external_id = t.{provider}_key{but}")


def _none(table: str, condition: str) -> str:
    """OFFSET 0: looked up row by row. Planned while the table was empty, it would be joined from end to end for good."""
    return f"NOT EXISTS (SELECT 1 FROM {table} o WHERE o.client_id = %(client)s AND {condition} OFFSET 0)"  # noqa: S608


# Nothing is known of the lead's meetings, and nobody has those that its row names.
_IS_FRESH = " AND ".join(
    (
        *(_none(table, "o.lead_id = t.lead_id") for table in ("appointment", "follow_up")),
        *(
            _nobody_has(table, provider)
            for table in ("appointment", "observation")
            for provider in ("ghl", "calendly")
        ),
    )
)
_NOBODY_ELSE_HAS_THEM = " AND ".join(
    _nobody_has("appointment", provider, " AND o.lead_id <> t.lead_id") for provider in ("ghl", "calendly")
)

_BY_LEAD = """unnest(%(leads)s::uuid[]) AS k (id)
              JOIN legacy_rollup r ON r.client_id = %(client)s AND r.lead_id = k.id"""
_BY_ROW = """unnest(%(rows)s::uuid[]) AS k (id)
             JOIN legacy_rollup r ON r.client_id = %(client)s AND r.id = k.id
             JOIN lead l ON l.client_id = r.client_id AND l.id = r.lead_id"""
_UNSHARED = "r.shared = '{}'"

# `stated` is the rest of an observation's JSON, in the order in which Observation.digest has it.
_STATED = f"""concat(
    ',"observed_at":"', t.seen_json, '"',
    CASE WHEN d.described THEN concat(
        ',"schedule":{{', concat_ws(',', '"start_at":"' || t.start_json || '"', '"end_at":"' || t.end_json || '"'), '}}',
        ',"status":{{"word":"', t.status, '","removed":', t.removed::text, {_field("canceled_at", "t.canceled_json")}, '}}') END,
    CASE m.provider WHEN 'calendly' THEN concat(
        ',"description":{{', concat_ws(',', '"calendly_invitee_uri":"' || t.invitee || '"',
                                     '"calendly_scheduled_event_uri":"' || t.event || '"'), '}}') END,
    CASE WHEN d.described THEN concat({_field("booked_at", "t.booked_json")}, {_field("source_said", "t.source_said")}) END,
    '}}')"""

_DIGEST = (
    """substring(sha256(convert_to('{"kind":"appointment",' || named || stated, 'UTF8')) FROM 1 FOR 16)"""
)
_BODY = (
    f"""('{{"v":{FORMAT_VERSION},"kind":"appointment","source":"{Source.MIGRATION}","normalizer":1,' """
    "|| named || stated)::jsonb"
)

_FOLDED = f"""concat('{{', named, ',"source":"{Source.MIGRATION}","first_effective_at":"', seen_json, '"',
    CASE WHEN is_described THEN concat(
        CASE WHEN start_json IS NOT NULL THEN concat({_field("start_at", "start_json")}, {_field("end_at", "end_json")}) END,
        ',"word":"', status, '"', CASE WHEN removed THEN ',"removed":true' END, {_field("word_changed_at", "seen_json")},
        {_field("canceled_at", "canceled_json")}, CASE WHEN canceled_json IS NOT NULL THEN ',"cancel_time_stated":true' END,
        {_field("booked_at", "booked_json")}, {_field("source_said", "source_said")}) END,
    CASE provider_of WHEN 'calendly' THEN concat(
        {_field("calendly_invitee_uri", "invitee")}, {_field("calendly_scheduled_event_uri", "event")}) END,
    '}}')::jsonb"""

_MEETING = f"""
    SELECT t.*, m.provider AS provider_of, m.external_id, d.described AS is_described,
           lpad(to_hex(row_number() OVER ()), 8, '0') AS number,
           concat('"provider":"', m.provider, '","external_id":"', m.external_id, '"') AS named, {_STATED} AS stated
    FROM told t
    CROSS JOIN LATERAL (VALUES ('ghl', t.ghl_key), ('calendly', t.calendly_key)) AS m (provider, external_id)
    CROSS JOIN LATERAL (SELECT m.provider IS NOT DISTINCT FROM t.described) AS d (described)
    WHERE m.external_id IS NOT NULL OFFSET 0"""  # noqa: S608

# RULES 20 for two at most: the one that is described, unless it is gone and there is another.
_CHOSEN = f"""
    SELECT t.*, c.described_counts, c.upcoming,
           CASE WHEN c.described_counts THEN t.described WHEN t.described = 'ghl' THEN 'calendly'
                WHEN t.described = 'calendly' THEN 'ghl' END AS chosen,
           (t.ghl_key IS NOT NULL)::integer + (t.calendly_key IS NOT NULL)::integer
               - (c.described_counts_at_all AND t.status = '{Status.INVALID}')::integer AS meetings
    FROM told t
    CROSS JOIN LATERAL (
        SELECT (CASE t.described WHEN 'ghl' THEN t.ghl_key ELSE t.calendly_key END) IS NOT NULL,
               (t.ghl_key IS NULL OR t.calendly_key IS NULL)) AS k (there, alone)
    CROSS JOIN LATERAL (
        SELECT k.there, coalesce(k.there AND t.status IN {_LIVE} AND t.start_at > %(now)s, false) AS upcoming,
               k.there AND (k.alone OR (t.status NOT IN {_NOT_HELD}
                                        AND (t.start_at IS NOT NULL OR t.described = 'calendly')))
        ) AS c (described_counts_at_all, upcoming, described_counts)
    OFFSET 0"""  # noqa: S608

_ROLLUP = {
    "ghl_appointment_id": "CASE chosen WHEN 'ghl' THEN c.ghl END",
    "calendly_invitee_uri": "CASE chosen WHEN 'calendly' THEN c.invitee END",
    "calendly_scheduled_event_uri": "CASE chosen WHEN 'calendly' THEN c.event END",
    "appointment_booked_at": "CASE WHEN described_counts THEN c.booked_at END",
    "appointment_start_at": "CASE WHEN described_counts THEN c.start_at END",
    "appointment_end_at": "CASE WHEN described_counts THEN c.end_at END",
    "appointment_status": f"CASE WHEN described_counts THEN c.status ELSE '{Status.PENDING}' END",
    "appointment_canceled_at": "CASE WHEN described_counts THEN c.canceled_at END",
    "appointment_provider": "chosen",
    "appointment_source": f"coalesce(CASE WHEN described_counts THEN c.source_said END, '{Source.MIGRATION}')",
    "booked_slot": "CASE WHEN described_counts THEN c.start_json END",
    "appointment_count": "meetings",
    "next_appointment_start_at": "CASE WHEN upcoming THEN c.start_at END",
    "rollup_valid_until": "CASE WHEN upcoming THEN c.start_at END",
    "rollup_version": str(ROLLUP_VERSION),
}

WRITE = f"""
    WITH {reading(_BY_LEAD, _UNSHARED, _IS_FRESH)},
    meeting AS MATERIALIZED ({_MEETING}),
    observed AS (
        INSERT INTO observation (client_id, id, provider, external_id, digest, source, effective_at, received_at,
                                 trace_id, body)
        SELECT %(client)s, (%(observations)s::text || number)::uuid, provider_of,
               external_id, {_DIGEST}, '{Source.MIGRATION}', seen_at, %(now)s, %(run)s, {_BODY}
        FROM meeting),
    shown AS (
        INSERT INTO appointment (client_id, id, lead_id, provider, external_id, ghl_appointment_id, calendly_invitee_uri,
                                 calendly_scheduled_event_uri, start_at, end_at, status, status_changed_at, booked_at,
                                 canceled_at, removed_at_provider, source, first_effective_at, folded)
        SELECT %(client)s, (%(appointments)s::text || number)::uuid, lead_id, provider_of, external_id,
               CASE provider_of WHEN 'ghl' THEN ghl END,
               CASE provider_of WHEN 'calendly' THEN invitee END, CASE provider_of WHEN 'calendly' THEN event END,
               CASE WHEN is_described THEN start_at END, CASE WHEN is_described THEN end_at END,
               CASE WHEN is_described THEN status ELSE '{Status.PENDING}' END, seen_at,
               CASE WHEN is_described THEN booked_at END, CASE WHEN is_described THEN canceled_at END,
               is_described AND removed, '{Source.MIGRATION}', seen_at, {_FOLDED}
        FROM meeting),
    leads AS (
        UPDATE lead AS l SET status = l.base_status, recompute_at = CASE WHEN upcoming THEN c.start_at END, updated_at = now(),
               {", ".join(f"{column} = {_ROLLUP[column]}" for column in ROLLUP_COLUMNS)}
        FROM ({_CHOSEN}) AS c WHERE l.client_id = %(client)s AND l.id = c.lead_id)
    SELECT (SELECT count(*) FROM meeting),
           (SELECT coalesce(array_agg(lead_id), '{{}}') FROM raw WHERE lead_id NOT IN (SELECT lead_id FROM told))"""  # noqa: S608
"""Writes what fresh leads' plain rows say. Gives the number of meetings, and the leads whose rows were left alone."""

WOULD_WRITE = f"""
    WITH {reading(_BY_LEAD, _UNSHARED, _IS_FRESH)}
    SELECT (SELECT coalesce(sum((ghl_key IS NOT NULL)::integer + (calendly_key IS NOT NULL)::integer), 0)::bigint FROM told),
           (SELECT coalesce(array_agg(lead_id), '{{}}') FROM raw WHERE lead_id NOT IN (SELECT lead_id FROM told))"""  # noqa: S608
"""Says what WRITE would give."""

STORED_WHOLE = f"""
    WITH {reading(_BY_ROW, _UNSHARED + " AND l.merged_into IS NULL", _NOBODY_ELSE_HAS_THEM)},
    meeting AS MATERIALIZED ({_MEETING}),
    looked AS (
        SELECT m.row_id, count(*) AS said, count(o.client_id) AS stored
        FROM (SELECT row_id, provider_of, external_id, {_DIGEST} AS digest FROM meeting OFFSET 0) AS m
        LEFT JOIN observation o ON o.client_id = %(client)s AND o.provider = m.provider_of
                               AND o.external_id = m.external_id AND o.digest = m.digest
        GROUP BY m.row_id)
    SELECT coalesce(sum(stored), 0)::bigint,
           (SELECT coalesce(array_agg(row_id), '{{}}') FROM raw
            WHERE row_id NOT IN (SELECT row_id FROM looked WHERE said = stored))
    FROM looked WHERE said = stored"""  # noqa: S608
"""Of some rows, how many observations the plain ones make that are all stored, and which rows are left to look at."""

_FRESH = """r.shared = '{}' AND l.merged_into IS NULL AND NOT EXISTS (
    SELECT 1 FROM appointment a WHERE a.client_id = r.client_id AND a.lead_id = r.lead_id)"""

STRETCH = f"""
    SELECT max(id::text), count(*), coalesce(array_agg(lead_id) FILTER (WHERE names AND fresh), '{{}}'),
           coalesce(array_agg(id) FILTER (WHERE names AND NOT fresh), '{{}}')
    FROM (
        SELECT r.id, r.lead_id, {_FRESH} AS fresh, r.said ?| array[{", ".join(f"'{name}'" for name in NAMING)}] AS names
        FROM legacy_rollup r JOIN lead l ON l.client_id = r.client_id AND l.id = r.lead_id
        WHERE r.client_id = %s AND r.id > %s ORDER BY r.id LIMIT %s) AS s"""  # noqa: S608
"""The next rows: the last one's id, how many they are, the fresh leads, the rows of the others that name something."""
