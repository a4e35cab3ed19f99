"""`python -m bench`: measure, print the table, write it into docs/performance.md."""

import argparse
import sys
import time
from collections.abc import Callable

from bench import (
    actor,
    backfill,
    drain,
    drawer,
    growth,
    hosts,
    hot,
    latency,
    letters,
    memory,
    messages,
    pictures,
    receiver,
    report,
    scale,
    sweep,
)
from bench.figures import Figure
from bench.networks import Kind, best_kind
from bench.peers import line as peers
from bench.stage import Stage, stage
from tests import namespaces

LINES: dict[str, Callable[[Stage], list[Figure]]] = {
    "receiver": receiver.measure,
    "drain": drain.measure,
    "actor": actor.measure,
    "peers": peers.measure,
    "latency": latency.measure,
    "messages": messages.measure,
    "sweep": sweep.measure,
    "letters": letters.measure,
    "drawer": drawer.measure,
    "backfill": backfill.measure,
    "hot": hot.measure,
    "growth": growth.measure,
    "memory": memory.measure,
    "scale": scale.measure,
    "hosts": lambda stage: hosts.measure(stage, stage.hosts),
}
ROUNDS = 3
OPTIONS = {"growth": growth.OPTIONS, "hot": hot.OPTIONS}
"""What a line's Postgres is set to beside boot's own."""
NEEDS_HOSTS = {"hosts"}


def main() -> None:
    """Run the lines that were asked for; all of them without `--only`."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", help=f"some lines, by commas: {', '.join(LINES)}")
    parser.add_argument(
        "--rounds", type=int, default=ROUNDS, help=f"how often each side is measured, in turn ({ROUNDS})"
    )
    parser.add_argument("--scale", type=float, default=1.0, help="a part of the load, for a quick look (1)")
    parser.add_argument(
        "--write", action="store_true", help="write a scaled run into docs/performance.md too"
    )
    parser.add_argument(
        "--hosts",
        type=Kind,
        choices=list(Kind),
        help="what the line hosts makes its hosts of: network namespaces, which need root, or loopback addresses behind"
        " relays (the first, else the second)",
    )
    parser.add_argument("--no-write", action="store_true", help="leave docs/ as it is")
    asked = parser.parse_args()
    names = asked.only.split(",") if asked.only else list(LINES)
    if unknown := set(names) - set(LINES):
        parser.error(f"--only: {', '.join(sorted(unknown))}")
    if asked.hosts is Kind.NAMESPACES and not namespaces.are_allowed():
        parser.error(f"--hosts: {namespaces.NotAllowedHere()}")
    for name in names:
        began = time.monotonic()
        with stage(asked.scale, asked.rounds, OPTIONS.get(name)) as stood:
            if name in NEEDS_HOSTS:
                stood.hosts = asked.hosts or best_kind()
            figures = LINES[name](stood)
            machine = report.machine(stood.postgres.dsn("postgres"))
        print(report.table(figures), flush=True)
        print(f"({time.monotonic() - began:.0f} s)\n", file=sys.stderr, flush=True)
        if (asked.scale == 1 or asked.write) and not asked.no_write:
            pictures.keep(name, figures)
            pictures.draw()
            report.write(name, figures, _command(name, stood), machine)


def _command(name: str, stood: Stage) -> str:
    """What gives these figures again."""
    options = [
        *([f"--scale {stood.scale:g}"] if stood.scale != 1 else []),
        *([f"--rounds {stood.rounds}"] if stood.rounds != ROUNDS else []),
        *([f"--hosts {stood.hosts}"] if name in NEEDS_HOSTS and stood.hosts is Kind.ALIASES else []),
    ]
    return " ".join([f"make bench ONLY={name}", *([f'BENCH="{" ".join(options)}"'] if options else [])])


if __name__ == "__main__":
    main()
