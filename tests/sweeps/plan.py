"""How much of what a simulated year has, and what came of it."""

from collections import Counter
from dataclasses import dataclass, field

from pipeline.sweeping import Tier


@dataclass(frozen=True)
class Plan:
    """How much of what. `every` are days between two sweeps of a tier; shares are of 1.

    `killed` is the share of a sweep's statements at which its process dies.
    """

    connections: int
    meetings: int
    people: int
    days: int = 365
    dropped: float = 0.1
    doubled: float = 0.1
    delayed: float = 0.2
    failing: float = 0.01
    killed: float = 0.0
    every: dict[Tier, int] = field(default_factory=lambda: {Tier.NEAR: 2, Tier.MID: 4, Tier.FAR: 30})


@dataclass
class Tally:
    """What happened in a year, in numbers, and in what the books differ from the truth."""

    happened: Counter[str] = field(default_factory=Counter)
    compared: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """The year for a person; differences name ids of the simulator's, and no more than twenty."""
        return [
            ", ".join(f"{name} {number}" for name, number in self.happened.items()),
            "compared: " + ", ".join(f"{name} {number}" for name, number in self.compared.items()),
            f"differences {len(self.differences)}",
            *(f"  {one}" for one in self.differences[:20]),
        ]
