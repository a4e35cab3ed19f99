"""Pages: what one page of a listing comes to, posted and remembered in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass

from db import inbox, lookups, marks, sweeps
from db.connections import Connection
from db.desk import Database
from db.ids import new_id
from db.marks import Marked
from db.parcels import Posted
from db.sweeps import Counts, Run
from ingest.adapter import Reading
from ingest.apis.api import Mark, Page
from ingest.parcels import parcel_of
from pipeline.doubts import Doubt
from pipeline.observation import AppointmentKey, Observation
from pipeline.words import Source


@dataclass(frozen=True, slots=True)
class Sorted:
    """The readings of a page: those that are news, those that we hold, those of what counts as removed."""

    news: Sequence[Reading]
    counts: Counts
    returned: Sequence[Reading]


def name_of(mark: Mark) -> str:
    """The name by which a mark is kept: the last segment of what the listing names."""
    return mark.group.rstrip("/").rpartition("/")[2]


def sort(database: Database, connection: Connection, page: Page) -> Sorted:
    """Tell what is news from what we hold already, in two queries whatever the number of readings."""
    said = [reading.said for reading in page.readings if isinstance(reading.said, Observation)]
    held = marks.held_digests(database, connection.client_id, said)
    removed = marks.removed(database, connection.client_id, [one.key for one in said])
    news, returned, heard, found = [], [], 0, 0
    for reading in page.readings:
        one = reading.said
        if not isinstance(one, Observation):
            news.append(reading)
            continue
        through = held.get((one.key, one.digest))
        if through is None or _may_deny_an_outcome(one):
            news.append(reading)
        if one.key in removed:
            returned.append(reading)
        if one.effective_at >= connection.created_at:
            heard += through in (Source.WEBHOOK, Source.AUTO_BOOK)
            found += through is None
    counts = Counts(
        listed=len(page.marks) + len(page.unchanged),
        unchanged=len(page.unchanged),
        posted=len(news),
        held=len(page.readings) - len(news),
        heard_first=heard,
        found_first=found,
    )
    return Sorted(news, counts, returned)


def _may_deny_an_outcome(said: Observation) -> bool:
    """Whether it says that a meeting which has begun has no outcome.

    That is news whatever the books hold: a no-show that was taken back since may still be on its way to us.
    """
    start_at = said.schedule.start_at if said.schedule is not None else None
    return said.no_outcome_at is not None and (start_at is None or start_at <= said.no_outcome_at)


def save(
    database: Database, connection: Connection, run: Run, page: Page, sorted_: Sorted, *, position: int
) -> Posted:
    """Post a page's news together with its marks and the run's place; with the last page the watermark moves.

    Raises RunLost if somebody else walks the run; then nothing is saved.
    """
    received_at = sweeps.now(database)
    trace_id = new_id()
    parcels = [parcel_of(connection, one, received_at, trace_id) for one in sorted_.news]
    last = page.cursor is None
    with database.transaction():
        sweeps.hold(database, run)
        posted = inbox.post(database, parcels) if parcels else Posted([], [])
        marks.keep(database, connection.client_id, connection.id, _marked(page), received_at)
        lookups.ask(
            database,
            connection.client_id,
            [Doubt(one.key, lookups.RETURNED, received_at, _uri(one)) for one in sorted_.returned if one.key],
            connection_id=connection.id,
        )
        sweeps.advance(
            database, run, sorted_.counts, position=position + 1 if last else position, cursor=page.cursor
        )
        if last:
            sweeps.move_watermark(database, run, run.windows[position])
    return posted


def _uri(reading: Reading) -> str | None:
    said = reading.said
    known = said.description if isinstance(said, Observation) else None
    return known.calendly_invitee_uri if known else None


def _marked(page: Page) -> list[Marked]:
    """The page's marks with the appointments that its readings give for each."""
    speaks_of: dict[str, list[str]] = {}
    for reading in page.readings:
        if reading.key is not None:
            speaks_of.setdefault(_listed_as(reading, reading.key), []).append(reading.key.external_id)
    return [
        Marked(name_of(mark), mark.fingerprint, mark.start_at, speaks_of.get(name_of(mark), []))
        for mark in page.marks
    ]


def _listed_as(reading: Reading, key: AppointmentKey) -> str:
    """The name under which a listing shows a reading's appointment."""
    said = reading.said
    event = (
        said.description.calendly_scheduled_event_uri
        if isinstance(said, Observation) and said.description
        else None
    )
    return event.rstrip("/").rpartition("/")[2] if event else key.external_id
