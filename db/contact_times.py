"""Contact times: what is said of a person is ordered by when it was said, field by field, never by arrival."""

from collections.abc import Sequence

FIELDS = ("email", "phone", "first_name", "last_name", "full_name", "ghl_contact_id", "timezone")
"""What a CRM's contact webhook may say. An import says some more, by the same rule."""
IMPORTED = "imported"
"""Beside the fields: the instant of the last import, so that one that only repeats it is no news."""


def stands(field: str, value: str, at: str, *, even: bool = False) -> str:
    """SQL: whether a value that was said at an instant stands over what lead `l` has.

    The later does; what was never said at a known instant yields to all. At one instant the greater stands,
    or with `even` the new one.
    """
    held = f"coalesce((l.contact_times->>'{field}')::timestamptz, '-infinity')"
    tie = "true" if even else f"""{value} COLLATE "C" > coalesce(l.{field}, '') COLLATE "C\""""
    return f"({value} IS NOT NULL AND ({at} > {held} OR ({at} = {held} AND {tie})))"


def assignments(fields: Sequence[str], values: str, at: str, *, even: bool = False) -> str:
    """SQL: what an UPDATE of lead `l` sets, where `values` is the alias that holds what was said at `at`."""
    won = {field: stands(field, f"{values}.{field}", at, even=even) for field in fields}
    sets = [
        f"{field} = CASE WHEN {wins} THEN {values}.{field} ELSE l.{field} END" for field, wins in won.items()
    ]
    return ", ".join([*sets, f"contact_times = l.contact_times || {times(won, at)}"])


def any_stands(fields: Sequence[str], values: str, at: str, *, even: bool = False) -> str:
    """SQL: whether anything of what was said would change lead `l`."""
    return " OR ".join(stands(field, f"{values}.{field}", at, even=even) for field in fields)


def times(conditions: dict[str, str], at: str) -> str:
    """SQL: the instants to note, of the fields whose condition holds."""
    pairs = ", ".join(
        f"'{field}', CASE WHEN {condition} THEN {at} END" for field, condition in conditions.items()
    )
    return f"jsonb_strip_nulls(jsonb_build_object({pairs}))"


def repeats(fields: Sequence[str], values: str) -> str:
    """SQL: whether an import says of lead `l`, word for word, what the last import said and still stands."""
    return " AND ".join(
        f"({values}.{field} IS NULL OR ({values}.{field} = l.{field}"
        f" AND l.contact_times->>'{field}' = l.contact_times->>'{IMPORTED}'))"
        for field in fields
    )
