"""A failure without its values: classes and places only, since messages and locals carry personal data."""

import traceback
from pathlib import Path
from types import TracebackType

MOST_FRAMES = 40
INSTALLED = {"site-packages", "dist-packages"}
PROJECT = Path(__file__).resolve().parent.parent


def class_name(error: BaseException) -> str:
    """The error's class, with its module where it is not a built-in."""
    cls = type(error)
    return cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"


def frames(error: BaseException) -> list[str]:
    """The way to the failure as file:line:function, the outermost first."""
    return _places(error.__traceback__)[-MOST_FRAMES:]


def location(error: BaseException) -> str | None:
    """The innermost place in our own code, or else the innermost of all."""
    places = frames(error)
    ours = [place for place in places if not place.startswith("~")]
    return next(reversed(ours or places), None)


def causes(error: BaseException) -> list[str]:
    """The classes of the errors behind this one, the nearest first."""
    found: list[BaseException] = []
    following = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    while following is not None and following not in found:
        found.append(following)
        following = following.__cause__ or (None if following.__suppress_context__ else following.__context__)
    return [class_name(cause) for cause in found]


def short_path(filename: str) -> str:
    """A file's path within the project, or within a library behind a `~`: never where it lies on this machine."""
    path = Path(filename)
    if INSTALLED.isdisjoint(path.parts) and path.is_relative_to(PROJECT):
        return str(path.relative_to(PROJECT))
    for index, part in reversed(list(enumerate(path.parts))):
        if part in INSTALLED:
            return "~" + "/".join(path.parts[index + 1 :])
    return f"~{path.name}"


def _places(trace: TracebackType | None) -> list[str]:
    return [
        f"{short_path(frame.f_code.co_filename)}:{line}:{frame.f_code.co_name}"
        for frame, line in traceback.walk_tb(trace)
    ]
