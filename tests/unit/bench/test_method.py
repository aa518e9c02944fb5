"""The method of the bench: what is compared, what is refused, what is printed. No test here asserts a time."""

import json
import subprocess
import sys

import pytest

from bench import measure
from bench.__main__ import measured
from bench.measure import QUICK, Contender, Contest, Count, Method, Unequal, contest_result, count_result
from bench.registry import items
from bench.report import SCHEMA, page
from tests.house.tree import ROOT


class Clock:
    """Time that passes only where a contender says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def spend(self, seconds: float):
        def run() -> None:
            self.now += seconds

        return run


@pytest.fixture
def clock(monkeypatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(measure, "perf_counter", made)
    return made


def contest(clock: Clock, gate: float | None = None, prove=lambda: None) -> Contest:
    slow, fast = Contender("slow", clock.spend(0.004)), Contender("fast", clock.spend(0.001))
    return Contest("sums", (slow, fast), "fewer numbers", prove, gate=gate)


def test_the_ratio_says_how_fast_the_first_is_as_a_part_of_the_second(clock):
    result = contest_result(contest(clock), QUICK)
    assert result["ratio"] == {"of": "slow", "to": "fast", "median": 0.25, "minimum": 0.25, "maximum": 0.25}
    assert result["contenders"]["slow"] == {"median": 0.004, "minimum": 0.004, "maximum": 0.004, "per_second": 250.0}


def test_times_are_for_one_unit(clock):
    whole, tenth = Contender("whole", clock.spend(0.01)), Contender("of ten", clock.spend(0.01), 10)
    assert contest_result(Contest("sums", (tenth, whole), "", lambda: None), QUICK)["ratio"]["median"] == 10


def test_a_sample_is_long_enough_and_rounds_take_turns(clock):
    order: list[str] = []

    def written(name: str, seconds: float) -> Contender:
        spend = clock.spend(seconds)
        return Contender(name, lambda: (order.append(name), spend()))

    contenders = (written("a", 1 / 128), written("b", 1 / 64))
    contest_result(Contest("sums", contenders, "", lambda: None), Method(1 / 16, 3))
    assert order[-(8 + 4) * 3 :] == (["a"] * 8 + ["b"] * 4) * 3


def test_contenders_that_do_not_do_the_same_are_not_compared(clock):
    def differ() -> None:
        raise Unequal("7 and 8")

    with pytest.raises(Unequal):
        contest_result(contest(clock, prove=differ), QUICK)


def test_a_gate_is_held_missed_or_none(clock):
    assert contest_result(contest(clock, gate=0.25), QUICK)["held"] is True
    assert contest_result(contest(clock, gate=0.26), QUICK)["held"] is False
    assert contest_result(contest(clock), QUICK)["held"] is None


def test_a_gate_that_is_missed_is_measured_three_times(clock):
    short = Method(0.001, 1)
    assert measured(lambda method: contest(clock, gate=2.0), short)["tried"] == [0.25] * 3
    assert "tried" not in measured(lambda method: contest(clock, gate=0.1), short)


def test_a_count_is_held_up_to_its_limit():
    assert count_result(Count("hashes", {"a": 2.0, "seen": 99}, {"a": 2.0}))["held"] is True
    assert count_result(Count("hashes", {"a": 2.1}, {"a": 2.0}))["held"] is False


def test_an_item_is_asked_for_by_the_beginning_of_its_name():
    assert set(items(("merkle",))) == {"merkle.build", "merkle.proof", "merkle.append"}
    assert not items(("nothing",))


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bench", *words], capture_output=True, text=True, cwd=ROOT, check=False
    )


@pytest.fixture(scope="module")
def report() -> dict:
    done = run("--quick", "--only", "codec", "--only", "merkle.append", "--only", "ledger.steps")
    assert done.returncode == 0, done.stderr
    assert "[4/4]" in done.stderr
    return json.loads(done.stdout)


def test_one_json_object_is_printed(report):
    assert report["schema"] == SCHEMA == "yilian/bench/v1"
    assert set(report) == {"schema", "commit", "date", "load", "machine", "method", "items", "missed"}
    assert "Python" in report["machine"]
    named = [item["item"] for item in report["items"]]
    assert named == ["codec.encode", "codec.decode", "merkle.append", "ledger.steps"]


def test_each_item_says_who_took_part_and_what_came_of_it(report):
    for item in report["items"]:
        assert {"unit", "rounds", "contenders", "ratio", "bound", "gate", "held", "counts", "note"} <= set(item)
        for taken in item["contenders"].values():
            assert 0 < taken["minimum"] <= taken["median"] <= taken["maximum"]
    by_name = {item["item"]: item for item in report["items"]}
    assert by_name["merkle.append"]["held"] is True
    assert by_name["ledger.steps"]["ratio"]["to"] == "Ed25519 verify bound"


def test_the_page_names_every_item_and_every_miss(report):
    text = page({**report, "missed": ["codec.decode"]})
    assert "Gates that were missed: codec.decode" in text
    assert all(f"| {item['item']} |" in text for item in report["items"])


def test_an_unknown_item_is_named_with_those_there_are():
    done = run("--only", "speed")
    assert done.returncode == 2
    assert "codec.encode" in done.stderr
    assert not done.stdout
