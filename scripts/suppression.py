"""`apptrail leads lift-suppression`: a person says that a lead may be written to again."""

from uuid import UUID

import typer

from boot import clock
from db import leads, people, suppressions
from db.failures import is_transient
from db.ledger import Hands
from db.people import UnknownLead
from db.suppressions import NotSuppressed
from scripts import console
from workers.doorbell import Doorbell
from workers.ringer import Ringer


def lift(
    lead: UUID = typer.Argument(help="Id of the lead."),
    by: str = typer.Option("cli", "--by", envvar="USER", help="Who you are, for the audit trail."),
) -> None:
    """Lift the suppression of a lead that opted out (STOP). An opt-out that is said later suppresses it again."""
    loaded = console.settings()
    bell = Doorbell.connect(loaded.redis_url)
    ringer = Ringer(bell)
    with console.database(loaded) as database, console.database(loaded) as witness:
        try:
            client_id, now = leads.client_of(database, lead), clock.now()
            said = suppressions.lifting_of(database, client_id, lead, by[:80] or "cli", now)
            people.act(Hands(database, witness, ringer), client_id, lead, said, now)
        except UnknownLead:
            console.fail("No lead has that id.")
        except NotSuppressed:
            console.fail("The lead is not suppressed.")
        except Exception as error:
            if not is_transient(error):
                raise
            console.fail("The lead is busy. This is stored and will be carried out shortly.")
        finally:
            ringer.close()
            bell.close()
    print("lifted")
