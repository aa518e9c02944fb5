"""What liars can say: statements of each engine that no honest copy would make now, still unsigned.

Why: an atom of a plan says "towards node 3 support v1", and what that is in bytes differs by engine. One function an
engine, its tongue; an engine without one can still be twinned, delayed, silenced and made to repeat itself.

It must not sign, send or judge, and knows the messages of engines, not their rules.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from refimpl.consensus import hotstuff_messages, longest_chain, nakamoto
from refimpl.consensus.pbft_messages import Change, NewView, Proof, ViewChange
from refimpl.consensus.raft import Candidate, Entry
from refimpl.consensus.streamlet import Block as StreamletBlock
from refimpl.data.ids import Digest, Height, MemberId, Round, Signature
from refimpl.network.messages import Body, Message, Proposal, Vote


class Saying(NamedTuple):
    """A statement that a plan asks a liar for."""

    kind: str
    height: Height
    """As the plan counts: 1 where rounds run on through the whole run."""
    round: Round
    sender: MemberId
    value: str
    """`nil`, or a plan's `v<i>` or `v<i>.<k>`."""
    valid_round: int | None
    was: Message | None
    """The honest message that it replaces, if it replaces one."""
    memory: Any
    """What the honest copy of the liar remembers."""
    build: Callable[[Sequence[bytes]], bytes | None]
    """The payload of `value` on top of these payloads that are not decided; None if it cannot be made here."""
    name: Callable[[bytes], Digest]
    """The digest by which votes name a payload."""
    on: str | None
    """The block to stand on, as `v<i>.<k>@<round>`, where the plan names one."""
    seen: Sequence[Message]
    """All that the liar heard and said."""
    rebuild: Callable[[Sequence[bytes]], bytes | None]
    """The payload of `value` on top of these payloads from the genesis on, whatever the honest copy has decided."""


Tongue = Callable[[Saying], Message | None]
"""The statement, or None where this engine has none of the kind."""


def said(saying: Saying, body: Body) -> Message:
    """The statement with this body, at the place that the plan names."""
    return Message(saying.kind, saying.height, saying.round, saying.sender, body)


def tendermint(saying: Saying) -> Message | None:
    """`propose` with a payload, `prevote` and `precommit` with its digest or nil."""
    payload = None if saying.value == "nil" else saying.build(())
    if saying.kind == "propose":
        if payload is None:
            return None
        old = saying.was.body.valid_round if saying.was and isinstance(saying.was.body, Proposal) else -1
        vr = old if saying.valid_round is None else saying.valid_round
        return said(saying, Proposal(saying.name(payload), payload, vr))
    if saying.kind not in ("prevote", "precommit") or (payload is None and saying.value != "nil"):
        return None
    return said(saying, Vote(None if payload is None else saying.name(payload)))


def pbft(saying: Saying) -> Message | None:
    """Proposals and votes; a view change that claims nothing, or a value with a certificate that nobody signed; a new
    view that rests on the least binding quorum of those who asked for it."""
    if saying.kind == "newview":
        return least_binding(saying)
    payload = None if saying.value == "nil" else saying.build(())
    if saying.kind == "viewchange" and (payload is not None or saying.value == "nil"):
        view = Round(saying.round - 1 if saying.valid_round is None else max(saying.valid_round, 0))
        junk = tuple((name, Signature(bytes(64))) for name in saying.memory.validators.members)
        claim = None if payload is None else Proof(view, saying.name(payload), junk)
        return said(saying, ViewChange(claim))
    if payload is None:
        return None
    if saying.kind == "preprepare":
        return said(saying, Proposal(saying.name(payload), payload, -1))
    return said(saying, Vote(saying.name(payload))) if saying.kind in ("prepare", "commit") else None


def least_binding(saying: Saying) -> Message | None:
    """A `newview` on view changes that the liar has heard, those that claim nothing first."""
    validators, heard = saying.memory.validators, saying.memory.log(saying.round).viewchange
    changes: dict[MemberId, Change] = {}
    for message in sorted(heard, key=lambda one: one.body.prepared is not None):
        if not validators.is_quorum(validators.weigh(changes)):
            changes.setdefault(message.sender, Change(message.sender, message.body, message.signature))
    return said(saying, NewView(tuple(changes[name] for name in sorted(changes)))) if changes else None


