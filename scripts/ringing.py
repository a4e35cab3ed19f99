"""A bell for one command: what a command leaves due is rung for before it ends."""

from collections.abc import Iterator
from contextlib import contextmanager

from boot.settings import Settings
from workers.doorbell import Doorbell
from workers.ringer import Ringer


@contextmanager
def ringing(loaded: Settings) -> Iterator[Ringer]:
    """Lend a ringer; it is closed, its rings sent, at the end."""
    bell = Doorbell.connect(loaded.redis_url)
    ringer = Ringer(bell)
    try:
        yield ringer
    finally:
        ringer.close()
        bell.close()
