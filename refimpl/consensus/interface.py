"""What every engine looks like: inputs, effects, promise, and the notary it is handed.

Why: engines are plug-ins. The node, the simulator and a third party's engine meet here and nowhere else, so that no
engine is special. An engine is an immutable object; its memory is a value that goes in and comes out of `step`.

It must not know any engine, any transport, any storage, or what a payload is. Source: spec/consensus.md, part 1.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple, Protocol

from attrs import field, frozen
from msgspec import Struct

from refimpl.data.ids import Digest, Height, MemberId, Round, Signature
from refimpl.network.messages import Message, Reader


@frozen
class Validators:
    """The members whose votes count at one height, in order of name, with their weights.

    Every threshold of every engine is computed here, in exact integers (CON-002).
    """

    members: tuple[MemberId, ...]
    weights: Mapping[MemberId, int]

    @classmethod
    def of(cls, weights: Mapping[MemberId, int]) -> "Validators":
        """The set with these weights; a weight is at least 1."""
        return cls(tuple(sorted(weights)), dict(weights))

    @cached_property
    def total(self) -> int:
        """The weight of all."""
        return sum(self.weights.values())

    def weigh(self, voters: Iterable[MemberId]) -> int:
        """The weight of these members; a member that is not of the set weighs nothing."""
        weights = self.weights
        return sum([weights.get(voter, 0) for voter in voters])

    def among(self, votes: Iterable[tuple[MemberId, Signature]]) -> tuple[tuple[MemberId, Signature], ...]:
        """Those votes that count: a member that follows hears its own, which does not."""
        return tuple([vote for vote in votes if vote[0] in self.weights])

    def is_quorum(self, weight: int) -> bool:
        """More than two thirds of the weight: any two such sets share a correct member (CON-002)."""
        return 3 * weight > 2 * self.total

    def has_correct(self, weight: int) -> bool:
        """More than one third of the weight: at least one of them is correct (CON-002)."""
        return 3 * weight > self.total


NOBODY = Validators.of({})
"""Before anything is begun nobody's votes count."""


class Passed(Struct, frozen=True, gc=False):
    """What passes between a node and its engine: a value. A search makes them by the million, so they are the cheapest
    that there are, and the collector is spared them: nothing that they hold leads back to them."""


class Timer(Passed, frozen=True):
    """An alarm an engine asks for; its name on the wire is `phase/height/round`."""

    phase: str
    height: Height
    round: Round

    @property
    def name(self) -> str:
        """`phase/height/round`."""
        return f"{self.phase}/{self.height}/{self.round}"


# Inputs. Each is one fact that the node tells the engine.


class Begin(Passed, frozen=True):
    """Height `height` is wanted, with these validators: the node has executed everything below."""

    height: Height
    validators: Validators
    now: int = 0
    """Ticks since the genesis by this member's clock, for engines that count slots."""
    last: Digest = Digest(b"")
    """The value decided at the height before, on which chained engines build; that of the genesis at height 1."""
    fresh: bool = False
    """Whether these members are in force from this height on, by the decision of `last` (CON-090)."""


class Renew(Passed, frozen=True):
    """The decision of height `height` - 1 changed the members: these are in force from `height` on, which nobody wants
    yet. An engine that does not take it up learns of it by the next `Begin`."""

    height: Height
    validators: Validators


class Receive(Passed, frozen=True):
    """A message arrived. The engine verifies it: the node has only decoded it."""

    message: Message


class Expire(Passed, frozen=True):
    """An alarm went off."""

    timer: Timer


class Offer(Passed, frozen=True):
    """The payload the engine asked for by `AskPayload`."""

    height: Height
    round: Round
    payload: bytes
    value: Digest


class Verdict(Passed, frozen=True):
    """The answer to `AskVerdict`.

    `acceptable` is the same at every correct node: the payload is valid after the decided ones. `timely` is this node's
    own opinion: its timestamp fits the node's clock (CON-018).
    """

    height: Height
    value: Digest
    acceptable: bool
    timely: bool
    closes: bool = False
    """The payload changes the members: what stands on it is for others to decide (CON-090)."""


