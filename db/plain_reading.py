"""Reading plain rows in SQL: what pipeline/legacy.py makes of a CRM's row, as far as statements can tell it exactly.

A second telling of those rules, for speed alone. It dares only what is sure: a row that is odd in any way
is not `plain`, and is left to the book. A time that looks like one and is none, which no import lets in,
makes the statement fail. tests/moving/test_plain_rows.py holds the two tellings together.
"""

import json
from collections.abc import Iterable

from pipeline.words import STATUS_WORDS, Provider, Source, Status

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


def _list(words: Iterable[str]) -> str:
    return "(" + ", ".join(f"'{one}'" for one in words) + ")"


_CHANNELS = _list(one for one in Provider if one not in {Provider.CALENDLY, Provider.GHL})

# As an import writes an instant, always of UTC and within 1990-2099; the rare ones come last.
_AS_IMPORTED = [
    f"{year}-__-__T__:__:__{fraction}+00:00" for year in ("20__", "199_") for fraction in ("", ".______")
]
_DAY = "((0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])|(0[13-9]|1[0-2])-(29|30)|(0[13578]|1[02])-31)"
_SLOT = rf"'^(199[0-9]|20[0-9][0-9])-{_DAY}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](Z|\+00:00)$'"
_PRINTABLE = "'^[ -~]*$'"


def _is_instant(name: str) -> str:
    fits = " OR ".join(f"{name} LIKE '{one}'" for one in _AS_IMPORTED)
    return f"({name} IS NULL OR {fits})"


def _is_word(name: str, usual: Iterable[str]) -> str:
    return f"({name} IS NULL OR {name} IN {_list(usual)} OR {name} ~ {_PRINTABLE})"


def _is_key(name: str) -> str:
    return f"({name} IS NULL OR ({name} <> '' AND {name} NOT LIKE 'legacy:%%'))"


def _spelled(column: str) -> str:
    return f'lower(btrim({column}) COLLATE "C")'


def _last_segment(column: str) -> str:
    return f"split_part(rtrim({column}, '/'), '/', -1)"


def _as_json(column: str) -> str:
    """An imported instant as pydantic writes it."""
    return f"replace({column}, '+00:00', 'Z')"


# Postgres reads 24:00 and :60 as the next day and minute, Python not at all; JSON would escape the others.
_IS_PLAIN = " AND ".join(
    (
        *map(_is_instant, _TIMES),
        f"concat({', '.join(_TIMES)}) NOT LIKE ALL (ARRAY['%%T24%%', '%%:60%%'])",
        f"(starts IS NOT NULL OR slot IS NULL OR slot ~ {_SLOT})",
        _is_word("provider", ("calendly", "ghl")),
        _is_word("word", STATUS_WORDS),
        _is_word("source", Source),
        f"(provider IS NULL OR {_spelled('provider')} NOT IN {_CHANNELS})",
        r"""concat(ghl, invitee, event) NOT LIKE ALL (ARRAY['%%"%%', '%%\\%%'])""",
        *map(_is_key, ("ghl", *map(_last_segment, _ADDRESSES))),
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

_SEEN = "coalesce(checked, touched, '1970-01-01T00:00:00+00:00')"
_FOLDED_WORD = "lower(translate(word, '-_ ', '') COLLATE \"C\")"


def reading(rows: str, alone: str, condition: str) -> str:
    """The terms `raw` (each row and whether it is plain) and `told` (what the plain ones of a condition say).

    `rows` gives the legacy rows as `r`; `alone`, on them, whether nobody else has to do with one; the
    condition is on the term `t`. OFFSET 0 has each level computed once: the planner would repeat its
    expressions in the next.
    """
    return f"""
    raw AS MATERIALIZED (
        SELECT *, alone AND {_IS_PLAIN} AS plain
        FROM (SELECT r.id AS row_id, r.lead_id, {alone} AS alone, {_SAID} FROM {rows} OFFSET 0) AS s),
    told AS MATERIALIZED (
        SELECT * FROM (
            SELECT *,
                   coalesce(ghl, CASE described WHEN 'ghl' THEN start_key END) AS ghl_key,
                   coalesce({_last_segment("invitee")}, 'legacy:' || lead_id || ':event:' || {_last_segment("event")},
                            CASE described WHEN 'calendly' THEN start_key END) AS calendly_key
            FROM (
                SELECT *, start_json::timestamptz AS start_at, {_SEEN}::timestamptz AS seen_at,
                       CASE WHEN start_json IS NOT NULL THEN ends::timestamptz END AS end_at,
                       booked::timestamptz AS booked_at,
                       CASE status WHEN '{Status.CANCELED}' THEN canceled::timestamptz END AS canceled_at,
                       CASE status WHEN '{Status.CANCELED}' THEN {_as_json("canceled")} END AS canceled_json,
                       {_as_json("ends")} AS end_json, {_as_json("booked")} AS booked_json, {_as_json(_SEEN)} AS seen_json,
                       CASE WHEN named_by_start THEN 'legacy:' || lead_id || ':' || left(encode(sha256(convert_to(
                            translate(start_json, 'TZ', ' ') || '+00:00|' || described, 'UTF8')), 'hex'), 16) END AS start_key
                FROM (
                    SELECT *, start_json IS NOT NULL
                              AND CASE described WHEN 'ghl' THEN ghl ELSE coalesce(invitee, event) END IS NULL AS named_by_start
                    FROM (
                        SELECT *, coalesce({_as_json("starts")}, left(slot, 19) || 'Z') AS start_json,
                               CASE WHEN word IS NOT NULL
                                    THEN coalesce('{_STATUSES}'::jsonb ->> {_FOLDED_WORD}, '{Status.PENDING}')
                                    WHEN canceled IS NOT NULL THEN '{Status.CANCELED}' ELSE '{Status.PENDING}' END AS status,
                               coalesce({_FOLDED_WORD} = 'deleted', false) AS removed,
                               CASE WHEN {_spelled("source")} IN {_list(Source)} THEN {_spelled("source")} END AS source_said,
                               CASE WHEN {_spelled("provider")} IN ('calendly', 'ghl') THEN {_spelled("provider")}
                                    WHEN coalesce(invitee, event) IS NOT NULL THEN 'calendly'
                                    WHEN coalesce(ghl, starts, slot) IS NOT NULL THEN 'ghl' END AS described
                        FROM raw WHERE plain OFFSET 0) AS s
                    OFFSET 0) AS s
                OFFSET 0) AS s
            OFFSET 0) AS t
        WHERE coalesce(ghl_key, calendly_key) IS NOT NULL AND {condition})"""  # noqa: S608
