"""Operations: alerts, dashboard and runbook name only what there is."""

import json
import re
import shlex

import pytest
from typer.testing import CliRunner

from scripts.main import app
from tests.house.commands import command_in, spellings
from tests.house.promql import read
from tests.house.watched import FOLDER, expressions, panels, rules

RUNBOOK = (FOLDER / "runbook.md").read_text(encoding="utf-8")
COMMANDS = sorted(set(re.findall(r"`(apptrail [^`]+)`", RUNBOOK)))


@pytest.mark.parametrize("expression", sorted(set(expressions())))
def test_every_expression_is_promql(expression: str) -> None:
    assert read(expression).metrics


def test_every_alert_is_a_rule_as_prometheus_takes_it() -> None:
    for rule in rules():
        assert rule.keys() <= {"alert", "expr", "for", "labels", "annotations"}
        assert re.fullmatch(r"Apptrail[A-Za-z]+", rule["alert"])
        assert re.fullmatch(r"[0-9]+[smhd]", rule.get("for", "0s"))
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert rule["annotations"].keys() == {"summary", "runbook"}


def test_what_an_alert_says_of_labels_its_expression_has() -> None:
    for rule in rules():
        said = set(re.findall(r"\$labels\.([a-z_]+)", rule["annotations"]["summary"]))
        assert said <= set().union(*read(rule["expr"]).metrics.values()) | {"kind"}, rule["alert"]


def test_every_panel_has_a_place_and_a_data_source() -> None:
    dashboard = json.loads((FOLDER / "dashboard.json").read_text(encoding="utf-8"))
    assert len({panel["id"] for panel in panels()}) == len(panels())
    for panel in panels():
        assert panel["gridPos"].keys() == {"h", "w", "x", "y"}
        assert panel["type"] in ("timeseries", "stat", "gauge", "barchart")
    assert dashboard["schemaVersion"] >= 36


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
    path, command = command_in(words)
    assert path, line
    known = set(spellings(command))
    assert [word for word in words[len(path) :] if word.startswith("--") and word not in known] == []
    assert CliRunner().invoke(app, [*path, "--help"]).exit_code == 0
