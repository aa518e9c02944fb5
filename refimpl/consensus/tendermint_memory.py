"""What a member of Tendermint remembers: its place, its lock, and what it heard, round by round.

Apart from the rules (`tendermint`), so that a rule is read without its bookkeeping and a state is compared, printed and
replayed without its rules. It must not decide anything.
"""

from collections.abc import Mapping

from attrs import define, field, frozen

from refimpl.consensus import interface as api
from refimpl.consensus.interface import Validators
from refimpl.data.ids import Digest, Height, MemberId, Round
from refimpl.network.messages import Message, Proposal, Vote

PROPOSE, PREVOTE, PRECOMMIT = "propose", "prevote", "precommit"
"""The three phases of a round; each is also the kind of the message that it sends."""
DECIDED, SYNC = "decided", "sync"
"""What brings over a member that is behind, and the question a member asks when it comes back."""

Log = tuple[Message, ...]
"""Messages of one kind and round as they were heard, each statement once."""


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


@frozen
class RoundLog:
    """What was heard about one round of the present height."""

    proposals: Log = ()
    prevotes: Log = ()
    precommits: Log = ()
    fired: frozenset[str] = frozenset()
    """The rules "for the first time" that have had it."""


EMPTY = RoundLog()
"""A round of which nothing was heard."""
_NO_HEIGHT, _FIRST = Height(0), Round(0)


@define
class Memory:
    """All that one member remembers. A step works on a fork; the memory that went in is never touched."""

    height: Height = _NO_HEIGHT
    round: Round = _FIRST
    step: str = PROPOSE
    validators: Validators = field(factory=lambda: Validators.of({}))
    locked_value: Digest | None = None
    locked_round: int = -1
    valid_value: Digest | None = None
    valid_round: int = -1
    rounds: Mapping[Round, RoundLog] = field(factory=dict)
    verdicts: Mapping[Digest, api.Verdict] = field(factory=dict)
    ahead: Log = ()
    """Messages of the next height, kept until it begins."""
    helped: Mapping[MemberId, tuple[Height, Round]] = field(factory=dict)
    """Where each member stood when we last helped it."""
    running: bool = False
    """False between the decision of a height and the beginning of the next."""
    last_round: Round = _FIRST
    """The round in which the last decided height was decided."""
    previous: Mapping[Round, RoundLog] = field(factory=dict)
    """What was heard about the last decided height."""
    seen: Height = _NO_HEIGHT
    """The greatest height that a validator was heard to speak of: up to it we may have missed what was said."""
    behind: bool = False
    """Whether we came back, or were brought over, at this height: then we may have missed what was said of the next."""

    def fork(self) -> "Memory":
        """A copy to work on; its mappings are replaced, never changed."""
        return Memory(
            self.height, self.round, self.step, self.validators, self.locked_value, self.locked_round,
            self.valid_value, self.valid_round, self.rounds, self.verdicts, self.ahead, self.helped, self.running,
            self.last_round, self.previous, self.seen, self.behind,
        )  # fmt: skip

    def log(self, round_: int) -> RoundLog:
        """What was heard about this round."""
        return self.rounds.get(Round(round_), EMPTY)
