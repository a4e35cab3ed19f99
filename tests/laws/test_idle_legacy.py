"""A lead whose time has come, without news, while its CRM's row still awaits: nothing of the row is lost (RULES 22)."""

from db import ledger
from db.ids import new_id
from db.importing import import_rows
from db.inbox import post
from db.ledger import Hands
from pipeline.observation import Schedule, StatusWord
from pipeline.words import Status
from tests import builders
from tests.laws.people import drain_all
from tests.statements import PEPPER, a_delivery, a_statement, an_email, at


def test_a_lead_that_the_tick_reaches_first_keeps_what_its_crm_said(hands: Hands, database: str) -> None:
    client_id = new_id()
    said = a_statement("new", status=StatusWord(word=Status.CONFIRMED), schedule=Schedule(start_at=at(24)))
    lead_id = post(hands.database, [a_delivery(client_id, said, an_email("anna"))]).rings[0].lead_id
    drain_all(hands, client_id)
    row = {
        "email": "anna@example.com",
        "appointment_provider": "ghl",
        "ghl_appointment_id": "old",
        "appointment_status": "showed",
    }
    import_rows(hands.database, client_id, PEPPER, "US", iter([(1, row)]))
    with builders.hands(database, now=at(30)) as later:
        ledger.drain(later, client_id, [lead_id])
    found = hands.database.execute(
        "SELECT external_id FROM appointment WHERE client_id = %s ORDER BY 1", (client_id,)
    ).fetchall()
    assert found == [("new",), ("old",)]
