"""What a doctor reads from Redis: its version, what it does when memory runs out, and who answers."""

from dataclasses import dataclass

from boot import clock
from pipeline.words import Lane
from workers.doorbell import HEARTBEAT_MS, NAMESPACE, Doorbell


@dataclass(frozen=True)
class RedisHealth:
    """`policy` is maxmemory-policy, None where it may not be asked; `answering` counts consumers by lane."""

    version: str
    policy: str | None
    memory_limit: int
    answering: dict[Lane, int]
    depths: dict[Lane, int]


def redis_health(doorbell: Doorbell) -> RedisHealth:
    """Ask Redis; raises NotReachable. A consumer counts while its heartbeat is younger than 30 s."""
    server = doorbell.client.info("server")
    memory = doorbell.client.info("memory")
    since = clock.now().timestamp() * 1000 - HEARTBEAT_MS
    names = [
        name if isinstance(name, bytes) else str(name).encode()
        for name in doorbell.client.zrangebyscore(f"{NAMESPACE}:__heartbeats__", since, "+inf")
    ]
    return RedisHealth(
        version=str(server["redis_version"]),
        policy=memory.get("maxmemory_policy"),
        memory_limit=int(memory.get("maxmemory", 0)),
        answering={lane: sum(name.startswith(f"{lane}-".encode()) for name in names) for lane in Lane},
        depths={lane: doorbell.depth(lane) for lane in Lane},
    )


def version_of(text: str) -> tuple[int, int]:
    """Major and minor of a version such as 6.2.14; (0, 0) for a text that is none."""
    parts = text.split(".")
    return (
        (int(parts[0]), int(parts[1])) if len(parts) > 1 and all(p.isdecimal() for p in parts[:2]) else (0, 0)
    )
