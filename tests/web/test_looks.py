"""Looks: contrast in both themes, and words in step between server and script."""

import re
from datetime import timedelta

import pytest

from tests.web.story import NOW
from web.templating import STATIC
from web.times import relative

CSS = (STATIC / "apptrail.css").read_text()
PAIRS = [
    ("ink", "paper"), ("ink", "surface"), ("soft", "paper"), ("soft", "surface"), ("accent", "paper"),
    ("accent", "surface"), ("accent-ink", "accent"), ("now", "paper"), ("grey", "grey-tint"),
    *((tone, f"{tone}-tint") for tone in ("blue", "green", "amber", "red")),
]  # fmt: skip


def palette(theme: str) -> dict[str, str]:
    light, dark = (dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block)) for block in blocks())
    return light if theme == "light" else {**light, **dark}


def blocks() -> tuple[str, str]:
    light, dark = CSS.split("@media (prefers-color-scheme: dark)")[:2]
    return light, dark.split("*, *::before")[0]


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("front", "back"), PAIRS)
def test_text_is_readable_in_both_themes(theme: str, front: str, back: str) -> None:
    colours = palette(theme)
    low, high = sorted((luminance(colours[front]), luminance(colours[back])))
    assert (high + 0.05) / (low + 0.05) >= 4.5


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "now"), (30, "in a moment"), (-30, "just now"), (90, "in 2 min"), (3590, "in 1 h"), (86400 * 1.9, "in 2 days"), (-240, "4 min ago"),
        (7200, "in 2 h"), (86400, "in 1 day"), (-86400 * 3, "3 days ago"), (86400 * 90, "in 3 months"),
        (-86400 * 800, "2 years ago"),
    ],
)  # fmt: skip
def test_how_far_off_is_said_in_few_words(seconds: float, words: str) -> None:
    assert relative(NOW + timedelta(seconds=seconds), NOW) == words
