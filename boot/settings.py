"""What the surroundings decide: the only reader of the environment."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast
from urllib.parse import urlsplit

from boot import sockets
from boot.secret_key import kept_key
from db import addresses

LogFormat = Literal["json", "console"]

PROJECT = Path(__file__).resolve().parent.parent
POSTGRES_SCHEMES = frozenset({"postgres", "postgresql", "postgresql+psycopg"})
COUNTERS = "PROMETHEUS_MULTIPROC_DIR"  # read by prometheus_client itself
REDIS_SCHEMES = frozenset({"redis", "rediss", "unix"})


class SettingsError(ValueError):
    """A setting is missing or wrong. The message names the variable and never its value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything the surroundings decide. What is secret is left out of its repr."""

    database_url: str = field(repr=False)
    redis_url: str = field(repr=False)
    secret_keys: tuple[str, ...] = field(repr=False)
    """The newest first: it encrypts and signs; the others only read what they once wrote."""
    base_url: str
    """Without a slash at its end."""
    port: int
    log_format: LogFormat
    var: Path
    embedded_postgres: bool
    embedded_redis: bool
    counters_folder: Path | None = None
    """Where the processes of this host keep their counters, so that one scrape shows all of them."""

    @property
    def database_dsn(self) -> str:
        """The database's address as `db.desk.connect` reads it: libpq's, and `prepare=off` where a pooler wants it."""
        return f"postgresql{self.database_url[self.database_url.index('://') :]}"

    @property
    def sqlalchemy_url(self) -> str:
        """The database's address as SQLAlchemy reads it; nothing that it runs is ever prepared."""
        dsn, _ = addresses.read(self.database_dsn)
        return f"postgresql+psycopg{dsn[dsn.index('://') :]}"

    @property
    def postgres_folder(self) -> Path:
        """Where the embedded Postgres lives, if it is the embedded one."""
        return postgres_folder(self.var)

    @property
    def redis_folder(self) -> Path:
        """Where the embedded Redis lives, if it is the embedded one."""
        return redis_folder(self.var)


def postgres_folder(var: Path) -> Path:
    """The embedded Postgres's folder under `var`."""
    return var / "postgres"


def counters_folder(var: Path) -> Path:
    """Where the processes that `up` starts keep their counters."""
    return var / "counters"


def redis_folder(var: Path) -> Path:
    """The embedded Redis's folder under `var`."""
    return var / "redis"


def load(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings. Without a database's address this also makes and keeps the secret key.

    Raises SettingsError for what is missing or wrong. A variable set to nothing counts as not set.
    """
    found = os.environ if environment is None else environment
    given = {name: value.strip() for name, value in found.items()}
    var = Path(given.get("APPTRAIL_VAR") or _project() / "var").absolute()
    database_url = given.get("DATABASE_URL", "")
    redis_url = given.get("REDIS_URL", "")
    embedded_postgres = not database_url
    port = _port(given)
    return Settings(
        database_url=_address("DATABASE_URL", database_url, POSTGRES_SCHEMES)
        or sockets.postgres_dsn(postgres_folder(var)),
        redis_url=_address("REDIS_URL", redis_url, REDIS_SCHEMES) or sockets.redis_url(redis_folder(var)),
        secret_keys=_secret_keys(given, var, embedded=embedded_postgres),
        base_url=_base_url(given, port),
        port=port,
        log_format=_log_format(given, embedded=embedded_postgres),
        var=var,
        embedded_postgres=embedded_postgres,
        embedded_redis=not redis_url,
        counters_folder=Path(given[COUNTERS]) if given.get(COUNTERS) else None,
    )


def child_environment(settings: Settings, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment for processes that we start: ours, with what was decided here made plain.

    The folder of this interpreter comes first on PATH, so that `apptrail` is this very installation.
    """
    return {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "PYTHONUNBUFFERED": "1",
        "APPTRAIL_VAR": str(settings.var),
        "APPTRAIL_BASE_URL": settings.base_url,
        "PORT": str(settings.port),
        "LOG_FORMAT": settings.log_format,
        COUNTERS: str(counters_folder(settings.var)),
        **(extra or {}),
    }


def _project() -> Path:
    """The checkout, so that a command finds its servers from any folder; else the working folder."""
    return PROJECT if (PROJECT / "pyproject.toml").exists() else Path.cwd()


def _address(variable: str, value: str, schemes: frozenset[str]) -> str:
    scheme, separator, rest = value.partition("://")
    if value and (not separator or not rest or scheme not in schemes):
        allowed = ", ".join(f"{name}://" for name in sorted(schemes))
        raise SettingsError(f"{variable} must begin with one of: {allowed}")
    try:
        addresses.read(value)
    except addresses.UnclearAddress:
        raise SettingsError(f"{variable}: {addresses.PREPARE} must be on or off") from None
    return value


def _secret_keys(given: Mapping[str, str], var: Path, *, embedded: bool) -> tuple[str, ...]:
    keys = tuple(key for part in given.get("APPTRAIL_SECRET_KEY", "").split(",") if (key := part.strip()))
    if keys:
        return keys
    if not embedded:
        raise SettingsError("APPTRAIL_SECRET_KEY is required when DATABASE_URL is set")
    return (kept_key(var / "secret.key"),)


def _port(given: Mapping[str, str]) -> int:
    text = given.get("PORT") or "8000"
    if not (text.isascii() and text.isdecimal() and 0 < int(text) < 65536):
        raise SettingsError("PORT must be a number from 1 to 65535")
    return int(text)


def _base_url(given: Mapping[str, str], port: int) -> str:
    url = given.get("APPTRAIL_BASE_URL") or f"http://127.0.0.1:{port}"
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.netloc or parts.query or parts.fragment:
        raise SettingsError("APPTRAIL_BASE_URL must be an http:// or https:// address without a query")
    return url.rstrip("/")


def _log_format(given: Mapping[str, str], *, embedded: bool) -> LogFormat:
    """A person's own machine gets lines for reading, anything else lines for machines."""
    chosen = given.get("LOG_FORMAT") or ("console" if embedded else "json")
    if chosen not in {"json", "console"}:
        raise SettingsError("LOG_FORMAT must be json or console")
    return cast("LogFormat", chosen)
