"""Draw the figures of docs/images/figures.json. Runs in an environment of its own (plots.lock), for matplotlib."""

import json
import re
import sys
from pathlib import Path
from statistics import median

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import ScalarFormatter

OURS, THEIRS, FLOOR = "#2f6f9f", "#9aa5ad", "#b3261e"
mpl.rcParams |= {
    "svg.hashsalt": "apptrail",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
}


def main(data: Path, folder: Path) -> None:
    lines: dict[str, list[dict]] = json.loads(data.read_text())
    ratios(lines, folder / "ratios.svg")
    if "scale" in lines:
        scale(lines["scale"], folder / "scale.svg")
    if "peers" in lines:
        peers(lines["peers"], folder / "peers.svg")
    if "hosts" in lines:
        hosts(lines["hosts"], folder / "hosts.svg")


def ratios(lines: dict[str, list[dict]], place: Path) -> None:
    """Every ratio that has a floor, over its floor: what lies to the right of 1 is reached."""
    rows = [row for each in lines.values() for one in each if (row := _over_floor(one))]
    if not rows:
        return
    figure = Figure(figsize=(7.5, 0.42 * len(rows) + 1))
    axes = figure.subplots()
    for place_of, (_, values) in enumerate(reversed(rows)):
        middle = median(values)
        color = OURS if middle >= 1 else FLOOR
        axes.plot([min(values), max(values)], [place_of, place_of], color=color, linewidth=2, alpha=0.4)
        axes.plot([middle], [place_of], "o", color=color)
        axes.annotate(
            f"{middle:.2f}", (middle, place_of), textcoords="offset points", xytext=(0, 6), ha="center"
        )
    axes.axvline(1, color=FLOOR, linewidth=1, linestyle="--")
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(ScalarFormatter())
    axes.xaxis.set_minor_formatter(ScalarFormatter())
    axes.set_yticks(range(len(rows)), [label for label, _ in reversed(rows)])
    axes.set_ylim(-0.6, len(rows) - 0.2)
    axes.set_title("Ratio to the reference, over its floor (dot: median of the rounds, line: their spread)")
    _save(figure, place)


def _over_floor(one: dict) -> tuple[str, list[float]] | None:
    found = re.match(r"([≥≤]) (\d+(?:\.\d+)?)$", one["floor"].split(" (")[0])
    if not found or not one["reference"]:
        return None
    floor = float(found[2])
    values = [mine / other for mine, other in zip(one["measured"], one["reference"], strict=False)]
    over = [value / floor if found[1] == "≥" else floor / value for value in values]
    return f"{one['line']} {one['floor'].split(' (')[0]}", over


def scale(figures: list[dict], place: Path) -> None:
    """A panel for each curve."""
    curves: dict[str, list[dict]] = {}
    for one in figures:
        curves.setdefault(one["series"], []).append(one)
    figure = Figure(figsize=(9, 2.6), layout="constrained")
    for axes, (series, points) in zip(figure.subplots(1, len(curves)), curves.items(), strict=True):
        _curve(axes, series, points)
    _save(figure, place)


_TITLES = {
    "workers": "Worker processes",
    "batch": "Leads in a drain",
    "leads": "Jobs over leads",
    "receivers": "Receivers",
}


def _curve(axes: Axes, series: str, points: list[dict]) -> None:
    names = [str(one["x"]) for one in points]
    middles = [median(one["measured"]) for one in points]
    below = [middle - min(one["measured"]) for middle, one in zip(middles, points, strict=True)]
    above = [max(one["measured"]) - middle for middle, one in zip(middles, points, strict=True)]
    axes.errorbar(names, middles, yerr=[below, above], marker="o", color=OURS, capsize=3)
    axes.set_ylim(0)
    axes.margins(x=0.15)
    axes.set_title(_TITLES.get(series, series))
    axes.set_ylabel("deliveries/s" if series == "receivers" else "jobs/s")


def peers(figures: list[dict], place: Path) -> None:
    bars = [("apptrail, the whole domain", figures[0]["measured"], OURS)]
    bars += [(one["against"].replace(", the bare job, ", "\n"), one["reference"], THEIRS) for one in figures]
    figure = Figure(figsize=(7.5, 0.5 * len(bars) + 0.8))
    axes = figure.subplots()
    for label, values, color in reversed(bars):
        axes.barh(label, median(values), color=color)
        axes.annotate(
            f"{median(values):,.0f}", (median(values), label), textcoords="offset points", xytext=(4, -3)
        )
    axes.margins(x=0.12)
    axes.set_title("Jobs a second, as many processes")
    _save(figure, place)


def hosts(figures: list[dict], place: Path) -> None:
    phases = [one for one in figures if one["series"] == "hosts"]
    figure = Figure(figsize=(5, 2.4), layout="constrained")
    axes = figure.subplots()
    axes.bar([one["x"] for one in phases], [median(one["measured"]) for one in phases], color=OURS, width=0.5)
    axes.set_title("Applied a second: one of two worker hosts is unplugged")
    _save(figure, place)


def _save(figure: Figure, place: Path) -> None:
    figure.savefig(place, bbox_inches="tight", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
