"""Operations: alerts, dashboard and runbook name only what there is."""

import ast
import json
import re
import shlex
from collections.abc import Iterator

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from scripts.main import app
from tests.house.tracked import ROOT

FOLDER = ROOT / "docs" / "operations"
RUNBOOK = (FOLDER / "runbook.md").read_text(encoding="utf-8")
COMMANDS = sorted(set(re.findall(r"`(apptrail [^`]+)`", RUNBOOK)))
SUFFIX = re.compile(r"_(bucket|count|sum)$")


def metrics_of_the_code() -> set[str]:
    """Every text of the code that is a metric's name."""
    return {
        node.value
        for floor in ("db", "boot", "workers", "ingest", "web", "scripts")
        for file in (ROOT / floor).rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and re.fullmatch(r"apptrail_[a-z_]+", node.value)
    }


def named_in(text: str) -> set[str]:
    return {SUFFIX.sub("", name) for name in re.findall(r"\bapptrail_[a-z_]+", text)}


def expressions() -> Iterator[str]:
    panels = json.loads((FOLDER / "dashboard.json").read_text(encoding="utf-8"))["panels"]
    yield from (target["expr"] for panel in panels for target in panel["targets"])
    yield from re.findall(
        r"^ +expr: (.+)$", (FOLDER / "alerts.yml").read_text(encoding="utf-8"), re.MULTILINE
    )


def test_every_metric_that_is_watched_exists() -> None:
    named = named_in("\n".join(expressions()))
    assert len(named) > 10
    assert named - metrics_of_the_code() == set()


def test_every_alert_names_a_section_of_the_runbook() -> None:
    sections = {
        re.sub(r"[^a-z ]", "", title.lower()).replace(" ", "-")
        for title in re.findall(r"^## (.+)$", RUNBOOK, re.MULTILINE)
    }
    alerts = (FOLDER / "alerts.yml").read_text(encoding="utf-8")
    named = re.findall(r'runbook: "runbook\.md#([a-z-]+)"', alerts)
    assert len(named) == alerts.count("- alert:")
    assert set(named) - sections == set()


def test_every_failure_that_is_named_has_a_section() -> None:
    from db import dead_letters

    for error_class in ("KeyError", *dead_letters._ANCHORS):
        anchor = dead_letters.runbook_of(error_class).partition("#")[2]
        assert f"## {anchor.replace('-', ' ')}" in RUNBOOK.lower()


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_of_the_runbook_exists_with_its_options(line: str) -> None:
    words = shlex.split(line)[1:]
    command = get_command(app)
    path: list[str] = []
    while words and words[0] in getattr(command, "commands", {}):
        path.append(words.pop(0))
        command = getattr(command, "commands")[path[-1]]  # noqa: B009  (only a group has them)
    assert path, line
    known = {spelling for one in command.params for spelling in (*one.opts, *one.secondary_opts)}
    assert [word for word in words if word.startswith("--") and word not in known] == []
    assert CliRunner().invoke(app, [*path, "--help"]).exit_code == 0
