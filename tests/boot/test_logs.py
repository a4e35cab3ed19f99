"""Logs: nothing that could be personal data gets into a line, whoever writes it."""

import io
import json
import logging
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import pytest
import structlog

from boot import logs

CANARY = "canary-9f2e"
CLIENT = UUID("0192f0c1-0000-7000-8000-000000000001")


class Lines:
    def __init__(self) -> None:
        self.stream = io.StringIO()

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    @property
    def all(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]

    @property
    def only(self) -> dict[str, Any]:
        (line,) = self.all
        return line


@pytest.fixture
def lines() -> Iterator[Lines]:
    root = logging.getLogger()
    before = (sys.excepthook, threading.excepthook, sys.unraisablehook, root.handlers[:], root.level)
    found = Lines()
    logs.configure("json", stream=found.stream)
    yield found
    sys.excepthook, threading.excepthook, sys.unraisablehook, root.handlers[:], level = before
    root.setLevel(level)
    logging.captureWarnings(False)
    logging.raiseExceptions = True
    structlog.contextvars.clear_contextvars()
    structlog.reset_defaults()


class Mood(StrEnum):
    GOOD = "good"


def fail(_: object = None) -> None:
    local = CANARY
    try:
        int(local)
    except ValueError as error:
        raise RuntimeError(f"about {CANARY}") from error


def test_a_line_has_its_name_level_time_logger_and_ids(lines: Lines) -> None:
    logs.get_logger("ingest").info("delivery_accepted", client_id=CLIENT, jobs=3)
    line = lines.only
    assert datetime.fromisoformat(line.pop("timestamp")).tzinfo is not None
    assert line == {
        "event": "delivery_accepted",
        "level": "info",
        "logger": "ingest",
        "client_id": str(CLIENT),
        "jobs": 3,
    }


def test_context_is_merged(lines: Lines) -> None:
    with structlog.contextvars.bound_contextvars(trace_id="t1", email=CANARY):
        logs.get_logger().info("job_applied")
    assert lines.only["trace_id"] == "t1"
    assert lines.only["dropped"] == 1
    assert CANARY not in lines.text


def test_plain_values_of_many_types_are_kept(lines: Lines) -> None:
    at = datetime(2026, 5, 1, tzinfo=UTC)
    logs.get_logger().info("job_applied", kind=Mood.GOOD, lead_ids=[CLIENT], due=at, count=1.5, state=None)
    kept = {key: lines.only[key] for key in ("kind", "lead_ids", "due", "count", "state")}
    assert kept == {
        "kind": "good",
        "lead_ids": [str(CLIENT)],
        "due": at.isoformat(),
        "count": 1.5,
        "state": None,
    }


@pytest.mark.parametrize(
    "given",
    [
        {"email": CANARY},
        {"reason": f"{CANARY}@example.com"},
        {"reason": [f"{CANARY}@example.com"]},
        {"reason": {"name": CANARY}},
        {"reason": CANARY * 50},
        {"reason": f"one\n{CANARY}"},
        {"reason": RuntimeError(CANARY)},
        {"reason": CANARY.encode()},
        {"stack_info": CANARY},
    ],
)
def test_other_keys_and_values_that_are_not_plain_are_dropped_and_counted(
    lines: Lines, given: dict[str, Any]
) -> None:
    logs.get_logger().info("delivery_accepted", **given)
    assert lines.only["dropped"] == 1
    assert CANARY not in lines.text


@pytest.mark.parametrize("sentence", [f"hello {CANARY}", CANARY, "", f"x{CANARY}" * 20, "Delivery_accepted"])
def test_an_event_that_is_not_a_static_name_is_not_shown(lines: Lines, sentence: str) -> None:
    logs.get_logger().info(sentence)
    assert lines.only["event"] == "unnamed_event"
    assert CANARY not in lines.text


