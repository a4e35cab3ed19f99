"""The browser: Debian's chromium, and what to say where there is none."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MISSING = (
    "no chromium is installed, so no page was looked at: run `apt-get install chromium` as root "
    "(or `make browser`), or name one in APPTRAIL_CHROMIUM"
)


def executable() -> str | None:
    """The path of a chromium of this machine; None where there is none."""
    named = os.environ.get("APPTRAIL_CHROMIUM")
    return named or next((found for name in NAMES if (found := shutil.which(name))), None)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless chromium. While it runs, its thread has a running event loop."""
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=arguments)
        try:
            yield browser
        finally:
            browser.close()
