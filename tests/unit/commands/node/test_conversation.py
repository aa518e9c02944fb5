"""The reference speaks the node protocol: every operation, every query, every way to be told no."""

import json

import jsonschema
import pytest

from refimpl.commands.node.conversation import Conversation
from refimpl.crypto.recipes import digest, key_for_tests, sign
from refimpl.data import limits
from refimpl.data.block import Block
from refimpl.data.certificate import Certificate
from refimpl.data.encoding import encode
from refimpl.data.ids import Suite
from tests.house.tree import ROOT
from tests.unit.commands.node.talk import SCHEMA, START, Talk, as_list, config, disk_of, entry, kinds

NOW = START * 1000


@pytest.fixture
def talk():
    return Talk()


@pytest.fixture
def solo(talk):
    talk.begun()
    return talk


def decided(effects):
    [found] = [effect for effect in effects if effect["effect"] == "decide"]
    return found


# --- frames ---


@pytest.mark.clause("NOD-002", "NOD-010")
def test_hello_says_what_the_node_has(talk):
    told = talk.ok("hello", kit="test", protocol=[1, 2], schema="00" * 32)
    assert {"solo/1", "tendermint/1"} <= set(told["profiles"])
    assert told["protocol"] == 1
    assert talk.err("hello", kit="test", protocol=[7], schema="00" * 32) == "not_supported"


@pytest.mark.clause("NOD-005", "NOD-006", "NOD-009")
@pytest.mark.parametrize(
    ("line", "identifier", "code"),
    [
        (b"not json\n", 0, "bad_request"),
        (b"[]\n", 0, "bad_request"),
        (b'{"id":-1,"op":"reset"}\n', 0, "bad_request"),
        (b"\xff\xfe\n", 0, "bad_request"),
        (b"[" * 100_000 + b"\n", 0, "bad_request"),
        (b'{"id":3,"op":"flood"}\n', 3, "not_supported"),
        (b'{"id":3,"op":"start","node":"A","now":0}\n', 3, "bad_request"),
        (b'{"id":3,"op":"start","node":"a","now":1.5}\n', 3, "bad_request"),
        (b'{"id":3,"op":"start","node":"a","now":0}\n', 3, "unknown_node"),
        (b'{"id":3,"op":"deliver","node":"a","now":0,"from":"m1","bytes":"ABC"}\n', 3, "bad_request"),
        (b'{"id":3,"op":"vector","kind":"digest","input":{}}\n', 3, "bad_request"),
        (b'{"id":3,"op":"vector","kind":"dance","input":{}}\n', 3, "not_supported"),
        (b'{"id":3,"op":"restore","node":"a","snapshot":"s9"}\n', 3, "unknown_snapshot"),
    ],
)
def test_a_frame_that_is_none_is_answered_and_named(line, identifier, code):
    reply = json.loads(Conversation().answer(line))
    assert (reply["id"], reply["err"]["code"]) == (identifier, code)


@pytest.mark.clause("NOD-006")
def test_members_that_are_not_known_are_ignored(talk):
    assert talk.ok("reset", later="than this protocol") == {}


# --- instances ---


@pytest.mark.clause("NOD-011", "NOD-006")
def test_init_takes_one_handle_once_and_refuses_what_cannot_start(talk):
    assert talk.ok("init", node="a", config=config()) == {}
    assert talk.err("init", node="a", config=config()) == "duplicate_node"
    assert talk.err("init", node="b", config=config() | {"profile": "paxos/1"}) == "not_supported"
    assert talk.err("init", node="b", config=config() | {"params": {"speed": 1}}) == "not_supported"
    assert talk.err("init", node="b", config=config() | {"suite": "gm"}) == "not_supported"
    assert talk.refused("init", node="b", config=config() | {"suite": "intl"}) == "block.bad_genesis"
    assert talk.refused("init", node="b", config=config() | {"genesis": "7b7d"}) == "wire.bad_field"
    assert talk.err("start", node="b", now=NOW) == "unknown_node"


@pytest.mark.clause("NOD-013")
def test_start_comes_once_and_before_everything_else(talk):
    talk.ok("init", node="a", config=config())
    assert talk.err("submit", node="a", now=NOW, tx="") == "bad_state"
    assert talk.err("query", node="a", path="tip") == "bad_state"
    effects = talk.ok("start", node="a", now=NOW)["effects"]
    assert kinds(effects) == ["persist"]
    assert talk.err("start", node="a", now=NOW) == "bad_state"


