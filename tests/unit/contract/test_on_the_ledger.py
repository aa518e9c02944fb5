"""Contracts on the ledger: the state behind a program, deployment, the directory, and orders."""

from importlib.resources import files

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts_dsl import ir, testing
from contracts_dsl.check import check
from contracts_dsl.host import Changes, Indexed, Instance, KeyTaken, Timer, Transfer
from contracts_dsl.memory import DirectoryNode, MemoryWorld
from refimpl.contract import directory, orders, packages
from refimpl.contract.draft import Draft
from refimpl.contract.world import LedgerWorld, position_of
from refimpl.data.ids import MemberId
from refimpl.data.refusal import Code, Refused
from refimpl.data.state_map import EMPTY
from refimpl.scenarios.package import library

MODULES = ("alliance", "visit", "referral", "stepdown")
NODES = [
    {"attributes": [{"name": "level", "value": "city"}], "kind": "Region", "name": "river", "parent": None},
    {"attributes": [{"name": "level", "value": "district"}], "kind": "Region", "name": "hill", "parent": "river"},
]

names = st.sampled_from(["a", "b", "c"])
numbers = st.integers(0, 3)
clocks = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 2)), unique=True, max_size=2).map(sorted).map(tuple)
instances = st.builds(
    Instance, id=numbers, contract=names, version=st.just(1), state=names, entered=numbers,
    values=st.tuples(numbers | names | st.none() | st.booleans()),
    timers=clocks,
)  # fmt: skip


entries = st.builds(Indexed, names, names, numbers | names, numbers)


@st.composite
def histories(draw):
    """Lists of changes as steps of the language make them: ids without gaps, keys and indexes as they come."""
    count, made = 0, []
    for now in range(draw(st.integers(1, 5))):
        written = {}
        for instance in draw(st.lists(instances, max_size=3)):
            number = min(instance.id, count + len([one for one in written if one >= count]))
            written[number] = msgspec.structs.replace(instance, id=number, contract="abc"[number % 3])
        count = max([count, *(one + 1 for one in written)])
        made.append(
            Changes(
                now=now,
                instances=tuple(written[number] for number in sorted(written)),
                keys=tuple(draw(st.lists(st.builds(KeyTaken, names, st.tuples(numbers | names), numbers), max_size=2))),
                indexed=tuple(draw(st.lists(entries, max_size=3, unique=True))),
                transfers=tuple(draw(st.lists(st.builds(Transfer, names, names, numbers), max_size=2))),
            )
        )
    return made


@pytest.mark.clause("CTR-D05")
def test_a_position_may_exceed_every_number_of_the_ledger():
    world = LedgerWorld(Draft(EMPTY))
    for _ in range(2):
        world.apply(Changes(now=0, transfers=(Transfer("a", "b", 2**53 - 1),)))
    assert (position_of(world.draft, "a"), position_of(world.draft, "b")) == (2 - 2**54, 2**54 - 2)


@pytest.mark.clause("CTR-D04")
@settings(max_examples=80)
@given(histories(), st.booleans())
def test_the_ledger_answers_every_question_as_the_model_does(history, settled):
    model, draft = MemoryWorld(), Draft(EMPTY)
    for changes in history:
        taken = {(key.contract, key.key) for key in changes.keys}
        if len(taken) < len(changes.keys) or len(
            {(e.contract, e.field, e.value, e.instance) for e in changes.indexed}
        ) < len(changes.indexed):
            return
        model.apply(changes)
        LedgerWorld(draft).apply(changes)
        draft = Draft(draft.commit()) if settled else draft
    world = LedgerWorld(draft)
    assert (world.now(), world.next_instance()) == (model.now(), model.next_instance())
    for number in range(-1, 5):
        assert world.instance(number) == model.instance(number)
    for contract in "abc":
        assert list(world.instances(contract)) == list(model.instances(contract))
        for field in "abc":
            for value in (0, 1, "a"):
                assert sorted(set(world.find(contract, field, value, 9))) == sorted(
                    set(model.find(contract, field, value, 9))
                )
        for key in ((0,), ("a",), (3,)):
            assert world.key_holder(contract, key) == model.key_holder(contract, key)
        assert position_of(draft, contract) == model.positions.get(contract, 0)
    for t in (0, 3, 10):
        assert list(world.timers_before(t)) == sorted(model.timers_before(t))


