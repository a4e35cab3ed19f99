"""Promise 9 and `make run`: from an empty folder to a timeline that changes while one looks at it."""

import os
import re
import shlex
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import psycopg
import pytest

from boot import sockets
from boot.settings import postgres_folder
from tests.flows.stack import APPTRAIL
from tests.free_port import free_port

ROOT = Path(__file__).parent.parent.parent


@dataclass
class Run:
    """A running `apptrail up`, and what it printed."""

    process: subprocess.Popen[str]
    environment: dict[str, str]
    log: Path
    seconds: float

    @property
    def printed(self) -> str:
        return self.log.read_text()

    def line(self, word: str) -> str:
        found = re.search(rf"^ +{word} +(.+?)(?: +\(.*)?$", self.printed, re.MULTILINE)
        assert found, self.printed
        return found[1]


def run_up(folder: Path, port: int) -> Run:
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DATABASE_URL", "REDIS_URL", "APPTRAIL_SECRET_KEY")
    }
    environment |= {"APPTRAIL_VAR": str(folder / "var"), "PORT": str(port)}
    log = folder / "up.log"
    with log.open("w") as file:
        process = subprocess.Popen(
            [APPTRAIL, "up"], env=environment, stdout=file, stderr=file, text=True, cwd=ROOT
        )
    started = time.monotonic()
    while time.monotonic() - started < 60:
        assert process.poll() is None, log.read_text()
        try:
            if httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=1, trust_env=False).status_code == 200:
                break
        except httpx.TransportError:
            time.sleep(0.05)
    return Run(process, environment, log, time.monotonic() - started)


@pytest.fixture(scope="module")
def up(server_folder: Path) -> Iterator[Run]:
    folder = server_folder / "up"
    folder.mkdir(mode=0o755)
    run = run_up(folder, free_port())
    yield run
    run.process.send_signal(signal.SIGINT)
    try:
        run.process.wait(20)
    finally:
        run.process.kill()


@pytest.fixture
def signed_in(up: Run) -> Iterator[httpx.Client]:
    link = up.line("sign in")
    with httpx.Client(base_url=up.line("apptrail"), trust_env=False, timeout=5) as browser:
        form = browser.get(link)
        assert form.status_code == 200
        answer = browser.post(link, headers={"origin": up.line("apptrail")})
        assert answer.status_code == 303, answer.text
        yield browser


def test_the_printed_webhook_line_changes_the_open_page_within_two_seconds(
    up: Run, signed_in: httpx.Client
) -> None:
    page = up.line("a lead").removeprefix(up.line("apptrail"))
    before = signed_in.get(f"{page}/timeline")
    assert before.status_code == 200
    unchanged = signed_in.get(f"{page}/timeline", headers={"if-none-match": before.headers["etag"]})
    assert unchanged.status_code == 304
    program, *arguments = shlex.split(up.line("a webhook"))
    assert program.endswith("apptrail")
    subprocess.run(
        [APPTRAIL, *arguments], env=up.environment, check=True, cwd=ROOT, stdout=subprocess.DEVNULL
    )
    delivered = time.monotonic()
    while (
        signed_in.get(f"{page}/timeline", headers={"if-none-match": before.headers["etag"]}).status_code
        == 304
    ):
        assert time.monotonic() - delivered < 2
        time.sleep(0.05)
    assert signed_in.get(page).status_code == 200
    # The link goes once.
    assert httpx.post(up.line("sign in"), trust_env=False).status_code in (400, 403, 404, 410)


def live_workers(up: Run) -> list[int]:
    found = []
    for one in psutil.Process(up.process.pid).children(recursive=True):
        try:
            if "--lane live" in " ".join(one.cmdline()):
                found.append(one.pid)
        except psutil.NoSuchProcess:
            continue  # it ended while we looked
    return found


def test_sweeps_find_the_meetings_of_the_demo_clients_simulated_location(up: Run) -> None:
    dsn = sockets.postgres_dsn(postgres_folder(Path(up.environment["APPTRAIL_VAR"])))
    found, deadline = 0, time.monotonic() + 60
    with psycopg.connect(dsn, autocommit=True) as database:
        while found < 20 and time.monotonic() < deadline:
            row = database.execute(
                "SELECT count(*) FROM appointment WHERE provider = 'ghl' AND source = 'reconcile_cron'"
            ).fetchone()
            found = row[0] if row else 0
            time.sleep(0.1)
    assert found >= 20


def test_the_metrics_of_all_processes_are_on_one_page(up: Run) -> None:
    deadline = time.monotonic() + 30
    while True:
        text = httpx.get(f"{up.line('apptrail')}/metrics", trust_env=False).text
        if "apptrail_inbox_jobs 0" in text or time.monotonic() > deadline:
            break  # the demo's sweeps may have posted something just now
        time.sleep(0.1)
    for name in (
        'apptrail_deliveries_total{outcome="accepted",provider="calendly",reason=""}',
        'apptrail_jobs_total{outcome="applied"}',
        "apptrail_drain_leads_count",
        'apptrail_drain_seconds_count{lane="live"}',
        "apptrail_inbox_jobs 0",
        "apptrail_inbox_oldest_due_seconds",
    ):
        assert name in text, name


def test_a_killed_process_comes_back_and_the_others_go_on(up: Run) -> None:
    worker = psutil.Process(live_workers(up)[0])
    worker.kill()
    deadline = time.monotonic() + 15
    while not any(pid != worker.pid for pid in live_workers(up)):
        assert time.monotonic() < deadline, "the killed worker did not come back"
        time.sleep(0.1)
    assert httpx.get(f"{up.line('apptrail')}/healthz", trust_env=False).status_code == 200


def test_ctrl_c_leaves_no_process_and_the_second_start_keeps_the_data(server_folder: Path) -> None:
    folder = server_folder / "twice"
    folder.mkdir(mode=0o755)
    first = run_up(folder, free_port())
    lead = first.line("a lead").rpartition("/")[2]
    family = psutil.Process(first.process.pid).children(recursive=True)
    assert len(family) >= 6
    first.process.send_signal(signal.SIGINT)
    first.process.wait(20)
    gone, alive = psutil.wait_procs(family, timeout=5)
    assert alive == [], f"{len(gone)} ended"
    second = run_up(folder, free_port())
    try:
        assert second.line("a lead").rpartition("/")[2] == lead
        # A parent that is killed takes its servers and processes with it.
        family = psutil.Process(second.process.pid).children(recursive=True)
    finally:
        second.process.kill()
        second.process.wait()
    assert psutil.wait_procs(family, timeout=15)[1] == []
