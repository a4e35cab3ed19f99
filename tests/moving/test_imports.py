"""Imports: rows stream by, bad ones are told of, and an import that is killed and run again ends in the same leads."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from db.ids import new_id
from db.import_row import BadRow, Row
from db.importing import CHUNK, import_rows
from db.ledger import Hands
from scripts.lead_files import Unreadable, rows_of
from tests import builders
from tests.laws.books import books_of, versions_of
from tests.laws.people import drain_all
from tests.moving.crm import calendly, ghl, migrated
from tests.statements import PEPPER

MANY = 6 * CHUNK


def many() -> Iterator[tuple[int, Row]]:
    for number in range(MANY):
        said = (calendly if number % 2 else ghl)(f"m{number // 3}")  # some name the same appointment
        yield number, {"external_id": f"crm-{number}", "email": f"p{number}@example.com", **said}


def imported(hands: Hands) -> int:
    return int(hands.database.execute("SELECT count(*) FROM lead").fetchall()[0][0])


def test_rows_stream_by_and_are_stored_before_the_last_is_read(hands: Hands) -> None:
    seen = []

    def counting() -> Iterator[tuple[int, Row]]:
        for number, row in many():
            if number % CHUNK == 0:
                seen.append(imported(hands))
            yield number, row

    import_rows(hands.database, new_id(), PEPPER, "US", counting())
    assert seen == [number * CHUNK for number in range(6)]


def test_killed_in_the_middle_and_run_again_it_ends_in_the_same_books(
    hands: Hands, database: str, redis_url: str, tmp_path: Path
) -> None:
    client, quiet = (builders.a_client(hands.database, name) for name in ("killed", "quiet"))
    file = tmp_path / "leads.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for _, row in many()))
    environment = {
        **os.environ, "DATABASE_URL": database, "REDIS_URL": redis_url, "APPTRAIL_SECRET_KEY": "a key for tests",
        "LOG_FORMAT": "json", "APPTRAIL_VAR": str(tmp_path),
    }  # fmt: skip
    # The import reads a pipe that stays open: so it is in the middle for as long as the test likes.
    pipe = tmp_path / "pipe.jsonl"
    os.mkfifo(pipe)
    command = [str(Path(sys.executable).parent / "apptrail"), "leads", "import", client.name]
    process = subprocess.Popen([*command, str(pipe)], env=environment, stderr=subprocess.DEVNULL)
    lines = file.read_text().splitlines(keepends=True)
    with pipe.open("w") as writer:
        writer.writelines(lines[: 2 * CHUNK + 100])
        writer.flush()
        deadline = time.monotonic() + 120
        while imported(hands) < CHUNK and process.poll() is None:
            assert time.monotonic() < deadline, "the import does not get anywhere"
            time.sleep(0.01)
        process.kill()
        process.wait()
    half = imported(hands)
    assert CHUNK <= half <= 2 * CHUNK
    assert half % CHUNK == 0, "a transaction is there or it is not"
    done = subprocess.run(
        [*command, str(file), "--json"], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout)["created"] == MANY - half
    import_rows(hands.database, quiet.id, quiet.pepper, quiet.region, many())
    for one in (client, quiet):
        drain_all(hands, one.id)
    assert shown(hands, client.id) == shown(hands, quiet.id)
    before = versions_of(hands.database, client.id)
    import_rows(hands.database, client.id, client.pepper, client.region, many())
    assert versions_of(hands.database, client.id) == before


def shown(hands: Hands, client_id: Any) -> set[str]:
    """Each lead by its CRM's id, with its columns, what its row said and what of it is another's."""
    rows = hands.database.execute(
        """SELECT (to_jsonb(l) - '{id,client_id,created_at,updated_at,base_status_at,contact_times}'::text[])::text
                  || (to_jsonb(r) - '{id,client_id,lead_id,created_at,imported_at}'::text[])::text
                  || (SELECT count(*) FROM lead_identity i WHERE i.client_id = l.client_id AND i.lead_id = l.id)
           FROM lead l JOIN legacy_rollup r ON r.client_id = l.client_id AND r.lead_id = l.id WHERE l.client_id = %s""",
        (client_id,),
    ).fetchall()
    assert len(rows) == MANY
    return {row[0] for row in rows}


def read(tmp_path: Path, name: str, content: bytes) -> list[tuple[int, Any]]:
    file = tmp_path / name
    file.write_bytes(content)
    return [
        (line, f"{row.column}: {row.reason}" if isinstance(row, BadRow) else dict(row))
        for line, row in rows_of(file)
    ]


def test_a_line_that_is_no_row_is_told_of_and_the_next_is_read(tmp_path: Path) -> None:
    good = b'{"external_id": 7, "email": null}'
    assert read(tmp_path, "x.jsonl", b"\n".join([good, b"{secret", b"[1]", b"", b"[" * 100_000, good])) == [
        (1, {"external_id": "7", "email": None}),
        (2, "row: no JSON"),
        (3, "row: no object"),
        (5, "row: no JSON"),
        (6, {"external_id": "7", "email": None}),
    ]


def test_a_csv_row_with_too_many_cells_is_told_of_and_a_quoted_line_break_keeps_the_count(
    tmp_path: Path,
) -> None:
    content = b'external_id,email\n1,a@example.com\n2,b@example.com,secret\n"3\nand on",c@example.com\n4\n'
    assert read(tmp_path, "x.csv", content) == [
        (2, {"external_id": "1", "email": "a@example.com"}),
        (3, "row: more cells than the header"),
        (5, {"external_id": "3\nand on", "email": "c@example.com"}),
        (6, {"external_id": "4"}),
    ]
    huge = b"external_id,email\n1," + b"x" * 200_000 + b"\n2,b@example.com\n"
    assert read(tmp_path, "x.csv", huge) == [
        (2, "row: no CSV"),
        (3, {"external_id": "2", "email": "b@example.com"}),
    ]
    with pytest.raises(Unreadable):
        read(tmp_path, "x.csv", b"nonsense\n1\n")


@pytest.mark.parametrize("name", ["x.csv", "x.jsonl"])
def test_bytes_that_are_no_utf_8_cost_their_own_row_alone(hands: Hands, tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.write_bytes(
        b"external_id,first_name\n1,J\xf6rg\n2,Ada\n" if name == "x.csv"
        else b'{"external_id": "1", "first_name": "J\xf6rg"}\n{"external_id": "2", "first_name": "Ada"}\n'
    )  # fmt: skip
    done = import_rows(hands.database, new_id(), PEPPER, "US", rows_of(file))
    assert (done.created, [(column, reason) for _, column, reason in done.bad]) == (
        1,
        [("first_name", "unprintable")],
    )


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path: Path) -> None:
    assert read(tmp_path, "x.csv", b"\xef\xbb\xbfexternal_id\n1\n") == [(2, {"external_id": "1"})]
    assert read(tmp_path, "x.jsonl", b'\xef\xbb\xbf{"external_id": "1"}\n') == [(1, {"external_id": "1"})]


def test_an_import_between_two_migrations_brings_only_what_is_new(hands: Hands) -> None:
    client_id = new_id()
    first, second = (list(many())[slice_] for slice_ in (slice(0, 20), slice(0, 40)))
    for rows in (first, second):
        import_rows(hands.database, client_id, PEPPER, "US", iter(rows))
        migrated(hands, client_id)
    whole = new_id()
    import_rows(hands.database, whole, PEPPER, "US", iter(second))
    migrated(hands, whole)
    assert len(books_of(hands.database, client_id)) == len(books_of(hands.database, whole)) == 40
