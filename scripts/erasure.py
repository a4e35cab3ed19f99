"""`apptrail leads erase`: a person is removed, and then looked for everywhere."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import redis
import typer

from db import erasing, leads
from db.desk import Database
from db.erasing import Person
from db.failures import is_transient
from db.people import UnknownLead
from scripts import console
from scripts.ringing import ringing


def erase(
    lead: UUID = typer.Argument(help="The lead whose person is to be removed."),
    as_json: bool = console.JsonOption,
) -> None:
    """Remove a person: names, addresses, identities and texts. What stays is a husk that nobody can be read from.

    Its meetings stay in the client's figures. Afterwards every table and all of Redis are searched for
    the person; exit code 1 and the places if anything is left. Logs and backups are yours to expire.
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
        found = dict(_places(database, loaded.redis_url, person))
    if as_json:
        print(json.dumps({"erased": len(person.leads), "found": found}))
    else:
        print(f"erased {len(person.leads)} leads; searched every table and Redis")
        for place, rows in found.items():
            print(f"  still in {place}: {rows}")
    if found:
        raise typer.Exit(1)


def _places(database: Database, redis_url: str, person: Person) -> Iterator[tuple[str, int]]:
    yield from erasing.places(database, person)
    try:
        hits = sum(_in_redis(redis_url, re.compile(person.pattern, re.IGNORECASE))) if person.pattern else 0
    except redis.RedisError:
        console.fail(
            "The person is erased and the tables are clean; Redis does not answer and was not searched."
        )
    if hits:
        yield "redis", hits


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
