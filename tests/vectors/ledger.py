"""Vectors of the ledger: transactions, genesis, a chain of blocks with their receipts, commit certificates.

The chain is a real one: a directory is enrolled, a contract deployed, loans asked for, and time passes over a deadline.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from attrs import evolve

from contracts_dsl import ir
from refimpl.crypto.recipes import Suite, key_for_tests, sign, verifier
from refimpl.data import merkle
from refimpl.data.block import Genesis
from refimpl.data.certificate import Certificate, Decision, Vote, vote_digest
from refimpl.data.encoding import decode, encode
from refimpl.data.ids import ChannelId, Digest, Height, MemberId, Name, Nonce, Round, Seconds, Weight
from refimpl.data.members import Member, Membership, Role
from refimpl.data.transaction import Transaction
from refimpl.node.ledger import Ledger
from tests.language.stage import CAST, DAY, compiled
from tests.vectors.sheet import Sheet

CHANNEL, START = ChannelId("region-1"), Seconds(1_767_225_600)
WEIGHTS = {"m0": 3, "m1": 2, "m2": 2, "m3": 2}
OTHERS = {"a": Role.MEMBER, "b": Role.MEMBER, "city": Role.AUDITOR}
LOAN = """contract Loan version 1;
party lender: Hospital;
party borrower: Hospital where borrower != lender;
data price: money;
key lender, borrower, price;
start { borrower may ask when price <= 50000 yuan becomes asked; }
state asked {
  lender must answer within 24 hours becomes lent else violation no_answer becomes ended;
}
state lent;
state ended;

