"""The shrinker: from a plan that fails to the smallest one that fails the same way.

Why: a person acts on five sentences, not on forty faults. Drivers draw plans in any way they like; this one function
shrinks them all. Each accepted step goes strictly down in `Plan.order`, so shrinking ends; a budget bounds its cost.

It must not know why a plan fails: `fails` says whether it does, in the same class of invariant, and passes on the
reference where a planted bug is hunted.
"""

from collections.abc import Callable, Iterable, Iterator

from attrs import evolve, frozen

from conformance.contract import Contract
from conformance.plan import Atom, Plan, PlanError, Support

BUDGET = 2_000
"""Executions after which the smallest plan found so far is given back."""


@frozen
class Shrunk:
    """What came of it."""

    plan: Plan
    executions: int
    complete: bool
    """False if the budget ended it."""


class _Spent(Exception):
    """The budget is used up."""


class _Search:
    """The best plan so far, and what was tried."""

    def __init__(self, plan: Plan, fails: Callable[[Plan], bool], contract: Contract, budget: int) -> None:
        self.best = plan
        self.contract = contract
        self.fails = fails
        self.budget = budget
        self.executions = 0
        self.tried = {plan.encode()}

    def accept(self, plan: Plan) -> bool:
        """Take `plan` if it is smaller and fails."""
        key = plan.encode()
        if key in self.tried or plan.order >= self.best.order:
            return False
        self.tried.add(key)
        if not self.is_admitted(plan):
            return False
        if self.executions >= self.budget:
            raise _Spent
        self.executions += 1
        if not self.fails(plan):
            return False
        self.best = plan
        return True

    def is_admitted(self, plan: Plan) -> bool:
        """Whether the contract admits the plan: with less fault in it, slots may still fall less well."""
        try:
            self.contract.admit(plan)
        except PlanError:
            return False
        return True

    def run(self) -> None:
        """Remove, weaken, simplify the setting, until nothing helps."""
        progress = True
        while progress:
            progress = self.remove() | self.weaken() | self.simplify()

    def remove(self) -> bool:
        """Leave out atoms: halves first, then smaller runs, then one by one."""
        progress = False
        width = max(1, len(self.best.atoms) // 2)
        while width:
            start = 0
            while start < len(self.best.atoms):
                atoms = self.best.atoms
                if self.accept(evolve(self.best, atoms=atoms[:start] + atoms[start + width :])):
                    progress = True
                else:
                    start += width
            width //= 2
        return progress

    def weaken(self) -> bool:
        """Put a milder or earlier atom for one."""
        progress = False
        for candidate in self.milder():
            if self.accept(candidate):
                progress = True
        return progress

    def milder(self) -> Iterator[Plan]:
        """The present best with one atom replaced; follows the best as it changes."""
        index = 0
        while index < len(self.best.atoms):
            before = self.best
            for atom in alternatives(before.atoms[index], self.contract.phases):
                if before is self.best:
                    others = before.atoms[:index] + before.atoms[index + 1 :]
                    yield evolve(before, atoms=(*others, atom))
            if before is self.best:
                index += 1

    def simplify(self) -> bool:
        """A simpler setting: fewer heights, milder liars, less load, an earlier GST, four nodes, usual delays, fewer
        liars."""
        best = self.best
        simpler = [
            evolve(best, heights=max([1, *(getattr(atom, "h", 1) for atom in best.atoms)])),
            evolve(best, heights=best.heights - 1) if best.heights > 1 else best,
            evolve(best, after={}),
            evolve(best, load=1),
            *(evolve(best, changes=(*best.changes[:at], *best.changes[at + 1 :]))
              for at in range(1, len(best.changes))),
            evolve(best, lottery=()),
            evolve(best, lottery=best.lottery[:-1]),
            *(evolve(best, lottery=(*best.lottery[:at], won[:-1], *best.lottery[at + 1 :]))
              for at, won in enumerate(best.lottery) if won),
            evolve(best, gst=min(best.gst, 60)),
            evolve(best, gst=best.gst // 2),
            evolve(best, n=4) if best.n > 4 and self.fits_four(best) else best,
            evolve(best, delta=self.contract.delta),
            evolve(best, faulty=tuple(node for node in best.faulty if any(node in a.liars for a in best.atoms)),
                   after={}),
        ]  # fmt: skip
        accepted = [self.accept(candidate) for candidate in simpler]
        return any(accepted)

    def fits_four(self, plan: Plan) -> bool:
        """Whether a plan names only nodes that four have, and no more liars than four bear."""
        plain = not plan.weights and not plan.changes
        return plain and seats(plan) <= 4 and len(plan.faulty) <= self.contract.most_liars(4)


def seats(plan: Plan) -> int:
    """The number of nodes that a plan needs to name those that it names."""
    named = [node for atom in plan.atoms for node in atom.nodes]
    return max([*named, *plan.faulty, *plan.after], default=0) + 1


def alternatives(atom: Atom, phases: Iterable[str]) -> Iterator[Atom]:
    """Weaker forms of one atom, then the same in an earlier round or height."""
    yield from atom.weaker()
    if isinstance(atom, Support):
        yield from atom.single(phases)
    if getattr(atom, "r", 0) > 0:
        yield evolve(atom, r=atom.r - 1)  # type: ignore[attr-defined, call-arg]  # atoms with rounds only
    if getattr(atom, "h", 1) > 1:
        yield evolve(atom, h=atom.h - 1)  # type: ignore[attr-defined, call-arg]  # atoms with heights only


def shrink(plan: Plan, fails: Callable[[Plan], bool], contract: Contract, budget: int = BUDGET) -> Shrunk:
    """The smallest failing plan found, among those for an engine with this contract. `plan` itself must fail."""
    search = _Search(plan, fails, contract, budget)
    complete = True
    try:
        search.run()
    except _Spent:
        complete = False
    return Shrunk(search.best, search.executions, complete)
