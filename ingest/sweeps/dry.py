"""A dry sweep: what one would post, with every call made and nothing written but the connection's health."""

from typing import Any

from db import marks
from db.connections import Connection
from db.desk import Database
from ingest.apis.api import ApiFailed, Mark, ProviderApi, Window
from ingest.sweeps import pages
from ingest.sweeps.calls import Calls, NotNow
from ingest.sweeps.engine import Swept
from pipeline.sweeping import Span, Tier


def look(
    database: Database, connection: Connection, api: ProviderApi, tier: Tier, spans: list[Span]
) -> dict[str, Any]:
    """Walk the windows; returns the counts of a sweep, and the keys of the appointments it would post."""
    swept, keys = Swept(tier), []

    def known(listed: Any) -> set[str]:
        names = {pages.name_of(mark): mark.group for mark in listed}
        pairs = [(pages.name_of(mark), mark.fingerprint) for mark in listed]
        return {names[one] for one in marks.known(database, connection.client_id, connection.id, pairs)}

    try:
        for span in spans:
            shown: set[str] = set()
            for page in Calls(database, connection).each(
                api.pages(Window(span.start, span.end), None, known)
            ):
                sorted_ = pages.sort(database, connection, page)
                swept.add(sorted_.counts)
                keys += [reading.key.external_id for reading in sorted_.news if reading.key]
                shown.update(pages.name_of(mark) for mark in _all(page.marks, page.unchanged))
            held = marks.live_within(
                database, connection.client_id, connection.id, connection.provider, tier, span
            )
            swept.suspects += sum(name not in shown for name, _ in held)
        swept.state = "finished"
    except NotNow as not_now:
        swept.state, swept.reason = "waiting", not_now.reason
    except ApiFailed as failed:
        swept.state, swept.reason = "waiting", failed.error
    return {**vars(swept), "dry_run": True, "appointments": keys}


def _all(*parts: Any) -> list[Mark]:
    return [mark for part in parts for mark in part]
