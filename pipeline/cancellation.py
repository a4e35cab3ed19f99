"""A Cancellation: when and why, while an appointment's word is canceled."""

from datetime import datetime

from pipeline.observation import TIER_MIGRATION, TIER_VERSIONED, Observation, StatusWord
from pipeline.register import Register


class Cancellation:
    """When and why an appointment was canceled, while its word is canceled.

    A time that the provider states beats one read off its version, and that beats our own clock.
    """

    def __init__(self) -> None:
        """Start with nothing said."""
        self._said: Register[datetime] = Register()
        self._inferred: datetime | None = None
        self._by_version = False
        self.reason: str | None = None

    @property
    def at(self) -> datetime | None:
        """When, by the best that was said of it."""
        return self._said.value or self._inferred

    @property
    def stated(self) -> bool:
        """Whether the provider itself told the time."""
        return self._said.value is not None or self._by_version

    def take(self, said: Observation, status: StatusWord) -> None:
        """Let one statement of the cancellation in."""
        by_version = said.tier == TIER_VERSIONED
        if status.canceled_at is not None:
            self._said.offer((said.tier, said.effective_at, said.normalizer, said.digest), status.canceled_at)
        # When a CRM's row was last looked at is not when the meeting was canceled.
        if said.tier > TIER_MIGRATION and (self._inferred is None or (by_version and not self._by_version)):
            self._inferred, self._by_version = said.effective_at, by_version
        if status.cancel_reason is not None:
            self.reason = max(self.reason or "", status.cancel_reason)