@pytest.mark.clause("NOD-012", "NOD-018", "NOD-022", "NOD-023")
def test_instances_share_nothing_and_go_one_by_one_or_together(talk):
    talk.begun("a")
    talk.begun("b")
    talk.ok("submit", node="a", now=NOW, tx=entry().to_bytes().hex())
    assert (talk.value("tip", "a")["height"], talk.value("tip", "b")["height"]) == (1, 0)
    assert talk.ok("crash", node="a") == {}
    assert talk.err("query", node="a", path="tip") == "unknown_node"
    assert talk.ok("reset") == {}
    assert talk.err("query", node="b", path="tip") == "unknown_node"
    assert not talk.answering.over
    assert talk.ok("bye") == {}
    assert talk.answering.over


@pytest.mark.clause("NOD-024")
def test_a_restored_snapshot_behaves_like_the_first_and_apart_from_it(solo):
    name = solo.ok("snapshot", node="a")["snapshot"]
    first = solo.ok("submit", node="a", now=NOW, tx=entry().to_bytes().hex())
    assert solo.ok("restore", node="b", snapshot=name) == {}
    assert solo.value("tip", "b")["height"] == 0
    assert solo.ok("submit", node="b", now=NOW, tx=entry().to_bytes().hex()) == first
    assert solo.err("restore", node="b", snapshot=name) == "duplicate_node"


# --- solo ---


@pytest.mark.clause("NOD-016", "NOD-034", "NOD-061")
def test_under_solo_a_transaction_is_decided_as_it_comes(solo):
    told = solo.ok("submit", node="a", now=NOW + 1999, tx=entry().to_bytes().hex())
    assert told["tx_id"] == entry().id.hex()
    found = decided(told["effects"])
    block = Block.from_bytes(bytes.fromhex(found["block"]))
    assert ("cert" in found, block.header.time, block.transactions) == (False, START + 1, (entry(),))
    assert found["state_root"] == solo.value("tip")["state_root"]


@pytest.mark.clause("NOD-016", "NOD-062")
def test_a_transaction_ahead_of_its_turn_waits_and_gives_no_reason_for_a_block(solo):
    ahead = solo.ok("submit", node="a", now=NOW, tx=entry(1, record="r1").to_bytes().hex())
    assert "decide" not in kinds(ahead["effects"])
    assert solo.value("receipt", tx_id=ahead["tx_id"]) == {"status": "pending"}
    again = solo.ok("submit", node="a", now=NOW, tx=entry(1, record="r1").to_bytes().hex())
    assert (again["tx_id"], again["effects"]) == (ahead["tx_id"], [])
    told = solo.ok("submit", node="a", now=NOW, tx=entry().to_bytes().hex())
    block = Block.from_bytes(bytes.fromhex(decided(told["effects"])["block"]))
    assert [one.nonce for one in block.transactions] == [0, 1]


@pytest.mark.clause("NOD-004", "NOD-016")
def test_what_is_refused_says_where_and_changes_nothing(solo):
    solo.ok("submit", node="a", now=NOW, tx=entry().to_bytes().hex())
    before = solo.value("tip")
    reply = solo.ask("submit", node="a", now=NOW, tx=entry().to_bytes().hex())
    assert reply["refused"] == {"at": "/body/nonce", "code": "tx.nonce_used"}
    assert solo.refused("submit", node="a", now=NOW, tx="00") == "wire.not_canonical"
    assert solo.refused("submit", node="a", now=NOW, tx=entry(1, "m9").to_bytes().hex()) == "tx.unknown_signer"
    assert solo.value("tip") == before


@pytest.mark.clause("NOD-050")
def test_bytes_beyond_their_limit_are_refused_and_those_at_it_are_read(solo):
    at, beyond = b"7" * limits.TRANSACTION_DEPLOY_BYTES, b"7" * (limits.TRANSACTION_DEPLOY_BYTES + 1)
    assert solo.refused("submit", node="a", now=NOW, tx=at.hex()) != "wire.too_large"
    assert solo.refused("submit", node="a", now=NOW, tx=beyond.hex()) == "wire.too_large"
    at, beyond = b"7" * limits.NET_MESSAGE_BYTES, b"7" * (limits.NET_MESSAGE_BYTES + 1)
    assert solo.refused("deliver", node="a", **{"from": "m0"}, now=NOW, bytes=at.hex()) != "wire.too_large"
    assert solo.refused("deliver", node="a", **{"from": "m0"}, now=NOW, bytes=beyond.hex()) == "wire.too_large"


