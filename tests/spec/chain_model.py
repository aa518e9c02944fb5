"""`spec/model/chain.qnt` once more, in Python, to visit every state: one node's disk, crashes between any two effects.

Step by step the same machine, without what the guards make impossible (a torn or forgotten write). It knows nothing of
the real node; `chain_node` ties the two.
"""

from collections.abc import Iterator
from typing import NamedTuple

from tests.spec.explore import holds

NIL = "nil"
PROPOSE, PREVOTE, PRECOMMIT = "propose", "prevote", "precommit"


class Said(NamedTuple):
    """A statement about a height and round; of kind `propose` it is somebody else's, `decided` the members'."""

    h: int
    kind: str
    r: int
    v: str


NOTHING = Said(0, "", 0, "")


class Effect(NamedTuple):
    """What is still to be done: `record`, `say`, `commit` or `report`."""

    what: str
    about: Said


class Disk(NamedTuple):
    """What is written."""

    tip: int = 0
    chain: tuple[str, ...] = ()
    records: tuple[Said, ...] = ()
    whole: bool = True


class Node(NamedTuple):
    """What is in memory."""

    up: bool = False
    chain: tuple[str, ...] = ()
    round: int = 0
    said: tuple[Said, ...] = ()
    locked_round: int = -1
    locked: str = NIL


class State(NamedTuple):
    """The node, what it has still to do, and what the world has seen of it."""

    disk: Disk
    node: Node
    pending: tuple[Effect, ...] = ()
    wire: frozenset[Said] = frozenset()
    told: frozenset[tuple[int, str]] = frozenset()
    agreed: tuple[str, ...] = ()


class Did(NamedTuple):
    """One step: what, about what, and the code where it was refused."""

    act: str
    about: Said = NOTHING
    code: str = ""


