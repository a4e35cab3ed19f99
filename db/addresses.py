"""Addresses: what the database's URL says besides what libpq reads of it."""

PREPARE = "prepare"
"""`?prepare=off`: a pooler in transaction mode may hand each transaction another server's session."""

_WORDS = {"on": True, "off": False}


class UnclearAddress(ValueError):
    """The database's address says prepare=, and neither on nor off."""

    def __str__(self) -> str:
        return str(self.__doc__)


def read(dsn: str) -> tuple[str, bool]:
    """Give libpq's part of an address, and whether statements may be prepared. Raises UnclearAddress."""
    place, _, query = dsn.partition("?")
    pairs = [pair.partition("=") for pair in query.split("&") if pair]
    said = [value for name, _, value in pairs if name == PREPARE]
    if any(word not in _WORDS for word in said):
        raise UnclearAddress
    rest = "&".join("".join(pair) for pair in pairs if pair[0] != PREPARE)
    return f"{place}?{rest}" if rest else place, all(_WORDS[word] for word in said)
