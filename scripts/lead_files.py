"""Files of leads: CSV with a header or JSON Lines, read as they stream by; and the report of what could not be read."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from db.import_row import COLUMNS, WHOLE_ROW, BadRow, Row

Bad = tuple[int, str, str]
"""Line, column, reason; never a value."""


class Unreadable(ValueError):
    """A CSV file has no header that an import knows."""


def rows_of(file: Path) -> Iterator[tuple[int, Row | BadRow]]:
    """Read rows with their line numbers, as they stream by; what is no row is a bad one, and the next is read.

    Bytes that are no UTF-8 stay in their column as what no column may hold. Raises Unreadable.
    """
    if file.suffix == ".csv":
        with file.open(newline="", encoding="utf-8-sig", errors="surrogateescape") as lines:
            yield from _csv_rows(csv.DictReader(lines))
        return
    with file.open(encoding="utf-8-sig", errors="surrogateescape") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield number, _json_row(line)


def _csv_rows(reader: "csv.DictReader[str]") -> Iterator[tuple[int, Row | BadRow]]:
    if not set(reader.fieldnames or ()) & set(COLUMNS):
        raise Unreadable("no column of its header is known")
    while True:
        try:
            row = next(reader, None)
        except csv.Error:
            yield reader.reader.line_num, BadRow(WHOLE_ROW, "no CSV")
            continue
        if row is None:
            return
        if None in row:
            yield reader.line_num, BadRow(WHOLE_ROW, "more cells than the header")
        else:
            yield reader.line_num, {name: text for name, text in row.items() if isinstance(text, str)}


def _json_row(line: str) -> Row | BadRow:
    try:
        row: Any = json.loads(line)
    except (ValueError, RecursionError):
        return BadRow(WHOLE_ROW, "no JSON")
    if not isinstance(row, dict):
        return BadRow(WHOLE_ROW, "no object")
    return {name: None if value is None else str(value) for name, value in row.items()}


def report(file: Path, bad: list[Bad]) -> None:
    """Write each row that was left out: its line, the column and the reason, never the value."""
    with file.open("w", newline="", encoding="utf-8") as lines:
        writer = csv.writer(lines)
        writer.writerow(("line", "column", "reason"))
        writer.writerows(bad)
