"""Settings: what is read, what is derived, and that an error never shows a value."""

import multiprocessing
import os
import stat
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from boot import settings, sockets
from boot.secret_key import kept_key
from boot.settings import Settings, SettingsError

CANARY = "canary-9f2e"


def loaded(tmp_path: Path, **environment: str) -> Settings:
    return settings.load({"APPTRAIL_VAR": str(tmp_path / "var"), **environment})


def outside(tmp_path: Path, **environment: str) -> Settings:
    given = {"DATABASE_URL": "postgres://u:p@db/x", "REDIS_URL": "redis://r/1", "APPTRAIL_SECRET_KEY": "k"}
    return loaded(tmp_path, **{**given, **environment})


def test_nothing_given_means_embedded_servers_on_this_machine(tmp_path: Path) -> None:
    found = loaded(tmp_path)
    assert (found.embedded_postgres, found.embedded_redis) == (True, True)
    assert (found.base_url, found.port, found.log_format) == ("http://127.0.0.1:8000", 8000, "console")
    assert found.database_dsn == sockets.postgres_dsn(tmp_path / "var" / "postgres")
    assert found.redis_url == sockets.redis_url(tmp_path / "var" / "redis")


def test_addresses_of_others_are_taken_as_given(tmp_path: Path) -> None:
    found = outside(tmp_path)
    assert (found.embedded_postgres, found.embedded_redis) == (False, False)
    assert (found.redis_url, found.log_format) == ("redis://r/1", "json")


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_spelling_of_a_database_address_serves_libpq_and_sqlalchemy(
    tmp_path: Path, scheme: str
) -> None:
    found = outside(tmp_path, DATABASE_URL=f"{scheme}://u:p%3A@db:5433/x?sslmode=require")
    assert found.database_dsn == "postgresql://u:p%3A@db:5433/x?sslmode=require"
    assert found.sqlalchemy_url == "postgresql+psycopg://u:p%3A@db:5433/x?sslmode=require"


def test_prepared_statements_are_switched_off_in_the_address(tmp_path: Path) -> None:
    found = outside(tmp_path, DATABASE_URL="postgresql://u@db/x?prepare=off&sslmode=require")
    assert found.sqlalchemy_url == "postgresql+psycopg://u@db/x?sslmode=require"
    assert found.database_dsn == "postgresql://u@db/x?prepare=off&sslmode=require"
    with pytest.raises(SettingsError, match="DATABASE_URL: prepare must be on or off"):
        outside(tmp_path, DATABASE_URL=f"postgresql://u@db/x?prepare={CANARY}")


def test_the_embedded_address_is_one_that_sqlalchemy_reads(tmp_path: Path) -> None:
    url = make_url(loaded(tmp_path).sqlalchemy_url)
    folder = str(sockets.socket_folder(tmp_path / "var" / "postgres"))
    assert (url.database, url.username, url.query["host"]) == ("apptrail", "postgres", folder)


def test_a_list_of_keys_keeps_its_order_and_loses_its_blanks(tmp_path: Path) -> None:
    assert outside(tmp_path, APPTRAIL_SECRET_KEY=" new , old,, ").secret_keys == ("new", "old")


def test_a_database_of_its_own_needs_a_key(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="APPTRAIL_SECRET_KEY"):
        outside(tmp_path, APPTRAIL_SECRET_KEY=" , ")


def test_the_embedded_key_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    first, second = loaded(tmp_path), loaded(tmp_path)
    assert first.secret_keys == second.secret_keys
    assert len(first.secret_keys[0]) >= 43
    assert stat.S_IMODE((tmp_path / "var" / "secret.key").stat().st_mode) == 0o600
    assert [path.name for path in (tmp_path / "var").iterdir()] == ["secret.key"]


def test_processes_that_come_first_together_agree_on_the_key(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        keys = pool.map(kept_key, [tmp_path / "var" / "secret.key"] * 16, chunksize=1)
    assert len(set(keys)) == 1
    assert [path.name for path in (tmp_path / "var").iterdir()] == ["secret.key"]


def test_a_given_key_is_used_with_embedded_servers_too(tmp_path: Path) -> None:
    assert loaded(tmp_path, APPTRAIL_SECRET_KEY="given").secret_keys == ("given",)
    assert not (tmp_path / "var").exists()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DATABASE_URL", f"mysql://{CANARY}@db/x"),
        ("DATABASE_URL", CANARY),
        ("REDIS_URL", f"http://{CANARY}"),
        ("PORT", CANARY),
        ("PORT", "0"),
        ("PORT", "65536"),
        ("PORT", "²"),
        ("APPTRAIL_BASE_URL", CANARY),
        ("APPTRAIL_BASE_URL", f"https://host/?{CANARY}"),
        ("LOG_FORMAT", CANARY),
    ],
)
def test_an_error_names_the_variable_and_never_its_value(tmp_path: Path, variable: str, value: str) -> None:
    with pytest.raises(SettingsError, match=variable) as refusal:
        outside(tmp_path, **{variable: value})
    assert CANARY not in str(refusal.value)


def test_what_is_secret_is_not_in_the_repr(tmp_path: Path) -> None:
    found = outside(
        tmp_path,
        DATABASE_URL=f"postgres://u:{CANARY}@db/x",
        REDIS_URL=f"redis://:{CANARY}@r/0",
        APPTRAIL_SECRET_KEY=CANARY,
    )
    assert CANARY not in repr(found)


def test_the_base_url_follows_the_port_and_ends_without_a_slash(tmp_path: Path) -> None:
    assert loaded(tmp_path, PORT="9001").base_url == "http://127.0.0.1:9001"
    assert loaded(tmp_path, APPTRAIL_BASE_URL="https://a.example/b/").base_url == "https://a.example/b"


def test_a_deep_folder_gets_a_short_socket_that_everybody_finds(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60) / "postgres"
    short = sockets.socket_folder(deep)
    assert short == sockets.socket_folder(deep)
    assert short != sockets.socket_folder(deep.with_name("other"))
    assert len(os.fsencode(short / ".s.PGSQL.5432.lock")) < 107


def test_a_socket_folder_of_a_stranger_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    deep = tmp_path / ("d" * 120)
    (tmp_path / "elsewhere").mkdir()
    sockets.socket_folder(deep).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(sockets.SocketFolderRefusedError):
        sockets.make_socket_folder(deep, os.getuid())


def test_children_get_this_installation_first_and_what_was_decided(tmp_path: Path) -> None:
    environment = settings.child_environment(loaded(tmp_path, PORT="9001"), {"extra": "1"})
    assert environment["PORT"] == "9001"
    assert environment["APPTRAIL_VAR"] == str(tmp_path / "var")
    assert environment["extra"] == "1"
