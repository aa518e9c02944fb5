"""Requests to read, as transactions: the policy in force decides, and who asked is kept, allowed or denied."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts_dsl import decide, ir
from contracts_dsl.limits import FIELDS_MAX
from contracts_dsl.refusals import CODES
from refimpl.application.index import accesses
from refimpl.contract import directory, orders, packages
from refimpl.contract.draft import Draft
from refimpl.contract.world import LedgerWorld
from refimpl.data.block import make_block
from refimpl.data.encoding import decode, encode
from refimpl.data.ids import MemberId, Nonce, Seconds
from refimpl.data.state_map import EMPTY
from refimpl.data.transaction import COMMAND, READ, Transaction
from refimpl.node.execution import execute
from tests.language.stage import CAST, START, compiled
from tests.language.test_decisions import POLICY, RECORD
from tests.unit.data.founders import GENESIS, TIP

DENIED = {"contract.bad_arguments", "access.forbidden", "access.not_permitted"}


def founded():
    """A state with the cast, the program, and a chart of each size on either side of the forbid."""
    draft = Draft(EMPTY)
    orders.begin(draft, START)
    nodes = [
        {"attributes": [{"name": name, "value": value} for name, value in node.attributes.items()], "kind": node.kind,
         "name": name, "parent": node.parent} for name, node in CAST.items()
    ]  # fmt: skip
    directory.enrol(draft, packages.NOTHING, {"nodes": nodes})
    packages.deploy(draft, {"modules": [ir.to_json(module) for module in compiled(RECORD, POLICY)]})
    for home, size in (("a", 1), ("b", 501)):
        arguments = {"home": home, "level": "low", "patient": "pat", "size": size}
        payload = {"action": "keep", "arguments": [{"name": k, "value": v} for k, v in arguments.items()],
                   "contract": "Chart", "instance": None}  # fmt: skip
        orders.command(draft, payload, (MemberId(home),))
    return draft.commit()


STATE = founded()


def carried_out(state, *made):
    """The state after a block of transactions `(kind, payload, signers)`, and their receipts."""
    listed = tuple(
        Transaction(TIP.suite, TIP.channel, Nonce(number), tuple(map(MemberId, signers)), kind, payload)
        for number, (kind, payload, signers) in enumerate(made)
    )
    outcome = execute(state, make_block(TIP, MemberId("m0"), Seconds(START), listed), GENESIS.members)
    return outcome.state, [decode(one, len(one)) for one in outcome.receipts]


def request(*fields, instance=0, purpose=None):
    return {"fields": list(fields), "instance": instance, "purpose": purpose}


def asked(state, reader, payload):
    """The state after one request, and its receipt."""
    after, [receipt] = carried_out(state, (READ, payload, (reader,)))
    return after, receipt


@pytest.mark.clause("CTR-D09", "CTR-D10", "DAT-111")
def test_a_denied_request_is_told_and_kept_and_owes_nothing():
    after, receipt = asked(STATE, "pam", request("basic", "labs", instance=1, purpose="care"))
    [event] = receipt.pop("events")
    assert (receipt["status"], receipt["code"]) == ("refused", "access.not_permitted")
    assert event["body"] == {
        "code": "not_permitted", "purpose": "care", "reader": "pam", "signers": ["pam"],
        "fields": [["name", "not_permitted"], ["phone", "not_permitted"], ["labs", "not_permitted"]],
    }  # fmt: skip
    row = {"at": START, "code": "access.not_permitted", "fields": ["basic", "labs"], "instance": 1, "purpose": "care",
           "reader": "pam"}  # fmt: skip
    assert json.loads(after.get(b"access/0000000000")) == row
    changed = {key for key, value in after.items() if STATE.get(key) != value}
    assert changed == {b"access/0000000000", b"accesses", b"nonce/pam"}


@pytest.mark.clause("CTR-D09", "CTR-S20")
def test_breaking_the_glass_is_allowed_and_begins_its_audit():
    after, receipt = asked(STATE, "doc", request("labs", instance=1, purpose="care"))
    assert (receipt["status"], [event["kind"] for event in receipt["events"]]) == ("applied", ["started", "read"])
    assert LedgerWorld(Draft(after)).instance(2).contract == "Audit"
    assert accesses(Draft(after))[0]["code"] is None


@pytest.mark.clause("CTR-D08", "CTR-D09")
def test_whoever_signs_beside_the_reader_is_told_of_and_the_sender_is_the_reader():
    after, [receipt] = carried_out(STATE, (READ, request("name"), ("pat", "doc")))
    assert receipt["events"][0]["body"]["signers"] == ["pat", "doc"]
    assert accesses(Draft(after))[0]["reader"] == "pat"


@pytest.mark.clause("CTR-D10", "APP-009")
def test_requests_and_accesses_to_records_are_counted_together():
    entry = {"commitment": "ab" * 32, "custodian": "a", "kind": "report", "record": "r1"}
    access = {"custodian": "a", "purpose": "care", "reader": "a", "record": "r1"}
    offers = [("record", {"entry": entry}, ("a",)), (READ, request("name"), ("pat",)),
              ("record", {"access": access}, ("a",)), (READ, request("name"), ("a",))]  # fmt: skip
    after, _ = carried_out(STATE, *offers)
    told = [(row["reader"], row.get("record"), row.get("code")) for row in accesses(Draft(after))]
    assert told == [("pat", None, None), ("a", "r1", None), ("a", None, "access.not_permitted")]


@pytest.mark.clause("CTR-D08", "DAT-071")
@pytest.mark.parametrize(("payload", "signers", "code"), [
    (request("name", instance=2), ("pat",), "contract.unknown_name"),
    (request(), ("pat",), "wire.bad_field"),
    (request(*["name"] * (FIELDS_MAX + 1)), ("pat",), "wire.bad_field"),
    (request("x" * 257), ("pat",), "wire.bad_field"),
    (request("name", instance=-1), ("pat",), "wire.bad_field"),
    (request("name", instance=None), ("pat",), "wire.bad_field"),
    (request("name", purpose="x" * 257), ("pat",), "wire.bad_field"), (request(7), ("pat",), "wire.bad_field"),
    ({**request("name"), "reader": "doc"}, ("pat",), "wire.bad_field"), (None, ("pat",), "wire.bad_field"),
])  # fmt: skip
def test_what_is_no_request_leaves_nothing_but_its_nonce(payload, signers, code):
    after, [receipt] = carried_out(STATE, (READ, payload, signers))
    assert (receipt.get("code"), "events" in receipt) == (code, False)
    assert {key for key, value in after.items() if STATE.get(key) != value} == {b"nonce/pat"}


names = st.sampled_from(["name", "phone", "labs", "images", "basic", "deep", "nothing"])
requests = st.tuples(
    st.sampled_from(["pat", "pam", "doc", "a", "c"]),
    st.builds(lambda fields, instance, purpose: request(*fields, instance=instance, purpose=purpose),
              st.lists(names, min_size=1, max_size=3), st.integers(0, 2),
              st.sampled_from([None, "care", "study", "fishing"])),
)  # fmt: skip


@pytest.mark.clause("CTR-D09", "CTR-D10", "CTR-S18", "CTR-S21")
@settings(max_examples=150)
@given(st.lists(requests, min_size=1, max_size=4), st.booleans())
def test_the_ledger_decides_as_the_language_does_and_no_denied_read_leaves_a_duty(history, closed):
    state, kept = STATE, 0
    if closed:
        close = {"action": "close", "arguments": [], "contract": "Chart", "instance": 1}
        state, _ = carried_out(state, (COMMAND, close, ("b",)))
    for reader, payload in history:
        draft = Draft(state)
        world = LedgerWorld(draft)
        record = world.instance(payload["instance"])
        state, receipt = asked(state, reader, payload)
        if record is None:
            assert (receipt["code"], "events" in receipt) == ("contract.unknown_name", False)
            continue
        asking = decide.Request(record.contract, record.id, tuple(payload["fields"]), payload["purpose"], (reader,))
        expected = decide.read(packages.program_in(draft), world, asking)
        refused = expected.refused
        code = None if refused is None else f"{CODES[refused.code][0]}.{refused.code}"
        told = json.loads(encode(orders.told(expected.changes.events)))
        assert (receipt.get("code"), receipt["events"]) == (code, told)
        assert code is None or code in DENIED
        begun = LedgerWorld(Draft(state)).next_instance() - world.next_instance()
        assert begun == len(expected.changes.instances)
        assert code is None or begun == 0
        kept += 1
        rows = accesses(Draft(state))
        assert (len(rows), rows[-1]) == (kept, {**payload, "at": START, "code": code, "reader": reader})
