"""`apptrail leads`: moving a CRM's leads in, and merging what is one person."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import typer

from boot import clock
from db import bookings, clients, foreign, leads, people
from db.failures import is_transient
from db.import_row import BadRow, Row
from db.importing import Imported, import_rows
from db.ledger import Hands
from db.people import UnknownLead
from pipeline.job import MergeAsked
from pipeline.words import Source
from scripts import console, erasure, lead_files, migration, suppression
from scripts.ringing import ringing
from workers.doorbell import Doorbell
from workers.ringer import Ringer

app = typer.Typer(no_args_is_help=True, help="Leads.")
app.command("erase")(erasure.erase)
app.command("lift-suppression")(suppression.lift)


@app.command("import")
def import_(
    client: str = typer.Argument(help="Id or name."),
    file: Path | None = typer.Argument(
        None, exists=True, dir_okay=False, help="A .csv with a header, or a .jsonl."
    ),
    from_url: str = typer.Option("", help="Read another Postgres instead of a file: postgresql://…"),
    mapping: str = typer.Option(
        "prisma", help="`prisma`, or a JSON file: {table, columns: {ours: theirs}, client}."
    ),
    source_client: str = typer.Option("", help="Only the leads of this client of the other application."),
    report: Path | None = typer.Option(None, help="Write bad rows here as CSV: line, column, reason."),
    migrate: bool = typer.Option(
        False, "--migrate", help="Turn the CRM's columns into history at once: migrate-appointments --apply."
    ),
    as_json: bool = console.JsonOption,
) -> None:
    """Import leads; running it again changes nothing. Bad rows are named by line and column, never by value.

    Columns: external_id, email, phone, first_name, last_name, ghl_contact_id, linkedin_profile, status,
    and the rollup columns of the CRM that moves in. Rows stream by, 500 to a transaction: an import that was
    stopped is simply run again. From another Postgres they are read through a read-only cursor. With
    --migrate and --json the second line printed is the migration's answer.
    """
    if (file is None) == (not from_url):
        console.fail("Name a file, or another database with --from-url.")
    loaded = console.settings()
    with console.database(loaded) as database, console.secrets_opened(), ringing(loaded) as ringer:
        found = console.find_client(database, client)
        pepper = clients.pepper_of(database, console.keyring(loaded), found.id)
        try:
            with _opened(file, from_url, mapping, source_client or None) as rows:
                imported = import_rows(database, found.id, pepper, found.region, rows)
        except (lead_files.Unreadable, foreign.Unmapped) as unreadable:
            console.fail(f"{file.name if file else 'the mapping'}: {unreadable}")
        except foreign.NotThere as absent:
            console.fail(f"The other database cannot be read: {absent}.")
        ringer(imported.rings)
    if report is not None:
        lead_files.report(report, imported.bad)
    _say(imported, as_json=as_json)
    if migrate and (code := migration.run(found.id, as_json=as_json)):
        raise typer.Exit(code)
    if imported.bad:
        raise typer.Exit(2)


@contextmanager
def _opened(
    file: Path | None, url: str, mapping: str, source_client: str | None
) -> Iterator[Iterator[tuple[int, Row | BadRow]]]:
    if file is not None:
        yield lead_files.rows_of(file)
        return
    with foreign.rows_of(url, _mapping(mapping), source_client) as rows:
        yield rows


def _mapping(named: str) -> foreign.TableMapping:
    if named == "prisma":
        return foreign.PRISMA
    try:
        return foreign.TableMapping.read(json.loads(Path(named).read_text("utf-8")))
    except (OSError, ValueError) as wrong:
        if isinstance(wrong, foreign.Unmapped):
            raise
        raise foreign.Unmapped("is no file of JSON") from None


def _say(imported: Imported, *, as_json: bool) -> None:
    bad = [{"line": line, "column": column, "reason": reason} for line, column, reason in imported.bad]
    if as_json:
        print(json.dumps({"created": imported.created, "updated": imported.updated, "bad": bad}))
        return
    print(f"created {imported.created}, updated {imported.updated}, bad rows {len(bad)}")
    for one in bad[:20]:
        print(f"  line {one['line']}: {one['column']}: {one['reason']}")


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
