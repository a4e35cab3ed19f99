"""Pictures: keeps the figures of every line beside docs/performance.md, and has them drawn."""

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from bench.figures import Figure
from bench.venvs import python_of
from boot.settings import PROJECT

FOLDER = PROJECT / "docs" / "images"
DATA = FOLDER / "figures.json"
HERE = Path(__file__).parent


def keep(line: str, figures: list[Figure]) -> None:
    """Keep one line's figures in place of those of before."""
    FOLDER.mkdir(exist_ok=True)
    known = json.loads(DATA.read_text()) if DATA.exists() else {}
    known[line] = [{**asdict(one), "notes": []} for one in figures]
    DATA.write_text(json.dumps(known, indent=1, ensure_ascii=False, sort_keys=True) + "\n")


SHOWN = {
    "scale": "Drain by workers, by leads in a drain and by how jobs spread; deliveries by receivers",
    "peers": "Jobs a second beside Celery, Procrastinate, RQ and dramatiq",
    "hosts": "Applied a second before, while and after a host is unplugged",
    "ratios": "Each ratio over its floor",
}
"""Lines with a picture of their own, and the one of all lines: what it shows."""


def shown(line: str) -> str:
    """The picture of a line as Markdown, if there is one."""
    there = line in SHOWN and (FOLDER / f"{line}.svg").exists()
    return f"![{SHOWN[line]}](images/{line}.svg)" if there else ""


def draw() -> None:
    """Draw what is kept. Without matplotlib to be had the pictures stay as they are, and that is said."""
    try:
        python = python_of(HERE / "plots.lock")
    except subprocess.CalledProcessError:
        print("matplotlib could not be installed: docs/images stays as it is", file=sys.stderr)
        return
    subprocess.run([str(python), str(HERE / "plot.py"), str(DATA), str(FOLDER)], check=True)