@pytest.mark.clause("NOD-050")
def test_as_many_instances_as_the_limit_and_not_one_more(talk):
    for number in range(limits.PROTOCOL_INSTANCES):
        talk.ok("init", node=f"n{number}", config=config())
    assert talk.err("init", node="more", config=config()) == "bad_state"


# --- questions ---


@pytest.mark.clause("NOD-017", "NOD-040", "NOD-041", "NOD-042", "NOD-045", "NOD-046")
def test_an_operator_sees_tip_blocks_receipts_members(solo):
    empty = solo.value("tip")
    assert (empty["height"], empty["time"]) == (0, START)
    told = solo.ok("submit", node="a", now=NOW, tx=entry().to_bytes().hex())
    twice = solo.ok("submit", node="a", now=NOW, tx=entry(1).to_bytes().hex())
    assert solo.value("block", height=1) == {"block": decided(told["effects"])["block"]}
    assert solo.value("receipt", tx_id=told["tx_id"]) == {
        "events": [{"custodian": "c0", "kind": "recorded", "record": "r0"}], "height": 1, "index": 0,
        "status": "applied",
    }  # fmt: skip
    assert solo.value("receipt", tx_id=twice["tx_id"]) == {
        "code": "tx.known", "height": 2, "index": 0, "status": "refused",
    }  # fmt: skip
    assert [one["member"] for one in solo.value("members")["members"]] == ["c0", "c1", "c2", "m0"]
    assert solo.value("evidence") == {"evidence": []}
    assert solo.value("tip")["height"] == 2


@pytest.mark.clause("NOD-047")
def test_an_operator_may_ask_where_an_instance_stands(solo):
    assert solo.value("inspect") == {"at": "idle"}


@pytest.mark.clause("NOD-007", "NOD-012")
def test_requests_to_several_instances_need_not_wait_for_each_other():
    """Whichever order requests to different instances come in, each instance answers as if it were alone."""
    alone = {}
    for node in ("a", "b", "c"):
        talk = Talk()
        talk.begun(node)
        alone[node] = [talk.ok("submit", node=node, now=NOW, tx=entry(i, record=f"r{i}").to_bytes().hex())
                       for i in range(2)]  # fmt: skip
    talk = Talk()
    for node in ("c", "a", "b"):
        talk.begun(node)
    lines = [talk.frame("submit", node=node, now=NOW, tx=entry(i, record=f"r{i}").to_bytes().hex())
             for i in range(2) for node in ("b", "c", "a")]  # fmt: skip
    told = [json.loads(talk.answering.answer(line))["ok"] for line in lines]
    assert told == [alone[node][i] for i in range(2) for node in ("b", "c", "a")]


@pytest.mark.clause("NOD-043", "NOD-044")
def test_the_state_is_paged_and_each_entry_proved(solo):
    for nonce in range(3):
        solo.ok("submit", node="a", now=NOW, tx=entry(nonce, record=f"r{nonce}").to_bytes().hex())
    whole = solo.value("state")
    assert (len(whole["items"]), whole["more"]) == (5, False)
    assert [item["key"] for item in whole["items"]] == sorted(item["key"] for item in whole["items"])
    pages, after = [], {}
    while True:
        page = solo.value("state", limit=2, prefix=b"record/".hex(), **after)
        pages += page["items"]
        if not page["more"]:
            break
        after = {"after": page["items"][-1]["key"]}
    assert [bytes.fromhex(item["key"]) for item in pages] == [b"record/c0/r0", b"record/c0/r1", b"record/c0/r2"]
    present = solo.value("proof", key=b"record/c0/r1".hex())
    case = {"key": b"record/c0/r1".hex(), "proof": present["proof"], "root": whole["state_root"],
            "value": present["value"]}  # fmt: skip
    assert solo.ok("vector", kind="statemap.proof", input=case) == {"output": {}}
    absent = solo.value("proof", key=b"record/c0/r9".hex())
    assert "value" not in absent
    case = {"key": b"record/c0/r9".hex(), "proof": absent["proof"], "root": whole["state_root"], "value": None}
    assert solo.ok("vector", kind="statemap.proof", input=case) == {"output": {}}


@pytest.mark.clause("NOD-048")
def test_a_question_that_nobody_answers_is_refused_by_its_kind(solo):
    assert solo.refused("query", node="a", path="weather", args={}) == "query.unknown"
    assert solo.refused("query", node="a", path="tip", args={"height": 1}) == "wire.bad_field"
    assert solo.refused("query", node="a", path="block", args={"height": 7}) == "query.not_found"
    assert solo.refused("query", node="a", path="block", args={}) == "wire.bad_field"
    assert solo.refused("query", node="a", path="receipt", args={"tx_id": "ab" * 32}) == "query.not_found"


