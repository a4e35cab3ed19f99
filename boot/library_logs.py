"""What libraries and Python itself would print: reduced to who spoke and where, for their text carries values."""

import logging
import sys
import threading
from types import TracebackType
from typing import Any

import structlog

from boot import failures

LEVELS = {logging.WARNING: "warning", logging.ERROR: "error", logging.CRITICAL: "critical"}


class LibraryHandler(logging.Handler):
    """Passes on that a library spoke. Its text, arguments and exception message are never looked at."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)

    def emit(self, record: logging.LogRecord) -> None:
        """Log the record's origin. dramatiq, for one, puts a message's arguments into its text."""
        error = record.exc_info[1] if record.exc_info else None
        place = f"{failures.short_path(record.pathname)}:{record.lineno}:{record.funcName}"
        _speak("library_message", error, level=record.levelno, logger=record.name, location=place)


def take_over() -> None:
    """Send the root logger, every library's own handlers, warnings and crashes through our keys."""
    logging.raiseExceptions = False  # its report of a failed handler shows the record's arguments
    root = logging.getLogger()
    root.handlers[:] = [LibraryHandler()]
    root.setLevel(logging.WARNING)
    for name in list(root.manager.loggerDict):
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = True
    logging.captureWarnings(True)
    sys.excepthook = _crashed
    threading.excepthook = _thread_crashed
    sys.unraisablehook = _unraisable


def _speak(event: str, error: BaseException | None, *, level: int = logging.ERROR, **keys: Any) -> None:
    log = structlog.get_logger()
    method = LEVELS.get(level, "error" if level > logging.WARNING else "warning")
    getattr(log, method)(event, exc_info=error, **keys)


def _crashed(_kind: type[BaseException], error: BaseException, _trace: TracebackType | None) -> None:
    if not isinstance(error, KeyboardInterrupt):
        _speak("process_crashed", error, level=logging.CRITICAL)


def _thread_crashed(args: threading.ExceptHookArgs) -> None:
    if not isinstance(args.exc_value, SystemExit):
        _speak("thread_crashed", args.exc_value, level=logging.CRITICAL)


def _unraisable(args: Any) -> None:
    _speak("exception_ignored", args.exc_value, level=logging.ERROR)
