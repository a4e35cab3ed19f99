"""Processes: the Procfile is the one list, and the command line knows every entry."""

from typer.testing import CliRunner

from boot.supervisor import read_procfile
from scripts.main import app
from tests.house.commands import command_in, spellings
from tests.house.tracked import ROOT

PROCFILE = read_procfile(ROOT / "Procfile")


def test_the_procfile_has_the_processes_of_the_design() -> None:
    assert list(PROCFILE) == ["web", "worker", "bulk", "clock"]


def test_every_process_is_a_command_that_help_shows() -> None:
    shown = CliRunner().invoke(app, ["--help"]).output
    for name, (program, command, *_) in PROCFILE.items():
        assert program == "apptrail", name
        assert command in shown, (
            f"`apptrail --help` does not show {command}, which the Procfile runs as {name}"
        )


def test_every_process_is_started_with_options_that_its_command_has() -> None:
    for name, (_, command, *options) in PROCFILE.items():
        known = set(spellings(command_in([command])[1]))
        unknown = [option for option in options if option.startswith("--") and option not in known]
        assert unknown == [], f"the Procfile's {name} has options that `apptrail {command}` lacks"
