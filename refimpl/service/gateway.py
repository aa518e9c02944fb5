"""The gateway: a request in, an answer out, over the node of one member. No socket, no clock, no disk.

Every refusal is `{at, code, message, values}` with a code of spec/errors.toml. What somebody may not see is answered as
what does not exist. Nothing that is answered was kept for it: each answer is read off the chain when it is asked for.
Source: spec/application.md, APP-050 to APP-058.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Protocol

from attrs import define, field, frozen

from refimpl.application.access_log import as_data as line_data
from refimpl.application.access_log import entries_of, records_of
from refimpl.application.audit import as_data as event_data
from refimpl.application.audit import prove_state, prove_transaction, supervise
from refimpl.application.certificates import Identity, check_in_force
from refimpl.application.view import Chain, View, happenings
from refimpl.contract.draft import Draft
from refimpl.contract.rows import Row
from refimpl.data.block import Block
from refimpl.data.encoding import decode_known
from refimpl.data.ids import MemberId
from refimpl.data.limits import SERVICE_ANSWER_ITEMS, TRANSACTION_DEPLOY_BYTES
from refimpl.data.refusal import Code, Refused
from refimpl.data.transaction import read_transaction
from refimpl.node.execution import next_nonce
from refimpl.node.ledger import Ledger
from refimpl.service.metrics import exposition
from refimpl.service.operations import OPERATIONS, Operation, find, query_of, status_of
from refimpl.service.requests import Answer, Asked, Doorkeeper
from refimpl.service.rights import Reader
from refimpl.shell.messages import Language
from refimpl.shell.refusals import sentence

__all__ = ["Gateway", "Node", "block_event", "stream_of"]

_ROWS: Final = b"instance/"
_ACCESSES: Final = b"access/"


class Node(Protocol):
    """The member's node as the gateway asks it."""

    @property
    def chain(self) -> Chain:
        """The whole chain."""

    @property
    def ledger(self) -> Ledger:
        """The state after the last block, and what waits."""

    @property
    def writable(self) -> bool:
        """Whether it takes transactions."""

    def submit(self, data: bytes, now: int) -> None:
        """Hand in a transaction; raises `Refused` as `Ledger.check` does."""


@frozen
class _Question:
    """What is known of a request once it is let in."""

    given: Mapping[str, str]
    body: bytes
    now: int
    identity: Identity
    reader: Reader


