"""`apptrail pause`, `resume` and `release`: what is not worked on for now."""

from uuid import UUID

import typer

from db import audit, clients, leads, pauses, suspects
from db.audit import NOBODY
from db.connections import UnknownClient
from db.desk import Database
from db.people import UnknownLead
from scripts import console

KINDS = ("appointment", "lead_status", "merge", "message", "follow_up_act", "suppression_lifted")
WhatArgument = typer.Argument(help=f"A kind of job ({', '.join(KINDS)}), or a client's id or name.")
ReasonOption = typer.Option(..., "--reason", help="Why, for the audit trail.")
ByOption = typer.Option("cli", "--by", envvar="USER", help="Who you are, for the audit trail.")


def pause(what: str = WhatArgument, reason: str = ReasonOption, by: str = ByOption) -> None:
    """Stop working on a kind of job, or on a client. Deliveries are still stored; their jobs wait."""
    with console.database(console.settings()) as database:
        kind, client_id = _meant(database, what)
        done = pauses.pause(database, by, reason, kind=kind, client_id=client_id)
    print("paused" if done else "paused already")


def resume(what: str = WhatArgument, reason: str = ReasonOption, by: str = ByOption) -> None:
    """Work on it again; what died of the failure that paused it is replayed too."""
    with console.database(console.settings()) as database:
        kind, client_id = _meant(database, what)
        done, replay_id = pauses.resume(database, by, reason, kind=kind, client_id=client_id)
    print("resumed" if done else "was not paused")
    if replay_id is not None:
        print(
            f"its dead letters are being replayed: {replay_id}; `apptrail dead-letters replays` tells how far it is"
        )


def release(
    lead: UUID = typer.Argument(help="A quarantined lead, as `apptrail dead-letters quarantined` names it."),
    reason: str = ReasonOption,
    by: str = ByOption,
) -> None:
    """Let a quarantined lead be drained again."""
    with console.database(console.settings()) as database:
        try:
            client_id = leads.client_of(database, lead)
        except UnknownLead:
            console.fail("No lead has that id.")
        with database.transaction():
            done = suspects.release(database, client_id, lead)
            if done:
                audit.note(database, client_id, by, "lead_released", lead, {"reason": reason})
    print("released" if done else "was not quarantined")


def _meant(database: Database, what: str) -> tuple[str, UUID]:
    if what in KINDS:
        return what, NOBODY
    try:
        return pauses.ANY_KIND, clients.find(database, what).id
    except UnknownClient:
        console.fail(f"That is no kind of job ({', '.join(KINDS)}), and no client's id or name.")
