"""The report: what was measured, on what machine, as a table and as bars."""

import os
import platform
import re
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from bench.figures import Figure
from bench.pictures import shown
from bench.stage import settings_of
from boot.settings import PROJECT

PAGE = PROJECT / "docs" / "performance.md"
PAGES = (PAGE, PROJECT / "docs" / "scaling.md")
"""A line's block is written on every page that has its markers; one that none has, at the end of the first."""
HEADS = ["What", "Measured", "Reference, in the same run", "Ratio", "Floor"]
BAR = 40


def table(figures: list[Figure]) -> str:
    """Markdown, with notes and bars below."""
    rows = [HEADS, ["---"] * len(HEADS), *(figure.row() for figure in figures)]
    lines = [f"| {' | '.join(row)} |" for row in rows]
    notes = [f"\n{note}" for figure in figures for note in figure.notes]
    return "\n".join([*lines, *notes, *_bars(figures)])


def _bars(figures: list[Figure]) -> list[str]:
    shown = [figure for figure in figures if figure.reference and not figure.series]
    if not shown:
        return []
    lines = ["", "```text"]
    for figure in shown:
        most = max(median(figure.measured), median(figure.reference))
        for label, values in (
            (figure.what.split(":")[0], figure.measured),
            (figure.against, figure.reference),
        ):
            lines.append(
                f"{label[:34]:<34} {'█' * max(1, round(median(values) / most * BAR))} {median(values):,.0f}"
            )
    return [*lines, "```"]


def machine(dsn: str) -> str:
    """What it ran on, without a name or a path of this machine."""
    server = settings_of(dsn)
    return (
        f"{os.cpu_count()} cores ({_cpu_model()}), {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}, Postgres {server['server_version']} "
        f"(fsync {server['fsync']}, synchronous_commit {server['synchronous_commit']}, "
        f"shared_buffers {server['shared_buffers']}), {datetime.now(UTC):%Y-%m-%d}"
    )


def _cpu_model() -> str:
    try:
        info = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor() or "unknown"
    found = re.search(r"^model name\s*:\s*(.+)$", info, re.MULTILINE)
    return found[1].strip() if found else "unknown"


def write(name: str, figures: list[Figure], command: str, ran_on: str) -> None:
    """Put one line's figures between its markers; the page's own words stay as they are."""
    _put(name, "\n\n".join(filter(None, [table(figures), shown(name), f"`{command}` on {ran_on}."])))
    if picture := shown("ratios"):
        _put("ratios", picture)


def _put(name: str, text: str) -> None:
    begin, end = f"<!-- bench:{name} -->", f"<!-- /bench:{name} -->"
    block = f"{begin}\n{text}\n{end}"
    pages = {place: place.read_text() for place in PAGES if place.exists()} or {PAGE: TITLE}
    holding = [place for place, page in pages.items() if begin in page]
    for place in holding:
        mended = re.sub(
            f"{re.escape(begin)}.*?{re.escape(end)}", lambda _: block, pages[place], flags=re.DOTALL
        )
        place.write_text(mended)
    if not holding:
        PAGE.write_text(f"{pages[PAGE]}\n## {name.capitalize()}\n\n{block}\n")


TITLE = """# Performance

Measured by `make bench`: each figure beside its reference, taken in turn in the same run on the same servers, as
the median of the rounds (lowest–highest). The load generator, Postgres, Redis and every process share the machine's
cores. Absolute numbers say as much about the machine as about us; the ratios are what we hold ourselves to.
"""