@pytest.mark.clause("CTR-D04")
@pytest.mark.parametrize("surface", [".yl", ".zh.yl"])
def test_every_test_of_the_library_passes_over_the_ledger_s_state(surface, monkeypatch):
    class OverTheLedger(LedgerWorld):
        """The state map where the language's own tests expect their model."""

        def __init__(self, time):
            super().__init__(Draft(EMPTY))
            super().apply(Changes(now=time))
            self.events = []

        def apply(self, changes):
            super().apply(changes)
            self.events.extend(changes.events)

        def enrol(self, name, node: DirectoryNode):
            attributes = [
                {"name": k, "value": list(v) if isinstance(v, tuple) else v}
                for k, v in node.attributes.items()
                if v is not None
            ]
            row = {"attributes": attributes, "kind": node.kind, "name": name, "parent": node.parent}
            directory.enrol(self.draft, packages.NOTHING, {"nodes": [row]})

        @property
        def positions(self):
            names = [key[len(b"position/") :].decode() for key in self.draft.keys(b"position/")]
            return {name: position_of(self.draft, name) for name in names}

    monkeypatch.setattr(testing, "MemoryWorld", OverTheLedger)
    folder = files("contracts_dsl").joinpath("library")
    sources = [(one.name, one.read_bytes()) for one in folder.iterdir() if one.name.endswith(surface)]
    sources = [(name, data) for name, data in sources if (".zh." in name) == (".zh." in surface)]
    checked = check(sorted(sources))
    outcomes = testing.play_all(checked.program, checked.scenarios)
    assert len(outcomes) == len(checked.scenarios) >= 15
    assert [outcome for outcome in outcomes if not outcome.passed] == []


def deployed():
    draft = Draft(EMPTY)
    orders.begin(draft, 1000)
    packages.deploy(draft, {"modules": library(MODULES)})
    return draft


@pytest.mark.clause("CTR-D03")
def test_a_package_is_put_on_the_ledger_once_and_its_presence_can_be_read():
    draft = deployed()
    assert {key.split(b"/")[1] for key in draft.keys(b"module/")} == {
        b"Alliance",
        b"Visit",
        b"Slot",
        b"Referral",
        b"StepDown",
    }
    assert set(packages.program_in(draft).contracts) == {"Visit", "Slot", "Referral", "StepDown"}
    with pytest.raises(Refused) as again:
        packages.deploy(draft, {"modules": library(MODULES)})
    assert again.value.code is Code.CONTRACT_BAD_PACKAGE


@pytest.mark.clause("CTR-D03")
@pytest.mark.parametrize(
    "modules",
    [[], [1], [{}], [{"kind": "contract"}], "x", None],
)
def test_what_is_no_package_is_refused(modules):
    with pytest.raises(Refused):
        packages.deploy(Draft(EMPTY), {"modules": modules})


@pytest.mark.clause("CTR-D03")
def test_a_package_that_names_what_nobody_deployed_is_refused_whole():
    draft = Draft(EMPTY)
    with pytest.raises(Refused) as refused:
        packages.deploy(draft, {"modules": [one for one in library(MODULES) if one["name"] != "Alliance"]})
    assert refused.value.code is Code.CONTRACT_BAD_PACKAGE
    assert list(draft.keys(b"module/")) == []


@pytest.mark.clause("CTR-D03", "DAT-040")
def test_a_module_as_large_as_a_transaction_may_carry_stands_in_the_state():
    purposes = [f"p{number:050d}" for number in range(9_000)]
    module = {"enums": [], "entities": [], "ir": 1, "kind": "schema", "name": "Big", "parties": [],
              "purposes": purposes, "uses": [], "version": 1}  # fmt: skip
    draft = Draft(EMPTY)
    packages.deploy(draft, {"modules": [module]})
    assert len(draft.commit().get(b"module/Big/000001")) > 470_000


