"""The process `clock`."""

from functools import partial

from scripts import console
from scripts.sweeping import sweeping_duties
from workers.processes import run_clock


def clock() -> None:
    """Keep time: sweep the providers, ask what only they can settle, recompute what time alone changes."""
    loaded = console.settings()
    run_clock(loaded, partial(sweeping_duties, loaded))