# --- consensus ---


def four(talk):
    """Four validators of Tendermint, started."""
    return {name: talk.begun(f"n{i}", profile="tendermint/1", count=4, member=name)
            for i, name in enumerate(("m0", "m1", "m2", "m3"))}  # fmt: skip


def settle(talk, pending, now=NOW):
    """Deliver until nobody says anything more: pending is a list of (sender, effect); what was decided, by node."""
    final = {}
    while pending:
        sender, effect = pending.pop(0)
        if effect["effect"] == "decide":
            final.setdefault(sender, []).append(effect)
        for i in range(4) if effect["effect"] == "send" else ():
            name = f"m{i}"
            if name != sender and (effect["to"] == "all" or name in effect["to"]):
                reply = talk.ask("deliver", node=f"n{i}", now=now, bytes=effect["bytes"], **{"from": sender})
                pending += [(name, one) for one in reply.get("ok", {}).get("effects", ())]
    return final


@pytest.mark.clause("NOD-014", "NOD-030", "NOD-031", "NOD-033", "NOD-034")
def test_four_members_decide_one_block_with_a_certificate(talk):
    four(talk)
    told = talk.ok("submit", node="n0", now=NOW, tx=entry().to_bytes().hex())
    assert kinds(told["effects"])[0] == "send"
    first = kinds(told["effects"]).index("persist")
    assert "send" in kinds(told["effects"])[first:]
    final = settle(talk, [("m0", effect) for effect in told["effects"]])
    assert {name: [one["height"] for one in found] for name, found in final.items()} == {
        f"m{i}": [1] for i in range(4)
    }  # fmt: skip
    assert len({found[0]["block"] for found in final.values()}) == 1
    certificate = Certificate.from_bytes(bytes.fromhex(final["m2"][0]["cert"]))
    assert len(certificate.votes) >= 3
    assert talk.value("block", "n2", height=1)["cert"] == final["m2"][0]["cert"]


@pytest.mark.clause("NOD-015", "NOD-032", "NOD-009")
def test_a_timer_rings_once_and_only_if_it_was_set(talk):
    four(talk)
    effects = talk.ok("submit", node="n1", now=NOW + 500, tx=entry().to_bytes().hex())["effects"]
    [timer] = [effect for effect in effects if effect["effect"] == "set_timer"]
    assert (timer["timer"], timer["at"]) == ("propose/1/0", NOW + 3000)
    rung = talk.ok("fire", node="n1", now=timer["at"], timer=timer["timer"])["effects"]
    assert kinds(rung) == ["persist", "send"]
    assert talk.err("fire", node="n1", now=timer["at"], timer=timer["timer"]) == "bad_state"


@pytest.mark.clause("NOD-035", "NOD-046")
def test_two_votes_of_one_member_are_reported_with_both(talk):
    four(talk)
    talk.ok("submit", node="n1", now=NOW, tx=entry().to_bytes().hex())
    votes = [vote_of("m3", value) for value in ("ab" * 32, None)]
    talk.ok("deliver", node="n1", now=NOW, bytes=votes[0], **{"from": "m3"})
    effects = talk.ok("deliver", node="n1", now=NOW, bytes=votes[1], **{"from": "m3"})["effects"]
    [proof] = [effect for effect in effects if effect["effect"] == "evidence"]
    assert (proof["against"], proof["kind"], proof["messages"]) == ("m3", "equivocation", votes)
    assert talk.value("evidence", "n1")["evidence"] == [proof]


def vote_of(member, value):
    """A prevote of height 1, round 0, in suite stub, made by hand."""
    body = {} if value is None else {"value": value}
    said = {"body": body, "channel": "region-1", "from": member, "height": 1, "kind": "prevote", "round": 0,
            "suite": "stub"}  # fmt: skip
    key = key_for_tests(Suite.STUB, member)
    return encode({**said, "sig": sign(key, digest("yilian/tendermint/prevote/v1", encode(said))).hex()}).hex()


# --- crash and recovery ---


@pytest.mark.clause("NOD-019", "NOD-030", "NOD-034")
def test_a_node_comes_back_from_what_its_effects_wrote_behind_any_of_them(talk):
    opening = talk.begun()
    effects = [*opening, *talk.ok("submit", node="a", now=NOW, tx=entry().to_bytes().hex())["effects"]]
    tip = talk.value("tip")
    for count in range(len(effects) + 1):
        disk = disk_of(effects[:count])
        back = talk.ok("recover", node=f"b{count}", config=config(), disk=as_list(disk), now=NOW)["effects"]
        assert "decide" not in kinds(back)
        assert talk.value("tip", f"b{count}")["height"] in (0, 1)
    assert talk.value("tip", f"b{len(effects)}") == tip
    again = talk.refused("submit", node=f"b{len(effects)}", now=NOW, tx=entry().to_bytes().hex())
    assert again == "tx.nonce_used"


