"""A profile of spec/profiles says of an engine what the engine says of itself, and names what exists."""

import tomllib

import pytest

from refimpl.consensus.registry import find_engine
from tests.house.clauses import clauses
from tests.house.tree import ROOT

FILES = sorted((ROOT / "spec" / "profiles").rglob("*.toml"))
REQUIRED = {"profile", "engine", "tick_ms", "params", "contract"}
SPEAKING = {"messages", "quorum", "proposer", "steps"}
KNOWN = {clause.id for clause in clauses()}


def data(path):
    return tomllib.loads(path.read_text(encoding="utf-8"))


def under_each_rule(path):
    """The profile, once for each rule of eligibility where it has several."""
    whole = data(path)
    for engine, rule in whole.pop("rules", {}).items():
        yield {**whole, "engine": engine, "contract": {**whole["contract"], **rule, "engine": engine}}
    if "engine" in whole:
        yield whole


@pytest.mark.clause("NOD-060", "NOD-066")
@pytest.mark.parametrize(("path", "profile"), [(path, found) for path in FILES for found in under_each_rule(path)],
                         ids=lambda one: one["engine"] if isinstance(one, dict) else "")  # fmt: skip
def test_a_profile_declares_what_its_engine_promises(path, profile):
    assert profile["profile"] == f"{path.parent.name}/{path.stem}"
    assert profile.keys() >= REQUIRED
    kind = find_engine(profile["engine"])
    assert profile["contract"] == kind.promise.to_data()
    if profile["contract"]["engine"] == "solo":
        return
    lies = profile["contract"]["faults"] == "byzantine"  # of a protocol of crashes the kit plays no liar
    assert profile.keys() >= (SPEAKING if lies else {"messages", "quorum"})
    assert set(profile["messages"]) == set(kind.readers)
    phases = {name: one["phase"] for name, one in profile["messages"].items() if "phase" in one}
    assert sorted(phases, key=phases.get) == profile["contract"]["phases"]
    cited = {rule for one in profile["messages"].values() for rule in one["rules"]}
    assert cited | {step["clause"] for step in profile.get("steps", {}).values()} <= KNOWN


@pytest.mark.clause("NOD-060")
def test_the_profile_that_everybody_needs_is_there():
    assert {"solo/1", "tendermint/1"} <= {data(path)["profile"] for path in FILES}
