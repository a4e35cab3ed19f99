"""The verdict on a year: every appointment, link, rollup and line of history held against the simulator's truth."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec
from psycopg.rows import dict_row

from pipeline.observation import Observation
from pipeline.words import Provider
from tests.simulators.truth import Meeting
from tests.sweeps.expected import GoneAt, appointments_of, lead_of
from tests.sweeps.plan import Tally
from tests.sweeps.told import GONE, State, Told
from tests.sweeps.year import Year

Rows = dict[str, dict[str, Any]]

LEAD_COLUMNS = (
    "status ghl_contact_id ghl_appointment_id calendly_invitee_uri calendly_scheduled_event_uri "
    "appointment_booked_at appointment_start_at appointment_end_at appointment_status "
    "appointment_canceled_at appointment_provider appointment_source booked_slot appointment_count "
    "next_appointment_start_at rollup_valid_until"
).split()


def judge(year: Year) -> Tally:
    """Compare everything; what differs is named by the simulator's ids."""
    tally = Tally(year.counts + year.mail.counts)
    tally.happened |= {
        "meetings": sum(len(one.account.meetings) for one in year.wired),
        "API calls": sum(sum(site.limits.calls.values()) for site in year.sites.values()),
        "API failures": sum(sum(site.faults.happened.values()) for site in year.sites.values()),
    }
    history, found_gone = _history(year)
    gone = _gone_at(year, history, found_gone)
    now = year.world.clock.now()
    for table in ("inbox", "dead_letter", "lead_conflict"):
        if (left := _count(year, table)) > 0:
            tally.differences.append(f"{left} rows in {table}")
    appointments: Rows = {}
    leads: Rows = {}
    for account, own in _people(year):
        appointments |= appointments_of(account, own, gone)
        if (lead := lead_of(account, own, now, gone, year.told.heard)) is not None:
            leads[own[0].person.email] = lead
    _compare(tally, "appointments", _appointments(year), appointments)
    _compare(tally, "leads", _leads(year), leads)
    _compare_history(tally, year.told, history)
    return tally


def _people(year: Year) -> Iterator[tuple[Any, list[Meeting]]]:
    """Each account with each of its people's meetings, where there are any."""
    for wired in year.wired:
        own: dict[str, list[Meeting]] = defaultdict(list)
        for meeting in wired.account.meetings.values():
            own[meeting.person.id].append(meeting)
        for meetings in own.values():
            yield wired.account, meetings


def _compare(tally: Tally, what: str, held: Rows, expected: Rows) -> None:
    tally.compared[what] = len(expected)
    for name in sorted(held.keys() | expected.keys()):
        shown, wanted = held.get(name), expected.get(name)
        if shown is None or wanted is None:
            tally.differences.append(f"{what}: {name} is {'missing' if shown is None else 'nobody’s'}")
            continue
        tally.compared[f"fields of {what}"] += len(wanted)
        tally.differences += [
            f"{what}: {name} {field} is {shown[field]}, not {wanted[field]}"
            for field in wanted
            if shown[field] != wanted[field]
        ]


def _compare_history(tally: Tally, told: Told, held: Mapping[str, set[State]]) -> None:
    for name in sorted(held.keys() | told.must.keys()):
        states, must = held.get(name, set()), told.must.get(name, set())
        tally.compared["states"] += len(must)
        missing, more = must - states, states - must - told.may.get(name, set())
        tally.differences += [f"history: {name} lacks {one}" for one in missing]
        tally.differences += [f"history: {name} was never {one}" for one in more]


def _count(year: Year, table: str) -> int:
    row = year.database.execute(f"SELECT count(*) FROM {table}").fetchone()
    return int(row[0]) if row else 0


def _appointments(year: Year) -> Rows:
    with year.database.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            """SELECT a.external_id, l.email, a.provider, a.status, a.start_at, a.end_at, a.booked_at, a.canceled_at,
                      f.external_id AS rescheduled_from, t.external_id AS rescheduled_to, a.link_kind,
                      a.removed_at_provider,
                      coalesce(a.ghl_calendar_id, regexp_replace(a.calendly_event_type_uri, '^.*/', '')) AS calendar
               FROM appointment a
               JOIN lead l ON l.client_id = a.client_id AND l.id = a.lead_id AND l.merged_into IS NULL
               LEFT JOIN appointment f ON f.client_id = a.client_id AND f.id = a.rescheduled_from_id
               LEFT JOIN appointment t ON t.client_id = a.client_id AND t.id = a.rescheduled_to_id"""
        ).fetchall()
    return {row.pop("external_id"): row for row in rows}


def _leads(year: Year) -> Rows:
    with year.database.cursor(row_factory=dict_row) as cursor:
        columns = ", ".join(LEAD_COLUMNS)
        rows = cursor.execute(
            f"SELECT coalesce(email, id::text) AS name, {columns} FROM lead WHERE merged_into IS NULL"
        ).fetchall()
    assert len({row["name"] for row in rows}) == len(rows), "somebody is two leads"
    return {row.pop("name"): row for row in rows}


def _history(year: Year) -> tuple[dict[str, set[State]], dict[str, datetime]]:
    """The states that the history has by meeting, and when it first heard that one is not to be found."""
    states: dict[str, set[State]] = defaultdict(set)
    first: dict[str, datetime] = {}
    for (body,) in year.database.execute("SELECT body::text FROM observation"):
        said = msgspec.json.decode(body, type=Observation)
        state = _state(said)
        states[said.external_id].add(state)
        if state == GONE:
            first[said.external_id] = min(first.get(said.external_id, said.observed_at), said.observed_at)
    return states, first


def _state(said: Observation) -> State:
    schedule, links, outcome, status = said.schedule, said.links, said.outcome, said.status
    return State(
        said.version_at,
        str(status.word) if status else "",
        bool(status and status.removed),
        schedule.start_at if schedule else None,
        schedule.end_at if schedule else None,
        links.replaces if links else None,
        links.replaced_by if links else None,
        outcome.at if outcome and outcome.word else None,
        outcome.at if outcome and not outcome.word else None,
    )


def _gone_at(year: Year, history: Mapping[str, set[State]], found_gone: Mapping[str, datetime]) -> GoneAt:
    """When meetings were taken back: by GHL's version where a webhook told of it, else when a GET found nothing."""
    gone = {}
    for wired in year.wired:
        for one in wired.account.meetings.values():
            if not one.removed or wired.account.provider is not Provider.GHL:
                continue
            if any(state.removed and state.version for state in history.get(one.id, ())):
                gone[one.id] = (one.updated_at, True)
            else:
                at = found_gone.get(one.id, one.updated_at)
                assert at == one.updated_at or at in year.told.not_found_at[one.id], "nobody asked then"
                gone[one.id] = (at, False)
    return gone
