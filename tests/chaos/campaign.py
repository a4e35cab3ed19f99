"""A campaign: stories, probes and poison on one side, an adversary on the other, and a verdict at the end."""

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from threading import Event, Thread

from tests.chaos.driver import Driver
from tests.chaos.hook.sitecustomize import CURABLE
from tests.chaos.mischief import Mischief
from tests.chaos.operators import Operator, counted, has_buried, replay_all, set_bug
from tests.chaos.oracle import Verdict, judge
from tests.chaos.poison import Poisoner
from tests.chaos.probes import Prober
from tests.chaos.world import World, eventually

SETTLE_SECONDS = 240.0


@dataclass(frozen=True)
class Plan:
    """What a campaign is made of; the same seed makes the same choices, though never the same timing."""

    seed: int
    seconds: float
    blows: Sequence[Mischief]
    """What is done, one after the other, evenly over the time."""
    pauses: Sequence[Mischief] = ()
    """What is done meanwhile: each lasts."""
    stories_a_second: float = 2.0
    unreadable: int = 5
    killers: int = 1
    """At least one."""
    parked: int = 5
    operators: int = 0
    """Who replay dead letters all the while, each on their own."""
    curable: float = 0.0
    """Of the stories, those whose jobs fail while a bug is there; they are replayed once it is gone."""


@dataclass
class Report:
    """What was done and what came of it."""

    seed: int
    done: Counter[str] = field(default_factory=Counter)
    kills: int = 0
    slowest: tuple[float, str] = (0.0, "nothing")
    stories: int = 0
    attempts: int = 0
    acknowledged: int = 0
    postponed: int = 0
    unanswered: int = 0
    poisons: int = 0
    replays: Counter[str] = field(default_factory=Counter)
    refused: list[tuple[int, str]] = field(default_factory=list)
    unhealed: list[str] = field(default_factory=list)
    verdict: Verdict = field(default_factory=Verdict)

    @property
    def is_clean(self) -> bool:
        return self.verdict.is_clean and not self.refused and not self.unhealed

    def lines(self) -> list[str]:
        """The report for a person."""
        verdict = self.verdict
        return [
            f"seed {self.seed}",
            f"kills {self.kills}: " + _listed(self.done),
            f"stories {self.stories}, poisons {self.poisons}, deliveries acknowledged {self.acknowledged}",
            f"attempts {self.attempts}: {self.postponed} told to come again, {self.unanswered} unanswered",
            *([f"replays: {_listed(self.replays)}"] if self.replays else []),
            f"longest time to normal {self.slowest[0]:.1f} s, after {self.slowest[1]}",
            f"lost {len(verdict.lost)}, wrong final books {len(verdict.wrong)}, doubled {len(verdict.doubled)}",
            f"poison amiss {len(verdict.poison)}, refused {len(self.refused)}, unhealed {len(self.unhealed)}",
            *(
                f"  {kind}: {one}"
                for kind in ("lost", "wrong", "doubled", "poison")
                for one in getattr(verdict, kind)[:5]
            ),
            *(f"  refused: {one}" for one in self.refused[:5]),
            *(f"  not healed: {one}" for one in self.unhealed[:5]),
        ]


