"""The stage: real nodes in a world of virtual time, under a plan of faults, driven step by step by a story.

Clients hand each transaction to every node, wait for its receipt at an honest one, and go on; between steps time may
jump by days. What is shown afterwards comes from the disks of honest nodes, never from what the story meant to happen.

It must not know what a story is about, nor print anything.
"""

import json
from collections.abc import Callable, Sequence
from typing import Any, Final

from attrs import define, field

from conformance.adapters.node import NodeCluster, NodeReactor
from conformance.checkers import judge
from conformance.history import History, Violation
from conformance.plan import Plan
from conformance.sentences import say
from conformance.world import World
from refimpl.contract.draft import Draft
from refimpl.crypto.recipes import REHEARSAL, KeyPair, verifier
from refimpl.data.ids import ChannelId, MemberId, Name, Nonce
from refimpl.data.transaction import COMMAND, Transaction
from refimpl.node import keys
from refimpl.node.ledger import Ledger
from refimpl.node.verify import verify_ledger
from refimpl.scenarios.cast import Cast

__all__ = ["Receipt", "Stage", "Unanswered"]

PATIENCE: Final = 600
"""Seconds a client waits for a receipt before the story is given up."""


@define
class Receipt:
    """What became of one transaction."""

    height: int
    status: str
    code: str
    events: list[dict[str, Any]]

    @property
    def instance(self) -> int:
        """The instance its first event is about."""
        return int(self.events[0]["instance"])


class Unanswered(Exception):
    """No honest node gave a receipt in time: the ledger has stopped."""


@define
class Stage:
    """One performance."""

    cast: Cast
    plan: Plan
    show: Callable[[int], None] = field(default=lambda height: None)
    """Told the height after each step, for progress."""
    world: World = field(init=False)
    cluster: NodeCluster = field(init=False)
    keys: dict[MemberId, KeyPair] = field(init=False)
    """With which the story's clients sign."""
    nonces: dict[MemberId, int] = field(factory=dict)

    def __attrs_post_init__(self) -> None:
        genesis = self.cast.genesis()
        genesis.check(REHEARSAL)
        verify = verifier(self.cast.suite, REHEARSAL)
        self.cluster = NodeCluster(genesis, self.cast.keys(), self.plan, verify, lambda height, count: ())
        self.keys = self.cast.keys()
        self.world = World(self.plan, self.cluster)
        self.world.start()

    # --- what a story does ---

    def act(
        self, signers: Sequence[str], contract: str, action: str, instance: int | None = None, **arguments: Any
    ) -> Receipt:
        """Submit a command and wait for its receipt."""
        listed = [{"name": name, "value": value} for name, value in sorted(arguments.items())]
        payload = {"action": action, "arguments": listed, "contract": contract, "instance": instance}
        return self.submit(signers, COMMAND, payload)

    def submit(self, signers: Sequence[str], kind: Name, payload: Any) -> Receipt:
        """Submit a transaction signed by these, the first of them the sender, and wait for its receipt."""
        sender, *others = (MemberId(name) for name in signers)
        nonce = self.nonces.get(sender, 0)
        self.nonces[sender] = nonce + 1
        draft = Transaction(
            self.cast.suite, ChannelId(self.cast.channel), Nonce(nonce), (sender, *sorted(others)), kind, payload
        )
        transaction = draft.signed(self.keys)
        self.world.submit(transaction.id.hex(), transaction.to_bytes())
        return self.wait_for(transaction.id.hex())

    def wait(self, seconds: int) -> None:
        """Let time pass; deadlines act on their own."""
        self.world.run_until(self.world.now + seconds)
        self.show(self.ledger.tip.height)

    @property
    def now(self) -> int:
        """Seconds since 1970, by the world's clock."""
        return self.cluster.genesis.time + self.world.now

    # --- what there is to see ---

    @property
    def honest(self) -> tuple[int, ...]:
        """Nodes that are not faulty."""
        return self.plan.correct

    @property
    def ledger(self) -> Ledger:
        """The ledger of the first honest node."""
        return self.ledger_of(self.honest[0])

    def ledger_of(self, node: int) -> Ledger:
        """The ledger of a node."""
        reactor = self.world.nodes[node].reactor
        assert isinstance(reactor, NodeReactor)
        return reactor.machine.ledger

    def disk(self, node: int) -> dict[str, bytes]:
        """What a node has on its disk."""
        return dict(self.world.nodes[node].disk)

    def state(self) -> Draft:
        """The state at the first honest node, for reading."""
        return Draft(self.ledger.state)

    def standing(self) -> dict[str, Any]:
        """Where everything stands: the state of each instance, and who owes whom."""
        state, instances = self.state(), {}
        for key in state.keys(b"instance/"):
            row: Any = state.read(key)
            instances[f"{row['contract']}/{row['id']}"] = row["state"]
        positions = {key.decode().split("/")[1]: int(str(state.read(key))) for key in state.keys(b"position/")}
        return {"instances": instances, "positions": positions}

    def receipts(self, first: int = 1) -> list[tuple[int, int, dict[str, Any]]]:
        """(height, time of the block, receipt) of all that happened from a height on, from the disk of the first honest
        node."""
        disk = self.disk(self.honest[0])
        found = []
        for height in range(first, self.ledger.tip.height + 1):
            time = json.loads(disk[keys.block(height)])["time"]
            told: list[bytes] = []
            while (data := disk.get(keys.receipt(height, len(told)))) is not None:
                told.append(data)
            found += [(height, time, json.loads(data)) for data in told]
        return found

    def finish(self) -> tuple[History, tuple[Violation, ...]]:
        """Let what is in flight arrive, then judge: what checkers find, and honest disks that do not verify."""
        self.world.run_until(self.world.now + PATIENCE)
        history = self.world.history("done")
        return history, (*judge(history), *self.verified())

    def verified(self) -> tuple[Violation, ...]:
        """Every honest node's disk from genesis, and all of them against each other."""
        broken: list[Violation] = []
        tips = {}
        for node in self.honest:
            report = verify_ledger(self.disk(node))
            tips[node] = (report.height, report.state_root)
            if report.finding is not None:
                found = report.finding
                broken.append(Violation(found.clause, self.world.now, (node,), found.expected, found.got))
        if len(set(tips.values())) > 1:
            broken.append(Violation("INV-S5", self.world.now, tuple(tips), say("tips.equal"), str(tips)))
        return tuple(broken)

    # --- inside ---

    def wait_for(self, transaction: str) -> Receipt:
        """The receipt of a transaction at the first honest node, in virtual time."""
        known = self.ledger.tip.height
        for _ in range(PATIENCE):
            self.world.run_until(self.world.now + 1)
            tip = self.ledger.tip.height
            for height, _, receipt in self.receipts(known + 1):
                if receipt.get("tx") == transaction:
                    self.show(height)
                    return Receipt(height, receipt["status"], receipt.get("code", ""), receipt.get("events", []))
            known = tip
        raise Unanswered(f"no receipt within {PATIENCE} seconds of virtual time")
