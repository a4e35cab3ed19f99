"""Operators: people and programs who replay dead letters all the while, and are killed at it like anybody else."""

import random
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from threading import Event, Thread
from typing import Any

from tests.chaos.hook.sitecustomize import CURABLE
from tests.chaos.world import NotAnswering, World, eventually
from tests.flows.stack import APPTRAIL

REST_SECONDS = (0.2, 2.0)
RATES = (5.0, 50.0, 500.0)
KILLERS_TOO = 0.1
"""How many of the replays take killers again: each costs five deaths of a worker."""


class Operator:
    """One who starts replays, steers some and leaves others alone, until it is closed."""

    def __init__(self, world: World, seed: int) -> None:
        self._world = world
        self._dice = random.Random(seed)
        self._name = f"operator{seed}"
        self._over = Event()
        self._failed: BaseException | None = None
        self._thread = Thread(target=self._run, name=self._name, daemon=True)
        self._thread.start()

    def close(self, seconds: float) -> None:
        """Start no more; raises what went wrong."""
        self._over.set()
        self._thread.join(seconds)
        assert not self._thread.is_alive(), f"{self._name} never ended"
        if self._failed is not None:
            raise self._failed

    def _run(self) -> None:
        acts: list[Callable[[], None]] = [self._by_hand, self._by_hand, self._by_program, self._steer]
        try:
            while not self._over.wait(self._dice.uniform(*REST_SECONDS)):
                self._dice.choice(acts)()
        except BaseException as error:  # noqa: BLE001  told by `close`
            self._failed = error

    def _reason(self) -> str:
        return "killed_its_worker" if self._dice.random() < KILLERS_TOO else "failed"

    def _by_hand(self) -> None:
        """The command line drives; a third of the time its terminal is closed under it."""
        process = start_by_hand(
            self._world, self._name, "--died-of", self._reason(), "--canary", str(self._dice.randint(0, 2)),
            "--rate", str(self._dice.choice(RATES)),
        )  # fmt: skip
        patience = self._dice.uniform(1, 4) if self._dice.random() < 0.33 else 20.0
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()  # the clock goes on with it
            process.wait()

    def _by_program(self) -> None:
        """The clock drives."""
        asked = {
            "filter": {"reason": self._reason()}, "reason": "chaos", "rate": self._dice.choice(RATES),
            "canaries": self._dice.randint(0, 2),
        }  # fmt: skip
        self._post("/api/v1/dead-letters/replay", asked)

    def _steer(self) -> None:
        """Pause, resume or cancel one that runs, whoever started it."""
        rows = eventually(lambda: self._world.execute(_UNENDED), 60, "replays")
        if rows:
            act = self._dice.choice(["pause", "resume", "resume", "cancel"])
            self._post(f"/api/v1/replays/{self._dice.choice(rows)[0]}/{act}", None)

    def _post(self, path: str, body: Any) -> None:
        """Once: what is not answered may have been done or not, as with anybody's programs."""
        try:
            self._world.tell(path, body)
        except NotAnswering:
            pass


def start_by_hand(world: World, name: str, *options: str) -> subprocess.Popen[bytes]:
    """Start `apptrail dead-letters replay` for the client whose token steers it over the API, too."""
    with (world.stack.folder / "operators.log").open("ab") as log:
        return subprocess.Popen(
            [APPTRAIL, "dead-letters", "replay", "--client", "agency", "--reason", "chaos", "--by", name, *options],
            env=world.environment, stdout=log, stderr=log,
        )  # fmt: skip


def replay_all(world: World, seconds: float) -> None:
    """Bring every replay to its end, then replay whatever failed once more: the bug is gone."""
    deadline = time.monotonic() + seconds
    while rows := world.execute(_UNENDED):
        assert time.monotonic() < deadline, f"{len(rows)} replays never ended"
        for replay_id, state in rows:
            if state == "paused":
                world.tell(f"/api/v1/replays/{replay_id}/resume", None)
        time.sleep(0.2)
    last = start_by_hand(world, "the last", "--died-of", "failed", "--canary", "0", "--rate", "500")
    assert last.wait(seconds) in (0, 2), "the last replay did not end"


def set_bug(world: World, *, there: bool) -> None:
    """Break the jobs of curable stories, or mend them."""
    if there:
        world.bug.touch()
    else:
        world.bug.unlink(missing_ok=True)


def has_buried(world: World) -> bool:
    """Whether the bug has cost a job its life."""
    return bool(
        world.execute(
            "SELECT 1 FROM dead_letter WHERE payload->>'external_id' LIKE %s LIMIT 1", (f"{CURABLE}%",)
        )
    )


def counted(world: World) -> Counter[str]:
    """How many replays came to which end, and how many letters they posted, with what outcome."""
    found = Counter(dict(world.execute("SELECT state, count(*) FROM replay GROUP BY state")))
    letters = world.execute(
        "SELECT 'letters ' || outcome, count(*) FROM dead_letter WHERE outcome IS NOT NULL GROUP BY 1"
    )
    return found + Counter(dict(letters))


_UNENDED = "SELECT id, state FROM replay WHERE state IN ('running', 'paused')"
