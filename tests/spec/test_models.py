"""The models and the implementation step against step, as far as Python alone goes; `make spec` goes further.

Each check is also seen to fail: with an engine, a node or a trace that has one thing wrong.
"""

import copy
import json
from collections import Counter

import pytest
from attrs import evolve

from conformance.zoo import tendermint as zoo
from contracts_dsl import interpret, ir
from refimpl.node.machine import Machine, Persist
from tests.house.clauses import clauses
from tests.spec import chain_node, chain_walk, contract_ledger, guards, itf, longest_chain_model, replays, tools, traces
from tests.spec import tendermint_walk as walk
from tests.spec.chain_model import Chain, Did
from tests.spec.explore import Diverged, explore
from tests.spec.tendermint_model import Tendermint

KEPT = sorted(traces.KEPT.glob("*.itf.json"))
ROUNDS = ("INV-S1", "CON-004", "CON-010", "CON-011", "CON-012", "CON-013", "CON-014", "CON-015", "CON-016", "CON-017",
          "CON-025", "CON-026")  # fmt: skip
DISK = ("INV-S2", "INV-S7", "CON-005", "CON-008", "NET-013", "NET-014", "NET-016")


def play(path, **how):
    """A trace on what it is about."""
    name = next(name for name in replays.REPLAYS if path.name.startswith(f"{name}_"))
    return replays.REPLAYS[name](itf.states(path), **how)


# --- small scopes, whole ---


@pytest.mark.clause("INV-S1")
def test_four_members_of_whom_one_lies_agree_in_every_state_of_one_round():
    machine, alone = Tendermint(max_round=0), Counter()
    found = explore(machine, machine.check, lambda state: alone.update([machine.is_symmetric(state)]))
    assert (found.violated, found.states, (found.states + alone[True]) // 2) == ("", 2444, 1248)


def test_with_two_liars_of_four_the_fork_is_found():
    machine = Tendermint(2, 2)
    assert explore(machine, machine.check).violated == "later_polka"
    found = explore(machine, machine.check_agreement)
    assert found.violated == "agreement"
    assert [did.act for did in found.trace].count("decide") == 2


def test_a_model_without_a_guard_breaks_an_invariant():
    class LockIgnored(Tendermint):
        def answers(self, state, p, local):
            return super().answers(state, p, local._replace(locked_round=-1))

    careless, few = LockIgnored(), Tendermint()
    few.quorum = 2
    assert explore(careless, careless.check).violated == "lock_respected"
    assert explore(few, few.check_agreement).violated == "agreement"


@pytest.mark.clause(*DISK)
def test_no_crash_between_two_effects_breaks_what_a_disk_promises():
    machine = Chain(max_height=1)
    found = explore(machine, machine.check)
    assert (found.violated, found.states) == ("", 20128)


def test_a_calm_lottery_keeps_what_lies_deep_and_one_that_is_not_does_not():
    for slots, depth in ((7, 1), (5, 2)):
        machine = longest_chain_model.LongestChain(slots, depth)
        assert explore(machine, machine.check).violated == ""
    wild = longest_chain_model.LongestChain(4, 1, calm=False)
    assert explore(wild, wild.check).violated == "toldAgrees"


# --- the engine and the rounds ---


@pytest.mark.clause(*ROUNDS)
@pytest.mark.parametrize(("first", "edges"), [(3, 5766), (2, 2612)])
def test_the_engine_takes_every_edge_of_the_model_of_one_round(first, edges):
    walked = walk.every_edge(Tendermint(max_round=0, first=first))
    assert walked.edges == edges
    assert walked.beside.total() == (0 if first == 3 else 94)


@pytest.mark.clause(*ROUNDS)
def test_the_engine_takes_sampled_walks_through_two_rounds():
    walked = walk.sampled_walks(Tendermint(), 150, 1)
    assert walked.edges > 2500
    assert set(walked.acts) == {
        "begin", "onProposal", "onTimeoutPropose", "onPolka", "onPrevotes", "onPrecommits", "skipTo", "decide",
    }  # fmt: skip


@pytest.mark.clause(*ROUNDS)
def test_whatever_engines_do_under_liars_the_model_can_do():
    walked, most = walk.roaming(Tendermint(max_round=3), 60, 120, 1)
    assert walked.edges > 4000
    assert walked.acts["decided"] > 50
    assert 2 <= most <= walk.STEPS_AT_ONCE


@pytest.mark.parametrize(
    "wrong",
    [
        zoo.QuorumOf2f, zoo.CommitOnFewVotes, zoo.DuplicatesCount, zoo.LockIgnored, zoo.StaleProofUnlocks,
        zoo.NeverUnlocks, zoo.NoReproposal, zoo.PrecommitsAcrossRounds, zoo.AnybodyProposes,
    ],
)  # fmt: skip
def test_an_engine_with_one_rule_wrong_parts_from_the_model(wrong):
    with pytest.raises((Diverged, AssertionError)):
        walk.every_edge(Tendermint(max_round=0), wrong)
        walk.sampled_walks(Tendermint(max_round=2, first=2), 600, 1, wrong)
        walk.roaming(Tendermint(max_round=3), 40, 120, 1, wrong)
        for path in KEPT:
            if path.name.startswith("tendermint_"):
                play(path, make=wrong)


# --- the node and its disk ---


@pytest.mark.clause(*DISK)
def test_the_node_takes_every_edge_of_the_model_of_a_disk():
    assert chain_walk.every_edge(Chain(max_height=1, max_round=0))[:2] == (760, 1402)


@pytest.mark.parametrize("wrong", [zoo.Amnesia, zoo.SpeaksBeforeRecording])
def test_a_node_that_forgets_or_speaks_too_early_parts_from_the_model(monkeypatch, wrong):
    monkeypatch.setattr(chain_node, "ENGINE", evolve(chain_node.ENGINE, make=wrong))
    with pytest.raises(Diverged):
        chain_walk.every_edge(Chain(max_height=1, max_round=0))


def test_a_node_that_reports_before_it_has_written_parts_from_the_model(monkeypatch):
    class Hasty(Machine):
        def deliver(self, data, now):
            return sorted(super().deliver(data, now), key=lambda effect: isinstance(effect, Persist))

    monkeypatch.setattr(chain_node, "Machine", Hasty)
    with pytest.raises(Diverged):
        chain_walk.every_edge(Chain(max_height=1, max_round=0))


def test_a_store_that_forgets_the_last_write_parts_from_the_model(monkeypatch):
    class Forgetful(chain_node.MemoryStore):
        def apply(self, writes, *, sync):
            super().apply(writes, sync=False)

    monkeypatch.setattr(chain_node, "MemoryStore", Forgetful)
    site = chain_node.Site(Forgetful(), chain_node.new_machine())
    with pytest.raises(Diverged):
        model, before = Chain(max_height=1, max_round=0), Chain(max_height=1).initial()
        for act in ("vote", "carryOut", "crash"):
            did, before = next(step for step in model.successors(before) if step[0].act == act)
            site.take(did)
            chain_walk.compare(site, Did(act), before)


# --- traces ---


@pytest.mark.clause(
    *ROUNDS, *DISK, "NET-002", "NET-003", "CON-020", "CON-021", "CON-024", "DAT-014", "DAT-015", "CTR-S1", "CTR-S2",
    "CTR-S3", "CTR-S4", "CTR-S5", "CTR-S6", "CTR-S9", "CTR-S12", "CTR-S18", "CTR-S19", "CTR-S20", "DAT-072", "DAT-090",
    "DAT-103", "DAT-105",
)  # fmt: skip
@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.name.removesuffix(".itf.json"))
def test_a_trace_of_a_model_is_a_run_of_the_implementation(path):
    assert play(path) >= 2


