"""Whole nodes of the reference in a world in which members come and go.

Every node of the plan is there from the beginning; whoever is no member yet, or no more, follows. Liars are *stubborn*
where the plan has them byzantine to the end: removed, they go on voting; given another key, they keep the old one. It
must not judge a run.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import evolve

from conformance import reactor
from conformance.adapters.node import MachineMaker, NodeCluster, NodeReactor
from conformance.history import Decision, Said
from conformance.plan import Plan
from conformance.renewal import Force, Script, name_of, owner_of_key
from refimpl.consensus.interface import Kind
from refimpl.crypto.recipes import REHEARSAL, Suite, key_for_tests, verifier
from refimpl.data.block import Genesis
from refimpl.data.ids import MemberId
from refimpl.data.refusal import Refused
from refimpl.network.messages import Message, carries_transaction
from refimpl.node.machine import Machine
from refimpl.node.notary import MessageNotary, verify_message

__all__ = ["RenewingCluster", "Stubborn", "machine_of"]

GENERATIONS = 4
"""Keys that a node has at hand."""


class Stubborn(Machine):
    """Goes on as if it were a validator, with the key that it began with."""

    def _renew(self) -> None:
        super()._renew()
        self.speaks = True
        self.notary.force = (self.notary.force[0]._replace(own=self.pairs[0]), *self.notary.force[1:])
        self.engine = self.kind.make(self.member, self.notary)


def machine_of(make: Any) -> MachineMaker:
    """What makes the correct nodes: the reference, or a planted bug of whole nodes, or one of an engine in a node."""
    if make is None or issubclass(make, Machine):
        return make or Machine

    def with_engine(genesis: Genesis, kind: Kind, *rest: Any) -> Machine:
        return Machine(genesis, evolve(kind, make=make), *rest)

    return with_engine


class RenewingReactor(NodeReactor):
    """A node whose clients watch it: what is due for a height is handed in once the one below is decided here."""

    cluster: "RenewingCluster"

    def __init__(self, node: int, cluster: "RenewingCluster", make: MachineMaker, variant: int) -> None:
        def equipped(genesis: Genesis, kind: Any, member: MemberId, key: Any, verify: Any) -> Machine:
            later = [key_for_tests(Suite.STUB, owner_of_key(node, number)) for number in range(1, GENERATIONS)]
            return make(genesis, kind, member, key, verify, later)

        super().__init__(node, cluster, equipped, variant)
        self.handed = 0
        """The height for which clients have handed in, in this life."""

    def start(self, now: int) -> Sequence[reactor.Effect]:
        """See `reactor.Reactor`."""
        return [*super().start(now), *self.hand_in(now)]

    def deliver(self, src: int, wire: bytes, now: int) -> Sequence[reactor.Effect]:
        """See `reactor.Reactor`."""
        return [*super().deliver(src, wire, now), *self.hand_in(now)]

    def fire(self, name: Any, now: int) -> Sequence[reactor.Effect]:
        """See `reactor.Reactor`; a liar trips over what it signed with a key that is not in force."""
        try:
            return [*super().fire(name, now), *self.hand_in(now)]
        except Refused:
            if self.node not in self.cluster.faulty:
                raise
            return ()

    def recover(self, disk: Mapping[str, Any], now: int) -> Sequence[reactor.Effect]:
        """See `reactor.Reactor`."""
        self.handed = 0
        return [*super().recover(disk, now), *self.hand_in(now)]

    def hand_in(self, now: int) -> list[reactor.Effect]:
        """What is due up to the height after the tip, where several were decided at once too, and again where that
        decides something."""
        effects: list[reactor.Effect] = []
        while self.handed <= (tip := self.machine.ledger.tip).height:
            self.handed += 1
            for _, data in self.cluster.force.due(tip.block.hex(), self.handed):
                try:
                    effects += self.submit(data, now)
                except reactor.Refusal:  # others were faster
                    continue
        return effects

    def decision(self, height: int, round_: int, block: bytes, certificate: bytes | None, result: str) -> Decision:
        """See `NodeReactor`: judged by who is in force at the height."""
        found = super().decision(height, round_, block, None, result)
        return self.cluster.force.judged(found, block, certificate)


class RenewingCluster(NodeCluster):
    """The nodes of a plan with changes. One cluster serves one run."""

    def __init__(self, plan: Plan, correct: MachineMaker = Machine) -> None:
        script = Script(plan, f"{plan.engine}/1")
        self.force = Force(script)
        genesis = Genesis.from_bytes(script.network.genesis())
        keys = {MemberId(name): key_for_tests(Suite.STUB, name) for name in script.names}
        super().__init__(genesis, keys, plan, verifier(Suite.STUB, REHEARSAL), lambda height, count: (), correct)
        self.names = [MemberId(name_of(node)) for node in range(plan.n)]
        self.numbers = {name: node for node, name in enumerate(self.names)}
        public = {name: pair.public for name, pair in keys.items()}
        self.notaries = [MessageNotary(self.codec, keys[name], public, self.verify) for name in self.names]
        self.stubborn = {node for node, mood in plan.after.items() if mood == "byzantine"}
        self.live: dict[int, RenewingReactor] = {}

    def spawn(self, node: int, variant: int) -> RenewingReactor:
        """See `reactor.Cluster`."""
        liar = Stubborn if node in self.stubborn else Machine
        made = RenewingReactor(node, self, liar if node in self.faulty else self.correct, variant)
        if variant == 0:
            self.live[node] = made
        return made

    def is_owed(self, node: int) -> bool:
        """See `reactor.Lenient`: validators that know themselves to be."""
        return self.live[node].machine.speaks

    def alter(self, wire: bytes, act: Mapping[str, Any], source: NodeReactor) -> bytes | None:
        """See `NodeCluster`; what nobody could read is not said."""
        try:
            return super().alter(wire, act, source)
        except (Refused, LookupError):
            return None

    def is_genuine(self, wire: bytes) -> bool:
        """See `reactor.Cluster`: by any of the keys that its member has in this plan."""
        if carries_transaction(wire):
            return True
        try:
            message = self.message(wire)
        except Refused:
            return False
        node = self.numbers.get(message.sender, -1)
        return any(self.is_signed(message, owner_of_key(node, number)) for number in range(GENERATIONS))

    def is_signed(self, message: Message, owner: str) -> bool:
        """Whether a message is signed with the key of this name."""
        public = {message.sender: key_for_tests(Suite.STUB, owner).public}
        try:
            verify_message(self.codec, public, self.verify, message)
        except Refused:
            return False
        return True

    def disguise(self, wire: bytes, node: int) -> bytes:
        """See `reactor.Cluster`; bytes that are no message have no name to change."""
        try:
            return super().disguise(wire, node)
        except Refused:
            return wire

    def say(self, said: Said, act: Mapping[str, Any], source: NodeReactor, was: Message | None) -> bytes | None:
        """See `NodeCluster`; what a liar cannot build where it stands it does not say."""
        try:
            return super().say(said, act, source, was)
        except (Refused, LookupError):
            return None

    def resign(self, message: Message) -> bytes:
        """See `NodeCluster`; by the key that the liar goes by."""
        node = self.numbers[message.sender]
        assert node in self.faulty, "the harness signs for faulty nodes only"
        return self.codec.encode(self.live[node].machine.notary.sign(message))
