"""Poison: jobs that nobody can apply, jobs that kill their worker, and deliveries that nobody can read."""

import json
import random
from dataclasses import dataclass, field
from uuid import UUID

from db.ids import new_id
from tests.chaos.driver import Driver
from tests.chaos.hook.sitecustomize import KILLER
from tests.chaos.stories import Body, one_meeting
from tests.chaos.world import World, eventually
from tests.statements import a_statement

UNREADABLE = json.dumps({"v": 1, "kind": "appointment", "colour": "red"})


@dataclass
class Poisons:
    """What was put in, by the reason that its dead letter must have."""

    jobs: dict[UUID, str] = field(default_factory=dict)
    parked: list[str] = field(default_factory=list)


class Poisoner:
    """Puts poison where the product finds it, beside the jobs of leads that were never told of otherwise."""

    def __init__(self, world: World, driver: Driver, dice: random.Random) -> None:
        self.put = Poisons()
        self._world = world
        self._driver = driver
        self._dice = dice

    def unreadable(self) -> None:
        """A job whose payload fails whoever reads it."""
        self._add(UNREADABLE, "failed")

    def killer(self) -> None:
        """A job that ends the process which applies it."""
        name = f"{KILLER}-{new_id().hex[-12:]}"
        self._add(a_statement(name).text(), "killed_its_worker")

    def parked(self, name: str) -> None:
        """A delivery whose time no one can read."""
        (body,) = one_meeting(name, self._dice).bodies
        event = {**body["payload"]["scheduled_event"], "start_time": "Thursday, March", "end_time": None}
        odd: Body = {**body, "payload": {**body["payload"], "scheduled_event": event}}
        self._driver.send(odd)
        self.put.parked.append(name)

    def _add(self, payload: str, reason: str) -> None:
        """Beside other jobs of a lead that is there already, so that it has neighbours."""
        job_id = new_id()
        added = eventually(
            lambda: self._world.execute(_ADD, (job_id, payload, self._world.client_id)), 60, "poison"
        )
        if added or eventually(lambda: self._world.execute(_SEEN, (job_id,)), 60, "poison"):
            self.put.jobs[job_id] = reason


_ADD = """
    INSERT INTO inbox (client_id, id, lead_id, kind, payload, received_at)
    SELECT client_id, %s, id, 'appointment', %s, now() FROM lead
    WHERE client_id = %s AND merged_into IS NULL ORDER BY id DESC LIMIT 1
    ON CONFLICT DO NOTHING RETURNING id"""

_SEEN = """
    SELECT job_id FROM (SELECT id AS job_id FROM inbox UNION ALL SELECT job_id FROM dead_letter) AS known
    WHERE job_id = %s"""