def test_every_model_has_traces_that_are_kept():
    names = {path.name for path in KEPT}
    assert names == {f"{model}_{name}.itf.json" for model, some in traces.TELLING.items() for name in some}


def altered(written):
    """The same value with one number or text in it changed, no key of a map; None if there is none."""
    if isinstance(written, str):
        return f"{written}?"
    if isinstance(written, list):
        at = next((at for at, one in enumerate(written) if altered(one) is not None), None)
        return None if at is None else [*written[:at], altered(written[at]), *written[at + 1 :]]
    if not isinstance(written, dict):
        return None
    if "#bigint" in written:
        return {"#bigint": str(int(written["#bigint"]) + 1)}
    if "#map" in written:
        keys, held = [key for key, _ in written["#map"]], altered([one for _, one in written["#map"]])
        return None if held is None else {"#map": list(map(list, zip(keys, held, strict=True)))}
    name = next((name for name in written if altered(written[name]) is not None), None)
    return None if name is None else {**written, name: altered(written[name])}


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.name.removesuffix(".itf.json"))
def test_a_trace_with_one_value_changed_is_no_run(path, tmp_path):
    trace = json.loads(path.read_text(encoding="utf-8"))
    seen = 0
    for name in [name for name in trace["vars"] if name not in ("did", "earlier")]:
        wrong = copy.deepcopy(trace)
        wrong["states"][-1][name] = altered(trace["states"][-1][name])
        if wrong["states"][-1][name] is None:
            continue
        file = tmp_path / path.name
        file.write_text(json.dumps(wrong))
        seen += 1
        with pytest.raises((Diverged, AssertionError, KeyError, IndexError, StopIteration, AttributeError)):
            play(file)
    assert seen


def test_a_runtime_whose_clocks_are_wrong_parts_from_the_model(monkeypatch):
    right = interpret.timers
    monkeypatch.setattr(interpret, "timers", lambda *given: tuple((at + 3600, n) for at, n in right(*given)))
    path = traces.KEPT / "contract_deadlinesActByThemselvesTest.itf.json"
    with pytest.raises((Diverged, AssertionError)):
        play(path)


def test_a_contract_that_pays_otherwise_parts_from_the_model(monkeypatch):
    halved = [json.dumps(ir.to_json(one)).replace("3333", "5000") for one in contract_ledger.MODULES]
    monkeypatch.setattr(contract_ledger, "MODULES", tuple(ir.from_json(json.loads(one)) for one in halved))
    with pytest.raises(Diverged):
        play(traces.KEPT / "contract_aPaymentIsDividedToTheLastFenTest.itf.json")


# --- guards ---


@pytest.mark.parametrize("model", tools.MODELS, ids=lambda model: model.name)
def test_every_guard_of_a_model_can_be_removed_and_names_a_clause(model):
    known, text = {clause.id for clause in clauses()}, (traces.KEPT.parent / f"{model.name}.qnt").read_text("utf-8")
    found = guards.guards(model)
    assert len(found) == text.count("\n  // guard ") >= 5
    for guard in found:
        assert guard.clause in known
        assert guards.without(text, guard.name) != text
        assert len(guards.GUARD.findall(guards.without(text, guard.name))) >= len(found) - 1