class Chain:
    """The model for some values, heights and rounds."""

    def __init__(self, values: tuple[str, ...] = ("A", "B"), max_height: int = 2, max_round: int = 1) -> None:
        self.values, self.max_height, self.max_round = values, max_height, max_round

    def initial(self) -> State:
        """A node that has just been started on an empty ledger."""
        return State(Disk(), Node(up=True), agreed=("",) * self.max_height)

    def successors(self, state: State) -> Iterator[tuple[Did, State]]:
        """Every step."""
        node, disk = state.node, state.disk
        if not node.up:
            yield from self.returns(state)
            return
        yield Did("crash"), state._replace(node=Node(), pending=())
        if state.pending:
            yield carry_out(state)
        elif len(node.chain) < self.max_height:
            yield from self.votes(state, len(node.chain) + 1)
            yield from self.decisions(state, len(node.chain) + 1)
        assert disk.whole or disk.tip, "only a disk with a block on it was damaged"

    def votes(self, state: State, h: int) -> Iterator[tuple[Did, State]]:
        """The node is brought to vote."""
        node = state.node
        own = [said for said in node.said if said.kind != PROPOSE]
        last = (own[-1].r, own[-1].kind == PRECOMMIT) if own else (-1, True)
        for r in range(self.max_round + 1):
            for v in (*self.values, NIL):
                prevote, precommit = Said(h, PREVOTE, r, v), Said(h, PRECOMMIT, r, v)
                if r > last[0] and (v == NIL or node.locked_round == -1 or node.locked == v):
                    yield Did("vote", prevote), vote(state, prevote)
                if last == (r, False):
                    yield Did("vote", precommit), vote(state, precommit)

    def decisions(self, state: State, h: int) -> Iterator[tuple[Did, State]]:
        """The members decide, and the node learns of it."""
        for v in self.values:
            if state.agreed[h - 1] in ("", v):
                said = Said(h, "decided", 0, v)
                node = Node(up=True, chain=(*state.node.chain, v))
                agreed = (*state.agreed[: h - 1], v, *state.agreed[h:])
                pending = (Effect("commit", said), Effect("report", said))
                yield Did("decide", said), state._replace(node=node, pending=pending, agreed=agreed)

    def returns(self, state: State) -> Iterator[tuple[Did, State]]:
        """A node that is down is damaged, comes back, or is refused."""
        disk = state.disk
        if disk.whole and disk.tip:
            yield Did("damage"), state._replace(disk=disk._replace(whole=False))
        if not disk.whole or disk.tip != len(disk.chain):
            yield Did("recover", code="store.corrupt"), state
            return
        own = [said for said in disk.records if said.kind != PROPOSE]
        locks = [said for said in own if said.kind == PRECOMMIT and said.v != NIL]
        lock = (locks[-1].r, locks[-1].v) if locks else (-1, NIL)
        node = Node(True, disk.chain, own[-1].r if own else 0, disk.records, *lock)
        yield Did("recover"), state._replace(node=node, pending=tuple(Effect("say", said) for said in own))

    # --- what must hold ---

    def check(self, state: State) -> None:
        """Raise `Broken` unless every invariant of the model holds."""
        disk, node, wire = state.disk, state.node, state.wire
        locks = [said for said in wire if said.kind == PRECOMMIT and said.v != NIL]
        kept = {(said.r, said.v) for said in disk.records if said.kind == PROPOSE}
        holds((
            ("speaksOnce", len({(said.h, said.kind, said.r) for said in wire}) == len(wire)),
            ("saidIsRecorded", all(said.h <= disk.tip or said in disk.records for said in wire)),
            ("toldIsDurable", all(h <= len(disk.chain) and disk.chain[h - 1] == v for h, v in state.told)),
            ("toldIsAgreed", all(state.agreed[h - 1] == v for h, v in state.told)),
            ("lockIsKept", all(said.v in (NIL, lock.v) for lock in locks for said in wire if self.binds(lock, said))),
            ("lockIsUsable", all(
                (said.r, said.v) in kept for said in disk.records if said.kind == PRECOMMIT and said.v != NIL
            )),
            ("diskFits", not disk.whole or disk.tip == len(disk.chain)),
            ("nothingInMemoryAlone", not node.up or bool(state.pending)
                or (node.chain, node.said) == (disk.chain, disk.records)),
        ))  # fmt: skip

    def binds(self, lock: Said, said: Said) -> bool:
        """Whether a lock in force covers a later prevote: with two rounds no newer lock can lie between them."""
        assert self.max_round <= 1, "a newer lock between the two would free the member"
        return said.h == lock.h and said.kind == PREVOTE and said.r > lock.r


def put(records: tuple[Said, ...], *more: Said) -> tuple[Said, ...]:
    """Records with more of them; there is one in a kind and round."""
    places = {(said.kind, said.r) for said in more}
    return (*(said for said in records if (said.kind, said.r) not in places), *more)


def vote(state: State, said: Said) -> State:
    """The state after a vote: what locks is written with the proposal that it rests on."""
    node = state.node
    locking = said.kind == PRECOMMIT and said.v != NIL
    kept = (said._replace(kind=PROPOSE),) if locking else ()
    lock = (said.r, said.v) if locking else (node.locked_round, node.locked)
    spoken = Node(True, node.chain, said.r, put(node.said, *kept, said), *lock)
    pending = (*(Effect("record", one) for one in kept), Effect("record", said), Effect("say", said))
    return state._replace(node=spoken, pending=pending)


def carry_out(state: State) -> tuple[Did, State]:
    """The next effect is carried out."""
    (what, about), disk = state.pending[0], state.disk
    after = state._replace(pending=state.pending[1:])
    if what == "record":
        after = after._replace(disk=disk._replace(records=put(disk.records, about)))
    elif what == "commit":
        left = tuple(said for said in disk.records if said.h != about.h)
        after = after._replace(disk=disk._replace(tip=about.h, chain=(*disk.chain, about.v), records=left))
    elif what == "say":
        after = after._replace(wire=state.wire | {about})
    else:
        after = after._replace(told=state.told | {(about.h, about.v)})
    return Did("carryOut", about), after
