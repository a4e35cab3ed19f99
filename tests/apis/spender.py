"""A process that calls a simulated provider as fast as its budget allows, for a while: python spender.py REDIS URL TOKEN SECONDS."""

import sys
import time

from ingest.apis.api import ApiFailed
from ingest.apis.budgets import Bound, Budgets, BudgetSpent, Purpose
from ingest.apis.caller import Caller
from ingest.apis.http import new_client
from ingest.apis.tokens import FixedToken

BOUND = Bound("burst", 40, 1, 10)


def main(redis_url: str, url: str, token: str, seconds: float) -> None:
    with new_client() as client:
        budgets = Budgets(redis_url)
        purposes = [Purpose.SWEEP, Purpose.BOOKING]
        callers = [
            Caller(url, client, FixedToken(token), budgets.within("shared", (BOUND,), one), {})
            for one in purposes
        ]
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for caller in callers:
                try:
                    caller.get("/users/me")
                except BudgetSpent as spent:
                    time.sleep(min(spent.retry_after, 0.02))
                except ApiFailed as failed:
                    print(failed.error, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4]))
