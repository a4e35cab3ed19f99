"""A worker's hands whose clock stands at six hours past the statements' noon."""

from collections.abc import Iterator

import pytest

from db.ledger import Hands
from tests import builders
from tests.statements import at


@pytest.fixture
def hands(database: str) -> Iterator[Hands]:
    with builders.hands(database, now=at(6)) as mine:
        yield mine