class Worked(Passed, frozen=True):
    """The answer to `AskWork`: a nonce that solves the puzzle, or None where the work of this slot did not find one."""

    puzzle: Digest
    nonce: int | None


Input = Begin | Renew | Receive | Expire | Offer | Verdict | Worked


# Effects. Carried out in order; what a node tells itself it has already handled inside the step (CON-004).


class Record(Passed, frozen=True):
    """Make this message durable before any later effect (CON-005): our own statement, or a proposal we vouch for."""

    message: Message


class Send(Passed, frozen=True):
    """Give our message to these members, or to every other validator when `to` is empty."""

    message: Message
    to: tuple[MemberId, ...] = ()


class Forward(Passed, frozen=True):
    """Pass a message of somebody else on: to one member, or to all when `to` is empty (CON-006)."""

    message: Message
    to: tuple[MemberId, ...] = ()


class Supply(Passed, frozen=True):
    """`to` is behind: give it what was decided at `height` (CON-007)."""

    height: Height
    to: MemberId


class SetTimer(Passed, frozen=True):
    """Ring after `ticks` of the node's clock, counted in units of the promised `delta`."""

    timer: Timer
    ticks: int


class AskPayload(Passed, frozen=True):
    """It is our turn to propose something new, on top of `ancestors`: accepted, not yet decided, in order."""

    height: Height
    round: Round
    ancestors: tuple[bytes, ...] = ()


class AskVerdict(Passed, frozen=True):
    """Is this payload acceptable at this height, after `ancestors`? The node answers by `Verdict`, at once.

    Where `made_at` is given, a payload whose time does not fit that tick since the genesis is not acceptable.
    """

    height: Height
    value: Digest
    payload: bytes
    proposer: MemberId
    ancestors: tuple[bytes, ...] = ()
    made_at: int | None = None


class AskWork(Passed, frozen=True):
    """Spend the work of this slot on a puzzle. The node answers by `Worked`, at once, after a bounded search."""

    height: Height
    round: Round
    puzzle: Digest
    bits: int
    """Leading zero bits that the seal must have."""


class Decide(Passed, frozen=True):
    """Height `height` is decided. `votes` prove it: distinct members of the set in force, in order of name.

    Where there are no votes, `proof` is the block as its maker sent it: that it was eligible is all the proof there is.
    """

    height: Height
    round: Round
    value: Digest
    payload: bytes
    votes: tuple[tuple[MemberId, Signature], ...]
    proof: Message | None = None


class Accuse(Passed, frozen=True):
    """Two statements that one correct member cannot both have signed."""

    against: MemberId
    first: Message
    second: Message


Effect = Record | Send | Forward | Supply | SetTimer | AskPayload | AskVerdict | AskWork | Decide | Accuse


class Step(NamedTuple):
    """The outcome of one input."""

    state: Any
    effects: tuple[Effect, ...]


