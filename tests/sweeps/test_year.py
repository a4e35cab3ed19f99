"""Show 3: a year with lost, doubled and late webhooks and failing calls ends in the provider's own truth."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
import stamina

from tests.simulators.truth import Account
from tests.sweeps.expected import appointment_of, primary_of, status_of
from tests.sweeps.year import Plan, Year, database_rows


@pytest.fixture(autouse=True)
def impatient() -> Iterator[None]:
    """Ask again without a pause."""
    with stamina.set_testing(True, attempts=2, cap=True):
        yield


# Two connections, each its client's only one of its provider; and four, where a 404 must come from two.
@pytest.mark.parametrize(("wired", "killed"), [(2, 0.0), (4, 0.03)], ids=["whole", "killed"])
def test_a_years_books_are_the_providers_truth(database: str, wired: int, killed: float) -> None:
    plan = Plan(connections=wired, meetings=120 * wired, people=20 * wired, killed=killed)
    with closing(Year(database, plan, seed=7)) as year:
        year.live()
        year.recompute()
        assert (year.kills > 3) is (killed > 0)
        assert database_rows(year.database, "SELECT count(*) FROM inbox") == [(0,)]
        assert database_rows(year.database, "SELECT count(*) FROM dead_letter") == [(0,)]
        assert appointments_shown(year) == {
            meeting.id: appointment_of(one.account, meeting)
            for one in year.wired
            for meeting in one.account.meetings.values()
        }
        for one in year.wired:
            assert leads_shown(year, one.account) == leads_expected(year, one.account)
        held = versions_held(year)
        # Of what stood at a page that nobody lived to save, the history need not know.
        assert held == year.told if not killed else all(held[name] <= year.told[name] for name in held)


def appointments_shown(year: Year) -> dict[str, dict[str, Any]]:
    rows = year.database.execute(
        """SELECT a.external_id, a.status, a.start_at, f.external_id, t.external_id, a.removed_at_provider
           FROM appointment a
           LEFT JOIN appointment f ON f.client_id = a.client_id AND f.id = a.rescheduled_from_id AND a.link_kind = 'native'
           LEFT JOIN appointment t ON t.client_id = a.client_id AND t.id = a.rescheduled_to_id AND t.link_kind = 'native'
           WHERE NOT a.placeholder"""
    )
    return {
        row[0]: dict(zip(("status", "start_at", "from", "to", "removed"), row[1:], strict=True))
        for row in rows
    }


def leads_shown(year: Year, account: Account) -> dict[str, Any]:
    rows = year.database.execute(
        """SELECT email, appointment_count, appointment_status, appointment_start_at,
                  coalesce(ghl_appointment_id, regexp_replace(calendly_invitee_uri, '^.*/', ''))
           FROM lead WHERE merged_into IS NULL"""
    )
    mine = {person.email for person in account.people.values()}
    return {row[0]: row[1:] for row in rows if row[0] in mine}


def leads_expected(year: Year, account: Account) -> dict[str, Any]:
    expected = {}
    for person in account.people.values():
        own = [one for one in account.meetings.values() if one.person.id == person.id]
        primary = primary_of(account, own, year.world.clock.now())
        if primary is not None:
            expected[person.email] = (
                len(own), status_of(account, primary), primary.start, primary.id,
            )  # fmt: skip
    return expected


def versions_held(year: Year) -> dict[str, set[Any]]:
    """Which versions of each appointment the history has; a removal has none."""
    held: dict[str, set[Any]] = {}
    rows = database_rows(
        year.database,
        """SELECT external_id, (body->>'version_at')::timestamptz FROM observation
           WHERE body->>'version_at' IS NOT NULL AND NOT coalesce((body->'status'->>'removed')::bool, false)""",
    )
    for external_id, version in rows:
        held.setdefault(external_id, set()).add(version)
    return held
