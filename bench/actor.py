"""The drain against a plain dramatiq actor that does the same job in one transaction each."""

import time
from contextlib import ExitStack

import dramatiq

from bench.actor_worker import ACTOR, QUEUE, broker_on
from bench.drain import drained_a_second, hear, say
from bench.figures import Figure
from bench.leads import CLIENT, in_any_order, lead_id_of, make_leads, observations, post_jobs, tidy
from bench.stage import Stage

LEADS = 20_000
PROCESSES = 2


def measure(stage: Stage) -> list[Figure]:
    """In turn, with two processes each, on copies of one database."""
    count = stage.scaled(LEADS)
    numbers = in_any_order(count)
    payloads = {number: said.text() for number, said in observations(numbers)}
    drained, plain = [], []
    with stage.database() as template:
        with stage.connect(template) as database:
            make_leads(database, count)
            post_jobs(database, numbers)
            tidy(database)
        for _ in range(stage.rounds):
            plain.append(_plain(stage, template, payloads))
            drained.append(drained_a_second(stage, template, count, PROCESSES))
    return [
        Figure(
            line="actor",
            what=f"Drain: {count:,} leads, one job each, {PROCESSES} processes",
            unit="/s",
            measured=drained,
            against="plain dramatiq actor, 2 processes × 8 threads",
            reference=plain,
            floor="≥ 4",
        )
    ]


def _plain(stage: Stage, template: str, payloads: dict[int, str]) -> float:
    broker = broker_on(stage.redis.url)
    broker.client.flushdb()
    for number, payload in payloads.items():
        args = (str(CLIENT), str(lead_id_of(number)), payload)
        broker.enqueue(dramatiq.Message(queue_name=QUEUE, actor_name=ACTOR, args=args, kwargs={}, options={}))
    with stage.database(template) as name, ExitStack() as stack:
        workers = [
            stack.enter_context(stage.process(["-m", "bench.actor_worker"], name)) for _ in range(PROCESSES)
        ]
        for worker in workers:
            hear(stage, worker)
        stage.settle()
        began = time.monotonic()
        for worker in workers:
            say(worker, "go")
        while broker.client.hlen(f"{broker.namespace}:{QUEUE}.msgs"):
            time.sleep(0.02)
            if time.monotonic() - began > 600:
                raise RuntimeError("the plain actor does not come to an end")
        seconds = time.monotonic() - began
        with stage.connect(name) as database:
            made = database.execute("SELECT count(*) FROM lead WHERE appointment_count = 1").fetchone()
        if made != (len(payloads),):
            raise RuntimeError(f"{made} leads booked")
    broker.close()
    return len(payloads) / seconds