class Campaign:
    """One run over a world."""

    def __init__(self, world: World, plan: Plan) -> None:
        self._world = world
        self._plan = plan
        self._blows: list[tuple[float, Mischief]] = []
        self._driver = Driver(world, random.Random(plan.seed))
        self._prober = Prober(world, random.Random(plan.seed + 1))
        self._poisoner = Poisoner(world, self._driver, random.Random(plan.seed + 2))
        self._operators = [Operator(world, plan.seed + 10 + number) for number in range(plan.operators)]
        self._over = Event()

    def run(self) -> Report:
        """Play everything, let it settle, and judge."""
        narrator = Thread(target=self._narrate, daemon=True)
        with ThreadPoolExecutor(3) as hands:
            narrator.start()
            hands.submit(self._break_and_mend).add_done_callback(_raise)
            hands.submit(self._pause).add_done_callback(_raise)
            poisoning: Future[None] = hands.submit(self._poison)
            self._strike()
            self._over.set()
        narrator.join()
        poisoning.result()
        self._settle()
        return self._report()

    def _break_and_mend(self) -> None:
        """The bug is there for half of the time, until it has buried something; gone, and back for a while."""
        if not self._plan.curable:
            return
        set_bug(self._world, there=True)
        self._over.wait(self._plan.seconds * 0.5)
        self._world.stack.wait_for(
            lambda: eventually(partial(has_buried, self._world), 60, "letters"), SETTLE_SECONDS
        )
        for share, broken in ((0.15, False), (0.15, True)):
            set_bug(self._world, there=broken)
            self._over.wait(self._plan.seconds * share)
        set_bug(self._world, there=False)

    def _narrate(self) -> None:
        dice = random.Random(self._plan.seed + 6)
        for number in count():
            self._driver.tell(f"{CURABLE if dice.random() < self._plan.curable else 'person'}{number}")
            if self._over.wait(1 / self._plan.stories_a_second):
                return

    def _strike(self) -> None:
        dice = random.Random(self._plan.seed + 3)
        beat = self._plan.seconds / (len(self._plan.blows) + 1)
        began = time.monotonic()
        for number, mischief in enumerate(self._plan.blows, 1):
            time.sleep(max(0.0, began + number * beat - time.monotonic()))
            self._play(mischief, dice)
        time.sleep(beat)

    def _pause(self) -> None:
        dice = random.Random(self._plan.seed + 4)
        for mischief in self._plan.pauses:
            self._play(mischief, dice)
            if self._over.wait(1.0):
                return

    def _play(self, mischief: Mischief, dice: random.Random) -> None:
        """Do it as soon as there is something to do it to."""
        deadline = time.monotonic() + 60
        while not mischief.play(self._world, dice):
            assert time.monotonic() < deadline, f"{mischief.name}: nothing came back"
            time.sleep(0.1)
        self._blows.append((time.monotonic(), mischief))

    def _poison(self) -> None:
        plan = self._plan
        acts: list[Callable[[], None]] = [self._poisoner.unreadable] * plan.unreadable
        acts += [partial(self._poisoner.parked, f"odd{number}") for number in range(plan.parked)]
        acts += [self._poisoner.killer] * (plan.killers - 1)
        random.Random(plan.seed + 5).shuffle(acts)
        acts.insert(0, self._poisoner.killer)  # it takes five deaths and their back-offs
        for act in acts:
            self._over.wait(plan.seconds / (len(acts) + 2))
            act()

    def _settle(self) -> None:
        self._driver.close(SETTLE_SECONDS)
        self._prober.close(SETTLE_SECONDS)
        for operator in self._operators:
            operator.close(SETTLE_SECONDS)
        self._world.stack.wait_for(lambda: eventually(self._is_empty, 30, "inbox"), SETTLE_SECONDS)
        if self._operators:
            replay_all(self._world, SETTLE_SECONDS)
        self._world.stack.wait_for(lambda: eventually(self._is_empty, 30, "inbox"), SETTLE_SECONDS)

    def _is_empty(self) -> bool:
        return self._world.execute("SELECT count(*) FROM inbox") == [(0,)]

    def _report(self) -> Report:
        sent, prober = self._driver.sent, self._prober
        report = Report(self._plan.seed, stories=len(self._driver.stories) + len(prober.stories))
        for at, mischief in self._blows:
            report.done[mischief.name] += 1
            report.kills += mischief.kills
            seen = prober.normal_at(at)
            if seen is None:
                report.unhealed.append(mischief.name)
            else:
                report.slowest = max(report.slowest, (seen - self._last_hand_off(at, seen), mischief.name))
        acknowledged = sent.acknowledged | prober.acknowledged
        report.attempts, report.postponed, report.unanswered = sent.attempts, sent.postponed, sent.unanswered
        report.refused = sent.refused
        report.acknowledged = len(acknowledged)
        put = self._poisoner.put
        report.poisons = len(put.jobs) + len(put.parked)
        report.replays = counted(self._world)
        stories = [*self._driver.stories, *prober.stories]
        report.verdict = judge(self._world, acknowledged, stories, put)
        return report

    def _last_hand_off(self, at: float, seen: float) -> float:
        """A blow's instant, or the end of the last pause that went on before all was normal again."""
        pauses = [(end - one.lasts, end) for end, one in self._blows if one.lasts]
        return max([at, *(end for began, end in pauses if began < seen and at < end < seen)])


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {number}" for name, number in sorted(counts.items()))


def _raise(done: Future[None]) -> None:
    done.result()