def proposals(saying: Saying) -> dict[Digest, Message]:
    """Blocks that the liar has seen proposed, in the order in which it saw them."""
    found: dict[Digest, Message] = {}
    for message in saying.seen:
        if message.kind == "propose":
            found.setdefault(message.body.value, message)  # type: ignore[attr-defined]  # proposals name a value
    return found


def block_named(saying: Saying, name: str) -> Message | None:
    """The proposal that a plan calls `v<i>.<k>@<round>`: the k-th that node i made in that round, the first is 0."""
    (author, _, variant), round_ = name[1:].split("@")[0].partition("."), int(name.split("@")[1])
    members = saying.memory.validators.members
    made = [one for one in proposals(saying).values() if (one.sender, one.round) == (members[int(author)], round_)]
    return made[int(variant or 0)] if len(made) > int(variant or 0) else None


def chain_to(saying: Saying, message: Message) -> list[bytes]:
    """The payloads of a proposed block and of all that it stands on, from the genesis on."""
    known, chain = proposals(saying), list[bytes]()
    here: Message | None = message
    while here is not None:
        chain.insert(0, here.body.payload)  # type: ignore[attr-defined]  # proposals carry a payload
        here = known.get(here.body.parent)  # type: ignore[attr-defined]  # proposals name a parent
    return chain


def certificates(saying: Saying) -> list[hotstuff_messages.QuorumCertificate]:
    """Every certificate that the liar has seen, or can make of the votes that it has seen."""
    found: list[hotstuff_messages.QuorumCertificate] = []
    votes: dict[tuple[Height, Round, Digest], dict[MemberId, Signature]] = {}
    for message in saying.seen:
        justify = getattr(message.body, "justify", None)
        if justify is not None:
            found.append(justify)
        if message.kind == "vote" and isinstance(message.body, Vote) and message.body.value is not None:
            place = (message.height, message.round, message.body.value)
            votes.setdefault(place, {})[message.sender] = message.signature
    validators = saying.memory.validators
    for (height, view, value), cast in votes.items():
        if validators.is_quorum(validators.weigh(cast)):
            found.append(hotstuff_messages.QuorumCertificate(height, view, value, tuple(sorted(cast.items()))))
    return found


def hotstuff(saying: Saying) -> Message | None:
    """A block on the highest certificate that the honest copy knows; a vote for such a block; a wish that hides the
    highest certificate. With `vr` a block that shows the certificate of that view and stands on the block `on`, or on
    what is certified; where no such certificate exists, that of the block below is shown as if it were of that view."""
    if saying.kind == "newview":
        return said(saying, hotstuff_messages.NewView(None)) if saying.value == "nil" else None
    found = None if saying.value == "nil" else hotstuff_block(saying)
    if found is None:
        return None
    height, block = found
    body: Body = Vote(block.value) if saying.kind == "vote" else block
    return said(saying, body)._replace(height=height) if saying.kind in ("propose", "vote") else None


def hotstuff_block(saying: Saying) -> tuple[Height, hotstuff_messages.Block] | None:
    """The height and the block that the liar proposes."""
    memory, vr = saying.memory, saying.valid_round
    if vr is None and saying.on is None:
        justify, parent = memory.high, memory.tree.tip if memory.high is None else memory.high.value
        if not memory.tree.holds(parent):
            return None
        payload, height = saying.build(memory.tree.payloads(parent)), Height(memory.tree.height_of(parent) + 1)
        return hotstuff_on(saying, height, payload, parent, justify)
    if vr == -1:
        return hotstuff_on(saying, Height(1), saying.rebuild(()), Digest(b""), None)
    shown = next((one for one in certificates(saying) if one.view == vr), None)
    below = proposals(saying).get(shown.value) if saying.on is None and shown else None
    below = below if saying.on is None else block_named(saying, saying.on)
    if below is None:
        return None
    parent = below.body.value  # type: ignore[attr-defined]  # proposals name a value
    own = next((one for one in certificates(saying) if one.value == parent), None)
    if shown is None and own is not None and vr is not None:
        own = own._replace(view=Round(vr))
    payload = saying.rebuild(chain_to(saying, below))
    return hotstuff_on(saying, Height(below.height + 1), payload, parent, shown or own)


