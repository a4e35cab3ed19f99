"""How transactions of the hot paths run: plans by index, made once, whatever the statistics say; time-outs.

A table that was empty when a statement was first planned would otherwise be read from end to end for
as long as the plan lives. SET LOCAL (set_config's third argument), so that poolers may share sessions.
"""

from typing import Any

from psycopg import Connection as Database

BY_INDEX = {
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "plan_cache_mode": "force_generic_plan",
    "jit": "off",
    "TimeZone": "UTC",
    # A worker that was stopped in the middle gives its leads back; one that waits for a lock does not wait long.
    "statement_timeout": "30s",
    "idle_in_transaction_session_timeout": "15s",
    # One whose host vanished without a word gives them back once nothing was heard of it for six seconds.
    "tcp_keepalives_idle": "3",
    "tcp_keepalives_interval": "1",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "6000",
}

SET_BY_INDEX = ", ".join(f"set_config('{name}', '{value}', true)" for name, value in BY_INDEX.items())
"""For the target list of a transaction's first SELECT."""


def by_index(database: Database[Any], *, writer: str = "") -> None:
    """Fix the plans and time-outs of this transaction; `writer` "ledger" lets it write the rollup columns."""
    database.execute(f"SELECT {SET_BY_INDEX}, set_config('apptrail.writer', %s, true)", (writer,))