policy Terms for Loan version 1;
fields terms = price;
permit own: Hospital reads terms when reader == record.lender or reader == record.borrower;
"""
Body = Mapping[str, Any]


def members(suite: Suite) -> Membership:
    """Four validators of unequal weight, two members, an auditor."""

    def member(name: str, weight: int, role: Role) -> Member:
        return Member(MemberId(name), key_for_tests(suite, name).public, Weight(weight), role)

    validators = [member(name, weight, Role.VALIDATOR) for name, weight in WEIGHTS.items()]
    return Membership.of([*validators, *(member(name, 0, role) for name, role in OTHERS.items())], suite)


def genesis(suite: Suite = Suite.INTL) -> Genesis:
    return Genesis(CHANNEL, suite, START, Name("tendermint"), members(suite), {"timeout_propose": 1000})


def transaction(number: int, signers: str, kind: str, payload: Any, suite: Suite = Suite.INTL) -> Transaction:
    """A signed transaction; `signers` are separated by blanks."""
    names = tuple(map(MemberId, signers.split()))
    keys = {name: key_for_tests(suite, name) for name in names}
    return Transaction(suite, CHANNEL, Nonce(number), names, Name(kind), payload).signed(keys)


def resigned(made: Transaction, suite: Suite = Suite.INTL, **changed: Any) -> str:
    """The text of a transaction with a part of its body changed and signed again by its signers."""
    body = made.to_value()["body"] | changed
    loose = Transaction(
        made.suite, made.channel, made.nonce, tuple(body["signers"]), made.kind, body["payload"]
    )  # fmt: skip
    loose = evolve(loose, channel=body["channel"], kind=body["kind"], nonce=body["nonce"])
    keys = {MemberId(name): key_for_tests(suite, name) for name in body["signers"]}
    return loose.signed(keys).to_bytes().decode()


def altered(text: str, *path: Any, value: Any) -> str:
    """The canonical text of an object with one place changed; `...` takes the place away."""
    whole = json.loads(text)
    place = whole
    for step in path[:-1]:
        place = place[step]
    if value is ...:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return encode(whole).decode()


# ---- transactions


def transactions() -> Sheet:
    """Transactions alone, against the members in force and the nonces that are next."""
    sheet = Sheet("transaction/transactions", "`nonces` are the next of each sender; of others it is 0")
    for suite in (Suite.INTL, Suite.STUB):
        _transaction(sheet, suite)
    _signers(sheet)
    _sizes(sheet)
    return sheet


def _context(suite: Suite) -> dict[str, Any]:
    return {"channel": CHANNEL, "suite": suite.value, "members": members(suite).to_value(), "nonces": [["a", 4]]}


def _transaction(sheet: Sheet, suite: Suite) -> None:
    made = transaction(4, "a city", "command", {"action": "接收"}, suite)
    text = made.to_bytes().decode()
    given = _context(suite) | {"text": text}
    of = sheet.valid("tx.check", "DAT-060 DAT-061 DAT-062 DAT-063", f"two signers, suite {suite.value}", given)
    signature = json.loads(text)["signatures"][1]
    wrong: tuple[tuple[str, str, str, str], ...] = (
        ("tx.wrong_channel", "DAT-066", "of another channel", resigned(made, suite, channel="region-2")),
        ("tx.unknown_kind", "DAT-065", "of a kind that there is not", resigned(made, suite, kind="gossip")),
        ("tx.unknown_signer", "DAT-068", "by somebody unknown", resigned(made, suite, signers=["a", "nobody"])),
        ("tx.bad_signature", "DAT-063 DAT-069", "another payload under the same signatures",
         altered(text, "body", "payload", value={"action": "拒收"})),
        ("tx.bad_signature", "DAT-069", "the second signature is of the first",
         altered(text, "signatures", 1, value=json.loads(text)["signatures"][0])),
        ("tx.bad_signature", "DAT-012 DAT-069", "the second signature is of the other suite's length",
         altered(text, "signatures", 1, value="00" * (96 - len(signature) // 2))),
        ("tx.nonce_used", "DAT-070", "a nonce that was used", resigned(made, suite, nonce=3)),
        ("tx.nonce_gap", "DAT-070", "a nonce too high", resigned(made, suite, nonce=5)),
        ("wire.bad_field", "DAT-060", "a field too few", altered(text, "body", "payload", value=...)),
        ("wire.bad_field", "DAT-060", "a field too many", altered(text, "body", "fee", value=1)),
        ("wire.bad_field", "DAT-013", "a nonce below zero", altered(text, "body", "nonce", value=-1)),
        ("wire.bad_field", "DAT-013", "a nonce in words", altered(text, "body", "nonce", value="4")),
        ("wire.bad_field", "DAT-013", "a nonce that is a truth value", altered(text, "body", "nonce", value=True)),
        ("wire.bad_field", "DAT-011", "a channel in capitals", altered(text, "body", "channel", value="Region-1")),
        ("wire.bad_field", "DAT-016", "a suite that there is not", altered(text, "body", "suite", value="rot13")),
        ("wire.bad_field", "DAT-012", "a signature in capitals",
         altered(text, "signatures", 1, value=signature.upper())),
        ("wire.bad_field", "DAT-012", "a signature shorter by a byte",
         altered(text, "signatures", 1, value=signature[:-2])),
        ("wire.bad_field", "DAT-061", "a signature too few", altered(text, "signatures", 1, value=...)),
        ("wire.not_canonical", "DAT-008", "a blank", text.replace(":", ": ", 1)),
    )  # fmt: skip
    for code, cited, why, spoilt in wrong:
        sheet.twin(of, code, cited, why, text=spoilt)
    other = Suite.STUB if suite is Suite.INTL else Suite.INTL
    foreign = transaction(4, "a city", "command", {"action": "接收"}, other)
    sheet.twin(of, "tx.wrong_suite", "DAT-067", "of another suite", text=foreign.to_bytes().decode())
    sheet.twin(of, "tx.wrong_suite", "DAT-014 DAT-067", "two defects: the code that stands first",
               text=altered(foreign.to_bytes().decode(), "body", "kind", value="gossip"))  # fmt: skip


def _signers(sheet: Sheet) -> None:
    made = transaction(0, "m3 a city m0", "directory", {"nodes": []})
    of = sheet.valid("tx.check", "DAT-061", "the sender first, the others ascending",
                     _context(Suite.INTL) | {"text": made.to_bytes().decode()})  # fmt: skip
    text = made.to_bytes().decode()
    wrong = (
        ("the others out of order", ["m3", "city", "a", "m0"]), ("the sender twice", ["m3", "a", "m0", "m3"]),
        ("another twice", ["m3", "a", "a", "m0"]), ("a name that is none", ["m3", "a", "city", "m 0"]), ("nobody", []),
    )  # fmt: skip
    for why, names in wrong:
        spoilt = altered(text, "body", "signers", value=names)
        if not names:
            spoilt = altered(spoilt, "signatures", value=[])
        sheet.twin(of, "wire.bad_field", "DAT-010 DAT-061", why, text=spoilt)
    full = transaction(0, " ".join(["a", *(f"x{number:02}" for number in range(15))]), "command", None)
    sheet.refused("tx.check", "tx.unknown_signer", "DAT-061 DAT-068", "sixteen signers may be, if they are known",
                  _context(Suite.INTL) | {"text": full.to_bytes().decode()})  # fmt: skip
    crowd = [f"x{number:02}" for number in range(17)]
    many = altered(altered(text, "body", "signers", value=crowd), "signatures", value=["00" * 64] * 17)
    sheet.twin(of, "wire.bad_field", "DAT-061", "seventeen signers", text=many)


def _sizes(sheet: Sheet) -> None:
    """At the limits of a kind and one past them. The signatures do not fit: what is refused is refused before."""
    for kind, most in (("command", 65_536), ("deploy", 524_288)):
        empty = len(transaction(0, "a", kind, "").to_bytes())
        made = transaction(0, "a", kind, "x" * (most - empty))
        head, _, tail = made.to_bytes().decode().partition("x" * (most - empty))
        filled = [[head, 1], ["x", most - empty], [tail, 1]]
        given = _context(Suite.INTL) | {"nonces": [], "parts": filled}
        of = sheet.valid("tx.check", "DAT-064", f"the longest of kind {kind}", given)
        longer = [[head, 1], ["x", most - empty + 1], [tail, 1]]
        sheet.twin(of, "wire.too_large", "DAT-064", "longer by one", parts=longer)
        spoilt = [[head.replace('"nonce":0', '"nonce":"0"'), 1], ["x", most - empty + 1], [tail, 1]]
        sheet.twin(of, "wire.too_large", "DAT-014 DAT-064", "longer, and with a field of another type", parts=spoilt)
    depth = 118
    deepest = transaction(0, "a", "command", json.loads("[" * depth + "]" * depth))
    text = deepest.to_bytes().decode()
    given = _context(Suite.INTL) | {"nonces": [], "text": text}
    of = sheet.valid("tx.check", "DAT-064", "nested as deep as may be", given)
    deeper = text.replace("[" * depth, "[" * (depth + 1)).replace("]" * depth, "]" * (depth + 1))
    sheet.twin(of, "wire.not_canonical", "DAT-064", "nested deeper", text=deeper)


# ---- genesis


def founding() -> Sheet:
    """The genesis: what it is, and who may not found a ledger."""
    sheet = Sheet("block/genesis", "`suites` are those that the operator has named as permitted")
    for suite, permitted in ((Suite.INTL, ["intl"]), (Suite.STUB, ["intl", "stub"])):
        given = {"text": genesis(suite).to_bytes().decode(), "suites": permitted}
        of = sheet.valid("genesis.check", "DAT-054 DAT-080", f"suite {suite.value}", given)
        text = given["text"]
        if suite is Suite.STUB:
            sheet.twin(of, "block.bad_genesis", "DAT-024", "stub is not permitted", suites=["intl"])
            continue
        listed = json.loads(text)["members"]
        for code, cited, why, value in _memberships(listed):
            sheet.twin(of, code, f"DAT-081 {cited}", why, text=altered(text, "members", value=value))
        sheet.twin(of, "block.bad_genesis", "DAT-024", "a suite that is named but not offered",
                   text=altered(text, "suite", value="gm"))  # fmt: skip
        sheet.twin(of, "wire.bad_field", "DAT-016", "a suite that there is not", text=altered(text, "suite", value="x"))
        for field, value in (("directory", {}), ("parameters", []), ("engine", ""), ("time", -1), ("channel", None)):
            sheet.twin(of, "wire.bad_field", "DAT-013 DAT-080", f"another kind of {field}",
                       text=altered(text, field, value=value))  # fmt: skip
        sheet.twin(of, "wire.bad_field", "DAT-080", "a field too few", text=altered(text, "directory", value=...))
        sheet.twin(of, "wire.not_canonical", "DAT-008", "a line end behind it", text=f"{text}\n")
    return sheet


def _memberships(listed: list[Any]) -> Iterator[tuple[str, str, str, Any]]:
    """Memberships that are refused: code, clauses, why, value."""

    def but(number: int, **changed: Any) -> list[Any]:
        return [one | (changed if at == number else {}) for at, one in enumerate(listed)]

    identity = "01" + "00" * 31
    yield "member.weak_key", "DAT-025", "the key of a member is of small order", but(0, pub=identity)
    yield "member.weak_key", "DAT-014 DAT-025", "a weak key, and a name twice", but(1, pub=identity, member="a")
    yield "member.duplicate", "DAT-051", "a name twice", but(1, member="a")
    yield "member.duplicate_key", "DAT-051", "a key twice", but(1, pub=listed[0]["pub"])
    validator = next(at for at, one in enumerate(listed) if one["role"] == "validator")
    yield "member.bad_weight", "DAT-052", "a validator without weight", but(validator, weight=0)
    yield "member.bad_weight", "DAT-052", "a weight of somebody else", but(0, weight=1)
    yield "member.no_validator", "DAT-053", "no validator", [one for one in listed if one["role"] != "validator"]
    yield "wire.bad_field", "DAT-050", "out of order", listed[::-1]
    yield "wire.bad_field", "DAT-050", "a role that is none", but(0, role="owner")
    yield "wire.bad_field", "DAT-012 DAT-050", "a key shorter by a byte", but(0, pub=listed[0]["pub"][:-2])
    yield "wire.bad_field", "DAT-013 DAT-050", "a weight below zero", but(validator, weight=-1)
    yield "wire.bad_field", "DAT-050", "nobody", []
    crowd = [{"member": f"x{number:03}", "pub": "00" * 32, "role": "member", "weight": 0} for number in range(129)]
    yield "wire.bad_field", "DAT-050", "more than there may be", crowd
    yield "member.weak_key", "DAT-050 DAT-025", "as many as may be, with a key that may not be", crowd[:128]
    yield "member.no_validator", "DAT-050 DAT-053", "one alone, who does not vote", listed[:1]


# ---- blocks


def _facts(ledger: Ledger, nonces: dict[str, int]) -> dict[str, Any]:
    """What a block is judged against."""
    tip = ledger.tip
    return {
        "tip": {"channel": tip.channel, "suite": tip.suite.value, "height": tip.height, "id": tip.block.hex(),
                "time": tip.time, "state_root": tip.state_root.hex(), "receipts_root": tip.receipts_root.hex()},
        "members": tip.members.to_value(), "nonces": sorted([name, next_] for name, next_ in nonces.items()),
    }  # fmt: skip


def _offers() -> list[tuple[int, list[Transaction]]]:
    """What the blocks of the chain carry, each so many seconds after the one before."""
    most = "m0 m1 m2"
    nodes = [
        {"name": name, "kind": node.kind, "parent": node.parent,
         "attributes": [{"name": one, "value": value} for one, value in sorted(node.attributes.items())]}
        for name, node in CAST.items()
    ]  # fmt: skip
    modules = [ir.to_json(module) for module in compiled(LOAN)]

    def ask(number: int, price: int) -> Transaction:
        arguments = [{"name": "borrower", "value": "b"}, {"name": "lender", "value": "a"},
                     {"name": "price", "value": price}]  # fmt: skip
        payload = {"action": "ask", "arguments": arguments, "contract": "Loan", "instance": None}
        return transaction(number, "b", "command", payload)

    key = key_for_tests(Suite.INTL, "m3.next").public
    changed = Member(MemberId("m3"), key, Weight(4), Role.VALIDATOR).to_value()
    answer = {"action": "answer", "arguments": [], "contract": "Loan", "instance": 0}
    return [
        (5, [transaction(0, most, "directory", {"nodes": nodes})]),
        (0, [transaction(1, most, "deploy", {"modules": modules}), transaction(0, "m1 m0", "deploy", {"modules": []})]),
        (60, [ask(0, 100_00), ask(1, 200_00), transaction(0, "a", "command", answer), ask(2, 100_00)]),
        (2 * DAY, []),
        (1, [transaction(1, "a", "record", {"no": "record"})]),
        (1, [transaction(number, who, "read", {"fields": ["terms"], "instance": at, "purpose": None})
             for number, who, at in ((2, "a", 0), (3, "a", 7), (0, "city", 0))]),
        (1, [transaction(2, most, "membership", _change(changed, removed=["a"], evidence=0)),
             transaction(1, "m1 m0", "membership", _change(changed)),
             transaction(3, most, "membership", _change(removed=["nobody"]))]),
        (1, [transaction(1, "city", "record", None)]),
    ]


def _change(*changes: Any, removed: Sequence[str] = (), evidence: int | None = None) -> Body:
    return {"changes": list(changes), "evidence": evidence, "removed": list(removed)}


@cache
def chain() -> tuple[tuple[dict[str, Any], str, tuple[bytes, ...]], ...]:
    """Of each block what it is judged against, its text, and the receipts of executing it."""
    ledger, _ = Ledger.open(genesis(), verifier(Suite.INTL))
    nonces: dict[str, int] = {}
    made = []
    for seconds, offered in _offers():
        for one in offered:
            ledger.admit(one)
        block = ledger.prepare(MemberId("m0"), Seconds(ledger.tip.time + seconds))
        assert {one.id for one in block.transactions} == {one.id for one in offered}
        facts, data = _facts(ledger, nonces), block.to_bytes()
        result = ledger.finalize(data)
        ledger.commit(result, None)
        for one in block.transactions:
            nonces[one.sender] = one.nonce + 1
        made.append((facts, data.decode(), result.outcome.receipts))
    return tuple(made)


def blocks() -> Sheet:
    """Blocks of a chain, each against what the one before left, with a twin for each field."""
    note = "`tip` is the block before with the results of executing it; `nonces` are those before the block"
    sheet = Sheet("block/blocks", note)
    for facts, text, _ in chain():
        why = f"a block of {len(json.loads(text)['transactions'])} transactions"
        of = sheet.valid("block.check", "DAT-082 DAT-083 DAT-084", why, facts | {"text": text})
        _headers(sheet, of, text)
    facts, text, _ = chain()[2]
    why = "a block, for what may be wrong with its transactions"
    of = sheet.valid("block.check", "DAT-099", why, facts | {"text": text})
    _contents(sheet, of, text)
    return sheet


def _headers(sheet: Sheet, of: str, text: str) -> None:
    header = json.loads(text)["header"]
    other = "ab" * 32
    wrong: tuple[tuple[str, str, str, str, Any], ...] = (
        ("block.wrong_channel", "DAT-085", "another channel", "channel", "region-2"),
        ("block.wrong_suite", "DAT-086", "another suite", "suite", "stub"),
        ("block.wrong_height", "DAT-087", "the height of the tip", "height", header["height"] - 1),
        ("block.wrong_height", "DAT-087", "a height too far", "height", header["height"] + 1),
        ("block.wrong_previous", "DAT-088", "after another block", "previous", other),
        ("block.time_backwards", "DAT-089", "before the tip", "time", START - 1),
        ("block.wrong_membership", "DAT-090", "under another membership", "membership", other),
        ("block.wrong_proposer", "DAT-091", "proposed by a member without vote", "proposer", "a"),
        ("block.wrong_proposer", "DAT-091", "proposed by nobody known", "proposer", "nobody"),
        ("block.wrong_state_root", "DAT-092", "another state", "state_root", other),
        ("block.wrong_receipts_root", "DAT-093", "other receipts", "receipts_root", other),
        ("block.wrong_transactions_root", "DAT-094", "other transactions", "transactions_root", other),
        ("block.wrong_transactions_root", "DAT-094", "another number of them", "size", header["size"] + 1),
        ("wire.bad_field", "DAT-082", "more transactions than there may be", "size", 1001),
        ("wire.bad_field", "DAT-082", "a field too few", "time", ...),
        ("wire.bad_field", "DAT-013 DAT-082", "a time below zero", "time", -1),
        ("wire.bad_field", "DAT-012 DAT-082", "a digest shorter by a byte", "previous", other[:-2]),
        ("wire.bad_field", "DAT-010 DAT-082", "a proposer that is no name", "proposer", "M0"),
    )
    for code, cited, why, field, value in wrong:
        sheet.twin(of, code, cited, why, text=altered(text, "header", field, value=value))
    both = altered(altered(text, "header", "height", value=99), "header", "previous", value=other)
    sheet.twin(of, "block.wrong_height", "DAT-014", "two defects: the code that stands first", text=both)


def _sealed(text: str, transactions: list[Any]) -> str:
    """A block with other transactions, its size and root put right."""
    whole = json.loads(text)
    root = merkle.root([encode(one) for one in transactions]).hex()
    header = whole["header"] | {"size": len(transactions), "transactions_root": root}
    return encode({"header": header, "transactions": transactions}).decode()


def _contents(sheet: Sheet, of: str, text: str) -> None:
    listed = json.loads(text)["transactions"]
    bad = ("block.bad_transaction", "DAT-099")

    def spoilt(*path: Any, value: Any) -> str:
        return _sealed(text, json.loads(altered(encode(listed).decode(), *path, value=value)))

    sheet.twin(of, "block.wrong_transactions_root", "DAT-094", "the transactions in another order",
               text=altered(text, "transactions", value=listed[::-1]))  # fmt: skip
    sheet.twin(of, "block.duplicate_transaction", "DAT-095", "one twice", text=_sealed(text, [*listed, listed[0]]))
    sheet.twin(of, *bad, "another order: the nonces do not ascend", text=_sealed(text, listed[::-1]))
    sheet.twin(of, *bad, "one is left out: a gap", text=_sealed(text, [one for one in listed if one != listed[1]]))
    sheet.twin(of, *bad, "a signature that does not fit", text=spoilt(0, "body", "payload", value=None))
    number = next(at for at, one in enumerate(listed) if one["body"]["nonce"] == 1)
    wrong: tuple[tuple[str, dict[str, Any]], ...] = (
        ("of another channel", {"channel": "region-2"}), ("of a kind that there is not", {"kind": "x"}),
        ("by somebody unknown", {"signers": ["nobody"]}), ("with a used nonce", {"nonce": 0}),
    )  # fmt: skip
    for why, changed in wrong:
        made = Transaction.from_value(listed[number])
        parts = [*listed[:number], json.loads(resigned(made, **changed)), *listed[number + 1 :]]
        sheet.twin(of, *bad, f"a transaction {why}", text=_sealed(text, parts))
    sheet.twin(of, "wire.bad_field", "DAT-084 DAT-060", "a transaction without a field",
               text=spoilt(0, "body", "nonce", value=...))  # fmt: skip
    sheet.twin(of, "wire.bad_field", "DAT-084", "a list that is none", text=altered(text, "transactions", value={}))
    sheet.twin(of, "wire.not_canonical", "DAT-064 DAT-084", "a transaction nested too deep",
               text=spoilt(0, "body", "payload", value=json.loads("[" * 119 + "]" * 119)))  # fmt: skip
    sheet.twin(of, "wire.too_large", "DAT-064 DAT-084", "a transaction too large",
               text=spoilt(0, "body", "payload", value="x" * 65_536))  # fmt: skip
    sheet.twin(of, "wire.too_large", "DAT-009 DAT-084", "a block too large", parts=[[text[:-2], 1], [" ", 2**20]])
    head, _, _ = text.partition('"transactions":[')
    small = encode(listed[0]).decode()
    for code, why, number in (
        ("wire.bad_field", "a transaction more than there may be", 1001),
        ("block.wrong_transactions_root", "as many as there may be, but others", 1000),
    ):
        filled = [[f'{head}"transactions":[', 1], [f"{small},", number - 1], [f"{small}]}}", 1]]
        sheet.twin(of, code, "DAT-084 DAT-094", why, parts=filled)


def receipts() -> Sheet:
    """The root over the receipts of each block of the chain, which stands in the block after it."""
    sheet = Sheet("block/receipts")
    for (_, text, made), following in zip(chain(), [*chain()[1:], None], strict=True):
        values = [decode(one, len(one)) for one in made]
        height = json.loads(text)["header"]["height"]
        name = sheet.valid("receipts.root", "DAT-093 DAT-111", f"the receipts of block {height}", {"receipts": values})
        found = next(case for case in sheet.cases if case["id"] == name)["expect"]["ok"]["root"]
        assert following is None or found == following[0]["tip"]["receipts_root"]
    return sheet


# ---- certificates


def certificates() -> Sheet:
    """Commit certificates: who signs what, how many it takes."""
    sheet = Sheet("certificate/certificates", "`text` null: the block came without a certificate")
    for suite in (Suite.INTL, Suite.STUB):
        _certificate(sheet, suite)
    given = sheet.cases[0]["input"] | {"engine": "solo", "text": None}
    of = sheet.valid("cert.check", "DAT-106", "solo needs none", given)
    sheet.twin(of, "consensus.missing_certificate", "DAT-106", "any other engine does", engine="tendermint")
    return sheet


def _signed(suite: Suite, signers: str, **changed: Any) -> str:
    """The text of a certificate whose votes fit what it says."""
    said = {"block": "cd" * 32, "channel": CHANNEL, "height": 7, "kind": "precommit", "profile": "tendermint",
            "round": 2} | changed  # fmt: skip
    about = Decision(
        ChannelId(said["channel"]), suite, Height(said["height"]), Digest(bytes.fromhex(said["block"])),
        Name(said["profile"]), Name(said["kind"]),
    )  # fmt: skip
    round_ = Round(said["round"])
    votes = tuple(
        Vote(MemberId(name), sign(key_for_tests(suite, name), vote_digest(about, round_, MemberId(name))))
        for name in signers.split()
    )
    made = Certificate(
        about.channel, about.suite, about.height, round_, about.block, about.profile, about.kind, votes
    )  # fmt: skip
    return made.to_bytes().decode()


def _crowded(text: str, number: int) -> str:
    """A certificate with so many votes of nobody."""
    votes = [{"member": f"x{at:03}", "signature": "00" * 32} for at in range(number)]
    return altered(text, "signatures", value=votes)


def _certificate(sheet: Sheet, suite: Suite) -> None:
    text = _signed(suite, "m0 m1 m2")
    given = {"channel": CHANNEL, "suite": suite.value, "height": 7, "block": "cd" * 32, "engine": "tendermint",
             "kind": "precommit", "members": members(suite).to_value(), "text": text}  # fmt: skip
    of = sheet.valid("cert.check", "DAT-100 DAT-101 DAT-105", "weight 7 of 9", given)
    sheet.valid("cert.check", "DAT-105", "all of them", given | {"text": _signed(suite, "m0 m1 m2 m3")})
    sheet.valid("cert.check", "DAT-101", "of another round", given | {"text": _signed(suite, "m0 m1 m2", round=0)})
    wrong: tuple[tuple[str, str, str, str], ...] = (
        ("consensus.wrong_channel", "DAT-102", "of another channel", _signed(suite, "m0 m1 m2", channel="region-2")),
        ("consensus.wrong_height", "DAT-102", "of another height", _signed(suite, "m0 m1 m2", height=8)),
        ("consensus.wrong_block", "DAT-102", "of another block", _signed(suite, "m0 m1 m2", block="ce" * 32)),
        ("consensus.wrong_kind", "DAT-102", "votes that do not commit", _signed(suite, "m0 m1 m2", kind="prevote")),
        ("consensus.wrong_kind", "DAT-102", "of another profile", _signed(suite, "m0 m1 m2", profile="pbft")),
        ("consensus.unknown_signer", "DAT-103", "with the vote of a member", _signed(suite, "a m0 m1 m2")),
        ("consensus.unknown_signer", "DAT-103", "with a vote of nobody", _signed(suite, "m0 m1 m2 nobody")),
        ("consensus.no_quorum", "DAT-105", "exactly two thirds", _signed(suite, "m1 m2 m3")),
        ("consensus.no_quorum", "DAT-105", "one vote", _signed(suite, "m0")),
        ("consensus.no_quorum", "DAT-105", "no vote", altered(text, "signatures", value=[])),
        ("consensus.bad_signature", "DAT-104", "a round that nobody signed", altered(text, "round", value=3)),
        ("consensus.bad_signature", "DAT-104", "one that does not fit, beyond a quorum",
         altered(_signed(suite, "m0 m1 m2 m3"), "signatures", 3, "signature",
                 value=json.loads(text)["signatures"][0]["signature"])),
        ("consensus.bad_signature", "DAT-014 DAT-104", "one that does not fit, and no quorum",
         altered(_signed(suite, "m0 m1"), "round", value=3)),
        ("wire.bad_field", "DAT-100", "a vote twice",
         altered(text, "signatures", 1, value=json.loads(text)["signatures"][0])),
        ("wire.bad_field", "DAT-100", "votes out of order",
         altered(text, "signatures", value=json.loads(text)["signatures"][::-1])),
        ("wire.bad_field", "DAT-100", "a field too few", altered(text, "round", value=...)),
        ("wire.bad_field", "DAT-100", "a vote with a weight", altered(text, "signatures", 0, "weight", value=3)),
        ("wire.bad_field", "DAT-012 DAT-100", "a signature shorter by a byte",
         altered(text, "signatures", 0, "signature", value="00" * 31)),
        ("wire.bad_field", "DAT-100", "more votes than there may be members", _crowded(text, 129)),
        ("consensus.unknown_signer", "DAT-100 DAT-103", "as many as may be, of nobody", _crowded(text, 128)),
        ("wire.bad_field", "DAT-013 DAT-100", "a round below zero", altered(text, "round", value=-1)),
        ("wire.bad_field", "DAT-016 DAT-100", "a suite that there is not", altered(text, "suite", value="x")),
        ("wire.not_canonical", "DAT-008", "a line end behind it", f"{text}\n"),
    )  # fmt: skip
    for code, cited, why, spoilt in wrong:
        sheet.twin(of, code, cited, why, text=spoilt)
    other = Suite.STUB if suite is Suite.INTL else Suite.INTL
    sheet.twin(of, "consensus.wrong_suite", "DAT-102", "of another suite", text=_signed(other, "m0 m1 m2"))
    sheet.twin(of, "consensus.missing_certificate", "DAT-106", "none", text=None)
