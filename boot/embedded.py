"""The servers that an installation without addresses of its own brings along."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from boot.embedded_postgres import PostgresServer, postgres
from boot.embedded_redis import RedisServer, redis_server
from boot.settings import Settings


@contextmanager
def servers(settings: Settings) -> Iterator[list[PostgresServer | RedisServer]]:
    """Run what the settings call embedded, and nothing else; what ran before is left running.

    Call it from the main thread, and hand the list to the supervisor, which brings back what dies.
    """
    with ExitStack() as running:
        started: list[PostgresServer | RedisServer] = []
        if settings.embedded_postgres:
            started.append(running.enter_context(postgres(settings.postgres_folder)))
        if settings.embedded_redis:
            started.append(running.enter_context(redis_server(settings.redis_folder)))
        yield started
