"""The oracle: knows what happened, and compares it with what the API and the tables say at the end."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ingest.providers import ADAPTERS
from pipeline.observation import Observation
from tests.chaos.poison import Poisons
from tests.chaos.stories import Story
from tests.chaos.world import World
from tests.ingest.recordings import a_connection

SEEN_AT = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Verdict:
    """What is wrong. All of it must be empty."""

    lost: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    poison: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        return not (self.lost or self.wrong or self.doubled or self.poison)


def judge(world: World, acknowledged: Iterable[bytes], stories: Iterable[Story], poisons: Poisons) -> Verdict:
    """Compare everything; nothing is under way any more."""
    verdict = Verdict()
    stories = list(stories)
    _judge_deliveries(world, acknowledged, verdict)
    for story in stories:
        _judge_story(world, story, verdict)
    _judge_counts(world, stories, verdict)
    _judge_poison(world, poisons, verdict)
    return verdict


def _judge_deliveries(world: World, acknowledged: Iterable[bytes], verdict: Verdict) -> None:
    """Every acknowledged delivery's statement is in the history."""
    stored = {
        (key, bytes(digest))
        for key, digest in world.execute(
            "SELECT external_id, digest FROM observation WHERE client_id = %s", (world.client_id,)
        )
    }
    for raw in acknowledged:
        provider = "calendly"
        adapter = next(one for one in ADAPTERS.values() if one.provider == provider)
        for reading in adapter.read(a_connection(adapter.provider), raw, SEEN_AT):
            if not isinstance(reading.said, Observation):
                continue  # parked: the dead letters are asked about it
            if (reading.said.external_id, reading.said.digest) not in stored:
                verdict.lost.append(f"{reading.said.external_id} {json.loads(raw)['event']}")


def _judge_story(world: World, story: Story, verdict: Verdict) -> None:
    """A person is one lead, with just the appointments that were, each as it ended, each said once."""
    leads = {lead for email in story.emails for lead in world.leads_of(email)}
    if len(leads) != 1:
        verdict.wrong.append(f"{story.emails[0]}: {len(leads)} leads")
        return
    items = world.appointments(leads.pop())
    named = {item["id"]: _key(item) for item in items}
    told = {
        _key(item): (item["status"], _instant(item["start_at"]), named.get(item["rescheduled_from_id"]))
        for item in items
    }
    true = {key: (end.status, end.start_at, end.replaces) for key, end in story.ends.items()}
    if told != true:
        verdict.wrong.append(f"{story.emails[0]}: {told} and not {true}")
    if len(items) != len(told):
        verdict.doubled.append(f"{story.emails[0]}: an appointment is there twice")


def _judge_counts(world: World, stories: list[Story], verdict: Verdict) -> None:
    """No statement is in the history twice, no appointment, and no person is two leads."""
    said = Counter(
        dict(
            world.execute(
                "SELECT external_id, count(*) FROM observation WHERE client_id = %s GROUP BY 1",
                (world.client_id,),
            )
        )
    )
    ends = {key: end.said for story in stories for key, end in story.ends.items()}
    verdict.doubled += [
        f"{key}: said {said[key]} times, not {ends[key]}" for key in ends if said[key] > ends[key]
    ]
    verdict.lost += [
        f"{key}: said {said[key]} times, not {ends[key]}" for key in ends if said[key] < ends[key]
    ]
    verdict.doubled += [f"{key}: nobody said this" for key in said if key not in ends]
    rollups = world.execute(_ROLLUPS, (world.client_id,))
    verdict.wrong += [f"{lead}: the rollup counts {kept}, the table {there}" for lead, kept, there in rollups]


def _judge_poison(world: World, poisons: Poisons, verdict: Verdict) -> None:
    """Each is in the dead letters once, with its reason; and nothing else is."""
    letters = world.execute(
        "SELECT job_id, reason, payload->>'external_id' FROM dead_letter WHERE client_id = %s",
        (world.client_id,),
    )
    found = Counter(
        (job, reason) if job else (name, reason.partition(":")[0]) for job, reason, name in letters
    )
    wanted: Counter[tuple[Any, str]] = Counter(
        [*poisons.jobs.items(), *((f"{name}-a", "parked") for name in poisons.parked)]
    )
    if found != wanted:
        verdict.poison += [f"missing: {one}" for one in (wanted - found).elements()]
        verdict.poison += [f"too many: {one}" for one in (found - wanted).elements()]


def _key(item: dict[str, Any]) -> str:
    key: str = item["calendly_invitee_uri"].rpartition("/")[2]
    return key


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


_ROLLUPS = """
    SELECT l.id::text, l.appointment_count, count(a.id)
    FROM lead l LEFT JOIN appointment a ON a.client_id = l.client_id AND a.lead_id = l.id AND NOT a.placeholder
    WHERE l.client_id = %s AND l.merged_into IS NULL GROUP BY l.client_id, l.id, l.appointment_count
    HAVING l.appointment_count <> count(a.id)"""
