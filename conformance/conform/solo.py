"""One validator under `solo/1`, beside the kit's own ledger: after every step both must say the same.

A bare digest is never a finding: where the state differs, its entries are compared and the first that differs is named.
It must not know any test. Source: spec/node-protocol.md parts 2 to 4 and 6.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from attrs import define, field

from conformance.conform.session import Session
from conformance.conform.verdicts import Failed, WrongReason
from conformance.door import Reply
from conformance.model.genesis import CLIENTS, START, Network, id_of
from conformance.model.ledger import Ledger, difference
from conformance.model.scripts import Script
from conformance.sentences import Text, say
from conformance.wire import canonical, header_of

__all__ = ["Solo", "channel"]

Data = Mapping[str, Any]
HEADER: Mapping[str, str] = {
    "channel": "DAT-085", "suite": "DAT-086", "height": "DAT-087", "previous": "DAT-088", "time": "DAT-097",
    "membership": "DAT-090", "proposer": "DAT-091", "state_root": "DAT-092", "receipts_root": "DAT-093",
    "size": "NOD-062", "transactions_root": "NOD-062",
}  # fmt: skip
"""Member of a header -> the clause that says what it is."""


def channel(script: Script | None = None, suite: str = "stub") -> Network:
    """The channel of one validator, with whoever acts in a script."""
    members = CLIENTS if script is None else tuple(sorted({*CLIENTS, *script.members}))
    directory = () if script is None else script.directory
    return Network("solo/1", "solo", (("m0", 1),), suite, members=members, directory=directory)


@define
class Solo:
    """An instance under way. `disk` is what its effects wrote."""

    session: Session
    network: Network
    node: str = "a"
    model: Ledger = field(init=False)
    disk: dict[str, str] = field(factory=dict)
    timers: dict[str, int] = field(factory=dict)
    heard: list[Data] = field(factory=list)
    """Every effect of this life, in order."""
    now: int = START
    silent: bool = False
    """Whether steps are not compared: what is done is compared later."""

    def __attrs_post_init__(self) -> None:
        self.model = Ledger(self.network)

    def begin(self) -> "Solo":
        """Make and start it."""
        self.must("NOD-011", "init", config=self.network.config("m0"))
        effects = self.must("NOD-013", "start", now=self.now * 1000)["effects"]
        self.heed(effects)
        return self

    # --- asking ---

    def must(self, clause: str, op: str, **fields: Any) -> Data:
        """The `ok` of a request that must be carried out."""
        reply = self.session.ask(op, node=self.node, **fields)
        if reply.kind != "ok":
            raise self.failed(clause, say("carried-out", op=op), reply.told)
        return reply.value

    def query(self, path: str, **args: Any) -> Data:
        """The value of a query that must be answered."""
        value: Data = self.must("NOD-017", "query", path=path, args=args)["value"]
        return value

    def failed(self, clause: str, expected: Text, actual: Text, **more: Any) -> Failed:
        """A failure at the last exchange."""
        return Failed(clause, expected, actual, exchange=self.session.exchange(), **more)

    # --- steps ---

    def submit(self, made: Any, now: int | None = None) -> Reply:
        """A client's transaction (data, or bytes): compared with what the kit's ledger says."""
        self.now = self.now if now is None else now
        data = made if isinstance(made, bytes) else canonical(made)
        answer = self.model.submit(data, self.now)
        reply = self.session.ask("submit", node=self.node, now=self.now * 1000, tx=data.hex())
        if reply.kind == "err":
            expected = say("refused", code=answer.refused) if answer.refused else say("ok")
            raise self.failed("NOD-016", expected, reply.told)
        if answer.refused:
            self.must_be_refused(reply, answer.refused)
            return reply
        if reply.kind == "refused":
            raise self.failed("NOD-016", say("admitted"), reply.told)
        if reply.value["tx_id"] != id_of(json.loads(data)):
            raise self.failed("DAT-062", f"tx_id {id_of(json.loads(data))}", reply.value["tx_id"], at="/ok/tx_id")
        self.compare(self.heed(reply.value["effects"]), answer.block)
        return reply

    def must_be_refused(self, reply: Reply, code: str) -> None:
        """The check refuses with this code, and nothing has changed."""
        if reply.kind != "refused":
            raise self.failed("NOD-016", say("refused.at-check", code=code), reply.told)
        if reply.code != code:
            about, exchange = self.session.about, self.session.exchange()
            raise WrongReason(about, say("refused", code=code), reply.told, exchange=exchange)
        self.compare_tip("DAT-015")

    def wait(self, until: int) -> None:
        """Time passes to second `until`; the timers that are set ring."""
        while self.timers and min(self.timers.values()) <= until * 1000:
            name = min(self.timers, key=lambda one: (self.timers[one], one))
            at = max(self.timers.pop(name), self.now * 1000)
            self.now = at // 1000
            block = self.model.tick(self.now)
            effects = self.must("NOD-015", "fire", now=at, timer=name)["effects"]
            self.compare(self.heed(effects), block)
        due = self.model.deadline()
        if due is not None and due < until:
            told = tuple(say("timers.one", name=name, at=at) for name, at in sorted(self.timers.items()))
            actual = say("timers", timers=told or say("none"))
            raise self.failed("NOD-063", say("timer", second=due + 1), actual)
        self.now = max(self.now, until)

    def heed(self, effects: Sequence[Data]) -> list[Data]:
        """Keep what effects write and set; what they decide."""
        self.heard += effects
        for effect in effects:
            self.carry_out(effect)
        return [effect for effect in effects if effect["effect"] == "decide"]

    def carry_out(self, effect: Data) -> None:
        """One effect on disk and timers."""
        match effect["effect"]:
            case "persist":
                for write in effect["writes"]:
                    self.disk.pop(write["key"], None)
                    if "value" in write:
                        self.disk[write["key"]] = write["value"]
            case "set_timer":
                self.timers[effect["timer"]] = effect["at"]
            case "cancel":
                self.timers.pop(effect["timer"], None)

    # --- comparing ---

    def compare(self, decided: Sequence[Data], block: bytes) -> None:
        """What was decided is the block that the kit's ledger has, and the state after it the same."""
        if self.silent:
            return
        if len(decided) != (1 if block else 0):
            expected, actual = say("block.one" if block else "block.no"), say("block.count", count=len(decided))
            raise self.failed("NOD-061" if block else "NOD-062", expected, actual)
        for effect in decided:
            self.compare_block(effect, block)
        self.compare_tip("CTR-D05")

    def compare_block(self, effect: Data, block: bytes) -> None:
        """Header by header member; then transactions."""
        if effect["block"] == block.hex():
            if effect["height"] != self.model.tip["height"] or "cert" in effect:
                expected = say("block.no-cert", height=self.model.tip["height"])
                raise self.failed("NOD-034", expected, say("height", height=effect["height"]))
            return
        header, right = header_of(bytes.fromhex(effect["block"])), header_of(block)
        if not header:
            raise self.failed("DAT-084", say("block.a"), effect["block"][:80])
        for name in ("height", "previous", "time", *sorted(right)):
            if header.get(name) != right[name]:
                raise self.failed(HEADER[name], f"{name} {right[name]}", str(header.get(name)),
                                  diff=self.differs() if name == "state_root" else ())  # fmt: skip
        raise self.failed("DAT-084", say("block.transactions"), say("others"))

    def compare_tip(self, clause: str) -> None:
        """The node's tip is the kit's; where only the state differs, its entries are compared."""
        if self.silent:
            return
        found, expected = dict(self.query("tip")), self.model.tip
        if found == expected:
            return
        name = next(name for name in ("height", "block", "time", "state_root", "receipts_root")
                    if found.get(name) != expected[name])  # fmt: skip
        if name == "state_root":
            listed = self.differs()
            self.compare_receipts(listed)
            if not listed:
                actual = say("state.same-entries", root=found[name])
                raise self.failed("DAT-044", f"state_root {expected[name]}", actual)
            first = listed[0]
            clause = owner_of(first["key"])
            raise self.failed(clause, f"{first['key']}{first['pointer']} = {brief(first['expected'])}",
                              brief(first["actual"]), diff=listed)  # fmt: skip
        if name == "receipts_root":
            clause = "DAT-111"
            self.compare_receipts()
        raise self.failed(clause, f"{name} {expected[name]}", str(found.get(name)))

    def compare_members(self) -> None:
        """Who is in force, as the node answers."""
        found = self.query("members")["members"]
        if found != list(self.model.members):
            raise self.failed("NOD-045", brief(list(self.model.members)), brief(found))

    def compare_receipts(self, diff: Sequence[Data] = ()) -> None:
        """The receipts of the last block, transaction by transaction; `diff` are entries of the state that differ."""
        for made in json.loads(self.model.blocks[-1])["transactions"] if self.model.blocks else ():
            self.compare_receipt(id_of(made), diff)

    def compare_receipt(self, name: str, diff: Sequence[Data] = ()) -> None:
        """One receipt as the kit's ledger has it; another code is another reason. Where the state differs too because
        something was applied that should not have been, or the other way round, the clause that the test is about is
        broken."""
        expected, found = self.model.done[name], dict(self.query("receipt", tx_id=name))
        if found == expected:
            return
        told, got = brief(expected), brief(found)
        if expected.get("code") != found.get("code") and expected["status"] == found["status"] == "refused":
            raise WrongReason("DAT-111", told, got, exchange=self.session.exchange())
        clause = self.session.about if diff and found["status"] != expected["status"] else "DAT-111"
        raise self.failed(clause, told, got, diff=diff)

    def differs(self) -> list[dict[str, Any]]:
        """Entries of the state that differ."""
        return difference(self.model.state(), self.state())

    def state(self) -> dict[bytes, bytes]:
        """The node's whole state, page by page."""
        found: dict[bytes, bytes] = {}
        after: dict[str, str] = {}
        while True:
            page = self.query("state", **after)
            found |= {bytes.fromhex(item["key"]): bytes.fromhex(item["value"]) for item in page["items"]}
            if not page["more"] or not page["items"]:
                return found
            after = {"after": page["items"][-1]["key"]}

    # --- crash ---

    def crash(self) -> None:
        """Its memory is gone."""
        self.must("NOD-018", "crash")
        self.timers.clear()

    def recover(self, disk: Mapping[str, str] | None = None, key: str = "") -> None:
        """It comes back with what the disk holds, and with the key of another name if one is given."""
        kept = self.disk if disk is None else disk
        listed = [{"key": key, "value": kept[key]} for key in sorted(kept)]
        config = self.network.config("m0", key)
        effects = self.must("NOD-019", "recover", config=config, disk=listed, now=self.now * 1000)
        decided = self.heed(effects["effects"])
        if decided:
            raise self.failed("NOD-034", say("recovered.silent"), say("height", height=decided[0]["height"]))


def brief(value: Any) -> str:
    """A value as a line shows it."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    return text if len(text) <= 200 else f"{text[:200]}.."


def owner_of(key: str) -> str:
    """The clause that says what stands under a key of the state."""
    area = key.partition("/")[0]
    owners = {"nonce": "DAT-112", "members": "DAT-076", "record": "APP-009", "access": "CTR-D10", "accesses": "CTR-D10"}
    return owners.get(area, "CTR-D05")
