"""Show 3: a year with lost, doubled and late webhooks and failing calls ends in the provider's own truth."""

from collections.abc import Iterator
from contextlib import closing

import pytest
import stamina

from tests.sweeps.judge import judge
from tests.sweeps.plan import Plan
from tests.sweeps.year import Year


@pytest.fixture(autouse=True)
def impatient() -> Iterator[None]:
    """Ask again without a pause."""
    with stamina.set_testing(True, attempts=2, cap=True):
        yield


# Two connections, each its client's only one of its provider; and four, where a 404 must come from two.
@pytest.mark.parametrize(("wired", "killed"), [(2, 0.0), (4, 0.003)], ids=["whole", "killed"])
def test_a_years_books_are_the_providers_truth(database: str, wired: int, killed: float) -> None:
    plan = Plan(connections=wired, meetings=120 * wired, people=20 * wired, killed=killed)
    with closing(Year(database, plan, seed=7)) as year:
        year.live()
        tally = judge(year)
    said = "\n".join(tally.lines())
    assert tally.differences == [], said
    assert (tally.happened["sweeps killed"] > 3) is (killed > 0), said
    assert tally.happened["meetings"] > plan.meetings, said
    assert min(tally.happened[one] for one in ("dropped", "duplicated", "reordered", "API failures")) > 10, (
        said
    )
    assert tally.compared["states"] > plan.meetings, said
