"""A visit: one browser context that remembers everything that should not happen while somebody looks."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, WebError, expect

from web.auth import SESSION_COOKIE

WAIT_MS = 15_000
"""How long anything may take before a test gives up; the machine may be busy, and speed is not tested here."""

WIDE, NARROW = (1200, 800), (360, 740)


@dataclass
class Visit:
    """A page, and what its browser complained of. `refused`: statuses of our own answers that are expected."""

    context: BrowserContext
    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)
    refused: set[int] = field(default_factory=set)

    def go(self, path: str) -> Page:
        """Open a path of the site."""
        self.page.goto(self.url + path if path.startswith("/") else path)
        return self.page

    def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        for key in keys:
            self.page.keyboard.press(key)

    def tab_to(self, name: str, *, most: int = 80, backwards: bool = False) -> None:
        """Walk by Tab until what has the focus is called so; fails where it is out of reach."""
        for _ in range(most):
            self.page.keyboard.press("Shift+Tab" if backwards else "Tab")
            if name in self.focused():
                return
        raise AssertionError(f"no Tab leads to {name!r}; the last stop was {self.focused()!r}")

    def focused(self) -> str:
        """What has the focus, by the words that a screen reader would begin with."""
        words: str = self.page.evaluate(FOCUSED)
        return words

    def note_request(self, request: Request) -> None:
        """Only our own host is asked for anything."""
        if urlsplit(request.url).netloc != urlsplit(self.url).netloc and not request.url.startswith("data:"):
            self.complaints.append(f"asked elsewhere: {request.url}")

    def note_console(self, message: ConsoleMessage) -> None:
        """Errors and warnings of the console; a violation of the content policy is one."""
        expected = any(f"status of {status}" in message.text for status in self.refused)
        if message.type in ("error", "warning") and not expected:
            self.complaints.append(f"console: {message.text}")

    def note_error(self, error: WebError) -> None:
        """What a script threw and nobody caught."""
        self.complaints.append(f"thrown: {error.error}")


FOCUSED = """() => {
  const one = document.activeElement;
  const labels = [...(one.labels || [])].map((label) => label.textContent);
  return [one.getAttribute("aria-label"), ...labels, one.textContent, one.id].filter(Boolean).join(" ").trim();
}"""


@contextmanager
def visiting(
    browser: Browser,
    url: str,
    *,
    session: str | None = None,
    now: datetime | None = None,
    size: tuple[int, int] = WIDE,
    dark: bool = False,
    **options: Any,
) -> Iterator[Visit]:
    """Visit a site, signed in by a session's token if there is one; `now` stops the browser's clock.

    What the browser complained of fails the test at the end.
    """
    width, height = size
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if dark else "light",
        timezone_id=options.pop("timezone_id", "Europe/Berlin"),
        **options,
    )
    context.set_default_timeout(WAIT_MS)
    expect.set_options(timeout=WAIT_MS)
    if session:
        context.add_cookies([{"name": SESSION_COOKIE, "value": session, "url": url}])
    page = context.new_page()
    if now is not None:
        page.clock.set_fixed_time(now)
    visit = Visit(context, page, url)
    context.on("request", visit.note_request)
    context.on("console", visit.note_console)
    context.on("weberror", visit.note_error)
    try:
        yield visit
    finally:
        context.close()
    assert visit.complaints == [], visit.complaints
