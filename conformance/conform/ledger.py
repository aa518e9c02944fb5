"""L1: one node keeps the law. Transactions, refusals, questions, crashes and restarts, hostile bytes, purity.

Each test is a function of a session; what must come of a step is for the kit's own ledger to say (`solo.Solo`).
"""

import json
from collections.abc import Callable, Iterator, Mapping
from random import Random
from typing import Any

from conformance.conform.catalogue import Test
from conformance.conform.session import Session
from conformance.conform.solo import Solo, brief, channel
from conformance.conform.verdicts import Differs, Failed, Inconclusive
from conformance.model.genesis import START, entry, id_of, transaction
from conformance.model.proofs import leads
from conformance.sentences import Sentence, say
from conformance.signing import sign
from conformance.standard import limit
from conformance.wire import canonical, header_of, tagged

__all__ = ["tests"]

Data = dict[str, Any]


def begun(session: Session) -> Solo:
    """A ledger that was just founded."""
    return Solo(session, channel(suite=session.suite)).begin()


# --- transactions ---


def one_block_each(session: Session) -> None:
    """Five transactions of three clients make five blocks."""
    solo = begun(session)
    for number, (sender, nonce) in enumerate((("c0", 0), ("c1", 0), ("c0", 1), ("c2", 0), ("c0", 2))):
        solo.submit(entry(sender, nonce, f"r{number}", session.suite), START + number)
        solo.compare_receipts()


def block_time(session: Session) -> None:
    """Whole seconds of the node's clock, and never before the block below."""
    solo = begun(session)
    for number, second in enumerate((START + 5, START + 5, START + 90)):
        solo.submit(entry("c0", number, f"r{number}", session.suite), second)
    reply = session.ask("submit", node="a", now=(START + 91) * 1000 + 999,
                        tx=canonical(entry("c1", 0, "r9", session.suite)).hex())  # fmt: skip
    [decided] = [one for one in reply.value.get("effects", ()) if one["effect"] == "decide"] or [None]
    header = header_of(bytes.fromhex(decided["block"])) if decided else {}
    if header.get("time") != START + 91:
        raise solo.failed("DAT-097", say("time.floor", time=START + 91), str(header.get("time")))


def gap_waits(session: Session) -> None:
    """A nonce ahead of its turn waits without a block, and goes when the gap is closed."""
    solo = begun(session)
    for sender, nonce in (("c1", 1), ("c0", 2), ("c0", 1), ("c1", 1), ("c1", 0), ("c0", 0)):
        made = entry(sender, nonce, f"r{sender}{nonce}", session.suite)
        reply = solo.submit(made)
        if not solo.model.done.get(id_of(made)) and reply.kind == "ok":
            told = solo.query("receipt", tx_id=id_of(made))
            if told != {"status": "pending"}:
                raise solo.failed("NOD-042", brief({"status": "pending"}), brief(dict(told)))


def least_id_goes(session: Session) -> None:
    """Of two waiting transactions with one sender and nonce that with the least id stands in the block."""
    solo = begun(session)
    for record in ("ra", "rb", "rc"):
        solo.submit(entry("c0", 1, record, session.suite))
    solo.submit(entry("c0", 0, "r0", session.suite))
    solo.submit(entry("c0", 2, "r2", session.suite))


