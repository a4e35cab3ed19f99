"""`python -m tests.simulators FILE`: a GHL location that lives in real time, with its API and its webhooks.

FILE is JSON: port, location, token, since, timezone, emails, private_key (PEM), webhook (an address).
"""

import json
import signal
import sys
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import httpx

from pipeline.words import Provider
from tests.simulators.clock import SimulatedClock
from tests.simulators.ghl_site import GhlSite
from tests.simulators.senders import Sender, Weather, ghl_retries
from tests.simulators.serving import on_socket
from tests.simulators.story import BEFORE, Story
from tests.simulators.webhooks import GhlKey, GhlWebhooks
from tests.simulators.world import World

SEED = 20
LOOK_EVERY = 1.0
LOSSY = Weather(dropped=0.3, duplicated=0.1, reordered=0.1)
"""Webhooks get lost, and sweeps find what they would have said."""


def main(file: Path) -> None:
    """Run until SIGINT or SIGTERM."""
    said = json.loads(file.read_text())
    since = datetime.fromisoformat(said["since"])
    world = World(SimulatedClock(since - BEFORE), SEED)
    account = world.account(Provider.GHL, zone=said["timezone"], name=said["location"], token=said["token"])
    story = Story(world, account, since, said["emails"], SEED)
    story.move_to(datetime.now(UTC))  # what was told before is not sent again
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    with httpx.Client(timeout=10, trust_env=False) as client:
        sender = Sender(world, lambda *message: _post(client, *message), ghl_retries, LOSSY, SEED)
        GhlWebhooks(sender, GhlKey(said["private_key"]), {account.id: said["webhook"]})
        with on_socket(GhlSite(world), port=said["port"]):
            while not stopped.wait(LOOK_EVERY):
                story.move_to(datetime.now(UTC))


def _post(client: httpx.Client, url: str, headers: Mapping[str, str], body: bytes) -> int:
    try:
        return client.post(url, headers=dict(headers), content=body).status_code
    except httpx.TransportError:
        return 0


if __name__ == "__main__":
    main(Path(sys.argv[1]))
