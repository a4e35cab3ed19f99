"""A Register: one property of an appointment, held by the greatest statement about it (RULES 7)."""

from typing import Any, Generic, TypeVar

Value = TypeVar("Value")

# (tier, effective time, normalizer version, rank, digest); a register may put its own terms in front.
Order = tuple[Any, ...]


class Register(Generic[Value]):
    """Holds the value with the greatest order that was offered; which came first does not matter."""

    __slots__ = ("_order", "value")

    def __init__(self) -> None:
        """Start with nothing stated."""
        self._order: Order | None = None
        self.value: Value | None = None

    def offer(self, order: Order, value: Value) -> bool:
        """Take a statement if it is the greatest; say whether the value is another one now."""
        if self._order is not None and self._order >= order:
            return False
        changed = self._order is None or self.value != value
        self._order, self.value = order, value
        return changed

    def is_held_by(self, order: Order) -> bool:
        """Whether the statement of that order is the greatest so far."""
        return self._order == order
