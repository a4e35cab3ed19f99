"""Embedded servers: they keep what was committed, come back after a kill, and never outlive their parent."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
import redis

from boot import embedded, processes, settings, sockets
from boot.embedded_postgres import PostgresServer, postgres
from boot.embedded_redis import RedisServer, redis_server
from boot.postgres_cluster import PROGRAM
from tests.free_port import free_port

SMALL = {"shared_buffers": "16MB", "max_connections": "20"}

PARENT = """
import sys, time
from pathlib import Path
from boot.embedded_postgres import postgres
from boot.embedded_redis import redis_server
folder = Path(sys.argv[1])
with postgres(folder / "postgres", options={"shared_buffers": "16MB"}) as pg, redis_server(folder / "redis") as r:
    print(pg.pid, r.pid, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def folder(server_folder: Path) -> Path:
    return Path(tempfile.mkdtemp(dir=server_folder))


@contextmanager
def a_parent(folder: Path) -> Iterator[tuple[subprocess.Popen[str], list[int]]]:
    """Another process that runs both servers, and their pids."""
    command = [sys.executable, "-c", PARENT, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=settings.PROJECT) as parent:
        assert parent.stdout is not None
        try:
            yield parent, [int(pid) for pid in parent.stdout.readline().split()]
        finally:
            parent.kill()


def write(server: PostgresServer, number: int) -> None:
    with psycopg.connect(server.dsn()) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (number int)")
        connection.execute("INSERT INTO kept VALUES (%s)", [number])


def read(server: PostgresServer) -> list[int]:
    with psycopg.connect(server.dsn()) as connection:
        return [number for (number,) in connection.execute("SELECT number FROM kept ORDER BY number")]


def show(server: PostgresServer, setting: str) -> str:
    with psycopg.connect(server.dsn()) as connection:
        row = connection.execute("SELECT current_setting(%s)", [setting]).fetchone()
    assert row is not None
    return str(row[0])


def test_postgres_is_durable_unless_told_otherwise_and_keeps_its_data_over_stop_and_kill(
    folder: Path,
) -> None:
    with postgres(folder, options=SMALL) as server:
        assert (show(server, "fsync"), show(server, "synchronous_commit")) == ("on", "on")
        assert show(server, "shared_buffers") == "16MB"
        write(server, 1)
    assert not server.alive()
    with postgres(folder, options=SMALL) as server:
        write(server, 2)
        server.kill()
        assert not server.alive()
        server.start()
        assert read(server) == [1, 2]


def test_a_killed_server_comes_back_while_its_clients_are_still_connected(folder: Path) -> None:
    with postgres(folder, options=SMALL) as server:
        write(server, 1)
        with psycopg.connect(server.dsn()) as connection:
            server.kill()
            server.start()
            with pytest.raises(psycopg.OperationalError):
                connection.execute("SELECT 1")
        assert read(server) == [1]
        assert processes.working_in(folder / "data", PROGRAM)
    assert not processes.working_in(folder / "data", PROGRAM)


def test_a_pid_file_that_names_somebody_elses_process_does_not_keep_postgres_from_starting(
    folder: Path,
) -> None:
    with postgres(folder, options=SMALL) as server:
        left = (folder / "data" / "postmaster.pid").read_text().splitlines()
    (folder / "data" / "postmaster.pid").write_text("\n".join([str(os.getpid()), *left[1:]]) + "\n")
    sockets.socket_folder(folder).joinpath(".s.PGSQL.5432.lock").write_text(f"{os.getpid()}\n")
    assert not server.alive()
    with postgres(folder, options=SMALL) as server:
        assert server.alive()


def test_a_setup_that_was_cut_short_is_made_anew(folder: Path) -> None:
    (folder / "data.new").mkdir()
    (folder / "data.new" / "PG_VERSION").write_text("18")
    with postgres(folder, options=SMALL) as server:
        write(server, 1)
        assert read(server) == [1]


def test_a_port_of_its_own_is_served_on_the_loopback_address_beside_the_socket(folder: Path) -> None:
    port = free_port()
    with postgres(folder, port=port, options=SMALL) as server:
        write(server, 1)
        with psycopg.connect(f"postgresql://postgres@127.0.0.1:{port}/apptrail") as connection:
            assert connection.execute("SELECT number FROM kept").fetchall() == [(1,)]


def test_values_do_not_get_into_the_servers_log(folder: Path) -> None:
    canary = "canary-9f2e"
    with postgres(folder, options=SMALL) as server, psycopg.connect(server.dsn()) as connection:
        connection.execute("CREATE TABLE person (email text UNIQUE)")
        connection.execute("INSERT INTO person VALUES (%s)", [canary])
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("INSERT INTO person VALUES (%s)", [canary])
    assert canary not in (folder / "postgres.log").read_text()


def test_a_folder_behind_closed_doors_and_with_a_long_name_serves_too(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    deep = tmp_path / ("d" * 90) / "postgres"
    with postgres(deep, options=SMALL) as server:
        write(server, 1)
        assert read(server) == [1]
    sockets.socket_folder(deep).rmdir()


def test_several_servers_run_side_by_side(folder: Path) -> None:
    with postgres(folder / "a", options=SMALL) as one, postgres(folder / "b", options=SMALL) as other:
        write(one, 1)
        write(other, 2)
        assert (read(one), read(other)) == ([1], [2])


def test_redis_comes_back_empty_after_a_kill(folder: Path) -> None:
    with redis_server(folder) as server:
        with redis.Redis.from_url(server.url) as client:
            client.set("ring", 1)
        server.kill()
        assert not server.alive()
        server.start()
        with redis.Redis.from_url(server.url) as client:
            assert client.get("ring") is None
    assert not server.alive()


def test_what_already_runs_is_used_and_left_running(folder: Path) -> None:
    with a_parent(folder) as (parent, pids):
        with postgres(folder / "postgres") as pg, redis_server(folder / "redis") as rd:
            assert [pg.pid, rd.pid] == pids
        assert all(map(processes.is_alive, pids))
        assert parent.poll() is None


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_servers_never_outlive_their_parent(folder: Path, number: signal.Signals) -> None:
    with a_parent(folder) as (parent, pids):
        assert len(pids) == 2
        parent.send_signal(number)
        parent.wait(10)
        assert all(processes.ends_within(pid, 10) for pid in pids)
    with postgres(folder / "postgres", options=SMALL) as server:
        assert server.alive()


def test_settings_say_which_servers_run_and_where(server_folder: Path) -> None:
    found = settings.load({"APPTRAIL_VAR": str(server_folder / "var"), "REDIS_URL": "redis://elsewhere"})
    with embedded.servers(found) as running:
        assert [server.name for server in running] == ["postgres"]
        with psycopg.connect(found.database_dsn) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)


@pytest.mark.parametrize("server_type", [PostgresServer, RedisServer])
def test_a_server_that_is_not_running_has_no_pid(
    tmp_path: Path, server_type: type[PostgresServer | RedisServer]
) -> None:
    with pytest.raises(RuntimeError, match="not running"):
        _ = server_type(tmp_path).pid
