"""Who compares the speed of decisions shows first that they are the same decisions."""

import pytest

from bench import policies
from bench.measure import Unequal


def test_all_contenders_decide_two_thousand_requests_alike():
    assert {"compiled", "by hand", "interpreter"} <= policies.ways(policies.requests(1)).keys()
    assert 0.25 < policies.agreed(2_000) < 0.4


@pytest.mark.parametrize("name", ["compiled", "interpreter"])
def test_one_decision_that_differs_is_noticed(name, monkeypatch):
    honest = policies.ways
    monkeypatch.setattr(
        policies, "ways", lambda asked: {**honest(asked), name: lambda: [False] * len(asked)}
    )  # fmt: skip
    with pytest.raises(Unequal):
        policies.agreed(100)
