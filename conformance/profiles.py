"""What liars can say in each profile, as data: bodies of messages that no honest copy would send now, still unsigned.

Why: an atom of a plan says "towards node 3 support v1", and what that is in bytes differs by protocol. A profile that
is not here can still be twinned, delayed, silenced and made to repeat itself. It must not sign, send or judge.
Source: spec/profiles, network.md part 1, consensus.md parts 3 to 6 and 8 to 12.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

__all__ = ["TONGUES", "Saying", "Word"]

Data = dict[str, Any]


class Saying(NamedTuple):
    """A statement that a plan asks a liar for."""

    kind: str
    height: int
    """As the plan counts: 1 where rounds run on through the whole run."""
    round: int
    value: str
    """`nil`, or a plan's `v<i>` or `v<i>.<k>`."""
    valid_round: int | None
    was: Mapping[str, Any] | None
    """The honest message that it replaces, if it replaces one."""
    build: Callable[[], bytes | None]
    """The block of `value` on what is decided; None if it cannot be made here."""
    build_on: Callable[[Sequence[bytes]], bytes]
    """The block of `value` on a chain of blocks from the genesis on."""
    name: Callable[[bytes], str]
    """The digest by which votes name a block, in hex."""
    genesis: str
    """Its id, in hex."""
    heard: Sequence[Mapping[str, Any]]
    """All that was said so far."""
    is_quorum: Callable[[Collection[str]], bool]
    """Whether these members are a quorum."""
    on: str | None
    """The block to stand on, as `v<i>.<k>@<round>`, where the plan names one."""
    names: Sequence[str]
    """The members, in order of node."""
    sealed: Mapping[str, Mapping[str, Any]]
    """Where blocks are named by seals: seal -> block that was heard."""
    bits: int
    """Where work decides: the zero bits that a first block needs."""


class Word(NamedTuple):
    """A body, and the height that its message is about."""

    height: int
    body: Data


def tendermint(saying: Saying) -> Word | None:
    """`propose` with a block, `prevote` and `precommit` with its digest or nothing; nothing stands on what is open."""
    if saying.on is not None:
        return None
    block = None if saying.value == "nil" else saying.build()
    if saying.kind == "propose" and block is not None:
        old = saying.was["body"].get("valid_round", -1) if saying.was else -1
        vr = old if saying.valid_round is None else saying.valid_round
        return Word(saying.height, {"payload": block.hex(), "valid_round": vr, "value": saying.name(block)})
    if saying.kind in ("prevote", "precommit") and (block is not None or saying.value == "nil"):
        return Word(saying.height, {} if block is None else {"value": saying.name(block)})
    return None


def pbft(saying: Saying) -> Word | None:
    """Proposals and votes; a view change that claims nothing, or a value with a certificate that nobody signed; a new
    view on the least binding quorum of those who asked for it."""
    if saying.kind == "newview":
        return least_binding(saying)
    block = None if saying.value == "nil" else saying.build()
    if saying.kind == "viewchange" and (block is not None or saying.value == "nil"):
        return Word(saying.height, {} if block is None else {"prepared": unsigned_proof(saying, block)})
    if block is None:
        return None
    if saying.kind == "preprepare":
        return Word(saying.height, {"payload": block.hex(), "valid_round": -1, "value": saying.name(block)})
    return Word(saying.height, {"value": saying.name(block)}) if saying.kind in ("prepare", "commit") else None


def unsigned_proof(saying: Saying, block: bytes) -> Data:
    """A prepared certificate in the name of everybody who spoke, with signatures that are none."""
    view = saying.round - 1 if saying.valid_round is None else max(saying.valid_round, 0)
    voters = sorted({str(one["from"]) for one in saying.heard})
    votes = [{"member": name, "signature": "00" * 64} for name in voters]
    return {"value": saying.name(block), "view": max(view, 0), "votes": votes}


def least_binding(saying: Saying) -> Word | None:
    """A `newview` on view changes that were heard, those that claim nothing first."""
    asked = [one for one in saying.heard if (one["kind"], one["height"], one["round"]) ==
             ("viewchange", saying.height, saying.round)]  # fmt: skip
    changes: dict[str, Data] = {}
    for one in sorted(asked, key=lambda one: "prepared" in one["body"]):
        if not saying.is_quorum(changes):
            changes.setdefault(one["from"], {"body": one["body"], "from": one["from"], "sig": one["sig"]})
    return Word(saying.height, {"changes": [changes[name] for name in sorted(changes)]}) if changes else None


def proposals(saying: Saying) -> dict[str, Mapping[str, Any]]:
    """Proposals by value, in the order in which they were made."""
    found: dict[str, Mapping[str, Any]] = {}
    for one in saying.heard:
        if one["kind"] == "propose":
            found.setdefault(one["body"].get("value", ""), one)
    return found


def block_named(saying: Saying, name: str) -> str | None:
    """The value of the k-th block that node i proposed in a round, the first is 0."""
    (author, _, variant), round_ = name[1:].split("@")[0].partition("."), int(name.split("@")[1])
    made = [value for value, one in proposals(saying).items()
            if (one["from"], one["round"]) == (saying.names[int(author)], round_)]  # fmt: skip
    return made[int(variant or 0)] if len(made) > int(variant or 0) else None


