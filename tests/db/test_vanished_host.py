"""A host that vanished in the middle of a transaction: its leads are given back, though nothing says that it is gone."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from boot.embedded_postgres import PostgresServer, postgres
from db import migrate
from db.desk import connect
from db.ids import new_id
from db.locks import leads_held
from tests import builders
from tests.namespaces import Host, are_allowed, at, hosts

pytestmark = pytest.mark.skipif(
    not are_allowed(), reason="hosts of their own need root and network namespaces"
)

PORT = 5432


@pytest.fixture
def network() -> Iterator[list[Host]]:
    with hosts(["truth", "worker"]) as made:
        yield made


@pytest.fixture
def server(network: list[Host], tmp_path: Path) -> Iterator[PostgresServer]:
    """Reached by its socket from here, and by its address from the other host."""
    truth = network[0]
    tmp_path.chmod(0o755)
    rules = tmp_path / "pg_hba.conf"
    rules.write_text(f"local all all trust\nhost all all {truth.address}/24 trust\n")
    rules.chmod(0o644)
    options = {"listen_addresses": truth.address, "hba_file": str(rules), "fsync": "off"}
    with at(truth):
        running = postgres(tmp_path / "truth", port=PORT, options=options)
        found = running.__enter__()
    try:
        yield found
    finally:
        running.__exit__(None, None, None)


def test_a_vanished_hosts_leads_are_given_back(network: list[Host], server: PostgresServer) -> None:
    truth, worker = network
    migrate.upgrade(server.dsn("postgres").replace("postgresql://", "postgresql+psycopg://", 1))
    with connect(server.dsn("postgres")) as books:
        client = builders.a_client(books)
        lead = new_id()
        books.execute("INSERT INTO lead (client_id, id) VALUES (%s, %s)", (client.id, lead))
        with at(worker):
            drain = connect(f"postgresql://postgres@{truth.address}:{PORT}/postgres")
        came_free = False
        with suppress(psycopg.OperationalError), leads_held(drain, client.id, [lead], lambda _: None) as held:
            # So that it is not this time-out that frees them; the answer shows that the server has heard it.
            off = "SELECT set_config('idle_in_transaction_session_timeout', '0', true)"
            assert drain.execute(off.encode()).fetchone() == ("0",)
            assert list(held.leads) == [lead]
            worker.unplug()
            came_free = _comes_free(books, client.id, lead)
        drain.close()
    assert came_free


def _comes_free(books: psycopg.Connection[tuple[object, ...]], client_id: UUID, lead: UUID) -> bool:
    with leads_held(books, client_id, [lead], lambda _: None, wait=60) as held:
        return list(held.leads) == [lead]