@define
class Gateway:
    """Answers for one node."""

    node: Node
    door: Doorkeeper
    answered: Counter[tuple[str, int]] = field(factory=Counter, init=False)
    """(operation, status) -> how often."""

    def answer(self, asked: Asked, now: int) -> Answer:
        """The answer at second `now`; never raises for anything that is asked."""
        operation: Operation | None = None
        try:
            operation, given = find(asked.method, asked.path)
            answer = self._of(operation, given, asked, now)
        except Refused as refused:
            answer = _refusal(refused, asked.headers.get("accept-language", ""))
        self.answered[operation.id if operation else "unknown", answer.status] += 1
        return answer

    def _of(self, operation: Operation, given: dict[str, str], asked: Asked, now: int) -> Answer:
        if not operation.signed:
            query_of(operation, asked.query)
            return self._open(operation)
        if len(asked.body) > TRANSACTION_DEPLOY_BYTES:
            raise Refused(Code.WIRE_TOO_LARGE, max=TRANSACTION_DEPLOY_BYTES, got=len(asked.body))
        tip = self.node.ledger.tip
        identity = self.door.admit(asked, tip.members, tip.time, now)
        view = View(self.node.ledger.state)
        reader = Reader(identity.member, identity.role, view)
        given = given | query_of(operation, asked.query)
        answer = _ANSWERS[operation.id](self, _Question(given, asked.body, now, identity, reader))
        return answer if isinstance(answer, Answer) else _json(operation.status, answer)

    def _open(self, operation: Operation) -> Answer:
        """Those two that everybody may ask."""
        if operation.id == "metrics":
            return Answer(200, exposition(self.node.ledger, self.answered).encode(), operation.kind)
        ledger = self.node.ledger
        return _json(200, {
            "channel": ledger.genesis.channel, "engine": ledger.genesis.engine, "height": ledger.tip.height,
            "status": "ok", "suite": ledger.genesis.suite.value, "writable": self.node.writable,
        })  # fmt: skip

    # --- the chain: for every member in force ---

    def me(self, question: _Question) -> dict[str, Any]:
        """Who asks."""
        member, view = question.identity.member, question.reader.view
        return {
            "channel": self.door.channel, "kind": view.kind(member), "member": member,
            "names": sorted(question.reader.names), "next_nonce": next_nonce(Draft(self.node.ledger.state), member),
            "not_after": question.identity.not_after, "region": question.reader.region,
            "role": question.identity.role.value, "time": question.now,
        }  # fmt: skip

    def tip(self, _: _Question) -> dict[str, Any]:
        """The last block."""
        tip = self.node.ledger.tip
        return {"block": tip.block.hex(), "height": tip.height, "receipts_root": tip.receipts_root.hex(),
                "state_root": tip.state_root.hex(), "time": tip.time}  # fmt: skip

    def members(self, _: _Question) -> dict[str, Any]:
        """The members in force."""
        return {"members": self.node.ledger.tip.members.to_value()}

    def directory(self, _: _Question) -> dict[str, Any]:
        """The nodes of the directory: who can take part, no personal data."""
        nodes = []
        for key, value in self.node.ledger.state.items(b"node/"):
            kind, parent, attributes = decode_known(value)
            nodes.append({"attributes": dict(attributes), "kind": kind, "name": key[5:].decode(), "parent": parent})
        return {"nodes": nodes}

    def genesis(self, _: _Question) -> dict[str, Any]:
        """Block 0."""
        return {"bytes": self.node.ledger.genesis.to_bytes().hex()}

    def block(self, question: _Question) -> dict[str, Any]:
        """A block by its height."""
        height = int(question.given["height"])
        if not 1 <= height <= self.node.chain.height:
            raise Refused(Code.QUERY_NOT_FOUND, what="block")
        return block_event(self.node.chain, height)

    def transaction_proof(self, question: _Question) -> dict[str, Any]:
        """That a transaction stands in a block."""
        height, index = int(question.given["height"]), int(question.given["index"])
        try:
            return prove_transaction(self.node.chain, height, index).to_value()
        except Refused:
            raise Refused(Code.QUERY_NOT_FOUND, what="transaction") from None

    def follow(self, question: _Question) -> Answer:
        """A stream of blocks."""
        start = int(question.given.get("from", "1"))
        identity, node = question.identity, self.node
        return Answer(200, kind="text/event-stream", follow=max(1, start),
                      still=lambda: check_in_force(identity, node.ledger.tip.members))  # fmt: skip

    def state(self, question: _Question) -> dict[str, Any]:
        """An entry of the state with its proof; a row only for whom it is given to (APP-054, APP-056)."""
        key, chain = bytes.fromhex(question.given["key"]), self.node.chain
        height = int(question.given.get("height", chain.height))
        if not 0 <= height <= chain.height:
            raise Refused(Code.QUERY_NOT_FOUND, what="block")
        self._must_be_given(question.reader, key)
        state = chain.state(height)
        claim = prove_state(chain, height, key).to_value() if 1 <= height < chain.height else None
        found = state.get(key)
        return {"claim": claim, "height": height, "key": key.hex(), "state_root": state.root.hex(),
                "value": None if found is None else found.hex(), "way": state.prove(key).to_value()}  # fmt: skip

    def _must_be_given(self, reader: Reader, key: bytes) -> None:
        """Return unless the key is that of a row, or of an access to one, that the member may not see."""
        if key.startswith(_ROWS):
            number = key[len(_ROWS) :]
            reader.row(int(number) if number.isdigit() else -1)
        elif key.startswith(_ACCESSES):
            found = self.node.ledger.state.get(key)
            access: dict[str, Any] = {} if found is None else decode_known(found)
            if reader.member not in (access.get("reader"), access.get("custodian")):
                reader.row(access.get("instance", -1))

    # --- transactions ---

    def receipt(self, question: _Question) -> dict[str, Any]:
        """What became of a transaction, for those who signed it or may see all it is about."""
        wanted, chain = question.given["tx"], self.node.chain
        for height in range(chain.height, 0, -1):
            for transaction in chain.transactions(height):
                if transaction.id.hex() == wanted:
                    return self._receipt(question.reader, height, wanted, transaction.signers)
        raise Refused(Code.QUERY_NOT_FOUND, what="receipt")

    def _receipt(self, reader: Reader, height: int, tx: str, signers: tuple[MemberId, ...]) -> dict[str, Any]:
        [receipt] = [told for data in self.node.chain.receipts(height) if (told := decode_known(data)).get("tx") == tx]
        about = {one["instance"] for one in receipt.get("events", ()) if "instance" in one}
        if reader.member not in signers and not (about and all(_seen(reader, one) for one in about)):
            raise Refused(Code.QUERY_NOT_FOUND, what="receipt")
        return {"height": height, "receipt": receipt}

    def submit(self, question: _Question) -> dict[str, Any]:
        """Take a transaction, one of whose signers asks (APP-057)."""
        if not self.node.writable:
            raise Refused(Code.SERVICE_READ_ONLY)
        transaction = read_transaction(question.body)
        if question.identity.member not in transaction.signers:
            raise Refused(Code.SERVICE_FORBIDDEN)
        self.node.submit(question.body, question.now)
        return {"tx": transaction.id.hex()}

    # --- what the rules give ---

    def records(self, question: _Question) -> dict[str, Any]:
        """What is kept of a patient, as far as the asking member may see it."""
        return {"instances": [_row(row) for row in self._kept(question)], "more": False}

    def _kept(self, question: _Question) -> list[Row]:
        """Records of the patient that are given; if none are, there is no such patient, but to the patient itself."""
        reader, patient = question.reader, question.given["patient"]
        known = reader.view.kind(patient) == "Patient"
        rows = [row for row in records_of(reader.view, MemberId(patient)) if reader.may_see(row)] if known else []
        if not rows and patient not in reader.names:
            raise Refused(Code.QUERY_NOT_FOUND, what="patient")
        return rows

    def patient_trace(self, question: _Question) -> dict[str, Any]:
        """Who recorded and who saw, for a patient."""
        return self._trace({row.id for row in self._kept(question)})

    def record_trace(self, question: _Question) -> dict[str, Any]:
        """Who recorded and who saw one record."""
        return self._trace({question.reader.row(int(question.given["record"])).id})

    def _trace(self, wanted: set[int]) -> dict[str, Any]:
        lines = entries_of(happenings(self.node.chain), wanted)[-SERVICE_ANSWER_ITEMS:]
        return {"entries": [line_data(one) for one in lines], "records": sorted(wanted)}

    def audit(self, question: _Question) -> dict[str, Any]:
        """Every event of a region, for the auditor of it."""
        region = question.given["region"]
        question.reader.must_supervise(region)
        found = list(supervise(self.node.chain, region))
        latest = found[: -SERVICE_ANSWER_ITEMS - 1 : -1]
        return {"events": [event_data(one) for one in latest], "more": len(found) > len(latest), "region": region}

    def instances(self, question: _Question) -> dict[str, Any]:
        """The work list: instances of a contract that the asking member may see."""
        past = int(question.given.get("after", "-1"))
        rows = [row for row in question.reader.view.rows(question.given["contract"])
                if row.id > past and question.reader.may_see(row)]  # fmt: skip
        latest = rows[: -SERVICE_ANSWER_ITEMS - 1 : -1]
        return {"instances": [_row(row) for row in latest], "more": len(rows) > len(latest)}


