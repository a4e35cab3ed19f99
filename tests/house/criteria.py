"""The page of promises, read: which test holds each, and which are still open."""

import re
from dataclasses import dataclass
from pathlib import Path

ROW = re.compile(r"^\|\s*(\d+)\s*\|(.*)\|\s*$", re.MULTILINE)
TEST = re.compile(r"`(tests/[\w./-]+\.py)::(test_\w+)`")
LATER = re.compile(r"later: issue \S+")
OPEN_COUNT = re.compile(r"^Open promises: (\d+)\b", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Promise:
    """One row: its number, the tests that hold it, and whether it waits for an issue."""

    number: int
    tests: tuple[tuple[str, str], ...]
    later: bool


def promises(page: str) -> list[Promise]:
    """The rows `| number | promise | tests or "later: issue N" |`, in the page's order."""
    return [
        Promise(int(number), tuple(TEST.findall(row)), LATER.search(row) is not None)
        for number, row in ROW.findall(page)
    ]


def stated_open(page: str) -> int | None:
    """What the page itself says of how many promises are open: a line `Open promises: N`."""
    said = OPEN_COUNT.search(page)
    return int(said[1]) if said else None


def missing_tests(promise: Promise, root: Path) -> list[str]:
    """The tests that a promise names and nobody wrote."""
    return [f"{path}::{name}" for path, name in promise.tests if not _defines(root / path, name)]


def _defines(path: Path, name: str) -> bool:
    if not path.is_file():
        return False
    return re.search(rf"^\s*(async )?def {name}\(", path.read_text("utf-8"), re.MULTILINE) is not None