@pytest.mark.clause("NOD-019", "NOD-020")
def test_a_damaged_disk_is_refused_and_leaves_no_instance(talk):
    opening = talk.begun()
    disk = disk_of([*opening, *talk.ok("submit", node="a", now=NOW, tx=entry().to_bytes().hex())["effects"]])
    for key in sorted(disk):
        if key.startswith(("meta/", "state/", "block/", "tx/")):
            for spoilt in (disk[key][:-2], disk[key] + "00", "ff" + disk[key][2:]):
                code = talk.refused("recover", node="b", config=config(), disk=as_list(disk | {key: spoilt}), now=NOW)
                assert code == "store.corrupt", key
    assert talk.err("crash", node="b") == "unknown_node"


@pytest.mark.clause("NOD-063")
def test_a_restart_of_a_quiet_ledger_asks_for_no_block(solo):
    solo.ok("submit", node="a", now=NOW, tx=entry().to_bytes().hex())
    disk = as_list(disk_of_instance(solo))
    back = solo.ok("recover", node="b", config=config(), disk=disk, now=NOW + 5000)["effects"]
    assert kinds(back) == []
    assert solo.value("tip", "b") == solo.value("tip", "a")


def disk_of_instance(talk):
    return {key: value.hex() for key, value in talk.answering.instances["a"].disk.items()}


@pytest.mark.clause("NOD-020")
def test_an_error_of_the_node_itself_is_told_and_costs_that_instance_alone(solo):
    solo.begun("b")
    solo.answering.instances["a"].machine.ledger = None
    assert solo.err("submit", node="a", now=NOW, tx=entry().to_bytes().hex()) == "internal"
    assert solo.err("query", node="a", path="tip") == "unknown_node"
    assert solo.value("tip", "b")["height"] == 0


@pytest.mark.clause("NOD-021")
def test_a_vector_is_answered_without_any_instance(talk):
    told = talk.ok("vector", kind="digest", input={"bytes": "616263", "tag": "yilian/tx/v1"})
    assert told["output"]["digest"].startswith("05ed0012")
    bad = {"digest": "00" * 32, "pub": "00" * 32, "signature": "00" * 32, "suite": "stub"}
    assert talk.refused("vector", kind="sig.verify", input=bad) == "bad_signature"
    assert talk.refused("vector", kind="json.decode", input={"text": "{"}) == "wire.not_canonical"


@pytest.mark.clause("NOD-051", "NOD-003")
def test_equal_requests_get_equal_replies_after_a_reset():
    def run(talk):
        lines = []
        for op, fields in script():
            lines.append(talk.answering.answer(talk.frame(op, **fields)))
        return lines

    talk = Talk()
    first = run(talk)
    talk.ok("reset")
    talk.id = 0
    assert run(talk) == first
    assert run(Talk()) == first


def script():
    yield "init", {"node": "a", "config": config("tendermint/1", 4)}
    yield "start", {"node": "a", "now": NOW}
    for i in range(3):
        yield "submit", {"node": "a", "now": NOW, "tx": entry(0, f"c{i}").to_bytes().hex()}
    yield "deliver", {"node": "a", "now": NOW, "bytes": vote_of("m3", "ab" * 32), "from": "m3"}
    yield "query", {"node": "a", "path": "state", "args": {}}


@pytest.mark.clause("NOD-001", "NOD-002")
def test_the_examples_of_the_text_are_frames():
    """Hex is shortened in the text, so a digest may be any hex here."""
    definitions = SCHEMA["$defs"] | {"digest": SCHEMA["$defs"]["hex"]}
    ops = {}
    for line in (ROOT / "spec" / "node-protocol.md").read_text(encoding="utf-8").splitlines():
        if line[:3] not in ("> {", "< {"):
            continue
        frame = json.loads(line[2:])
        op = ops.setdefault(frame["id"], frame.get("op"))
        if op != "flood":
            name = f"{'request' if line[0] == '>' else 'reply'}.{op}"
            jsonschema.Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": definitions}).validate(frame)
    assert set(ops.values()) - {"flood"} == {name[8:] for name in SCHEMA["$defs"] if name.startswith("request.")}
