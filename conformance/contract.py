"""The declared contract of an engine: what it promises, as data. Suites derive everything from it and nothing else.

Why: an engine that declares more than it holds must fail, and one that declares less must not be asked for more. The
same members stand in the promise of an engine here, and in the profile of a node in any language.

It must not know any engine. Source: spec/consensus.md, CON-001; spec/network.md, NET-034.
"""

from collections.abc import Mapping
from typing import Any, Self

from attrs import field, fields, frozen

from conformance.lottery import Slot, is_calm, turn_of
from conformance.plan import Atom, Crash, Cut, Drop, Late, Plan, PlanError, Skew
from conformance.sentences import say

OWN = "x/"
"""How the name of a protocol begins that no profile describes (NOD-064)."""
RESTFUL = 4
"""A round is long enough for a decision once its time-out is this many times `delta`."""


@frozen(kw_only=True)
class Contract:
    """What an engine declares. `timeout` is (t0, d) in ticks; a round r lasts t0 + r * d, or t0 * 2^r if it doubles."""

    engine: str
    faults: str = "byzantine"
    threshold: tuple[int, int] = (1, 3)
    finality: Mapping[str, Any] = field(factory=lambda: {"kind": "immediate"})
    safety_net: str = "asynchronous"
    live_net: str = "partial"
    links: str = "p2p"
    phases: tuple[str, ...] = ("propose", "prevote", "precommit")
    """Kinds of statements of which a node makes one a round; first the proposal, then votes."""
    certificates: bool = True
    evidence: bool = True
    delta: int = 1
    timeout: tuple[int, int] = (3, 1)
    backoff: str = "linear"
    turns: str = "height"
    term: int = 1
    rounds: str = "height"
    commits: str = "precommit"
    span: int = 1
    skew: int = -1
    """Ticks by which clocks of correct nodes may differ; -1: any."""
    asides: tuple[str, ...] = ("decided", "sync")
    """Kinds of messages beside the phases."""
    growth: tuple[int, int] = (0, 1)
    quality: tuple[int, int] = (0, 1)
    difficulty: tuple[int, int, int] = (0, 0, 0)
    """(bits, window, spacing) of a proof of work."""

    @classmethod
    def from_data(cls, value: Mapping[str, Any]) -> Self:
        """The contract that a promise or a profile writes; members it does not know are left out."""
        known = {item.name for item in fields(cls)}
        members: dict[str, Any] = {name: value[name] for name in known if name in value}
        listed = [name for name, found in members.items() if isinstance(found, list)]
        members |= {name: tuple(members[name]) for name in listed}
        return cls(**members)

    @property
    def opaque(self) -> bool:
        """Whether it is of a protocol of somebody's own, whose messages the kit carries and cannot read (NOD-064)."""
        return self.engine.startswith(OWN)

    @property
    def crash_only(self) -> bool:
        """Whether it bears crashes and no lies."""
        return self.faults == "crash"

    @property
    def synchronous(self) -> bool:
        """Whether it is safe only where messages arrive within `delta`."""
        return self.safety_net == "synchronous"

    @property
    def depth(self) -> int:
        """Blocks after which a block is final; 0 where it is at once."""
        return int(self.finality.get("k", 0))

    def depth_of(self, n: int) -> int:
        """Blocks after which a block is final among n members: where turns go round, a round at least (CON-141)."""
        return max(self.depth, n) if self.depth and self.turns == "round" else self.depth

    @property
    def slotted(self) -> bool:
        """Whether its rounds are slots of a longest chain."""
        return self.live_net == "synchronous"

    def most_liars(self, n: int) -> int:
        """The greatest number of liars of equal weight that it bears: the largest w with w * den < num * n."""
        num, den = self.threshold
        return 0 if self.crash_only else (num * n - 1) // den

    def most_down(self, n: int) -> int:
        """The greatest number of members that may be down for good while the others go on."""
        num, den = self.threshold
        return (num * n - 1) // den

    def proposer(self, height: int, round_: int, n: int) -> int | None:
        """Whose turn it is, where turns are fixed in advance."""
        if self.turns == "height":
            return (height - 1 + round_) % n
        return round_ // self.term % n if self.turns == "round" else None

    def horizon(self, plan: Plan) -> int:
        """Slots that a run of a longest chain may take."""
        return len(plan.lottery) or 2 * (plan.heights + self.depth_of(plan.n)) + plan.n

    def wins(self, plan: Plan, slot: int) -> tuple[int, ...]:
        """The nodes that win a slot, each as often as it may do the first difficulty's work."""
        if plan.lottery:
            return plan.lottery[slot] if slot < len(plan.lottery) else ()
        owner = turn_of(self.turns, slot, plan.weights or (1,) * plan.n, self.term)
        return (slot % plan.n if owner is None else owner,) * self.price(slot)

    def price(self, slot: int) -> int:
        """Wins that a block of this slot may cost at most, for each window of blocks may have doubled it (CON-154)."""
        return int(1 << slot // self.difficulty[1]) if self.difficulty[1] else 1

    def slots(self, plan: Plan) -> list[Slot]:
        """What each slot of a run is worth. Who crashes is counted among the liars, for it cannot be counted on."""
        lost = {*plan.faulty, *(atom.node for atom in plan.atoms if isinstance(atom, Crash))}
        found = []
        for at in range(self.horizon(plan)):
            wins = self.wins(plan, at)
            able = [node for node in sorted(set(wins) - lost) if wins.count(node) >= self.price(at)]
            alone = len(set(wins) - lost) == 1 and bool(able)
            found.append(Slot(min(1, len(able)), sum(node in lost for node in wins), alone))
        return found

    def last_round(self, heights: int) -> int:
        """The last round that a plan with so many heights need speak of, counted through the run."""
        return heights + self.span + 2

    def delays(self) -> tuple[int, ...]:
        """Values of `delta` in ticks under which it promises to be live; the usual one first."""
        grows = self.timeout[1] > 0 or self.backoff == "double"
        return (1, 2, 6) if grows and not self.synchronous else (self.delta,)

    def lasts(self, round_: int) -> int:
        """The time-out of one phase of a round, in ticks."""
        first, growth = self.timeout
        return first << min(round_, 30) if self.backoff == "double" else first + growth * round_

    def bound(self, plan: Plan) -> int:
        """The tick by which every correct node must have decided every height of the plan.

        GST, then for each height the rounds until a time-out outlasts `delta` and correct proposers had `span` turns.
        """
        if self.slotted:
            return (self.horizon(plan) + 1) * self.timeout[0]
        rounds, spent = 0, 0
        while spent <= plan.gst:
            spent += self.lasts(rounds)
            rounds += 1
        enough = rounds
        while self.lasts(enough) < RESTFUL * plan.delta and self.lasts(enough + 1) > self.lasts(enough):
            enough += 1
        last = enough + (len(plan.faulty) + 1) * self.span + 1
        longest = enough + len(plan.faulty) + 1 if self.backoff == "double" else last  # a good round starts it anew
        ticks = sum(3 * self.lasts(min(r, longest)) + 3 * plan.delta for r in range(rounds, last + 1))
        return plan.gst + plan.delta + ticks * (plan.heights + self.depth)

    def admit(self, plan: Plan) -> None:
        """Return if the plan speaks of kinds that the engine has, and keeps to its tier under this contract.

        Raises `PlanError`: `plan.malformed`, `plan.out_of_model`.
        """
        kinds = (*self.phases, *self.asides)
        for i, atom in enumerate(plan.atoms):
            if getattr(atom, "ph", kinds[0]) not in kinds:
                expected = say("shape.one-of", names=", ".join(kinds))
                raise PlanError("plan.malformed", f"/atoms/{i}/ph", expected, getattr(atom, "ph", ""))
        if plan.lottery and self.turns != "work":
            raise PlanError("plan.malformed", "/lottery", say("plan.no-lottery"), say("plan.one"))
        if plan.tier != "in-model":
            return
        num, den = self.threshold
        weights = plan.weights or (1,) * plan.n
        if plan.faulty and self.crash_only:
            raise PlanError("plan.out_of_model", "/faulty", say("plan.no-liars"), list(plan.faulty))
        if den * sum(weights[node] for node in plan.faulty) >= num * sum(weights) and plan.faulty:
            expected = say("plan.under", num=num, den=den)
            raise PlanError("plan.out_of_model", "/faulty", expected, list(plan.faulty))
        for i, atom in enumerate(plan.atoms):
            if isinstance(atom, Skew) and abs(atom.d) > self.skew >= 0 and atom.node not in plan.faulty:
                expected = say("plan.clocks", skew=self.skew)
                raise PlanError("plan.out_of_model", f"/atoms/{i}", expected, atom.to_data())
            if self.synchronous and delays(atom, plan.faulty):
                expected = say("plan.in-time")
                raise PlanError("plan.out_of_model", f"/atoms/{i}", expected, atom.to_data())
        depth = self.depth_of(plan.n)
        lucky = self.turns != "round" or any(isinstance(atom, Crash) for atom in plan.atoms)
        if depth and lucky and not is_calm(self.slots(plan), depth):
            at = "/lottery" if plan.lottery else "/faulty"
            raise PlanError("plan.out_of_model", at, say("plan.calm", depth=depth), list(plan.faulty))


def delays(atom: Atom, faulty: tuple[int, ...]) -> bool:
    """Whether an atom may hold back what a correct node says to a correct node."""
    match atom:
        case Late() | Drop():
            return not {atom.src, atom.dst} & set(faulty)
        case Cut():
            return True
    return False
