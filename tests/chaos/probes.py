"""Probes: one booking after the other, each watched until the API shows it, to tell how long nothing was normal."""

import json
import random
import time
from dataclasses import dataclass
from itertools import count
from threading import Event, Thread

from tests.chaos.stories import Story, one_meeting
from tests.chaos.world import NotAnswering, World

LOOK_EVERY = 0.05
REST_SECONDS = 0.1
PATIENCE_SECONDS = 60.0
"""After which a probe is given up; the oracle will say whether it was lost."""


@dataclass(frozen=True)
class Probe:
    """When it was first sent, and when it was seen."""

    sent: float
    seen: float


class Prober:
    """Sends probes from a thread until it is closed; each is a story that the oracle knows, too."""

    def __init__(self, world: World, dice: random.Random) -> None:
        self.probes: list[Probe] = []
        self.stories: list[Story] = []
        self.acknowledged: set[bytes] = set()
        self.failed: AssertionError | None = None
        self._world = world
        self._dice = dice
        self._stop = Event()
        self._thread = Thread(target=self._run, name="prober", daemon=True)
        self._thread.start()

    def normal_at(self, at: float) -> float | None:
        """When the first probe was seen that was sent after an instant."""
        return min((probe.seen for probe in self.probes if probe.sent >= at), default=None)

    def close(self, seconds: float) -> None:
        """Send one more probe, and wait for it."""
        self._stop.set()
        self._thread.join(seconds)
        assert not self._thread.is_alive(), "a probe was never seen"
        if self.failed is not None:
            raise self.failed

    def _run(self) -> None:
        try:
            for number in count():
                last = self._stop.wait(REST_SECONDS)
                self._probe(f"probe{number}")
                if last:
                    return
        except AssertionError as error:
            self.failed = error

    def _probe(self, name: str) -> None:
        story = one_meeting(name, self._dice)
        self.stories.append(story)
        raw = json.dumps(story.bodies[0]).encode()
        sent = time.monotonic()
        while not self._taken(raw):
            time.sleep(LOOK_EVERY)
        self.acknowledged.add(raw)
        while not self._seen(story):
            if time.monotonic() - sent > PATIENCE_SECONDS:
                return
            time.sleep(LOOK_EVERY)
        self.probes.append(Probe(sent, time.monotonic()))

    def _taken(self, raw: bytes) -> bool:
        try:
            answer = self._world.deliver(raw)
        except NotAnswering:
            return False
        assert answer.status_code in (200, 503), answer.text
        return answer.status_code == 200

    def _seen(self, story: Story) -> bool:
        try:
            return any(self._world.appointments(lead) for lead in self._world.leads_of(story.emails[0]))
        except NotAnswering:
            return False
