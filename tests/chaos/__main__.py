"""`make chaos`: a long campaign on this machine, twice: alone, and with operators who replay dead letters all the while.

CHAOS="--seconds 600 --seed 7 --kills 200"; `--part alone` or `--part replaying` for one of the two.
"""

import argparse
import random
import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from tests.chaos.campaign import Campaign, Plan, Report
from tests.chaos.mischief import CUTS, KILLS, LONG_PAUSES, Mischief
from tests.chaos.world import world

PARTS = ("alone", "replaying")
OPERATORS = 2
CURABLE = 0.15


def a_long_plan(seed: int, seconds: float, kills: int, part: str) -> Plan:
    """Kills of every kind in turn, a cut for every third of them, and pauses all the while."""
    dice = random.Random(seed)
    blows: list[Mischief] = [KILLS[number % len(KILLS)] for number in range(kills)]
    blows += [CUTS[number % len(CUTS)] for number in range(kills // 3)]
    dice.shuffle(blows)
    pauses = [one for _ in range(int(seconds // 60)) for one in dice.sample(LONG_PAUSES, len(LONG_PAUSES))]
    plan = Plan(
        seed, seconds, blows, pauses, unreadable=kills // 5, killers=max(1, kills // 50), parked=kills // 5
    )
    return replace(plan, operators=OPERATORS, curable=CURABLE) if part == "replaying" else plan


def run(part: str, asked: argparse.Namespace) -> Report:
    """Run one part in a folder of its own, and print its report."""
    print(f"{part}: seed {asked.seed}, {asked.kills} kills in {asked.seconds:.0f} s", flush=True)
    folder = Path(tempfile.mkdtemp(prefix="apptrail-chaos-"))
    folder.chmod(0o755)
    try:
        with world(folder) as broken:
            report = Campaign(broken, a_long_plan(asked.seed, asked.seconds, asked.kills, part)).run()
    finally:
        if asked.keep:
            print(f"logs in {folder}")
        else:
            shutil.rmtree(folder)
    print("\n".join(report.lines()), flush=True)
    return report


def main() -> int:
    """Run the parts, and say by the exit code whether all was well."""
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600.0, help="of each part")
    parser.add_argument("--kills", type=int, default=200, help="in each part")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    parser.add_argument("--part", choices=PARTS, help="only one of the two")
    parser.add_argument("--keep", action="store_true", help="leave the folder with the logs and the tables")
    asked = parser.parse_args()
    reports = [run(part, asked) for part in PARTS if asked.part in (None, part)]
    cured = all(report.replays["letters applied"] for report in reports if report.replays)
    return 0 if cured and all(one.is_clean and one.kills >= asked.kills for one in reports) else 1


if __name__ == "__main__":
    sys.exit(main())
