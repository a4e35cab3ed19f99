"""What a test in a browser may ask for; without a chromium it is skipped, and the last lines of the run say so."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser import chromium as browsers


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for a module; it ends with it, for other tests want a thread without an event loop."""
    if browsers.executable() is None:
        pytest.skip(browsers.MISSING)
    with browsers.chromium() as browser:
        yield browser
