"""`apptrail leads erase`: a person is removed, and then looked for everywhere."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import redis
import typer

from db import erasing, leads
from db.desk import Database
from db.erasing import Person, Searched
from db.failures import is_transient
from db.people import UnknownLead
from scripts import console
from scripts.ringing import ringing


def erase(
    lead: UUID = typer.Argument(help="The lead whose person is to be removed."),
    log: list[Path] = typer.Option(
        [], exists=True, dir_okay=False, help="A log to search as well; may be given several times."
    ),
    as_json: bool = console.JsonOption,
) -> None:
    """Remove a person: names, addresses, identities and texts. What stays is a husk that nobody can be read from.

    Its meetings stay in the client's figures. Afterwards every table and all of Redis are searched for
    the person, and each log that is named: for names, addresses, their digests and plain hashes. What was
    searched is printed; exit code 1 and the places if anything is left. Backups are yours to expire.
    """
    loaded = console.settings()
    with console.database(loaded) as database, ringing(loaded) as ringer:
        try:
            person = erasing.erase(database, leads.client_of(database, lead), lead, ringer)
        except UnknownLead:
            console.fail("No lead has that id.")
        except Exception as error:
            if not is_transient(error):
                raise
            console.fail("The lead is busy. Nothing was changed; try again in a moment.")
        searched = list(_searched(database, loaded.redis_url, person, log))
    found = {one.place: one.found for one in searched if one.found}
    if as_json:
        looked_at = {one.place: one.looked_at for one in searched}
        print(json.dumps({"erased": len(person.leads), "found": found, "searched": looked_at}))
    else:
        _print(person, searched)
    if found:
        raise typer.Exit(1)


def _print(person: Person, searched: list[Searched]) -> None:
    if not searched:
        print(f"erased {len(person.leads)} leads; nothing was known by which a person could be looked for")
        return
    tables = sum(one.looked_at for one in searched if one.place != "redis")
    print(f"erased {len(person.leads)} leads; searched {len(searched)} places, {tables} rows and lines:")
    for one in searched:
        print(f"  {one.place}: {one.looked_at} searched, {one.found} found")


def _searched(database: Database, redis_url: str, person: Person, logs: list[Path]) -> Iterator[Searched]:
    yield from erasing.places(database, person)
    if not person.pattern:
        return
    wanted = re.compile(person.pattern, re.IGNORECASE)
    try:
        keys = list(_in_redis(redis_url, wanted))
    except redis.RedisError:
        console.fail(
            "The person is erased and the tables are clean; Redis does not answer and was not searched."
        )
    yield Searched("redis", len(keys), sum(keys))
    for file in logs:
        with file.open(encoding="utf-8", errors="replace") as lines:
            hits = [bool(wanted.search(line)) for line in lines]
        yield Searched(f"log {file.name}", len(hits), sum(hits))


def _in_redis(redis_url: str, wanted: re.Pattern[str]) -> Iterator[bool]:
    with redis.Redis.from_url(redis_url) as client:
        for key in client.scan_iter("*", count=1_000):
            yield bool(wanted.search(f"{_text(key)} {_text(_value(client, key))}"))


def _value(client: redis.Redis, key: bytes) -> Any:
    """What is stored under a key, in the clear: a dump may be compressed."""
    readers: dict[bytes, Callable[[bytes], Any]] = {
        b"string": client.get,
        b"hash": client.hgetall,
        b"set": client.smembers,
        b"list": lambda name: client.lrange(name, 0, -1),
        b"zset": lambda name: client.zrange(name, 0, -1),
        b"stream": client.xrange,
    }
    kind: Any = client.type(key)
    reader = readers.get(kind)
    return reader(key) if reader else client.dump(key)


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
