"""Processes: the Procfile is the one list, and the command line knows every entry."""

import pytest
import typer
from typer.main import get_command
from typer.testing import CliRunner

from boot.supervisor import read_procfile
from tests.house.tracked import ROOT

PROCFILE = read_procfile(ROOT / "Procfile")


@pytest.fixture
def app() -> typer.Typer:
    from scripts.main import app

    return app


def test_the_procfile_has_the_processes_of_the_design() -> None:
    assert list(PROCFILE) == ["web", "worker", "bulk", "clock"]


def test_every_process_is_a_command_that_help_shows(app: typer.Typer) -> None:
    shown = CliRunner().invoke(app, ["--help"]).output
    for name, (program, command, *_) in PROCFILE.items():
        assert program == "apptrail", name
        assert command in shown, (
            f"`apptrail --help` does not show {command}, which the Procfile runs as {name}"
        )


def test_every_process_is_started_with_options_that_its_command_has(app: typer.Typer) -> None:
    commands = getattr(get_command(app), "commands", {})
    for name, (_, command, *options) in PROCFILE.items():
        known = [spelling for parameter in commands[command].params for spelling in parameter.opts]
        unknown = [option for option in options if option.startswith("--") and option not in known]
        assert unknown == [], f"the Procfile's {name} has options that `apptrail {command}` lacks"
