"""Conditions: what a page is asked for in its URL, none of which is personal data."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode


@dataclass(frozen=True)
class Conditions:
    """The conditions as they were written; `values` leaves out what says nothing."""

    values: dict[str, str]

    def link(self, path: str, **also: str) -> str:
        """A path with these conditions and some others."""
        both = {**self.values, **also}
        return f"{path}?{urlencode(both)}" if both else path


def said_in(values: Mapping[str, str]) -> dict[str, str]:
    """Those of some values that say something."""
    return {name: value.strip() for name, value in values.items() if value.strip()}
