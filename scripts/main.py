"""The command `apptrail`."""

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command, get_group

# Where each command stands. Loading all of them takes seconds of a processor, and a worker needs one.
COMMANDS = {
    "up": "up:up",
    "web": "web:web",
    "worker": "worker:worker",
    "clock": "clock:clock",
    "client": "clients:app",
    "connection": "connections:app",
    "token": "tokens:app",
    "leads": "leads:app",
    "operator": "operators:app",
    "deliver": "deliver:deliver",
    "dead-letters": "dead_letters:app",
    "pause": "pausing:pause",
    "resume": "pausing:resume",
    "release": "pausing:release",
    "sweep": "sweep:sweep_",
    "doctor": "doctor:doctor",
    "migrate-appointments": "migration:migrate_appointments",
    "audit-rollups": "audits:audit_rollups",
    "rebuild": "audits:rebuild",
    "retention": "retention:retention",
    "book": "booking:book",
}


class Commands(TyperGroup):
    """The commands by name, each loaded when it is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Name all, in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Load one; None if there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        found = getattr(import_module(f"scripts.{module}"), name)
        if isinstance(found, typer.Typer):
            command: Any = get_group(found)
        else:
            alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
            alone.command(cmd_name)(found)
            command = get_command(alone)
        command.name = cmd_name
        return command


app = typer.Typer(
    name="apptrail",
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


@app.callback()
def apptrail() -> None:
    """The appointment history of an agency's leads, from what Calendly and GoHighLevel say."""
