"""Show 1, the short way: kills of every kind, and at the end nothing lost, nothing wrong, nothing twice.

Two operators replay dead letters meanwhile; what died of a bug is cured by it once the bug is gone.
"""

import random
from pathlib import Path

from tests.chaos.campaign import Campaign, Plan
from tests.chaos.mischief import CUTS, KILLS, SHORT_PAUSES
from tests.chaos.world import world

SEED = 20


def test_nothing_is_lost_wrong_or_doubled_whatever_is_killed(server_folder: Path) -> None:
    blows = [*KILLS, *CUTS]
    random.Random(SEED).shuffle(blows)
    with world(server_folder / "chaos") as broken:
        plan = Plan(SEED, 18.0, blows, SHORT_PAUSES, operators=2, curable=0.2)
        report = Campaign(broken, plan).run()
    said = "\n".join(report.lines())
    assert report.is_clean, said
    assert report.kills == len(KILLS), said
    assert {one.name for one in (*blows, *SHORT_PAUSES)} <= set(report.done), said
    assert report.acknowledged > 50, said
    assert report.replays["letters applied"] > 0, said
