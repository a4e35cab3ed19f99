"""Verdicts on a delivery: why it is refused, or accepted without effect. Reasons are words of ours."""


class Refused(Exception):
    """The sender is told no, and nothing is kept."""

    status = 400

    def __init__(self, reason: str) -> None:
        """Take the reason, in our own words; never a value of the sender's."""
        super().__init__(reason)
        self.reason = reason


class NotAuthentic(Refused):
    """The signature or the secret is missing or wrong."""

    status = 401


class NobodyHere(Refused):
    """No connection has this endpoint."""

    status = 404


class TooSlow(Refused):
    """The body did not arrive in time."""

    status = 408


class TooLarge(Refused):
    """The body is over the provider's limit."""

    status = 413


class Ignored(Exception):
    """Authentic, but of no use to us: acknowledged and counted, or the provider would send it again."""

    def __init__(self, reason: str) -> None:
        """Take the reason, in our own words."""
        super().__init__(reason)
        self.reason = reason


class CannotPersist(Exception):
    """Postgres does not answer, or more came than can be stored: the provider is to send it again."""
