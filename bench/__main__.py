"""`python -m bench`: measure, print the table, write it into docs/performance.md."""

import argparse
import sys
import time
from collections.abc import Callable

from bench import actor, backfill, drain, drawer, latency, letters, messages, receiver, report, sweep
from bench.figures import Figure
from bench.stage import Stage, stage

LINES: dict[str, Callable[[Stage], list[Figure]]] = {
    "receiver": receiver.measure,
    "drain": drain.measure,
    "actor": actor.measure,
    "latency": latency.measure,
    "messages": messages.measure,
    "sweep": sweep.measure,
    "letters": letters.measure,
    "drawer": drawer.measure,
    "backfill": backfill.measure,
}


def main() -> None:
    """Run the lines that were asked for; all of them without `--only`."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", help=f"some lines, by commas: {', '.join(LINES)}")
    parser.add_argument("--rounds", type=int, default=3, help="how often each side is measured, in turn (3)")
    parser.add_argument("--scale", type=float, default=1.0, help="a part of the load, for a quick look (1)")
    parser.add_argument("--no-write", action="store_true", help="leave docs/performance.md as it is")
    asked = parser.parse_args()
    names = asked.only.split(",") if asked.only else list(LINES)
    if unknown := set(names) - set(LINES):
        parser.error(f"--only: {', '.join(sorted(unknown))}")
    for name in names:
        began = time.monotonic()
        with stage(asked.scale, asked.rounds) as stood:
            figures = LINES[name](stood)
            machine = report.machine(stood.postgres.dsn("postgres"))
        print(report.table(figures), flush=True)
        print(f"({time.monotonic() - began:.0f} s)\n", file=sys.stderr, flush=True)
        if asked.scale == 1 and not asked.no_write:
            report.write(name, figures, f"make bench ONLY={name}", machine)


if __name__ == "__main__":
    main()
