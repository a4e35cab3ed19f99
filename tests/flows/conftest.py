"""Flows run against processes; those of one file share a stack."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.stack import Stack, running


@pytest.fixture(scope="module")
def stack(server_folder: Path, request: pytest.FixtureRequest) -> Iterator[Stack]:
    """Servers, a client and a connection; no process of ours is running yet."""
    with running(server_folder / request.module.__name__.rpartition(".")[2]) as started:
        yield started
