"""The entries of the state, byte for byte, as the text gives them: by hand, with `json` and `hashlib` alone."""

import json
from hashlib import sha256

import pytest

from contracts_dsl.host import Changes, Indexed, Instance, KeyTaken, Transfer
from refimpl.application.index import write_record
from refimpl.contract import directory, orders, packages
from refimpl.contract.draft import Draft
from refimpl.contract.world import LedgerWorld
from refimpl.data.block import make_block
from refimpl.data.ids import MemberId, Seconds
from refimpl.data.state_map import EMPTY
from refimpl.node.execution import execute
from refimpl.scenarios.package import library
from tests.unit.data.founders import GENESIS, TIP, transaction


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def digest(tag, value):
    return sha256(tag.encode() + b"\0" + canonical(value)).hexdigest()


def rows(draft):
    return {key.decode(): value.decode() for key, value in draft.commit().items()}


@pytest.mark.clause("CTR-D04", "CTR-D05", "CTR-D06")
def test_the_state_of_contracts_stands_as_the_text_says():
    draft = Draft(EMPTY)
    orders.begin(draft, 77)
    assert rows(draft) == {"clock": "77"}
    instance = Instance(0, "借出", 1, "asked", 80, ("m0", None, ("a", "b"), True), (2,), ((90, 1),))
    changes = Changes(
        80, (instance,), (KeyTaken("借出", ("m0", 3), 0),), (Indexed("借出", "who", "m0", 0),),
        transfers=(Transfer("m0", "m1", 5),),
    )  # fmt: skip
    LedgerWorld(draft).apply(changes)
    index, key = digest("yilian/index/v1", ["借出", "who", "m0"]), digest("yilian/key/v1", ["借出", ["m0", 3]])
    assert rows(draft) == {
        "clock": "80", "next": "1", "of/借出/0000000000": "1", "timer/000000000090/0000000000/001": "1",
        f"index/{index}/0000000000": "1", f"key/{key}": "0", "position/m0": '"-5"', "position/m1": '"5"',
        "instance/0000000000": canonical({
            "closed": [2], "contract": "借出", "entered": 80, "id": 0, "state": "asked", "timers": [[90, 1]],
            "values": ["m0", None, ["a", "b"], True], "version": 1,
        }).decode(),
    }  # fmt: skip


@pytest.mark.clause("CTR-D05", "CTR-D06")
def test_directory_and_modules_stand_as_the_text_says():
    draft = Draft(EMPTY)
    assert LedgerWorld(draft).directory_digest() == ""
    attributes = [{"name": "tier", "value": 3}, {"name": "level", "value": "city"}]
    nodes = [{"attributes": attributes, "kind": "Land", "name": "river", "parent": None},
             {"attributes": [], "kind": "Land", "name": "hill", "parent": "river"}]  # fmt: skip
    directory.enrol(draft, packages.NOTHING, {"nodes": nodes})
    river, hill = ["Land", None, [["level", "city"], ["tier", 3]]], ["Land", "river", []]
    whole = digest("yilian/directory/v1", [["hill", *hill], ["river", *river]])
    assert rows(draft) == {
        "directory": f'"{whole}"', "node/hill": canonical(hill).decode(), "node/river": canonical(river).decode(),
    }  # fmt: skip
    assert LedgerWorld(draft).directory_digest() == whole
    modules = library(("alliance",))
    packages.deploy(draft, {"modules": modules})
    for module in modules:
        assert rows(draft)[f"module/{module['name']}/{module['version']:06}"] == canonical(module).decode()


@pytest.mark.clause("APP-009")
def test_the_index_stands_as_the_text_says():
    draft = Draft(EMPTY)
    entry = {"commitment": "ab" * 32, "custodian": "m0", "kind": "report", "record": "r1"}
    access = {"custodian": "m0", "purpose": "care", "reader": "m1", "record": "r1"}
    assert write_record(draft, {"entry": entry}, (MemberId("m0"),), 9) == {
        "custodian": "m0", "kind": "recorded", "record": "r1",
    }  # fmt: skip
    assert "accesses" not in rows(draft)
    assert write_record(draft, {"access": access}, (MemberId("m1"),), 10) == {
        "kind": "accessed", "purpose": "care", "reader": "m1", "record": "r1",
    }  # fmt: skip
    assert rows(draft) == {
        "record/m0/r1": canonical({"at": 9, "commitment": "ab" * 32, "kind": "report"}).decode(),
        "access/0000000000": canonical({"at": 10, **access}).decode(), "accesses": "1",
    }  # fmt: skip


@pytest.mark.clause("DAT-112")
def test_nonces_stand_as_the_text_says():
    block = make_block(TIP, MemberId("m0"), Seconds(1001), (transaction(0), transaction(1)))
    outcome = execute(EMPTY, block, GENESIS.members)
    assert outcome.state.get(b"nonce/clinic") == b"2"
    assert outcome.state.get(b"nonce/m0") is None
