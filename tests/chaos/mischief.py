"""Mischiefs: the ways in which an adversary breaks a world. Each says what it did, and leaves recovery to others.

Web, workers and clock are brought back by the product's own supervisor; Postgres and Redis by us, as a host's
init or a cloud does.
"""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import psutil
import redis

from boot.postgres_cluster import DATABASE
from tests.chaos.world import World

DOWN_SECONDS = (0.0, 1.5)


@dataclass(frozen=True)
class Mischief:
    """Something that goes wrong. `kills`: whether it ends a process; `play` returns False when there was nothing to do."""

    name: str
    kills: bool
    play: Callable[[World, random.Random], bool]
    lasts: float = 0.0


def killing(kind: str) -> Mischief:
    """kill -9 one process of a type."""

    def play(world: World, dice: random.Random) -> bool:
        living = world.processes(kind)
        return bool(living) and _kill(dice.choice(living))

    return Mischief(f"kill {kind}", True, play)


def pausing(kind: str, seconds: float) -> Mischief:
    """SIGSTOP one process of a type and continue it after so many seconds."""

    def play(world: World, dice: random.Random) -> bool:
        living = world.processes(kind)
        if not living:
            return False
        with _stopped([dice.choice(living)]):
            time.sleep(seconds)
        return True

    return Mischief(f"pause {kind}", False, play, seconds)


def _kill_postgres(world: World, dice: random.Random) -> bool:
    with world.servers:
        world.stack.postgres.kill()
        time.sleep(dice.uniform(*DOWN_SECONDS))
        world.stack.postgres.start()
    return True


def _kill_backend(world: World, dice: random.Random) -> bool:
    """End one backend as the kernel does when memory runs out: Postgres restarts all of them."""
    with world.servers:
        backends = psutil.Process(world.stack.postgres.pid).children()
        serving = [one for one in backends if DATABASE in _title(one)]
        return bool(serving) and _kill(dice.choice(serving))


def _kill_redis(world: World, dice: random.Random) -> bool:
    with world.servers:
        world.stack.redis.kill()
        time.sleep(dice.uniform(*DOWN_SECONDS))
        world.stack.redis.start()
    return True


def _flush_redis(world: World, _: random.Random) -> bool:
    with world.servers, redis.Redis.from_url(world.stack.redis.url) as client:
        client.flushall()
    return True


def pausing_postgres(seconds: float) -> Mischief:
    """Stop Postgres and all its backends: connections stay, answers do not come."""

    def play(world: World, _: random.Random) -> bool:
        with world.servers:
            master = psutil.Process(world.stack.postgres.pid)
            with _stopped([master, *master.children(recursive=True)]):
                time.sleep(seconds)
        return True

    return Mischief("pause postgres", False, play, seconds)


def pausing_redis(seconds: float) -> Mischief:
    """Stop Redis."""

    def play(world: World, _: random.Random) -> bool:
        with world.servers, _stopped([psutil.Process(world.stack.redis.pid)]):
            time.sleep(seconds)
        return True

    return Mischief("pause redis", False, play, seconds)


def holding_the_wire(seconds: float) -> Mischief:
    """Let nothing through between the product and Postgres, while every connection stays open."""

    def play(world: World, _: random.Random) -> bool:
        world.postgres_proxy.hold()
        try:
            time.sleep(seconds)
        finally:
            world.postgres_proxy.let_flow()
        return True

    return Mischief("hold wire", False, play, seconds)


def _sever_postgres(world: World, _: random.Random) -> bool:
    return world.postgres_proxy.sever() > 0


def _sever_redis(world: World, _: random.Random) -> bool:
    return world.redis_proxy.sever() > 0


@contextmanager
def _stopped(processes: Sequence[psutil.Process]) -> Iterator[None]:
    """Processes that do not run meanwhile; some may be gone by the end."""
    for process in processes:
        _send(process.suspend)
    try:
        yield
    finally:
        for process in processes:
            _send(process.resume)


def _kill(process: psutil.Process) -> bool:
    try:
        process.kill()
    except psutil.NoSuchProcess:
        return False
    return True


def _title(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return ""


def _send(signal: Callable[[], None]) -> None:
    try:
        signal()
    except psutil.NoSuchProcess:
        pass  # somebody else killed it


KILLS = [
    *map(killing, ("web", "worker", "bulk", "clock")),
    Mischief("kill postgres", True, _kill_postgres),
    Mischief("kill backend", True, _kill_backend),
    Mischief("kill redis", True, _kill_redis),
]
CUTS = [
    Mischief("flush redis", False, _flush_redis),
    Mischief("sever postgres", False, _sever_postgres),
    Mischief("sever redis", False, _sever_redis),
]
SHORT_PAUSES = [pausing("worker", 4), pausing("web", 2.5), pausing_postgres(2.5), holding_the_wire(2.5)]
"""Past the time-outs of an answer and of a read."""
LONG_PAUSES = [
    pausing("worker", 35), pausing("web", 12), pausing_postgres(13), pausing_redis(7), holding_the_wire(13),
]  # fmt: skip
"""Past every time-out: a batch's ten seconds, Redis' five, a broker's heartbeat of thirty."""
