"""A diagnosis: what is wrong with an installation, in plain words, each with the command that mends it."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from boot import clock
from boot.settings import PROJECT, Settings
from boot.supervisor import read_procfile
from db import doctor, migrate, pauses, watching
from db.desk import Database, connect
from db.failures import is_transient
from db.keyring import Keyring
from pipeline.words import Lane
from workers.doorbell import Doorbell, NotReachable
from workers.redis_health import RedisHealth, redis_health, version_of

OLDEST_POSTGRES = 150_000
OLDEST_REDIS = (6, 2)
SKEW_SECONDS = 2.0
LATE_SECONDS = 30.0
VERY_LATE_SECONDS = 300.0


class Severity(IntEnum):
    """How bad; the worst is the command's exit code."""

    OK = 0
    WARNING = 1
    BROKEN = 2


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `mend` is the command that mends it, None where all is well."""

    check: str
    severity: Severity
    says: str
    mend: str | None = None


def findings(settings: Settings) -> Iterator[Finding]:
    """Look at everything that can be reached; what cannot is a finding of its own."""
    yield from _postgres(settings)
    yield from _redis(settings)


def _postgres(settings: Settings) -> Iterator[Finding]:
    try:
        database = connect(settings.database_dsn)
    except Exception as error:
        if not is_transient(error):
            raise
        mend = "make run" if settings.embedded_postgres else "start Postgres, or correct DATABASE_URL"
        yield Finding("postgres", Severity.BROKEN, "Postgres does not answer. Nothing is acknowledged.", mend)
        return
    try:
        yield from _server(database)
        if not migrate.is_current(settings.sqlalchemy_url):
            says = "The schema is not this release's. Webhooks are answered `try again`."
            yield Finding(
                "schema", Severity.BROKEN, says, "apptrail up (it migrates), or deploy the release that fits"
            )
            return
        yield Finding("schema", Severity.OK, "The schema is this release's.")
        privileges = list(_privileges(database))
        yield from privileges
        if any(one.severity is Severity.BROKEN for one in privileges):
            return
        yield from _secrets(database, Keyring(settings.secret_keys))
        yield from _work(database)
    finally:
        database.close()


def _server(database: Database) -> Iterator[Finding]:
    found = doctor.server(database)
    if found.number < OLDEST_POSTGRES:
        yield Finding(
            "postgres",
            Severity.BROKEN,
            f"Postgres is {found.version}; 15 is the oldest that works.",
            "upgrade Postgres",
        )
    else:
        yield Finding("postgres", Severity.OK, f"Postgres {found.version} answers.")
    for name in ("fsync", "full_page_writes", "synchronous_commit"):
        if getattr(found, name) == "off":
            says = f"{name} is off: what was acknowledged may be lost when the server dies."
            yield Finding(
                "durability",
                Severity.BROKEN,
                says,
                f"psql \"$DATABASE_URL\" -c 'ALTER SYSTEM SET {name} = on' -c 'SELECT pg_reload_conf()'",
            )
    if found.frozen:
        yield Finding(
            "postgres",
            Severity.BROKEN,
            "Postgres takes no writes: a standby, or read-only.",
            "point DATABASE_URL at the primary",
        )
    skew = (clock.now() - found.at).total_seconds()
    if abs(skew) > SKEW_SECONDS:
        says = (
            f"This host's clock and the database's are {abs(skew):.0f} s apart; signatures and ages suffer."
        )
        yield Finding("clock_skew", Severity.WARNING, says, "timedatectl set-ntp true")
    else:
        yield Finding("clock_skew", Severity.OK, "This host's clock and the database's agree.")


def _privileges(database: Database) -> Iterator[Finding]:
    missing = doctor.missing_privileges(database)
    if missing:
        says = f"The database role may not read and write: {', '.join(missing)}."
        mend = (
            "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO the role of DATABASE_URL"
        )
        yield Finding("privileges", Severity.BROKEN, says, mend)
    else:
        yield Finding("privileges", Severity.OK, "The database role may do what it must.")


def _secrets(database: Database, keyring: Keyring) -> Iterator[Finding]:
    locked, doubtful = doctor.secrets(database, keyring)
    for one in locked:
        says = f"A secret of {one.table} {one.id} opens with no key of APPTRAIL_SECRET_KEY."
        yield Finding(
            "secrets",
            Severity.BROKEN,
            says,
            "add the key that it was written with to APPTRAIL_SECRET_KEY, behind a comma",
        )
    for connection in doubtful:
        who = f"Connection {connection.id} ({connection.client}, {connection.provider})"
        if connection.unsigned:
            says, severity = f"{who} is unsigned: whoever knows its address is believed.", Severity.WARNING
        else:
            says, severity = f"{who} has no key to verify with: it refuses every delivery.", Severity.BROKEN
        mend = f"apptrail connection add {connection.client} {connection.provider} --signing-key KEY"
        yield Finding("connections", severity, says, mend)
    if not locked and not doubtful:
        yield Finding("connections", Severity.OK, "Every connection can tell who calls.")


def _work(database: Database) -> Iterator[Finding]:
    found = doctor.work(database)
    late = found.oldest_due_seconds
    if late > LATE_SECONDS:
        severity = Severity.BROKEN if late > VERY_LATE_SECONDS else Severity.WARNING
        says = f"The oldest due job has waited for {late:.0f} s; {found.jobs} jobs wait."
        yield Finding("inbox", severity, says, "apptrail worker --poll")
    else:
        yield Finding("inbox", Severity.OK, f"{found.jobs} jobs wait; none is late.")
    for pause in pauses.paused(database):
        what = pause["client_id"] if pause["kind"] == pauses.ANY_KIND else pause["kind"]
        says = f"{what} is paused ({'by the breaker' if pause['reason'] == 'breaker' else 'by a person'})."
        severity = Severity.BROKEN if pause["reason"] == "breaker" else Severity.WARNING
        yield Finding("paused", severity, says, f"apptrail resume {what} --reason WHY")
    if found.quarantined:
        says = f"{found.quarantined} leads are quarantined: their own books fail, and their jobs wait."
        yield Finding("quarantined", Severity.BROKEN, says, "apptrail dead-letters quarantined")
    if found.letters:
        yield Finding(
            "dead_letters",
            Severity.WARNING,
            f"{found.letters} dead letters are open.",
            "apptrail dead-letters list",
        )
    if found.stopped_replays:
        says = f"{found.stopped_replays} replays are paused, or stopped since yesterday because a canary failed again."
        yield Finding("replays", Severity.WARNING, says, "apptrail dead-letters replays")
    yield from _books(database, found.different)
    if not found.clock_is_led:
        says = "No clock runs: times that pass change nothing, and replays of the API stand still."
        yield Finding("clock", Severity.BROKEN, says, "apptrail clock")
    else:
        yield Finding("clock", Severity.OK, "A clock runs.")


def _books(database: Database, different: int) -> Iterator[Finding]:
    guards = watching.guards_missing(database)
    if guards:
        says = f"Anybody can write rollups past the ledger: {', '.join(guards)} is off."
        mend = f"psql \"$DATABASE_URL\" -c 'ALTER TABLE lead ENABLE TRIGGER {guards[0]}'"
        yield Finding("rollup_guard", Severity.BROKEN, says, mend)
    if different:
        says = f"{different} leads show what their observations do not add up to."
        yield Finding("rollups", Severity.BROKEN, says, "apptrail audit-rollups --repair")
    else:
        yield Finding("rollups", Severity.OK, "No lead was found that shows something else than its facts.")


def _redis(settings: Settings) -> Iterator[Finding]:
    doorbell = Doorbell.connect(settings.redis_url)
    try:
        found = redis_health(doorbell)
    except NotReachable:
        mend = "make run" if settings.embedded_redis else "start Redis, or correct REDIS_URL"
        says = "Redis does not answer. No job is lost: sweepers drain instead, seconds later."
        yield Finding("redis", Severity.BROKEN, says, mend)
        return
    finally:
        doorbell.close()
    yield from _redis_server(found)
    yield from _consumers(found)


def _redis_server(found: RedisHealth) -> Iterator[Finding]:
    if version_of(found.version) < OLDEST_REDIS:
        yield Finding(
            "redis",
            Severity.BROKEN,
            f"Redis is {found.version}; 6.2 is the oldest that works.",
            "upgrade Redis",
        )
    else:
        yield Finding("redis", Severity.OK, f"Redis {found.version} answers.")
    if found.policy not in (None, "noeviction"):
        says = f"Redis evicts keys when memory runs out ({found.policy}): rings get lost and jobs come seconds late."
        yield Finding(
            "redis_eviction",
            Severity.WARNING,
            says,
            'redis-cli -u "$REDIS_URL" CONFIG SET maxmemory-policy noeviction',
        )


def _consumers(found: RedisHealth) -> Iterator[Finding]:
    for lane, command in lanes_wanted().items():
        if found.answering[lane]:
            yield Finding("consumers", Severity.OK, f"{found.answering[lane]} answer {lane}.")
        else:
            says = f"Nobody has answered {lane} for 30 s; {found.depths[lane]} rings wait."
            yield Finding("consumers", Severity.BROKEN, says, command)


def lanes_wanted() -> dict[Lane, str]:
    """The lanes that the Procfile has somebody for, with the commands that answer them."""
    procfile = PROJECT / "Procfile"
    if not procfile.exists():
        return {lane: f"apptrail worker --lane {lane}" for lane in Lane}
    commands = [words for words in read_procfile(procfile).values() if words[1] == "worker"]
    return {Lane(words[words.index("--lane") + 1]): " ".join(words) for words in commands}
