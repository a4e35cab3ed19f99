"""Promises: each of the twelve is held by a test, or says openly which issue will bring it."""

from pathlib import Path

from tests.house.criteria import missing_tests, promises, stated_open
from tests.house.tracked import ROOT

PAGE = ROOT / "docs" / "criteria.md"

SAMPLE = """
| # | Promise | Held by |
| - | - | - |
| 1 | Kept | `tests/a.py::test_kept`, `tests/a.py::test_lost` |
| 2 | Open | later: issue 7 |
| 3 | Bare | nothing |

Open promises: 1
"""


def test_the_page_has_the_twelve_promises_in_order() -> None:
    assert [promise.number for promise in promises(PAGE.read_text("utf-8"))] == list(range(1, 13))


def test_every_promise_names_a_test_or_the_issue_that_brings_it() -> None:
    bare = [
        promise.number
        for promise in promises(PAGE.read_text("utf-8"))
        if not (promise.tests or promise.later)
    ]
    assert bare == [], "name a test as `tests/path.py::test_name`, or write: later: issue N"


def test_every_test_that_a_promise_names_exists() -> None:
    found = [test for promise in promises(PAGE.read_text("utf-8")) for test in missing_tests(promise, ROOT)]
    assert found == [], "the page names tests that are not there"


def test_the_page_counts_its_open_promises() -> None:
    page = PAGE.read_text("utf-8")
    assert stated_open(page) == sum(promise.later for promise in promises(page)), "correct `Open promises: N`"


def test_the_reading_itself_tells_kept_open_and_bare_apart(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "a.py").write_text("def test_kept() -> None: ...\n# def test_lost(\n")
    kept, later, bare = promises(SAMPLE)
    assert missing_tests(kept, tmp_path) == ["tests/a.py::test_lost"]
    assert (later.later, later.tests, bare.later, bare.tests) == (True, (), False, ())
    assert stated_open(SAMPLE) == 1
