"""A scope: which clients' books somebody may read."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Scope:
    """One client's books, or with None every client's."""

    client_id: UUID | None = None

    def narrowed(self, client_id: UUID | None) -> "Scope | None":
        """The scope within which only one client is asked for; None if that one is out of reach."""
        if client_id is None or client_id == self.client_id:
            return self
        return Scope(client_id) if self.client_id is None else None
