"""Which dead letters a page is asked for: conditions in the URL, none of which is personal data."""

import re
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query

from db.dead_letter_filters import STATES, Filter
from db.reads.scope import Scope
from web import problems
from web.asked import id_in
from web.conditions import Conditions, said_in

SECONDS = {"m": 60, "h": 3600, "d": 86400}
Word = Annotated[str, Query(max_length=200)]
_NOBODY = UUID(int=0)
"""A client that has no letters: another client is asked for than the caller may see."""


class Asked(Conditions):
    """The conditions of a list of dead letters."""

    def filter(self, scope: Scope) -> Filter:
        """The filter within a scope; raises Problem for what cannot be asked."""
        values = self.values
        state = values.get("state", "open")
        if state not in (*STATES, "all"):
            raise problems.bad_field(
                "state", "unknown", "state: open, replaying, replayed, discarded or all."
            )
        within = scope.narrowed(id_in(values.get("client", "")))
        return Filter(
            client_id=within.client_id if within else _NOBODY,
            provider=values.get("provider"),
            kind=values.get("kind"),
            fingerprint=values.get("fingerprint"),
            reason=values.get("reason"),
            state=None if state == "all" else state,
            older=_age(values, "older"),
            newer=_age(values, "newer"),
            lead_id=_id(values, "lead", "a lead's id"),
            letter_id=_id(values, "letter", "a dead letter's id"),
        )


NAMES = ("client", "provider", "kind", "fingerprint", "lead", "letter", "reason", "older", "newer", "state")


def of_values(values: dict[str, str]) -> Asked:
    """What was asked, of those fields that are conditions; raises Problem."""
    kept = said_in({name: values[name] for name in NAMES if name in values})
    for name, value in kept.items():
        if not value.isprintable():
            raise problems.bad_field(name, "unprintable", f"{name}: this cannot be one.")
    return Asked(kept)


def asked_in(
    client: Word = "",
    provider: Word = "",
    kind: Word = "",
    fingerprint: Word = "",
    lead: Word = "",
    letter: Word = "",
    reason: Word = "",
    older: Word = "",
    newer: Word = "",
    state: Word = "",
) -> Asked:
    """A dependency: what the URL asks for."""
    return of_values(locals())


def _id(values: dict[str, str], name: str, what: str) -> UUID | None:
    if name not in values:
        return None
    found = id_in(values[name])
    if found is None:
        raise problems.bad_field(name, "not_an_id", f"{name}: {what}.")
    return found


def _age(values: dict[str, str], name: str) -> float | None:
    if name not in values:
        return None
    match = re.fullmatch(r"(\d{1,5})([mhd])", values[name], re.ASCII)
    if match is None:
        raise problems.bad_field(name, "not_an_age", f"{name}: a number with m, h or d, as in 30m.")
    return float(match[1]) * SECONDS[match[2]]


Wanted = Annotated[Asked, Depends(asked_in)]
