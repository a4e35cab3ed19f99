"""A budget without bounds."""


class Unbounded:
    """A budget without bounds: for a simulated provider on a simulated clock."""

    def spend(self) -> None:
        """Allow it."""

    def pause(self, seconds: float) -> None:
        """Take no notice."""
