"""Files of leads: CSV with a header or JSON Lines, read as they stream by; and the report of what could not be read."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from db.import_row import COLUMNS, Row

Bad = tuple[int, str, str]
"""Line, column, reason; never a value."""


class Unreadable(ValueError):
    """A file is neither CSV with a header nor JSON Lines; the message names the line."""


def rows_of(file: Path) -> Iterator[tuple[int, Row]]:
    """Read rows with their line numbers."""
    if file.suffix == ".csv":
        with file.open(newline="", encoding="utf-8-sig") as lines:
            reader = csv.DictReader(lines)
            if not set(reader.fieldnames or ()) & set(COLUMNS):
                raise Unreadable("no column of its header is known")
            try:
                for row in reader:
                    yield reader.line_num, {name: text for name, text in row.items() if isinstance(text, str)}
            except (csv.Error, UnicodeDecodeError):
                raise Unreadable(f"line {reader.line_num + 1} is no CSV in UTF-8") from None
        return
    number = 0
    with file.open(encoding="utf-8") as lines:
        try:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield number, _json_row(number, line)
        except UnicodeDecodeError:
            raise Unreadable(f"line {number + 1} is not UTF-8") from None


def _json_row(number: int, line: str) -> dict[str, str | None]:
    try:
        row: Any = json.loads(line)
    except ValueError:
        raise Unreadable(f"line {number} is no JSON") from None
    if not isinstance(row, dict):
        raise Unreadable(f"line {number} is no object")
    return {name: None if value is None else str(value) for name, value in row.items()}


def report(file: Path, bad: list[Bad]) -> None:
    """Write each row that was left out: its line, the column and the reason, never the value."""
    with file.open("w", newline="", encoding="utf-8") as lines:
        writer = csv.writer(lines)
        writer.writerow(("line", "column", "reason"))
        writer.writerows(bad)
