"""The door: what a node may do to it, and what the kit says then. It never waits for ever."""

import shlex
import sys
from pathlib import Path

import pytest
from attrs import evolve

from conformance.door import Breach, Guards, Stopped, Unstarted, open_door

RASCAL = Path(__file__).with_name("rascal.py")
DELIVER = {"bytes": "7b", "from_": "m1", "node": "a", "now": 5}
QUICK = Guards(hello_seconds=20, answer_seconds=20, memory_bytes=200 << 20)


def rascal(way, guards=QUICK):
    door = open_door(shlex.join([sys.executable, str(RASCAL), way]), guards=guards)
    door.hello()
    return door


@pytest.mark.clause("NOD-052", "NOD-001", "NOD-002", "NOD-003", "NOD-006", "NOD-009")
@pytest.mark.parametrize(
    ("way", "clause", "at"),
    [
        ("garbage", "NOD-001", ""), ("not_utf8", "NOD-001", ""), ("endless_line", "NOD-001", ""),
        ("wrong_id", "NOD-002", "/id"), ("float", "NOD-003", ""), ("nan", "NOD-003", ""), ("duplicate", "NOD-003", ""),
        ("unknown_member", "NOD-030", "/ok/note"),
    ],
)  # fmt: skip
def test_a_reply_that_is_none_is_told_with_line_place_and_clause(way, clause, at):
    door = rascal(way)
    with pytest.raises(Breach) as breach:
        door.ask("deliver", **DELIVER)
    assert (breach.value.clause, breach.value.at) == (clause, at)
    assert '"op":"deliver"' in breach.value.request
    assert breach.value.expected
    door.close()


@pytest.mark.clause("NOD-052", "NOD-002")
@pytest.mark.parametrize("way", ["twice", "flood"])
def test_a_second_reply_is_met_at_the_next_request(way):
    door = rascal(way)
    with pytest.raises(Breach) as breach:
        for _ in range(3):
            door.ask("deliver", **DELIVER)
    assert breach.value.clause in ("NOD-001", "NOD-002")
    door.close()


@pytest.mark.clause("NOD-052", "NOD-020")
def test_a_node_that_dies_is_told_with_its_last_words():
    door = rascal("die")
    with pytest.raises(Stopped) as stopped:
        door.ask("deliver", **DELIVER)
    told = stopped.value
    assert (told.why, told.on_input, str(told.detail)) == ("died", True, "status 7")
    assert "cannot go on" in told.words


@pytest.mark.clause("NOD-052", "NOD-020")
def test_a_node_that_hangs_is_given_up():
    door = rascal("hang", evolve(QUICK, answer_seconds=0.4))
    with pytest.raises(Stopped) as stopped:
        door.ask("deliver", **DELIVER)
    assert stopped.value.why == "hang"
    door.close()


@pytest.mark.clause("NOD-052", "NOD-020")
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="nobody tells here what a process holds")
def test_a_node_that_hoards_memory_is_given_up():
    door = rascal("hoard", evolve(QUICK, memory_bytes=100 << 20))
    with pytest.raises(Stopped) as stopped:
        door.ask("deliver", **DELIVER)
    assert stopped.value.why == "memory"
    door.close()


@pytest.mark.clause("NOD-005", "NOD-020")
def test_an_error_that_the_node_admits_is_its_end():
    door = rascal("internal")
    with pytest.raises(Stopped) as stopped:
        door.ask("deliver", **DELIVER)
    assert (stopped.value.why, stopped.value.detail) == ("internal", "list index")
    door.close()


@pytest.mark.clause("NOD-003")
def test_blanks_and_the_order_of_keys_are_free():
    door = rascal("spaced")
    assert door.ask("deliver", **DELIVER).kind == "ok"
    assert door.bye() == 0


def test_what_is_said_on_standard_error_never_blocks_a_node():
    door = rascal("chatter")
    assert door.ask("deliver", **DELIVER).kind == "ok"
    assert door.bye() == 0


@pytest.mark.parametrize("how", [{"command": "/no/such/node"}, {"command": ""}, {"address": "unix:/no/such"},
                                 {"address": "pigeon"}])  # fmt: skip
def test_a_node_that_is_not_there_is_said_to_be_none(how):
    with pytest.raises(Unstarted):
        open_door(**how)


@pytest.mark.clause("NOD-007", "NOD-002")
def test_a_window_of_requests_is_answered_in_order(tmp_path):
    door = open_door(f"{sys.executable} -m refimpl node")
    assert door.hello().name == "yilian-reference"
    kinds = [("vector", {"kind": "digest", "input": {"bytes": f"{n:02x}", "tag": "t"}}) for n in range(64)]
    assert len({str(reply.value) for reply in door.ask_many(kinds)}) == 64
    door.reset()
    assert door.record == []
    assert door.bye() == 0


@pytest.mark.clause("NOD-001", "NOD-003")
def test_the_kit_writes_canonical_lines():
    import json

    door = rascal("spaced")
    door.ask("deliver", **DELIVER)
    [(request, _)] = door.record[-1:]
    value = json.loads(request)
    assert request == json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n"
    door.close()