@pytest.mark.clause("CTR-D03")
def test_deployed_modules_are_the_bytes_that_were_sent():
    draft = deployed()
    sent = {(one["name"], one["version"]): ir.encode(ir.from_json(one)) for one in library(MODULES)}
    for key in draft.keys(b"module/"):
        _, name, version = key.decode().split("/")
        assert draft.get(key) == sent[name, int(version)]


@pytest.mark.clause("CTR-D01")
def test_the_directory_is_a_forest_of_bounded_depth():
    draft = Draft(EMPTY)
    directory.enrol(draft, packages.NOTHING, {"nodes": NODES})
    world = LedgerWorld(draft)
    assert (world.kind("hill"), world.parent("hill"), world.attribute("hill", "level")) == (
        "Region",
        "river",
        "district",
    )
    assert world.attribute("hill", "tier") is None
    assert world.kind("nowhere") is None
    cycle = {**NODES[0], "parent": "hill"}
    for bad in (cycle, {**NODES[1], "parent": "nowhere"}, {**NODES[1], "parent": "hill"}):
        with pytest.raises(Refused) as refused:
            directory.enrol(Draft(draft.commit()), packages.NOTHING, {"nodes": [bad]})
        assert refused.value.code is Code.MEMBER_BAD_ATTRIBUTE


@pytest.mark.clause("CTR-D01")
@pytest.mark.parametrize(
    "change",
    [{"name": ""}, {"name": 1}, {"kind": None}, {"attributes": {}}, {"attributes": [{"name": "x"}]}, {"more": 1},
     {"attributes": [{"name": "x", "value": {"a": 1}}]}, {"parent": ""}, {"attributes": NODES[0]["attributes"] * 2}],
)  # fmt: skip
def test_a_malformed_node_is_refused(change):
    with pytest.raises(Refused) as refused:
        directory.enrol(Draft(EMPTY), packages.NOTHING, {"nodes": [{**NODES[0], **change}]})
    assert refused.value.code is Code.WIRE_BAD_FIELD


@pytest.mark.clause("CTR-D01")
def test_the_digest_of_the_directory_is_that_of_its_nodes_and_not_of_its_history():
    one, other = Draft(EMPTY), Draft(EMPTY)
    directory.enrol(one, packages.NOTHING, {"nodes": NODES})
    directory.enrol(other, packages.NOTHING, {"nodes": NODES[:1]})
    assert LedgerWorld(one).directory_digest() != LedgerWorld(other).directory_digest()
    directory.enrol(other, packages.NOTHING, {"nodes": NODES[1:]})
    assert LedgerWorld(one).directory_digest() == LedgerWorld(other).directory_digest()
    assert MemoryWorld().directory_digest() != LedgerWorld(one).directory_digest()


def region(level, **more):
    return {**NODES[0], "attributes": [] if level is None else [{"name": "level", "value": level}], **more}


def node(name, kind, **attributes):
    pairs = [{"name": key, "value": value} for key, value in attributes.items()]
    return {"attributes": pairs, "kind": kind, "name": name, "parent": None}


def hospital(**more):
    return node("a", "Hospital", **{"tier": 1, "region": "river", "supervisor": "hc", **more})


HC = node("hc", "Commission", level="city", region="river")


@pytest.mark.clause("CTR-D07")
@pytest.mark.parametrize(
    "nodes",
    [
        [region("moon")], [region(1)], [region(True)], [region(["city"])], [region(None)], [hospital(tier=4)],
        [hospital(tier=True)], [hospital(region="nowhere")], [region("city"), hospital(region="hc")],
        [node("a", "Hospital", tier=1, region="river")],
    ],
)  # fmt: skip
def test_an_attribute_has_the_type_that_its_schema_declares(nodes):
    draft = deployed()
    program = packages.program_in(draft)
    directory.enrol(draft, program, {"nodes": [region("city"), HC]})
    with pytest.raises(Refused) as refused:
        directory.enrol(draft, program, {"nodes": nodes}, "/payload")
    assert (refused.value.code, refused.value.at) == (
        Code.MEMBER_BAD_ATTRIBUTE, f"/payload/nodes/{len(nodes) - 1}/attributes",
    )  # fmt: skip