def chain_to(saying: Saying, value: str) -> list[bytes] | None:
    """The blocks up to this one, from the genesis on; None if one of them was not heard."""
    known, chain = proposals(saying), list[bytes]()
    while value != saying.genesis:
        if value not in known:
            return None
        chain.insert(0, bytes.fromhex(known[value]["body"]["payload"]))
        value = known[value]["body"]["parent"]
    return chain


def certificates(saying: Saying) -> list[Data]:
    """Every certificate that was shown, or can be made of votes that were heard, those of late views first."""
    found: list[Data] = [one["body"]["justify"] for one in saying.heard if "justify" in one["body"]]
    votes: dict[tuple[int, int, str], dict[str, str]] = {}
    for one in saying.heard:
        if one["kind"] == "vote" and "value" in one["body"]:
            votes.setdefault((one["height"], one["round"], one["body"]["value"]), {})[one["from"]] = one["sig"]
    for (height, view, value), cast in votes.items():
        if saying.is_quorum(cast):
            listed = [{"member": name, "signature": cast[name]} for name in sorted(cast)]
            found.append({"height": height, "value": value, "view": view, "votes": listed})
    return sorted(found, key=lambda one: -int(one["view"]))


def hotstuff(saying: Saying) -> Word | None:
    """A block on the highest certificate of an earlier view, or on that of the view `valid_round`, -1 for the genesis,
    or on the block `on` with the certificate of `valid_round`, or its own as if it were of that view; a vote for such a
    block; a wish that hides every certificate."""
    if saying.kind == "newview":
        return Word(saying.height, {}) if saying.value == "nil" else None
    if saying.on is not None:
        return hotstuff_on(saying, saying.on)
    view = saying.valid_round
    earlier = [one for one in certificates(saying) if one["view"] < saying.round and view in (None, one["view"])]
    justify = None if view == -1 or not earlier else earlier[0]
    if saying.value == "nil" or (view is not None and view >= 0 and justify is None):
        return None
    word = block_on(saying, saying.genesis if justify is None else justify["value"])
    if word is not None and saying.kind == "propose" and justify is not None:
        word.body["justify"] = justify
    return word


def hotstuff_on(saying: Saying, name: str) -> Word | None:
    """A block on a block that a plan names."""
    parent = block_named(saying, name)
    word = None if parent is None or saying.value == "nil" else block_on(saying, parent)
    if word is None or saying.kind != "propose":
        return word
    known = certificates(saying)
    shown = [one for one in known if one["view"] == saying.valid_round]
    own = [one for one in known if one["value"] == parent]
    if saying.valid_round is not None:
        own = [{**one, "view": saying.valid_round} for one in own]
    if shown or own:
        word.body["justify"] = (shown or own)[0]
    return word


def streamlet(saying: Saying) -> Word | None:
    """A block on the highest that was proposed, on the genesis where `valid_round` is given, or on the block `on`; a
    vote for it."""
    if saying.on is not None:
        parent = block_named(saying, saying.on)
        return None if parent is None or saying.value == "nil" else block_on(saying, parent)
    earlier = [one for one in proposals(saying).values() if one["round"] < saying.round]
    highest = max(earlier, key=lambda one: (one["height"], one["body"]["value"]), default=None)
    rooted = saying.valid_round is not None or highest is None
    if saying.value == "nil":
        return None
    return block_on(saying, saying.genesis if rooted or highest is None else highest["body"]["value"])


def block_on(saying: Saying, parent: str) -> Word | None:
    """A block of `value` on this one, or a vote for it."""
    chain = chain_to(saying, parent)
    if chain is None or saying.kind not in ("propose", "vote"):
        return None
    block = saying.build_on(chain)
    if saying.kind == "vote":
        return Word(len(chain) + 1, {"value": saying.name(block)})
    return Word(len(chain) + 1, {"parent": parent, "payload": block.hex(), "value": saying.name(block)})


def slotted(saying: Saying) -> Word | None:
    """A block on the highest that was heard of an earlier slot, or on the genesis where `valid_round` is given; its
    maker need not have the slot."""
    earlier = [] if saying.valid_round is not None else [
        (one["height"], seal) for seal, one in saying.sealed.items() if one["round"] < saying.round]  # fmt: skip
    parent = max(earlier, default=(0, saying.genesis))[1]
    chain, below = list[bytes](), parent
    while below != saying.genesis:
        if below not in saying.sealed:
            return None
        chain.insert(0, bytes.fromhex(saying.sealed[below]["body"]["payload"]))
        below = saying.sealed[below]["body"]["parent"]
    if saying.kind != "block" or saying.value == "nil":
        return None
    block = saying.build_on(chain)
    body = {"parent": parent, "payload": block.hex(), "value": saying.name(block)}
    return Word(len(chain) + 1, body)


def mined(saying: Saying) -> Word | None:
    """The same, with a nonce that nobody searched for."""
    word = slotted(saying)
    if word is None:
        return None
    below = saying.sealed.get(word.body["parent"])
    demands = {"bits": saying.bits, "since": saying.round}
    if below is not None:
        demands = {name: below["body"][name] for name in demands}
    return Word(word.height, {**word.body, **demands, "nonce": 0})


TONGUES: Mapping[str, Callable[[Saying], Word | None]] = {
    "authority": slotted, "delegated": slotted, "hotstuff/1": hotstuff, "nakamoto": mined, "pbft/1": pbft,
    "stake": slotted, "streamlet/1": streamlet, "tendermint/1": tendermint,
}  # fmt: skip
"""Profile, or rule of eligibility of one -> what its liars can say."""
