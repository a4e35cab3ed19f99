"""`apptrail leads`: moving a CRM's leads in, and merging what is one person."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import typer

from boot import clock
from db import bookings, clients, leads, people
from db.failures import is_transient
from db.importing import COLUMNS, Row, import_rows
from db.ledger import Hands
from db.people import UnknownLead
from pipeline.job import MergeAsked
from pipeline.words import Source
from scripts import console
from workers.doorbell import Doorbell
from workers.ringer import Ringer

app = typer.Typer(no_args_is_help=True, help="Leads.")


class Unreadable(ValueError):
    """A file is neither CSV with a header nor JSON Lines; the message names the line."""


@app.command("import")
def import_(
    client: str = typer.Argument(help="Id or name."),
    file: Path = typer.Argument(exists=True, dir_okay=False, help="A .csv with a header, or a .jsonl."),
    as_json: bool = console.JsonOption,
) -> None:
    """Import leads; running it again changes nothing. Bad rows are named by line and column, never by value.

    Columns: external_id, email, phone, first_name, last_name, ghl_contact_id, linkedin_profile, status,
    and the rollup columns of the CRM that moves in.
    """
    loaded = console.settings()
    with console.database(loaded) as database, console.secrets_opened():
        found = console.find_client(database, client)
        pepper = clients.pepper_of(database, console.keyring(loaded), found.id)
        try:
            imported = import_rows(database, found.id, pepper, found.region, _rows(file))
        except Unreadable as unreadable:
            console.fail(f"{file.name}: {unreadable}")
        bell = Doorbell.connect(loaded.redis_url)
        ringer = Ringer(bell)
        ringer(imported.rings)
        ringer.close()
        bell.close()
    bad = [{"line": line, "column": column, "reason": reason} for line, column, reason in imported.bad]
    if as_json:
        print(json.dumps({"created": imported.created, "updated": imported.updated, "bad": bad}))
    else:
        print(f"created {imported.created}, updated {imported.updated}, bad rows {len(bad)}")
        for one in bad[:20]:
            print(f"  line {one['line']}: {one['column']}: {one['reason']}")
    if bad:
        raise typer.Exit(2)


def _rows(file: Path) -> Iterator[tuple[int, Row]]:
    """Read rows with their line numbers."""
    if file.suffix == ".csv":
        with file.open(newline="", encoding="utf-8-sig") as lines:
            reader = csv.DictReader(lines)
            if not set(reader.fieldnames or ()) & set(COLUMNS):
                raise Unreadable("no column of its header is known")
            for row in reader:
                yield reader.line_num, {name: text for name, text in row.items() if isinstance(text, str)}
        return
    with file.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield number, _json_row(number, line)


def _json_row(number: int, line: str) -> dict[str, str | None]:
    try:
        row: Any = json.loads(line)
    except ValueError:
        raise Unreadable(f"line {number} is no JSON") from None
    if not isinstance(row, dict):
        raise Unreadable(f"line {number} is no object")
    return {name: None if value is None else str(value) for name, value in row.items()}


@app.command("merge")
def merge(
    keep: UUID = typer.Argument(help="The lead that stays."),
    gone: UUID = typer.Argument(help="The lead that is the same person."),
) -> None:
    """Merge two leads. Nothing is deleted: the second one's id leads to the first from now on."""
    if keep == gone:
        console.fail("That is one lead already.")
    loaded = console.settings()
    bell = Doorbell.connect(loaded.redis_url)
    ringer = Ringer(bell)
    with console.database(loaded) as database, console.database(loaded) as witness:
        try:
            client_id = leads.client_of(database, gone)
            if leads.client_of(database, keep) != client_id:
                console.fail("These leads belong to different clients.")
            asked = MergeAsked(source=Source.MANUAL, into=keep)
            done = people.act(Hands(database, witness, ringer), client_id, gone, asked, clock.now())
        except UnknownLead:
            console.fail("No lead has that id.")
        except Exception as error:
            if not is_transient(error):
                raise
            console.fail("A lead is busy. The merge is stored and will be carried out shortly.")
        finally:
            ringer.close()
            bell.close()
    print("merged" if done.merged else "nothing to merge: they are one already")


@app.command("set")
def set_(
    lead: UUID = typer.Argument(help="Id of the lead."),
    auto_booking: bool = typer.Option(
        ..., "--auto-booking/--no-auto-booking", help="Whether meetings may be booked for it."
    ),
) -> None:
    """Change a lead's switches."""
    with console.database(console.settings()) as database:
        try:
            bookings.switch_lead(database, leads.client_of(database, lead), lead, on=auto_booking)
        except UnknownLead:
            console.fail("No lead has that id.")
