"""The real ledger in the place of the model's, with members who come and go, and a second one that follows it.

How the ledger is read as a state of the model, in words: a height of the model is a block of the real ledger, its
certificate real votes of the members named, and a change a real transaction of kind `membership` that those named
approve. A weight below 0 no payload can carry: in its place stands 0 for a validator, refused by the same clause. The
verifier is another ledger that takes the same blocks, certificates first to last.
"""

from typing import Any

from attrs import define, evolve

from refimpl.contract.draft import Draft
from refimpl.crypto.recipes import REHEARSAL, key_for_tests, sign, verifier
from refimpl.data.block import Block, Genesis, make_block
from refimpl.data.certificate import Certificate, Decision, Vote, verify_certificate, vote_digest
from refimpl.data.encoding import decode
from refimpl.data.ids import ChannelId, MemberId, Name, Round, Seconds, Suite, Weight
from refimpl.data.limits import BLOCK_BYTES
from refimpl.data.members import Member, Membership, Role
from refimpl.data.refusal import Refused
from refimpl.data.transaction import MEMBERSHIP, Transaction
from refimpl.node.execution import next_nonce
from refimpl.node.ledger import Ledger
from refimpl.node.notary import Remembering
from tests.spec.itf import Row

SUITE = Suite.STUB
VERIFY = Remembering(verifier(SUITE, REHEARSAL))
START = Seconds(1_000_000)
KEYS = {MemberId(name): key_for_tests(SUITE, name) for name in "abcdex"}
PROFILE, KIND = Name("tendermint"), Name("precommit")


def members(weights: Row) -> Membership:
    """Members with these weights, judged; whoever has none is a member that does not vote."""
    return Membership.of([entry(name, weight) for name, weight in weights.items()], SUITE)


def entry(name: str, weight: int) -> Member:
    """One of them."""
    role = Role.VALIDATOR if weight else Role.MEMBER
    return Member(MemberId(name), KEYS[MemberId(name)].public, Weight(max(0, weight)), role)


def weights(found: Membership) -> Row:
    """Members as the model sees them."""
    return Row((str(one.member), int(one.weight)) for one in found)


@define
class Book:
    """One ledger and the members it has had."""

    ledger: Ledger
    force: tuple[Row, ...]

    @classmethod
    def begin(cls, founders: Row) -> "Book":
        """A ledger with these founders."""
        genesis = Genesis(ChannelId("model"), SUITE, START, PROFILE, members(founders), {})
        ledger, _ = Ledger.open(genesis, VERIFY)
        return cls(ledger, (weights(ledger.tip.members),))

    def block(self, wanted: Row) -> Block:
        """The block that the model describes, on this ledger's tip."""
        tip = evolve(self.ledger.tip, members=members(wanted.names))
        proposer = tip.members.validators()[0].member
        return make_block(tip, proposer, START, self.transactions(wanted))

    def transactions(self, wanted: Row) -> tuple[Transaction, ...]:
        """The transaction whose approval is that of the change; none if nobody approves of one."""
        if not wanted.approvers:
            return ()
        signers = tuple(sorted(map(MemberId, wanted.approvers)))
        nonce = next_nonce(Draft(self.ledger.state), signers[0])
        payload = self.payload(wanted.change)
        body = Transaction(SUITE, self.ledger.tip.channel, nonce, signers, MEMBERSHIP, payload)
        return (body.signed(KEYS),)

    def payload(self, change: Row) -> dict[str, Any]:
        """What leads from the members in force to these: every one of them, and who is gone."""
        gone = [one.member for one in self.ledger.tip.members if one.member not in change]
        entries = [entry(name, weight).to_value() for name, weight in sorted(change.items())]
        return {"changes": entries, "evidence": None, "removed": gone}

    def take(self, wanted: Row) -> str:
        """Take a block with its certificate; the code of its change. Raises `Refused` where the block is refused."""
        block = self.block(wanted)
        result = self.ledger.finalize(block.to_bytes())
        about = Decision(block.header.channel, SUITE, block.header.height, block.id, PROFILE, KIND)
        certificate = certified(about, wanted.signers)
        verify_certificate(certificate, about, self.ledger.tip.members, VERIFY)
        self.ledger.commit(result, certificate)
        self.force += (weights(self.ledger.tip.members),)
        if not wanted.approvers:
            return ""
        receipt = decode(result.outcome.receipts[-1], BLOCK_BYTES)
        assert isinstance(receipt, dict), "a receipt is an object"
        return str(receipt.get("code", ""))


def certified(about: Decision, signers: frozenset[str]) -> Certificate:
    """A certificate with the votes of these members."""
    votes = tuple(
        Vote(name, sign(KEYS[name], vote_digest(about, Round(0), name))) for name in sorted(map(MemberId, signers))
    )
    return Certificate(
        about.channel, about.suite, about.height, Round(0), about.block, about.profile, about.kind, votes
    )  # fmt: skip


class Replay:
    """The ledger and its follower, driven by a trace."""

    def __init__(self, founders: Row) -> None:
        self.book, self.follower = Book.begin(founders), Book.begin(founders)
        self.blocks: tuple[Row, ...] = ()

    def take(self, did: Row) -> str:
        """One step; the code of the change or of the refusal."""
        match did.act:
            case "decide":
                code = self.book.take(did.block)
                self.blocks += (did.block,)
                return code
            case "follow":
                self.follower.take(self.blocks[len(self.follower.force) - 1])
            case "refuse" | "forge":
                return refused_by(self.book if did.act == "refuse" else self.follower, did.block)
        return ""

    def state(self) -> Row:
        """Everything that the model compares."""
        return Row(
            force=self.book.force, blocks=self.blocks, followed=len(self.follower.force) - 1,
            trusted=weights(self.follower.ledger.tip.members),
        )  # fmt: skip


def refused_by(book: Book, wanted: Row) -> str:
    """The code with which a ledger refuses a block, which must change nothing."""
    before = book.ledger.tip_bytes(), book.ledger.tip.members, book.force
    try:
        book.take(wanted)
    except Refused as refused:
        assert before == (book.ledger.tip_bytes(), book.ledger.tip.members, book.force), "DAT-015"
        return refused.code.value
    return ""