def hotstuff_on(
    saying: Saying, height: Height, payload: bytes | None, parent: Digest,
    justify: hotstuff_messages.QuorumCertificate | None,
) -> tuple[Height, hotstuff_messages.Block] | None:  # fmt: skip
    """A block with this payload, if there is one."""
    if payload is None:
        return None
    return height, hotstuff_messages.Block(saying.name(payload), payload, parent, justify)


def streamlet(saying: Saying) -> Message | None:
    """A block on the highest block that the honest copy knows, or, with `vr`, on the genesis, or on the block `on`; a
    vote for such a block."""
    tree = saying.memory.tree
    below = None if saying.on is None else block_named(saying, saying.on)
    if saying.value == "nil" or (below is None and saying.on is not None):
        return None
    if below is not None:
        parent, height = below.body.value, Height(below.height + 1)  # type: ignore[attr-defined]  # proposals name a value
        payload = saying.rebuild(chain_to(saying, below))
    elif saying.valid_round is not None:
        parent, height, payload = Digest(b""), Height(1), saying.rebuild(())
    else:
        highest = max(tree.blocks.values(), key=lambda block: (block.height, block.value), default=None)
        parent = tree.tip if highest is None else highest.value
        height, payload = Height(tree.height_of(parent) + 1), saying.build(tree.payloads(parent))
    if payload is None:
        return None
    value = saying.name(payload)
    body: Body = Vote(value) if saying.kind == "vote" else StreamletBlock(value, payload, parent)
    return said(saying, body)._replace(height=height)


def raft(saying: Saying) -> Message | None:
    """Another entry in the place of the one that the honest copy sends, an acknowledgement of it, or a candidate whose
    log is longer than anybody's. Raft promises nothing against these."""
    if saying.kind == "candidate":
        return said(saying, Candidate(saying.round, 2**31))
    memory = saying.memory
    payload = None if saying.value == "nil" else saying.build(())
    if payload is None:
        return None
    if saying.kind == "append":
        return said(saying, Entry(saying.name(payload), payload, memory.tree.tip, saying.round))
    return said(saying, Vote(saying.name(payload))) if saying.kind == "ack" else None


def slotted(saying: Saying) -> Message | None:
    """A block of the slot on the best branch that the honest copy knows, or on what was decided last where
    `valid_round` is given; its maker need not have the slot."""
    memory, tree = saying.memory, saying.memory.tree
    parents = [block for block in tree.blocks.values() if block.round < saying.round]
    highest = max(parents, key=lambda block: (block.height, block.value), default=None)
    parent = tree.tip if highest is None or saying.valid_round is not None else highest.value
    payload = None if saying.value == "nil" else saying.build(tree.payloads(parent))
    if payload is None or saying.kind != longest_chain.BLOCK or memory.wanted == 0:
        return None
    body = longest_chain.Block(saying.name(payload), payload, parent)
    return said(saying, body)._replace(height=Height(tree.height_of(parent) + 1))


def mined(saying: Saying) -> Message | None:
    """The same, with a nonce that nobody searched for."""
    message = slotted(saying)
    if message is None:
        return None
    body = longest_chain.block_of(message)
    rules = nakamoto.ENGINE.make(saying.sender, None)
    bits, since = rules.demands(saying.memory, body.parent, saying.round)
    return message._replace(body=nakamoto.Mined(body.value, body.payload, body.parent, bits, since, 0))


TONGUES: Mapping[str, Tongue] = {
    "authority": slotted, "delegated": slotted, "hotstuff": hotstuff, "nakamoto": mined, "pbft": pbft, "raft": raft,
    "stake": slotted, "streamlet": streamlet, "tendermint": tendermint,
}  # fmt: skip
"""Engine -> what its liars can say."""


def dumb(saying: Saying) -> Message | None:
    """The tongue of an engine that the kit does not know."""
    return None