@frozen
class Promise:
    """What an engine declares; the suites test exactly this (CON-001).

    The members are those of the declared contract in a profile. `timeout` is (t0, d) in ticks: a phase of round r
    lasts t0 + r * d, or t0 * 2^r where `backoff` is `double`.
    """

    engine: str
    faults: str
    threshold: tuple[int, int]
    finality: Mapping[str, Any]
    safety_net: str
    live_net: str
    links: str
    phases: tuple[str, ...]
    certificates: bool
    evidence: bool
    delta: int
    timeout: tuple[int, int]
    backoff: str = "linear"
    turns: str = "height"
    """Who proposes in round r of height h, members in order of name: `height`: number (h - 1 + r) mod n; `round`:
    number (r div term) mod n; `elected`: whom a majority elects; `work`: who solves the puzzle; `stake`: whom CON-161
    draws; `delegates`: whose turn it is by CON-165."""
    term: int = 1
    """Rounds in a row for which it is one member's turn."""
    rounds: str = "height"
    """Rounds are counted within a `height`; or run on as `views`, of which one may see many heights; or through the
    whole `run`, one height a round at most, and plans then name height 1 throughout."""
    commits: str = ""
    """The kind of vote in a certificate; empty where there are none."""
    span: int = 1
    """Good rounds in a row that bring a height from its proposal to its decision."""
    skew: int = -1
    """Ticks by which clocks of correct members may differ while it is live; -1: any."""
    asides: tuple[str, ...] = ()
    """Kinds of messages beside the phases, of which a member may send several in a round."""
    growth: tuple[int, int] = (0, 1)
    """(blocks, slots): every correct chain grows by so many in so many slots that correct members won."""
    quality: tuple[int, int] = (0, 1)
    """(own, all): of any `all` consecutive final blocks correct members made at least `own`."""
    difficulty: tuple[int, int, int] = (0, 0, 0)
    """(bits, window, spacing) of a proof of work: leading zero bits at first, blocks after which they are set anew, and
    slots that a block is to take."""

    def max_faulty(self, total: int) -> int:
        """The largest weight w with w / total below the threshold, in exact integers."""
        num, den = self.threshold
        return (num * total - 1) // den

    def to_data(self) -> dict[str, Any]:
        """The declaration as canonical data, in the form of a profile's `contract`; what a longest chain adds, where it
        is one."""
        chain = {"growth": self.growth, "quality": self.quality, "difficulty": self.difficulty}
        declared = {name: list(value) for name, value in chain.items() if value[0]}
        return {
            "engine": self.engine, "faults": self.faults, "threshold": list(self.threshold),
            "finality": dict(self.finality), "safety_net": self.safety_net, "live_net": self.live_net,
            "links": self.links, "phases": list(self.phases), "certificates": self.certificates,
            "evidence": self.evidence, "delta": self.delta, "timeout": list(self.timeout),
            "backoff": self.backoff, "turns": self.turns, "term": self.term, "rounds": self.rounds,
            "commits": self.commits, "span": self.span, "skew": self.skew, "asides": list(self.asides),
            **declared,
        }  # fmt: skip


class Notary(Protocol):
    """Signs as one member and verifies everybody: ideal in search, remembered in suites, real in a network."""

    def sign(self, message: Message) -> Message:
        """The message with this member's signature."""
        ...

    def verify(self, message: Message) -> None:
        """Raise `Refused(Code.NET_BAD_SIGNATURE)` unless `message.sender` signed exactly this."""
        ...

    def value_of(self, payload: bytes) -> Digest:
        """The digest by which votes name this payload; anything at all for bytes that are no payload."""
        ...


class Engine(Protocol):
    """A consensus engine for one member. `state` is opaque to everybody else."""

    promise: Promise

    def start(self) -> Any:
        """The memory of a node that has seen nothing."""
        ...

    def step(self, state: Any, event: Input) -> Step:
        """The next memory and what is to be done, in order.

        Raises `Refused` (`net.*`, `consensus.*`) on a message that no correct member sends; nothing has changed then.
        """
        ...

    def recover(self, state: Any, begin: Begin, records: Sequence[Message]) -> Step:
        """Begin again at the height after the last executed one, bound by what was recorded (CON-008, CON-028)."""
        ...

    def where(self, state: Any) -> str:
        """Where this memory stands, in one line for people: nothing of it may be acted upon."""
        ...

    def supply(self, height: Height, round: Round, value: Digest, payload: bytes,
               votes: Sequence[tuple[MemberId, Signature]]) -> Message:  # fmt: skip
        """The message that brings a member that is behind over `height`."""
        ...


@frozen(eq=False)
class Kind:
    """An engine as it is found: its promise, its message bodies, and how to make one for a member. Equal to itself
    alone."""

    promise: Promise
    readers: Mapping[str, Reader]
    make: Any = field(repr=False)
    """`make(member: MemberId, notary: Notary) -> Engine`."""
