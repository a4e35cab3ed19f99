"""`make screenshots`: the pictures of docs/images, taken of a working day at a fixed instant."""

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from boot import embedded_postgres
from db import migrate
from tests.browser import chromium as browsers
from tests.browser.site import Site, standing
from tests.browser.visit import NARROW, WIDE, visiting
from tests.browser.workday import Workday, begin
from tests.conftest import QUICK
from tests.web.story import NOW

IMAGES = Path(__file__).parent.parent.parent / "docs" / "images"

TALL = 1560
"""A timeline is looked at as a whole."""

PAGES: dict[str, Callable[[Workday], str]] = {
    "leads": lambda day: "/leads",
    "drawer": lambda day: "/leads",
    "lead": lambda day: f"/leads/{day.lead}",
    "follow-ups": lambda day: "/follow-ups",
    "dead-letters": lambda day: "/dead-letters",
    "letter": lambda day: f"/dead-letters/{day.letter}",
    "replay-preview": lambda day: "/dead-letters/replay?kind=appointment",
    "replay": lambda day: f"/replays/{day.replay}",
    "sync": lambda day: "/sync",
}


@contextmanager
def a_day() -> Iterator[tuple[Site, Workday]]:
    """A site with a working day in its books, on a server of its own."""
    folder = Path(tempfile.mkdtemp(prefix="apptrail-screenshots-"))
    folder.chmod(0o755)
    try:
        with embedded_postgres.postgres(folder / "postgres", options=QUICK) as server:
            migrate.upgrade(server.dsn().replace("postgresql://", "postgresql+psycopg://", 1))
            with standing(server.dsn()) as site:
                yield site, begin(site)
    finally:
        shutil.rmtree(folder)


def prepare(page: Page, name: str) -> None:
    """What somebody does on a page before the picture is taken."""
    if name == "lead":
        page.set_viewport_size({"width": page.evaluate("innerWidth"), "height": TALL})
        page.locator(".row").first.get_by_text("How it moved").click()
    if name == "drawer":
        page.get_by_role("link", name="Ada Lovelace").click()
        expect(page.get_by_role("dialog").locator(".primary")).to_be_visible()


def main(chosen: list[str]) -> None:
    """Take every picture, or those that are named, as in `lead-dark-wide`."""
    if browsers.executable() is None:
        sys.exit(browsers.MISSING)
    looks = [(dark, size) for dark in (False, True) for size in (WIDE, NARROW)]
    with a_day() as (site, day), browsers.chromium() as browser:
        session = site.session()
        for dark, size in looks:
            look = f"{'dark' if dark else 'light'}-{'wide' if size == WIDE else 'narrow'}"
            still: dict[str, Any] = {
                "session": session,
                "now": NOW,
                "size": size,
                "dark": dark,
                "reduced_motion": "reduce",
            }
            with visiting(browser, site.url, **still) as visit:
                for name, path in PAGES.items():
                    if chosen and f"{name}-{look}" not in chosen:
                        continue
                    page = visit.go(path(day))
                    prepare(page, name)
                    page.screenshot(path=IMAGES / f"{name}-{look}.png")
                    page.set_viewport_size({"width": size[0], "height": size[1]})
                    print(f"docs/images/{name}-{look}.png")


if __name__ == "__main__":
    main(sys.argv[1:])
