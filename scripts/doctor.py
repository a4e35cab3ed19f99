"""`apptrail doctor`: what is wrong, and the command that mends it."""

import json

import typer

from scripts import console
from scripts.diagnosis import Severity, findings

_MARKS = {Severity.OK: "ok     ", Severity.WARNING: "warning", Severity.BROKEN: "BROKEN "}


def doctor(as_json: bool = console.JsonOption) -> None:
    """Look at both servers, the queue and the books. Exit code: 0 all is well, 1 warnings, 2 something is broken."""
    found = list(findings(console.settings()))
    if as_json:
        print(json.dumps([
            {"check": one.check, "severity": one.severity.name.lower(), "says": one.says, "mend": one.mend}
            for one in found
        ]))  # fmt: skip
    else:
        for one in found:
            print(
                f"{_MARKS[one.severity]}  {one.says}" + (f"\n         mend: {one.mend}" if one.mend else "")
            )
    worst = max(one.severity for one in found)
    raise typer.Exit(int(worst))
