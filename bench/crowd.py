"""A crowd: millions of appointments in set-based statements, each like one that went the real way, and one busy lead.

Every row is a copy of a row that the ledger wrote, with ids, names and times of its own. Indexes stay as they
are while the rows go in, and neighbours in the heap are no neighbours in a lead, as in books that grew.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

from db import inbox, ledger
from db.desk import connect
from db.ledger import Hands
from pipeline.observation import Observation
from tests.builders import AClient, a_parcel, an_email
from tests.web.story import a_meeting

APPOINTMENTS_OF_A_LEAD = 5
"""In the mean; the busiest of the crowd has some hundreds."""
STEP = 250_000
WRITERS = 2

Made = tuple[str, Mapping[str, str]]
"""A table, and SQL for the columns that each of its rows has for itself."""


def fill(dsn: str, client: AClient, appointments: int) -> None:
    """Add so many appointments with an observation each, over a fifth as many leads, on both cores."""
    leads = appointments // APPOINTMENTS_OF_A_LEAD
    with connect(dsn) as database:
        deliver(Hands(database, database, lambda _: None), client, [a_meeting("model")], "model")
    tasks = [(_LEADS, first, min(first + STEP - 1, leads)) for first in range(1, leads + 1, STEP)]
    for first in range(1, appointments + 1, STEP):
        last = min(first + STEP - 1, appointments)
        tasks += [(_APPOINTMENTS, first, last), (_OBSERVATIONS, first, last)]
    with ThreadPoolExecutor(WRITERS) as pool:
        for done in [pool.submit(_copy, dsn, client, leads, *task) for task in tasks]:
            done.result()
    with connect(dsn) as database:
        database.execute("VACUUM (FREEZE, ANALYZE) lead, appointment, observation")


def deliver(hands: Hands, client: AClient, said: list[Observation], who: str) -> UUID:
    """Post what a provider says of one lead's meetings and drain it: the lead's id."""
    parcels = [a_parcel(client.id, one, an_email(who), pepper=client.pepper) for one in said]
    lead_id: UUID = inbox.post(hands.database, parcels).rings[0].lead_id
    while hands.database.execute("SELECT 1 FROM inbox LIMIT 1").fetchone():
        ledger.drain(hands, client.id, [lead_id])
    return lead_id


def _copy(dsn: str, client: AClient, leads: int, made: Made, first: int, last: int) -> None:
    """Insert copies of a table's first row of a client, with columns that each has for itself."""
    table, own = made
    values = {"client": client.id, "leads": leads, "first": first, "last": last}
    with connect(dsn) as database:
        database.execute("SET apptrail.writer = 'ledger'")
        rows = database.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_name = %s", (table,)
        )
        columns = [row[0] for row in rows]
        chosen = ", ".join(own.get(column, f"model.{column}") for column in columns)
        database.execute(
            f"""WITH model AS MATERIALIZED (SELECT * FROM {table} WHERE client_id = %(client)s ORDER BY id LIMIT 1)
                INSERT INTO {table} ({", ".join(columns)})
                SELECT {chosen} FROM model, generate_series(%(first)s::bigint, %(last)s::bigint) AS n
                CROSS JOIN LATERAL (SELECT ((hashint8(n)::bigint + 2147483648) / 4294967296.0) AS chance) AS c""",
            values,
        )


def _id(kind: int, number: str) -> str:
    return f"('00000000-0000-7000-800{kind}-' || lpad(to_hex({number}), 12, '0'))::uuid"


_START = "date_trunc('hour', now()) + floor((chance * 7919 - floor(chance * 7919)) * 8760 - 7000) * interval '1 hour'"
_LEADS: Made = (
    "lead",
    {"id": _id(1, "n"), "email": "'crowd' || n || '@example.com'", "full_name": "'Chiara Costa ' || n"},
)
_APPOINTMENTS: Made = (
    "appointment",
    {
        "id": _id(2, "n"),
        # A few for everybody, and many for some.
        "lead_id": _id(1, "1 + floor(%(leads)s * power(chance, 1.5))::bigint"),
        "external_id": "md5(n::text)",
        "start_at": _START,
        "end_at": f"{_START} + interval '30 minutes'",
    },
)
_OBSERVATIONS: Made = (
    "observation",
    {
        "id": _id(3, "n"),
        "external_id": "md5(n::text)",
        "digest": "sha256(int8send(n))",
        "body": "model.body || jsonb_build_object('external_id', md5(n::text))",
    },
)
