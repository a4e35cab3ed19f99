"""The supervisor: what crashes comes back, the others go on, and nothing outlives it."""

import asyncio
import io
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from time import sleep

import pytest

from boot import clock, processes, settings, supervised, supervisor

SUPERVISOR = """
import asyncio, os, sys
from pathlib import Path
from boot import supervised, supervisor
commands = supervisor.read_procfile(Path(sys.argv[1]))
scale = {name: int(count) for name, _, count in (part.partition("=") for part in sys.argv[2:])}
asyncio.run(supervisor.supervise(commands, environment=dict(os.environ), scale=scale))
"""

CHILD = """
import subprocess, sys, time
from pathlib import Path
pid_file = Path(sys.argv[1])
grandchild = subprocess.Popen(["sleep", "100"]) if "--family" in sys.argv else None
with pid_file.open("a") as file:
    import os
    file.write(f"{os.getpid()} {grandchild.pid if grandchild else 0}\\n")
print("hello from", pid_file.stem, flush=True)
if "--deaf" in sys.argv:
    import signal
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("deaf", flush=True)
time.sleep(100)
"""


class House:
    """A running supervisor over children that write down their pids."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.output = folder / "output"
        self.process: subprocess.Popen[bytes] | None = None
        (folder / "child.py").write_text(CHILD)

    def run(self, *entries: str, scale: str = "") -> None:
        """Each entry is a process type with the child's options, as in "web --deaf"."""
        lines = []
        for entry in entries:
            name, *options = entry.split()
            child = [
                sys.executable,
                str(self.folder / "child.py"),
                str(self.folder / f"{name}.pids"),
                *options,
            ]
            lines.append(f"{name}: {' '.join(child)}")
        (self.folder / "Procfile").write_text("# a comment\n\n" + "\n".join(lines) + "\n")
        command = [sys.executable, "-c", SUPERVISOR, str(self.folder / "Procfile"), *scale.split()]
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(command, cwd=settings.PROJECT, stdout=output, stderr=output)

    def pids(self, name: str) -> list[int]:
        path = self.folder / f"{name}.pids"
        lines = path.read_text().splitlines(keepends=True) if path.exists() else []
        return [int(pid) for line in lines if line.endswith("\n") for pid in line.split() if pid != "0"]

    def first(self, name: str) -> int:
        eventually(lambda: bool(self.pids(name)))
        return self.pids(name)[0]

    def says(self, text: str) -> bool:
        return text in self.output.read_text()

    def everybody(self) -> list[int]:
        return [pid for path in self.folder.glob("*.pids") for pid in self.pids(path.stem)]

    def end(self, number: signal.Signals) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(20)


def eventually(condition: Callable[[], bool]) -> None:
    deadline = clock.monotonic() + 20
    while not condition():
        assert clock.monotonic() < deadline
        sleep(0.02)


def nobody_is_left(house: House) -> bool:
    return not any(map(processes.is_alive, house.everybody()))


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    if made.process is not None and made.process.poll() is None:
        made.process.kill()
        made.process.wait(10)
    for pid in filter(processes.is_alive, made.everybody()):
        os.kill(pid, signal.SIGKILL)


def test_a_killed_child_comes_back_with_the_others_untouched_and_its_own_children_gone(house: House) -> None:
    house.run("web", "worker --family")
    web, worker = house.first("web"), house.first("worker")
    grandchild = house.pids("worker")[1]
    os.kill(worker, signal.SIGKILL)
    eventually(lambda: len(house.pids("worker")) == 4)
    eventually(lambda: not processes.is_alive(grandchild))
    assert house.pids("web") == [web]
    assert processes.is_alive(web)


def test_a_child_that_keeps_crashing_comes_back_ever_more_slowly() -> None:
    process = supervised.Supervised("web", ["false"], {}, io.StringIO())
    waits = []
    for _ in range(10):
        process._began = clock.monotonic()
        process._put_off()
        waits.append(round(process._due - clock.monotonic(), 1))
    assert waits[:4] == [0.2, 0.4, 0.8, 1.6]
    assert waits[-1] == supervised.LONGEST_WAIT
    process._began = clock.monotonic() - supervised.STEADY - 1
    process._put_off()
    assert process._due - clock.monotonic() < 0.3


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopping_leaves_nothing_of_anybodys_group(house: House, number: signal.Signals) -> None:
    house.run("web --family", "worker --family", "clock")
    for name in ("web", "worker", "clock"):
        house.first(name)
    assert house.end(number) == 0
    assert nobody_is_left(house)


def test_stopping_goes_from_last_to_first(house: House) -> None:
    house.run("web", "worker", "clock")
    for name in ("web", "worker", "clock"):
        house.first(name)
    house.end(signal.SIGTERM)
    said = house.output.read_text().splitlines()
    stopped = [line for line in said if "process_stopped" in line]
    assert [name for line in stopped for name in ("web", "worker", "clock") if f'"{name}"' in line] == [
        "clock",
        "worker",
        "web",
    ]


def test_a_second_ctrl_c_waits_for_nobody(house: House) -> None:
    house.run("web --deaf")
    eventually(lambda: house.says("deaf"))
    assert house.process is not None
    began = clock.monotonic()
    house.process.send_signal(signal.SIGINT)
    sleep(0.3)
    assert house.process.poll() is None
    assert house.end(signal.SIGINT) == 0
    assert clock.monotonic() - began < supervisor.GRACE
    assert nobody_is_left(house)


def test_a_killed_supervisor_leaves_nobody(house: House) -> None:
    house.run("web", "worker", "clock")
    for name in ("web", "worker", "clock"):
        house.first(name)
    house.end(signal.SIGKILL)
    eventually(lambda: nobody_is_left(house))


def test_lines_carry_the_name_of_their_process(house: House) -> None:
    house.run("web", "worker")
    eventually(lambda: house.says("hello from worker") and house.says("hello from web"))
    lines = house.output.read_text().splitlines()
    assert "web      | hello from web" in lines
    assert "worker   | hello from worker" in lines


def test_a_type_runs_as_often_as_asked(house: House) -> None:
    house.run("web", "worker", "bulk", scale="worker=2 bulk=0")
    house.first("web")
    eventually(lambda: len(house.pids("worker")) == 2)
    eventually(lambda: house.says("worker.2 | hello"))
    assert house.pids("bulk") == []
    house.end(signal.SIGTERM)


def test_a_command_that_does_not_exist_stops_nobody_else(house: House) -> None:
    house.run("web")
    house.first("web")
    house.end(signal.SIGTERM)
    procfile = house.folder / "Procfile"
    procfile.write_text(procfile.read_text() + "ghost: no-such-command-here\n")
    command = [sys.executable, "-c", SUPERVISOR, str(procfile)]
    with house.output.open("wb") as output:
        house.process = subprocess.Popen(command, cwd=settings.PROJECT, stdout=output, stderr=output)
    eventually(lambda: len(house.pids("web")) == 2)
    eventually(lambda: house.says("ghost"))
    assert house.end(signal.SIGTERM) == 0


class FlakyServer:
    name = "flaky"

    def __init__(self) -> None:
        self.starts = 0

    def alive(self) -> bool:
        return self.starts > 1

    def start(self) -> bool:
        self.starts += 1
        if self.starts == 1:
            raise OSError
        os.kill(os.getpid(), signal.SIGTERM)  # the end of the test
        return True


def test_a_server_that_died_is_started_until_it_lives() -> None:
    server = FlakyServer()

    asyncio.run(supervisor.supervise({}, environment={}, servers=[server]))
    assert server.starts == 2
