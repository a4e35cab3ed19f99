"""What the faces say to each other of call budgets: the web shows them, and whoever speaks to providers counts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from db.connections import Connection


@dataclass(frozen=True, slots=True)
class BudgetLeft:
    """One window of a connection's budget: `left` of `calls` in any `seconds`, of which sweeps may take `for_sweeps`."""

    name: str
    seconds: int
    calls: int
    left: int
    for_sweeps: int


BudgetsLeft = Callable[[Sequence[Connection]], Mapping[UUID, Sequence[BudgetLeft] | None]]
"""By connection; None where nobody can say now, because Redis does not answer. Raises nothing."""


def nobody_counts(asked: Sequence[Connection]) -> Mapping[UUID, Sequence[BudgetLeft] | None]:
    """Where no budgets are kept, nobody can say."""
    return {one.id: None for one in asked}
