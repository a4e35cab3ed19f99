"""A stage for each provider."""

from collections.abc import Iterator

import pytest

from pipeline.words import Provider
from tests.bookings.stage import Stage, a_stage

BOOKING_PROVIDERS = [Provider.CALENDLY, Provider.GHL]


@pytest.fixture(params=BOOKING_PROVIDERS, ids=str)
def stage(request: pytest.FixtureRequest, database: str) -> Iterator[Stage]:
    with a_stage(database, request.param) as made:
        yield made
