"""The oracle: knows what happened, and compares it with what the API and the tables say at the end."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

from ingest.providers import ADAPTERS
from pipeline.observation import Observation
from tests.chaos.hook.sitecustomize import CURABLE, KILLER
from tests.chaos.poison import Poisons
from tests.chaos.stories import Story
from tests.chaos.world import World
from tests.ingest.recordings import a_connection

CURED = "cured"
SEEN_AT = datetime(2026, 1, 1, tzinfo=UTC)


class Letter(NamedTuple):
    """One dead letter, as far as an oracle cares."""

    generation: int
    job_id: Any
    reason: str
    state: str
    outcome: str | None
    name: str | None


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
    """Each is in the dead letters once, with its reason, whatever was replayed; what could be cured, was."""
    told = Counter(_told(chain) for chain in chains(world))
    wanted: Counter[tuple[Any, str]] = Counter(
        [*poisons.jobs.items(), *((f"{name}-a", "parked") for name in poisons.parked)]
    )
    cured = Counter({one: number for one, number in told.items() if one[1] == CURED})
    told -= cured
    if told != wanted:
        verdict.poison += [f"missing: {one}" for one in (wanted - told).elements()]
        verdict.poison += [f"too many: {one}" for one in (told - wanted).elements()]
    verdict.poison += [f"not a curable one: {name}" for name, _ in cured if not str(name).startswith(CURABLE)]
    verdict.poison += [
        f"replay {name}: {state}, {posted} posted, {letters} letters, {waiting} on their way"
        for name, state, posted, letters, waiting in world.execute(_UNEVEN_REPLAYS)
    ]


def _told(chain: Sequence[Letter]) -> tuple[Any, str]:
    """A letter and its generations as one: who it is, and its reason; or what is wrong with it."""
    first, last = chain[0], chain[-1]
    # A poison is known by its job, a delivery by its appointment.
    name = first.job_id if first.name is None or first.name.startswith(KILLER) else first.name
    reasons = {one.reason.partition(":")[0] for one in chain}
    if [one.generation for one in chain] != list(range(len(chain))):
        return name, f"generations {[one.generation for one in chain]}"
    if (
        any((one.state, one.outcome) != ("replayed", "failed_again") for one in chain[:-1])
        or len(reasons) > 1
    ):
        return name, f"states {[(one.state, one.outcome, one.reason) for one in chain]}"
    if (last.state, last.outcome) == ("replayed", "applied"):
        return name, CURED
    return name, reasons.pop() if last.state == "open" else f"{last.state} {last.outcome}"


def chains(world: World) -> list[list[Letter]]:
    """The letters, each with what became of it when it was replayed; a fork is two chains."""
    rows = world.execute(
        """SELECT id, replay_of, generation, job_id, reason, state, outcome, payload->>'external_id'
           FROM dead_letter WHERE client_id = %s ORDER BY generation""",
        (world.client_id,),
    )
    found: dict[Any, list[Letter]] = {}
    whole = []
    for letter_id, replay_of, *rest in rows:
        chain = found.pop(replay_of, None) if replay_of else None
        if chain is None:
            chain = []
            whole.append(chain)
        chain.append(Letter(*rest))
        found[letter_id] = chain
    return whole


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

_UNEVEN_REPLAYS = """
    SELECT r.id::text, r.state, r.posted, count(d.id), count(d.id) FILTER (WHERE d.state = 'replaying')
    FROM replay r LEFT JOIN dead_letter d ON d.replay_id = r.id
    GROUP BY r.id, r.state, r.posted
    HAVING r.state IN ('running', 'paused') OR r.posted <> count(d.id) OR count(d.id) FILTER (WHERE d.state = 'replaying') > 0
    """
