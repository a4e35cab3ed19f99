"""A sweep that is killed: what was posted stays, what was not is read again, and nothing is posted twice."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from ingest.sweeps.engine import lease_of
from tests.sweeps.conftest import Stage
from tests.sweeps.test_sweep import booked

ROOT = Path(__file__).resolve().parents[2]

# Sweeps, and dies by its own SIGKILL when it is asked for the fourth page: there is no cleaning up.
DYING = """
import os, signal, sys
from datetime import timedelta
from db import connections
from db.desk import connect
from ingest.sweeps.engine import Hands, sweep
from pipeline.sweeping import Tier, spans_of
from tests.builders import KEYRING, at
from tests.sweeps.conftest import move_clock
from tests.sweeps.fake_api import FakeApi

class Dying(FakeApi):
    def _called(self):
        super()._called()
        if self.calls == 4:
            os.kill(os.getpid(), signal.SIGKILL)

api = Dying(at(0))
for number in range(60):
    api.book(f"m-{number:03}", f"p{number}", at(24) + timedelta(minutes=number))
with connect(sys.argv[1]) as database:
    move_clock(database, at(0))
    connection = connections.of_client(database, KEYRING)[0]
    sweep(Hands(database, lambda rings: None), connection, api, Tier.NEAR, spans_of(Tier.NEAR, at(0)))
"""


def test_a_killed_sweep_is_taken_up_where_it_was(stage: Stage) -> None:
    booked(stage, 60)
    died = subprocess.run(
        [sys.executable, "-c", DYING, stage.dsn],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
    )
    assert died.returncode == -signal.SIGKILL, died.stderr.decode()[-2000:]
    assert (stage.jobs(), stage.watermarks()) == (30, {})
    busy = stage.sweep()
    assert (busy.state, busy.reason) == ("waiting", "busy"), "its lease lasts a while"
    stage.database.execute("DELETE FROM lease WHERE name = %s", (lease_of(stage.connection.id),))
    swept = stage.sweep()
    assert (swept.state, stage.api.listed[0], swept.posted) == ("finished", "30", 30)
    assert stage.jobs() == 60
    assert stage.watermarks()["near"]
    stage.drain()
    assert len(stage.statuses()) == 60
    stage.pass_(minutes=5)
    assert stage.sweep().posted == 0
