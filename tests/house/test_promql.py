"""The reader of expressions refuses what Prometheus would."""

import pytest

from tests.house.promql import read


def test_metrics_and_what_is_asked_of_them_are_named() -> None:
    named = read('sum by (le, lane) (rate(a_bucket{outcome="buried", lane!~"x"}[5m])) > 0 and max(b) == 1')
    assert named.metrics == {"a_bucket": {"le", "lane", "outcome"}, "b": set()}
    assert named.matchers == [("a_bucket", "outcome", "buried")]


@pytest.mark.parametrize(
    "wrong",
    ["", "a >", "rate(a)", "a[5m]", "sum(a", "sum by le (a)", 'a{b="c"', "a{b=c}", "frob(a)", "a b", "a{b}", "a ? b"],
)  # fmt: skip
def test_what_is_no_promql_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  (that it is refused, whatever it says)
        read(wrong)
