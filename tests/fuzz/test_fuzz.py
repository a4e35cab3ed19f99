"""Show 5: whatever is sent to the receiver, it answers no 5xx, keeps its size, and lets no canary out."""

from db.desk import connect
from tests.fuzz.barrage import Barrage

REQUESTS = 2_000
MOST_GROWTH = 60_000_000


def test_two_thousand_hostile_deliveries_are_answered_and_leave_no_canary(database: str) -> None:
    with connect(database) as own:
        fallout = Barrage(own, database, seed=20).run(REQUESTS)
        stored = own.execute("SELECT count(*) FROM inbox").fetchall()[0][0]
        known = own.execute("SELECT count(*) FROM lead WHERE lead::text ~* 'canary[0-9]'").fetchall()[0][0]
    assert fallout.amiss == [], fallout.amiss[:5]
    assert fallout.answers.total() == REQUESTS
    assert fallout.grown < MOST_GROWTH
    assert stored > REQUESTS / 20, "a barrage of which nothing is taken tells nothing"
    assert known > 0, "the canaries must get as far as lead, or this test tells nothing"
