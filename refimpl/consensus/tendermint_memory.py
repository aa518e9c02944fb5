"""What a member of Tendermint remembers: its place, its lock, and what it heard, round by round.

Apart from the rules (`tendermint`), so that a rule is read without its bookkeeping and a state is compared, printed and
replayed without its rules. It must not decide anything.
"""

from collections.abc import Mapping

from attrs import define, field
from msgspec import Struct

from refimpl.consensus.heights import Log, Place
from refimpl.data.ids import Digest, Round
from refimpl.network.messages import Message, Proposal, Vote

PROPOSE, PREVOTE, PRECOMMIT = "propose", "prevote", "precommit"
"""The three phases of a round; each is also the kind of the message that it sends."""


def proposal_in(message: Message) -> Proposal:
    """The body of a message that stands in a log of proposals."""
    body = message.body
    assert isinstance(body, Proposal), "only proposals are logged as such"
    return body


def vote_in(message: Message) -> Digest | None:
    """The value a logged vote is for; None for nil."""
    body = message.body
    assert isinstance(body, Vote), "only votes are logged as such"
    return body.value


class RoundLog(Struct, frozen=True):
    """What was heard about one round of the present height."""

    proposals: Log = ()
    prevotes: Log = ()
    precommits: Log = ()
    fired: frozenset[str] = frozenset()
    """The rules "for the first time" that have had it."""

    def with_heard(self, kind: str, heard: Log) -> "RoundLog":
        """With this log of the messages of one kind."""
        if kind == PREVOTE:
            return RoundLog(self.proposals, heard, self.precommits, self.fired)
        if kind == PRECOMMIT:
            return RoundLog(self.proposals, self.prevotes, heard, self.fired)
        return RoundLog(heard, self.prevotes, self.precommits, self.fired)


EMPTY = RoundLog()
"""A round of which nothing was heard."""


@define(slots=False)
class Memory(Place):
    """All that one member remembers. A step works on a fork; the memory that went in is never touched."""

    step: str = PROPOSE
    locked_value: Digest | None = None
    locked_round: int = -1
    valid_value: Digest | None = None
    valid_round: int = -1
    rounds: Mapping[Round, RoundLog] = field(factory=dict)
    previous: Mapping[Round, RoundLog] = field(factory=dict)
    """What was heard about the last decided height."""

    def log(self, round_: Round) -> RoundLog:
        """What was heard about this round."""
        return self.rounds.get(round_, EMPTY)
