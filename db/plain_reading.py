"""Reading plain rows in SQL: what pipeline/legacy.py makes of a CRM's row, as far as statements can tell it exactly.

A second telling of those rules, for speed alone. It dares only what is sure: a row that is odd in any way
is not `plain`, and is left to the book. tests/moving/test_plain_rows.py holds the two together.
"""

import json

from pipeline.words import STATUS_WORDS, Provider, Source, Status

# Instants as an import writes them: in 1990-2099, of days that every year has, in UTC.
_DAY = "((0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])|(0[13-9]|1[0-2])-(29|30)|(0[13578]|1[02])-31)"
_HOUR = r"([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?"
_INSTANT = rf"'^(199[0-9]|20[0-9][0-9])-{_DAY}T{_HOUR}(Z|\+00:00)$'"
# A provider's id or address: no blank, and nothing that JSON would escape.
_NAME = r"'^[!#-\[\]-~]+$'"
_PRINTABLE = "'^[ -~]*$'"

_TIMES = {
    "starts": "appointment_start_at",
    "ends": "appointment_end_at",
    "booked": "appointment_booked_at",
    "canceled": "appointment_canceled_at",
    "checked": "appointment_last_checked_at",
    "touched": "updated_at",
}
_WORDS = {"provider": "appointment_provider", "word": "appointment_status", "source": "appointment_source"}
_ADDRESSES = {"invitee": "calendly_invitee_uri", "event": "calendly_scheduled_event_uri"}

NAMING = ("ghl_appointment_id", *_ADDRESSES.values(), "appointment_start_at", "booked_slot")
"""A row that has none of these columns names no appointment."""

_STATUSES = json.dumps({word: str(status) for word, status in STATUS_WORDS.items()})
_CHANNELS = ", ".join(f"'{one}'" for one in Provider if one not in {Provider.CALENDLY, Provider.GHL})
_SOURCES = ", ".join(f"'{one}'" for one in Source)


def _spelled(column: str) -> str:
    return f'lower(btrim({column}) COLLATE "C")'


def _last_segment(column: str) -> str:
    return f"split_part(rtrim({column}, '/'), '/', -1)"


def _as_json(column: str) -> str:
    """An instant as pydantic writes it: microseconds only where there are some."""
    fraction = f"rtrim(substr({column}, 21), '0:+Z')"
    return f"left({column}, 19) || CASE {fraction} WHEN '' THEN '' ELSE '.' || rpad({fraction}, 6, '0') END || 'Z'"


def _is_key(name: str) -> str:
    return f"({name} <> '' AND {name} NOT LIKE 'legacy:%%')"


_IS_PLAIN = " AND ".join(
    (
        "shared = '{}' AND merged_into IS NULL",
        *(f"({name} IS NULL OR {name} ~ {_INSTANT})" for name in _TIMES),
        f"(starts IS NOT NULL OR slot IS NULL OR slot ~ {_INSTANT})",
        *(f"({name} IS NULL OR {name} ~ {_PRINTABLE})" for name in _WORDS),
        f"(provider IS NULL OR {_spelled('provider')} NOT IN ({_CHANNELS}))",
        *(f"({name} IS NULL OR {name} ~ {_NAME})" for name in ("ghl", *_ADDRESSES)),
        f"(ghl IS NULL OR {_is_key('ghl')})",
        *(f"({name} IS NULL OR {_is_key(_last_segment(name))})" for name in _ADDRESSES),
    )
)

# An address that is there but empty is odd, and stays as it is.
_SAID = ", ".join(
    (
        *(f"nullif(r.said->>'{column}', '') AS {name}" for name, column in (_TIMES | _WORDS).items()),
        "nullif(r.said->>'ghl_appointment_id', '') AS ghl, nullif(r.said->>'booked_slot', '') AS slot",
        *(f"r.said->>'{column}' AS {name}" for name, column in _ADDRESSES.items()),
    )
)

_SEEN = "coalesce(checked, touched, '1970-01-01T00:00:00Z')"
_FOLDED_WORD = "lower(translate(word, '-_ ', '') COLLATE \"C\")"


def reading(rows: str, condition: str = "true") -> str:
    """The terms `raw` (each row and whether it is plain) and `told` (what the plain ones of a condition say).

    `rows` gives table expressions `k (id, …)` and `r`, the legacy rows; the condition is on the term `t`.
    OFFSET 0 computes each level once: the planner would repeat its expressions in the next.
    """
    return f"""
    raw AS MATERIALIZED (
        SELECT *, {_IS_PLAIN} AS plain FROM (
            SELECT k.*, r.id AS row_id, r.lead_id, r.shared, l.merged_into, l.base_status, {_SAID}
            FROM {rows} JOIN lead l ON l.client_id = r.client_id AND l.id = r.lead_id OFFSET 0) AS s),
    told AS MATERIALIZED (
        SELECT * FROM (
            SELECT *,
                   coalesce(ghl, CASE described WHEN 'ghl' THEN start_key END) AS ghl_key,
                   coalesce({_last_segment("invitee")}, 'legacy:' || lead_id || ':event:' || {_last_segment("event")},
                            CASE described WHEN 'calendly' THEN start_key END) AS calendly_key
            FROM (
                SELECT *, start_text::timestamptz AS start_at, seen_text::timestamptz AS seen_at,
                       CASE WHEN start_text IS NOT NULL THEN ends::timestamptz END AS end_at,
                       booked::timestamptz AS booked_at,
                       CASE status WHEN '{Status.CANCELED}' THEN canceled::timestamptz END AS canceled_at,
                       CASE status WHEN '{Status.CANCELED}' THEN {_as_json("canceled")} END AS canceled_json,
                       {_as_json("ends")} AS end_json, {_as_json("booked")} AS booked_json,
                       CASE WHEN start_json IS NOT NULL THEN 'legacy:' || lead_id || ':' || left(encode(sha256(convert_to(
                            translate(start_json, 'TZ', ' ') || '+00:00|' || described, 'UTF8')), 'hex'), 16) END AS start_key
                FROM (
                    SELECT *, coalesce(starts, slot) AS start_text, {_as_json("coalesce(starts, slot)")} AS start_json,
                           {_SEEN} AS seen_text, {_as_json(_SEEN)} AS seen_json,
                           CASE WHEN word IS NOT NULL
                                THEN coalesce('{_STATUSES}'::jsonb ->> {_FOLDED_WORD}, '{Status.PENDING}')
                                WHEN canceled IS NOT NULL THEN '{Status.CANCELED}' ELSE '{Status.PENDING}' END AS status,
                           coalesce({_FOLDED_WORD} = 'deleted', false) AS removed,
                           CASE WHEN {_spelled("source")} IN ({_SOURCES}) THEN {_spelled("source")} END AS source_said,
                           CASE WHEN {_spelled("provider")} IN ('calendly', 'ghl') THEN {_spelled("provider")}
                                WHEN coalesce(invitee, event) IS NOT NULL THEN 'calendly'
                                WHEN coalesce(ghl, starts, slot) IS NOT NULL THEN 'ghl' END AS described
                    FROM raw WHERE plain OFFSET 0) AS s
                OFFSET 0) AS s
            OFFSET 0) AS t
        WHERE coalesce(ghl_key, calendly_key) IS NOT NULL AND {condition})"""  # noqa: S608