@pytest.mark.clause("CTR-D07")
def test_an_attribute_may_name_what_is_enrolled_along_with_it_and_one_that_is_not_declared_may_stand():
    draft = deployed()
    directory.enrol(draft, packages.program_in(draft), {"nodes": [hospital(beds=12), region("city"), HC]})
    world = LedgerWorld(draft)
    assert (world.attribute("a", "supervisor"), world.attribute("a", "beds")) == ("hc", 12)


@pytest.mark.clause("CTR-D07")
def test_an_enrolled_node_keeps_its_kind():
    draft = deployed()
    program = packages.program_in(draft)
    directory.enrol(draft, program, {"nodes": [region("city"), HC, hospital(tier=2)]})
    directory.enrol(draft, program, {"nodes": [hospital(tier=3)]})
    with pytest.raises(Refused) as refused:
        directory.enrol(draft, program, {"nodes": [{**hospital(), "kind": "Region"}]})
    assert (refused.value.code, refused.value.at) == (Code.MEMBER_BAD_ATTRIBUTE, "/nodes/0/kind")


@pytest.mark.clause("CTR-D07")
@pytest.mark.parametrize(("level", "fits"), [("city", True), (None, False), ("moon", False)])
def test_a_schema_that_the_directory_does_not_fit_is_not_deployed(level, fits):
    draft = Draft(EMPTY)
    directory.enrol(draft, packages.NOTHING, {"nodes": [region(level)]})
    if fits:
        packages.deploy(draft, {"modules": library(MODULES)})
        return
    with pytest.raises(Refused) as refused:
        packages.deploy(draft, {"modules": library(MODULES)})
    assert refused.value.code is Code.CONTRACT_BAD_PACKAGE
    assert list(draft.keys(b"module/")) == []


@pytest.mark.clause("CTR-D02")
@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({}, Code.WIRE_BAD_FIELD),
        ({"action": 1, "arguments": [], "contract": "Visit", "instance": None}, Code.WIRE_BAD_FIELD),
        ({"action": "open", "arguments": {}, "contract": "Visit", "instance": None}, Code.WIRE_BAD_FIELD),
        (
            {"action": "open", "arguments": [{"name": "x", "value": {"y": 1}}], "contract": "Visit", "instance": None},
            Code.WIRE_BAD_FIELD,
        ),
        ({"action": "open", "arguments": [], "contract": "Visit", "instance": -1}, Code.WIRE_BAD_FIELD),
        ({"action": "open", "arguments": [], "contract": "Visit", "instance": 7}, Code.CONTRACT_UNKNOWN_NAME),
        ({"action": "open", "arguments": [], "contract": "Nothing", "instance": None}, Code.CONTRACT_UNKNOWN_NAME),
        ({"action": "close", "arguments": [], "contract": "Visit", "instance": None}, Code.CONTRACT_NO_SUCH_CLAUSE),
    ],
)
def test_a_command_is_read_strictly_and_refused_with_the_contract_s_own_code(payload, code):
    draft = deployed()
    before = dict(draft.writes)
    with pytest.raises(Refused) as refused:
        orders.command(draft, payload, (MemberId("a"),))
    assert refused.value.code is code
    assert dict(draft.writes) == before


def test_timers_come_out_in_the_order_of_firing():
    draft = Draft(EMPTY)
    for number, timers in enumerate([((20, 0), (100, 1)), ((3, 2),), ((20, 1),)]):
        LedgerWorld(draft).apply(Changes(now=0, instances=(Instance(number, "c", 1, "s", 0, (), (), timers),)))
    expected = [Timer(3, 1, 2), Timer(20, 0, 0), Timer(20, 2, 1), Timer(100, 0, 1)]
    assert list(LedgerWorld(draft).timers_before(1000)) == expected