_ANSWERS: Final[Mapping[str, Callable[[Gateway, _Question], dict[str, Any] | Answer]]] = {
    one.id: getattr(Gateway, one.id) for one in OPERATIONS if one.signed
}


def block_event(chain: Chain, height: int) -> dict[str, Any]:
    """A block as it is told: canonical bytes in hexadecimal for who verifies, and its parts for who reads."""
    header, listed, certificate = chain.header(height), chain.transactions(height), chain.certificate(height)
    return {
        "block": Block(header, listed).to_bytes().hex(),
        "certificate": None if certificate is None else certificate.to_bytes().hex(),
        "header": header.to_value(), "id": header.id.hex(),
        "transactions": [{"kind": one.kind, "signers": list(one.signers), "tx": one.id.hex()} for one in listed],
    }  # fmt: skip


def _seen(reader: Reader, instance: int) -> bool:
    try:
        reader.row(instance)
    except Refused:
        return False
    return True


def _row(row: Row) -> dict[str, Any]:
    return {"contract": row.contract, "entered": row.entered, "instance": row.id, "state": row.state,
            "values": dict(row.values), "version": row.version}  # fmt: skip


def _refusal(refused: Refused, languages: str) -> Answer:
    language = Language.ZH if languages.strip().lower().startswith("zh") else Language.EN
    values = dict(refused.values)
    told = {"at": refused.at, "code": refused.code.value, "values": values,
            "message": sentence(refused.code.value, language, values)}  # fmt: skip
    headers = {"Allow": str(values["expected"])} if refused.code is Code.SERVICE_WRONG_METHOD else {}
    return _json(status_of(refused.code), told, headers)


def _json(status: int, value: object, headers: Mapping[str, str] | None = None) -> Answer:
    body = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    return Answer(status, body, headers=headers or {})


def stream_of(chain: Chain, start: int) -> Iterator[tuple[int, bytes]]:
    """(height, event) of the blocks from a height to the last one, in the form of server-sent events."""
    for height in range(start, chain.height + 1):
        told = json.dumps(block_event(chain, height), ensure_ascii=True, sort_keys=True, separators=(",", ":"))
        yield height, f"id: {height}\nevent: block\ndata: {told}\n\n".encode()