def test_a_failure_is_its_classes_and_its_places(lines: Lines) -> None:
    try:
        fail()
    except RuntimeError:
        logs.get_logger().exception("job_failed", attempts=2)
    line = lines.only
    assert (line["error"], line["causes"], line["attempts"]) == ("RuntimeError", ["ValueError"], 2)
    assert line["location"].startswith("tests/boot/test_logs.py:")
    assert line["location"].endswith(":fail")
    assert line["traceback"][-1] == line["location"]
    assert CANARY not in lines.text


def test_a_failure_in_a_library_is_placed_in_our_code(lines: Lines) -> None:
    try:
        json.loads(CANARY)
    except ValueError:
        logs.get_logger().exception("job_failed")
    assert lines.only["location"].startswith("tests/boot/test_logs.py:")
    assert not any(place.startswith("/") for place in lines.only["traceback"])
    assert CANARY not in lines.text


def test_a_library_is_reduced_to_who_spoke_and_where(lines: Lines) -> None:
    try:
        fail()
    except RuntimeError:
        logging.getLogger("dramatiq.worker").exception("Failed: %s", CANARY, extra={"lead": CANARY})
    line = lines.only
    assert (line["event"], line["logger"], line["level"]) == ("library_message", "dramatiq.worker", "error")
    assert line["error"] == "RuntimeError"
    assert line["location"].startswith("tests/boot/test_logs.py:")
    assert CANARY not in lines.text


def test_libraries_below_warning_are_silent(lines: Lines) -> None:
    logger = logging.getLogger("uvicorn.access")
    logger.setLevel(logging.DEBUG)
    logger.info("GET /%s", CANARY)
    assert lines.text == ""


def test_a_librarys_own_handlers_are_taken_from_it(capsys: pytest.CaptureFixture[str]) -> None:
    library = logging.getLogger("a.loud.library")
    library.addHandler(logging.StreamHandler(sys.stdout))
    library.propagate = False
    stream = io.StringIO()
    logs.configure("json", stream=stream)
    library.warning(CANARY)
    assert json.loads(stream.getvalue())["logger"] == "a.loud.library"
    assert CANARY not in stream.getvalue() + "".join(capsys.readouterr())


def test_a_record_that_cannot_be_rendered_shows_nothing(
    lines: Lines, capsys: pytest.CaptureFixture[str]
) -> None:
    logging.getLogger("library").warning("%d", CANARY)
    assert lines.only["event"] == "library_message"
    assert CANARY not in "".join(capsys.readouterr())


def raise_in_a_thread() -> None:
    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()


def crash() -> None:
    try:
        fail()
    except RuntimeError as error:
        sys.excepthook(RuntimeError, error, error.__traceback__)


def fail_unraisably() -> None:
    class Leaver:
        def __del__(self) -> None:
            fail()

    leaver = Leaver()
    del leaver


def warn() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        logging.captureWarnings(True)
        warnings.warn(CANARY, stacklevel=1)


@pytest.mark.parametrize(
    ("happening", "event"),
    [
        (raise_in_a_thread, "thread_crashed"),
        (crash, "process_crashed"),
        (fail_unraisably, "exception_ignored"),
        (warn, "library_message"),
    ],
)
def test_what_python_itself_would_print_is_a_line_without_values(
    lines: Lines, capsys: pytest.CaptureFixture[str], happening: Callable[[], None], event: str
) -> None:
    happening()
    assert lines.only["event"] == event
    assert CANARY not in lines.text + "".join(capsys.readouterr())


def test_the_console_format_says_no_more(lines: Lines) -> None:
    logs.configure("console", stream=lines.stream)
    try:
        fail()
    except RuntimeError:
        logs.get_logger("ingest").exception("job_failed", email=CANARY, attempts=2)
    assert "job_failed" in lines.text
    assert "attempts=2" in lines.text
    assert CANARY not in lines.text


def test_a_logger_used_before_anything_is_configured_is_safe(capsys: pytest.CaptureFixture[str]) -> None:
    structlog.reset_defaults()
    logs.get_logger("early").info("process_started", email=CANARY)
    said = capsys.readouterr()
    assert json.loads(said.err)["event"] == "process_started"
    assert CANARY not in said.err + said.out
    structlog.reset_defaults()
