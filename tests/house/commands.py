"""The command line, as click sees it."""

from collections.abc import Iterator
from typing import Any

from typer import Context
from typer.core import TyperGroup
from typer.main import get_command

from scripts.main import app


def command_in(words: list[str]) -> tuple[list[str], Any]:
    """The command that a line of words begins with, and the words that name it."""
    command: Any = get_command(app)
    path: list[str] = []
    for word in words:
        found = command.get_command(Context(command), word) if isinstance(command, TyperGroup) else None
        if found is None:
            break
        path.append(word)
        command = found
    return path, command


def spellings(command: Any) -> Iterator[str]:
    """Every way to write an option of a command."""
    for parameter in command.params:
        yield from (*parameter.opts, *parameter.secondary_opts)
