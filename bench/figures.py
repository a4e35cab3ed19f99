"""Figures: medians over rounds with their spread, each beside its reference."""

from dataclasses import dataclass, field
from statistics import median


@dataclass
class Figure:
    """One line of the table. `measured` and `reference` hold one value a round, taken in turn."""

    line: str
    what: str
    unit: str
    measured: list[float]
    against: str = ""
    reference: list[float] = field(default_factory=list)
    floor: str = ""
    notes: list[str] = field(default_factory=list)
    series: str = ""
    """The curve that this is a point of, in the plot of its line."""
    x: float | str | None = None

    @property
    def ratios(self) -> list[float]:
        return [one / other for one, other in zip(self.measured, self.reference, strict=False)]

    def row(self) -> list[str]:
        ratio = spread(self.ratios, 2) if self.reference else "–"
        beside = f"{self.against}: {spread(self.reference)} {self.unit}" if self.reference else "–"
        return [self.what, f"{spread(self.measured)} {self.unit}", beside, ratio, self.floor]


def spread(values: list[float], digits: int = 0) -> str:
    """The median, and from where to where the rounds went."""
    if len(values) == 1:
        return f"{values[0]:,.{digits}f}"
    return f"{median(values):,.{digits}f} ({min(values):,.{digits}f}–{max(values):,.{digits}f})"