def many_at_once(session: Session) -> None:
    """A long queue becomes blocks in the order of the law."""
    solo = begun(session)
    for nonce in reversed(range(40)):
        solo.submit(entry(f"c{nonce % 2}", nonce // 2, f"r{nonce}", session.suite))


# --- refusals of the check ---


def spoilt(session: Session) -> Iterator[tuple[str, Any]]:
    """(name, transaction) pairs, each with one thing wrong."""
    suite, payload = session.suite, entry("c0", 0, "r0")["body"]["payload"]
    right = entry("c0", 0, "r0", suite)
    yield "wrong-channel", transaction("record", payload, ("c0",), 0, suite, "region-2")
    yield "wrong-suite", transaction("record", payload, ("c0",), 0, "intl" if suite == "stub" else "stub")
    yield "unknown-kind", transaction("greeting", payload, ("c0",), 0, suite)
    yield "unknown-signer", transaction("record", payload, ("nobody",), 0, suite)
    yield "unknown-second-signer", transaction("record", payload, ("c0", "nobody"), 0, suite)
    yield "bad-signature", {**right, "signatures": [flipped(right["signatures"][0])]}
    yield "signed-by-another", {**right, "signatures": [sign(suite, "c1", bytes.fromhex(id_of(right))).hex()]}
    yield "other-length-of-signature", {**right, "signatures": ["ab" * (64 if suite == "stub" else 32)]}
    yield "missing-field", {"body": {k: v for k, v in right["body"].items() if k != "nonce"}, "signatures": []}
    yield "stray-field", {**right, "note": 1}
    yield "negative-nonce", {**right, "body": {**right["body"], "nonce": -1}}
    yield "signers-out-of-order", reordered(right, ["c0", "c2", "c1"])
    yield "signer-twice", reordered(right, ["c0", "c0"])
    yield "no-signer", reordered(right, [])
    yield "blanks", json.dumps(right, sort_keys=True).encode()
    yield "keys-out-of-order", json.dumps(right, separators=(",", ":")).encode().replace(b'{"body"', b'{"zody"')
    yield "duplicate-key", canonical(right).replace(b'{"body":', b'{"body":1,"body":', 1)
    yield "not-json", b"\x00\xff{"
    yield "empty", b""
    yield "two-defects-channel-and-signature", {
        **transaction("record", payload, ("c0",), 0, suite, "region-2"), "signatures": ["00" * 32],
    }  # fmt: skip
    yield "two-defects-kind-and-signer", transaction("greeting", payload, ("nobody",), 0, suite)


def flipped(text: str) -> str:
    """Hex with its first digit changed."""
    return ("1" if text[0] != "1" else "2") + text[1:]


def reordered(made: Data, signers: list[str]) -> Data:
    """The transaction with these signers and as many signatures."""
    body = {**made["body"], "signers": signers}
    name = tagged("yilian/tx/v1", canonical(body))
    return {"body": body, "signatures": [sign(body["suite"], signer, name).hex() for signer in signers]}


def refused_at_the_check(name: str) -> Callable[[Session], None]:
    """The test of one thing wrong."""

    def run(session: Session) -> None:
        solo = begun(session)
        solo.submit(entry("c1", 0, "before", session.suite))
        solo.submit(dict(spoilt(session))[name])
        solo.submit(entry("c1", 1, "after", session.suite))

    return run


def nonce_used(session: Session) -> None:
    """What was executed is not executed again."""
    solo = begun(session)
    made = entry("c0", 0, "r0", session.suite)
    for one in (made, made, entry("c0", 0, "r1", session.suite), entry("c0", 1, "r1", session.suite)):
        solo.submit(one)


def size_limits(session: Session) -> None:
    """A transaction at the limit is taken, one byte more is too large."""
    solo = begun(session)
    room = limit("transaction", "bytes")
    for size in (room, room + 1):
        solo.submit(padded(size, session.suite))


def padded(size: int, suite: str) -> Data:
    """A transaction of exactly this many bytes, whose payload is none that means anything."""
    base = len(canonical(transaction("record", {"pad": ""}, ("c0",), 0, suite)))
    return transaction("record", {"pad": "x" * (size - base)}, ("c0",), 0, suite)


# --- refusals of execution ---


def executed_with_codes(session: Session) -> None:
    """Refused in the block: the receipt has the code, the nonce is used, and nothing else remains."""
    solo, suite = begun(session), session.suite
    steps: list[tuple[str, Any, tuple[str, ...], int]] = [
        ("record", entry("c0", 0, "r0")["body"]["payload"], ("c0",), 0),
        ("record", entry("c0", 0, "r0")["body"]["payload"], ("c0",), 1),
        ("record", entry("c0", 0, "r1")["body"]["payload"], ("c1",), 0),
        ("record", access("c0", "c2", "r9"), ("c2",), 0),
        ("record", access("c0", "c2", "r0"), ("c1",), 1),
        ("record", access("c0", "c2", "r0"), ("c2",), 1),
        ("deploy", {"modules": [{}]}, ("c0",), 2),
        ("deploy", {"modules": [{}]}, ("m0",), 0),
        ("deploy", {"modules": []}, ("m0",), 1),
        ("command", {"action": "open", "arguments": [], "contract": "Nowhere", "instance": None}, ("c0",), 3),
        ("command", {"action": "open"}, ("c0",), 4),
        ("directory", {"nodes": [node("lost", "nobody")]}, ("m0",), 2),
        ("directory", {"nodes": [node("a", None), node("b", "a")]}, ("m0",), 3),
        ("directory", {"nodes": [node("a", "b")]}, ("m0",), 4),
        ("directory", {"nodes": [node("c", None)]}, ("c1",), 2),
        ("read", {"fields": ["name"], "instance": 0, "purpose": None}, ("c3",), 0),
        ("read", {"fields": [], "instance": 0, "purpose": None}, ("c3",), 1),
        ("read", {"fields": ["name"], "instance": 0, "purpose": 7}, ("c3",), 2),
        ("deploy", {"modules": [], "retired": ["Nothing"]}, ("m0",), 5),
        ("deploy", {"modules": [], "retired": []}, ("m0",), 6),
        ("deploy", {"modules": [], "retired": ["b", "a"]}, ("m0",), 7),
    ]  # fmt: skip
    for kind, payload, signers, nonce in steps:
        made = transaction(kind, payload, signers, nonce, suite)
        solo.submit(made)
        solo.compare_receipt(id_of(made))


def access(custodian: str, reader: str, record: str) -> Data:
    """A payload of one access."""
    return {"access": {"custodian": custodian, "purpose": "care", "reader": reader, "record": record}}


def node(name: str, parent: str | None) -> Data:
    """A node of a directory."""
    return {"attributes": [], "kind": "Region", "name": name, "parent": parent}


# --- questions ---


def queries(session: Session) -> None:
    """Blocks, receipts, members, proofs and pages of the state are what the chain says."""
    solo = begun(session)
    made = [entry("c0", number, f"r{number}", session.suite) for number in range(6)]
    for one in made:
        solo.submit(one)
    for height, block in enumerate(solo.model.blocks, 1):
        told = solo.query("block", height=height)
        if told != {"block": block.hex()}:
            raise solo.failed("NOD-041", say("block.decided"), str(sorted(told)))
    for one in made:
        solo.compare_receipt(id_of(one))
    if solo.query("members")["members"] != solo.network.membership():
        raise solo.failed("NOD-045", say("members.genesis"), say("others"))
    state = solo.state()
    if state != solo.model.state():
        actual = say("state.entries", count=len(state))
        raise solo.failed("NOD-043", say("state.whole"), actual, diff=solo.differs())
    pages(solo)
    proofs(solo)


def pages(solo: Solo) -> None:
    """A page is as long as asked, begins behind `after`, keeps to its prefix, and says whether there is more."""
    keys = sorted(key for key in solo.model.state() if key.startswith(b"record/"))
    page = solo.query("state", prefix=b"record/".hex(), limit=4)
    found = [bytes.fromhex(item["key"]) for item in page["items"]]
    if found != keys[:4] or page["more"] is not True:
        expected = say("state.page", count=4, all=len(keys))
        raise solo.failed("NOD-043", expected, say("state.keys", count=len(found), more=page["more"]))
    page = solo.query("state", prefix=b"record/".hex(), after=keys[3].hex())
    found = [bytes.fromhex(item["key"]) for item in page["items"]]
    if found != keys[4:] or page["more"] is not False:
        expected = say("state.last", count=len(keys) - 4)
        raise solo.failed("NOD-043", expected, say("state.keys", count=len(found), more=page["more"]))


def proofs(solo: Solo) -> None:
    """A proof of what is there, and of what is not, leads to the root."""
    root = bytes.fromhex(solo.model.tip["state_root"])
    for key in (b"record/c0/r3", b"record/c0/r9", b"zzz"):
        told = solo.query("proof", key=key.hex())
        value = bytes.fromhex(told["value"]) if "value" in told else None
        if value != solo.model.state().get(key):
            raise solo.failed("NOD-044", say("state.value", key=key.decode()), str(told.get("value")))
        if not leads(told["proof"], key, value, root):
            raise solo.failed("DAT-046", say("state.proof", key=key.decode()), say("state.proof.not"))


def unanswerable(session: Session) -> None:
    """Questions without an answer are refused by their kind."""
    solo = begun(session)
    for path, args, code in (
        ("weather", {}, "query.unknown"), ("tip", {"height": 1}, "wire.bad_field"), ("block", {}, "wire.bad_field"),
        ("block", {"height": 7}, "query.not_found"), ("receipt", {"tx_id": "ab" * 32}, "query.not_found"),
        ("receipt", {"tx_id": "ab"}, "wire.bad_field"), ("state", {"limit": -1}, "wire.bad_field"),
    ):  # fmt: skip
        reply = session.ask("query", node="a", path=path, args=args)
        if (reply.kind, reply.code) != ("refused", code):
            expected = say("query.refused", path=path, args=brief(args), code=code)
            raise solo.failed("NOD-048", expected, reply.told)


# --- crash and recovery ---


def every_prefix(session: Session) -> None:
    """After a crash behind any effect the node comes back with what those before it wrote, and goes on."""
    solo = begun(session)
    made = [entry("c0", number, f"r{number}", session.suite) for number in range(3)]
    for one in made:
        solo.submit(one, solo.now + 1)
    effects = list(solo.heard)
    writes = [number for number, effect in enumerate(effects) if effect["effect"] == "persist"]
    if not writes:
        raise Inconclusive(say("never.wrote"))
    for cut in range(len(effects) + 1):
        again = Solo(session, solo.network, f"b{cut}")
        for effect in effects[:cut]:
            again.carry_out(effect)
        again.now, again.silent = solo.now, True
        again.recover()
        again.silent = False
        height = again.query("tip")["height"]
        reported = sum(effect["effect"] == "decide" for effect in effects[:cut])
        if height < reported:
            expected = say("recovered.reported", height=reported)
            raise again.failed("NET-014", expected, say("height", height=height))
        for one in made:  # what was committed is refused, what was not is taken
            session.ask("submit", node=again.node, now=again.now * 1000, tx=canonical(one).hex())
        height = again.query("tip")["height"]
        if height != 3:
            raise again.failed("NOD-019", say("recovered.again", height=3), say("height", height=height))
        again.must("NOD-018", "crash")
        session.triggered["crash"] += 1


def unsynced_lost(session: Session) -> None:
    """Writes that were not synced may be lost: what was reported final is not."""
    solo = begun(session)
    for number in range(2):
        solo.submit(entry("c0", number, f"r{number}", session.suite))
    durable = Solo(session, solo.network, "disk")
    waiting: list[Mapping[str, Any]] = []
    for effect in solo.heard:
        if effect["effect"] == "persist":
            waiting.append(effect)
            for written in waiting if effect["sync"] else ():
                durable.carry_out(written)
            waiting = [] if effect["sync"] else waiting
        elif effect["effect"] == "decide":
            back = Solo(session, solo.network, f"b{effect['height']}", now=solo.now, silent=True)
            back.recover(durable.disk)
            if back.query("tip")["height"] < effect["height"]:
                expected = say("recovered.durable", height=effect["height"])
                raise back.failed("NET-014", expected, say("recovered.lost"))
            session.triggered["crash"] += 1


def invisible(session: Session) -> None:
    """A crash and recovery between any two steps is not to be seen in anything."""
    solo = begun(session)
    for number in range(4):
        solo.submit(entry("c0", number, f"r{number}", session.suite), solo.now + 3)
        solo.crash()
        solo.recover()
        solo.compare_tip("NET-016")
        session.triggered["crash"] += 1
    solo.compare_receipts()


def damaged(session: Session) -> None:
    """A disk with one value spoilt is refused, or the spoilt value did not matter; it is never guessed."""
    solo = begun(session)
    for number in range(2):
        solo.submit(entry("c0", number, f"r{number}", session.suite))
    noticed = 0
    for number, key in enumerate(sorted(solo.disk)):
        value = solo.disk[key]
        for spoilt_value in (value[:-2], flipped(value) if value else "00", value + "20"):
            kept = solo.disk | {key: spoilt_value}
            listed = [{"key": one, "value": kept[one]} for one in sorted(kept)]
            reply = session.ask("recover", node=f"d{number}", config=solo.network.config("m0"), disk=listed,
                                now=solo.now * 1000)  # fmt: skip
            if reply.kind == "refused" and reply.code == "store.corrupt":
                noticed += 1
                continue
            if reply.kind != "ok":
                raise solo.failed("NOD-019", say("refused", code="store.corrupt"), reply.told)
            tip = session.ask("query", node=f"d{number}", path="tip", args={}).value.get("value")
            if tip != solo.model.tip:
                expected = say("refused.spoilt", code="store.corrupt", key=key)
                raise solo.failed("NET-016", expected, say("recovered.other", tip=brief(tip)))
            session.ask("crash", node=f"d{number}")
    if not noticed:
        raise Inconclusive(say("never.mattered"))
    session.triggered["damage"] += noticed


# --- hostile bytes ---


def hostile(session: Session) -> None:
    """Arbitrary bytes as transactions and messages are refused and change nothing; nothing stops the node."""
    solo, rng = begun(session), Random(20261128)
    solo.submit(entry("c0", 0, "r0", session.suite))
    good = canonical(entry("c0", 1, "r1", session.suite))
    before = dict(solo.query("tip"))
    for number in range(300):
        data = bytes(mutated(rng, good))
        for op, fields in (("submit", {"tx": data.hex()}), ("deliver", {"bytes": data.hex(), "from_": "m0"})):
            reply = session.ask(op, node="a", now=solo.now * 1000, **fields)
            if reply.kind == "err":
                raise solo.failed("NOD-020", say("reply.refused"), reply.told)
            if reply.kind == "ok" and data != good:
                raise solo.failed("NOD-016", say("reply.refused"), reply.told)
        session.triggered["hostile"] = number + 1
    if dict(solo.query("tip")) != before:
        raise solo.failed("DAT-015", brief(before), brief(dict(solo.query("tip"))))
    solo.submit(json.loads(good))


def mutated(rng: Random, good: bytes) -> bytearray:
    """A transaction with bytes changed, cut or doubled; never itself."""
    data = bytearray(good)
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(len(data)) if data else 0
        match rng.randrange(5):
            case 0:
                data[at : at + 1] = bytes([rng.randrange(256)])
            case 1:
                del data[at : at + rng.randrange(1, 30)]
            case 2:
                data[at:at] = data[at : at + rng.randrange(1, 30)]
            case 3:
                data[at:at] = rng.choice((b"[" * 400, b"{}", b"\x00", b'"\\ud800"', b"1e9", b"-0", b"9" * 40))
            case _:
                data = data[: rng.randrange(len(data) + 1)]
    return data if bytes(data) != good else bytearray(b"!")


def hostile_queries(session: Session) -> None:
    """Questions of any shape are answered or refused."""
    solo, rng = begun(session), Random(7)
    paths = ("tip", "block", "receipt", "state", "proof", "members", "evidence", "inspect", "a/b/c")
    values: tuple[Any, ...] = (None, True, -1, 2**53 - 1, "", "zz", "ab" * 300, [], {}, [[]], {"a": 1})
    names = ("height", "tx_id", "prefix", "after", "limit", "key", "stray", "转诊")
    for _ in range(200):
        args = {rng.choice(names[:-1]): rng.choice(values) for _ in range(rng.randrange(3))}
        reply = session.ask("query", node="a", path=rng.choice(paths), args=args)
        if reply.kind == "err":
            raise solo.failed("NOD-020", say("query.answered", args=brief(args)), reply.told)


# --- purity ---


def workload(session: Session, node: str) -> list[tuple[str, Data]]:
    """Requests whose replies must be the same wherever and whenever they are made."""
    network = channel(suite=session.suite)
    requests: list[tuple[str, Data]] = [("init", {"node": node, "config": network.config("m0")}),
                                        ("start", {"node": node, "now": START * 1000})]  # fmt: skip
    for number in range(4):
        made = canonical(entry(f"c{number % 2}", number // 2, f"r{number}", session.suite))
        requests.append(("submit", {"node": node, "now": (START + number) * 1000, "tx": made.hex()}))
    return [*requests, ("query", {"args": {}, "node": node, "path": "state"})]


def answers(door: Any, requests: list[tuple[str, Data]]) -> list[str]:
    """Their replies, re-encoded, without `log` effects."""
    told = []
    for op, fields in requests:
        reply = door.ask(op, **fields)
        value = dict(reply.value)
        if "effects" in value:
            value["effects"] = [one for one in value["effects"] if one["effect"] != "log"]
        told.append(canonical([reply.kind, value]).decode())
    return told


def repeated(session: Session) -> None:
    """The same requests after a reset get the same replies."""
    first = answers(session.door, workload(session, "a"))
    session.door.reset()
    same(first, answers(session.door, workload(session, "a")), say("same.reset"))


def interleaved(session: Session) -> None:
    """Other instances beside it, made before it, change nothing; nor does a window."""
    first = answers(session.door, workload(session, "a"))
    session.door.reset()
    for other in ("z", "b"):
        answers(session.door, workload(session, other)[:3])
    same(first, answers(session.door, workload(session, "a")), say("same.beside"))
    session.door.reset()
    batches = list(zip(*(workload(session, node) for node in ("c", "a", "d")), strict=True))
    told = [session.door.ask_many(list(batch))[1] for batch in batches]
    second = []
    for reply in told:
        value = dict(reply.value)
        if "effects" in value:
            value["effects"] = [one for one in value["effects"] if one["effect"] != "log"]
        second.append(canonical([reply.kind, value]).decode())
    same(first, second, say("same.window"))


def elsewhere(session: Session) -> None:
    """A fresh process under another environment gives the same replies."""
    first = answers(session.door, workload(session, "a"))
    if session.reopen is None:
        raise Inconclusive(say("never.restarted"))
    door = session.reopen({"LANG": "tr_TR.UTF-8", "LC_ALL": "C", "PYTHONHASHSEED": "4711", "TZ": "Pacific/Kiritimati"})
    try:
        door.hello()
        same(first, answers(door, workload(session, "a")), say("same.elsewhere"))
    finally:
        door.close()


def same(first: list[str], second: list[str], where: Sentence) -> None:
    """Raise `Differs` at the first reply that differs."""
    for number, (one, other) in enumerate(zip(first, second, strict=True), 1):
        if one != other:
            at = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), 0)
            shown = [text[max(0, at - 40) : at + 80] for text in (one, other)]
            expected = say("same.reply", number=number, shown=shown[0])
            raise Differs("NOD-051", expected, say("same.reply.not", shown=shown[1], where=where))


def both_suites(session: Session) -> None:
    """A genesis of another suite than the one permitted is refused."""
    network = channel(suite=session.suite)
    config = network.config("m0")
    other = "intl" if session.suite == "stub" else "stub"
    if other not in session.hello.suites:
        raise Inconclusive(say("never.second-suite", suite=other))
    reply = session.ask("init", node="a", config={**config, "suite": other})
    if (reply.kind, reply.code) != ("refused", "block.bad_genesis"):
        expected = say("refused", code="block.bad_genesis")
        raise Failed("DAT-024", expected, reply.told, exchange=session.exchange())


CHECKS = {
    "wrong-channel": "DAT-066", "wrong-suite": "DAT-067", "unknown-kind": "DAT-065", "unknown-signer": "DAT-068",
    "unknown-second-signer": "DAT-068", "bad-signature": "DAT-069", "signed-by-another": "DAT-063",
    "other-length-of-signature": "DAT-012", "missing-field": "DAT-060", "stray-field": "DAT-060",
    "negative-nonce": "DAT-013", "signers-out-of-order": "DAT-061", "signer-twice": "DAT-061", "no-signer": "DAT-061",
    "blanks": "DAT-001", "keys-out-of-order": "DAT-002", "duplicate-key": "DAT-002", "not-json": "DAT-008",
    "empty": "DAT-008", "two-defects-channel-and-signature": "DAT-014", "two-defects-kind-and-signer": "DAT-014",
}  # fmt: skip
"""What is wrong -> the clause that refuses it."""


def tests() -> list[Test]:
    """In the order of the file."""
    listed = [
        Test("L1.solo.one-block-each", "L1", ("NOD-061", "NOD-034", "DAT-110", "DAT-111", "DAT-112"), one_block_each),
        Test("L1.solo.block-time", "L1", ("DAT-097", "NOD-009", "DAT-089"), block_time),
        Test("L1.pool.gap-waits", "L1", ("NOD-016", "NOD-062", "NOD-042", "DAT-070"), gap_waits),
        Test("L1.pool.least-id-goes", "L1", ("NOD-062",), least_id_goes),
        Test("L1.pool.many", "L1", ("NOD-062",), many_at_once),
        Test("L1.check.nonce-used", "L1", ("DAT-070", "DAT-071"), nonce_used),
        Test("L1.check.size", "L1", ("DAT-064", "NOD-050"), size_limits),
    ]
    listed += [
        Test(f"L1.check.{name}", "L1", (clause, "DAT-014", "DAT-015"), refused_at_the_check(name), ("refusal",))
        for name, clause in CHECKS.items()
    ]
    return [
        *listed,
        Test("L1.execute.codes", "L1", ("DAT-071", "DAT-072", "DAT-111", "APP-007", "APP-008", "CTR-D01",
                                            "CTR-D08", "CTR-D11"),
             executed_with_codes, ("refusal",)),
        Test("L1.query.answers", "L1", ("NOD-017", "NOD-040", "NOD-041", "NOD-042", "NOD-043", "NOD-044", "NOD-045"),
             queries),
        Test("L1.query.unanswerable", "L1", ("NOD-048",), unanswerable, ("refusal",)),
        Test("L1.recover.every-prefix", "L1", ("NOD-019", "NOD-030", "NET-014", "NET-016"), every_prefix, ("crash",)),
        Test("L1.recover.unsynced-lost", "L1", ("NOD-033", "NET-014"), unsynced_lost, ("crash",)),
        Test("L1.recover.invisible", "L1", ("NET-016", "NOD-019"), invisible, ("crash",)),
        Test("L1.recover.damaged", "L1", ("NOD-019", "NET-016"), damaged, ("crash",)),
        Test("L1.hostile.bytes", "L1", ("NOD-020", "DAT-015", "DAT-008"), hostile, ("hostile",)),
        Test("L1.hostile.queries", "L1", ("NOD-020", "NOD-048"), hostile_queries, ("hostile",)),
        Test("L1.pure.repeated", "L1", ("NOD-051", "NOD-022"), repeated, ("pure",)),
        Test("L1.pure.beside-others", "L1", ("NOD-051", "NOD-012", "NOD-007"), interleaved, ("pure",)),
        Test("L1.pure.elsewhere", "L1", ("NOD-051",), elsewhere, ("pure",)),
        Test("L1.suite.never-mixed", "L1", ("DAT-024",), both_suites, binds=False),
    ]  # fmt: skip
