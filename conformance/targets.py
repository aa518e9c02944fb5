"""What a plan is played against: an engine of the reference, or one of the planted bugs, by name.

Why: drivers, replay and reports take a name, so that a run can be repeated in another process from its file alone. It
must not know how a run is judged.
"""

from attrs import frozen

from conformance.adapters.reference import contract_of, engine_cluster
from conformance.checkers import classes, judge
from conformance.contract import Contract
from conformance.history import History, Violation
from conformance.plan import Plan, PlanError
from conformance.world import play
from conformance.zoo import ZOO, Entry, load


def contract(engine: str) -> Contract:
    """What an installed engine declares; raises `Refused` `consensus.unknown_engine`."""
    return contract_of(engine)


@frozen
class Target:
    """The engine of a plan, with its correct nodes replaced by the planted bug `zoo`, if one is named."""

    zoo: str = ""

    def entry(self) -> Entry | None:
        """The planted bug; raises `PlanError` `plan.unknown_zoo`."""
        load()
        if self.zoo and self.zoo not in ZOO:
            raise PlanError("plan.unknown_zoo", "/zoo", "one of " + ", ".join(ZOO), self.zoo)
        return ZOO[self.zoo] if self.zoo else None

    def play(self, plan: Plan, *, watched: bool = False) -> History:
        """One run on fresh nodes."""
        entry = self.entry()
        return play(plan, engine_cluster(plan, None if entry is None else entry.make), watched=watched)

    def violations(self, plan: Plan) -> tuple[Violation, ...]:
        """What one run breaks."""
        return judge(self.play(plan))

    def breaks(self, plan: Plan, clause: str) -> bool:
        """Whether a run breaks this invariant class, and, for a planted bug, the reference does not (the kill rule)."""
        if clause not in classes(self.violations(plan)):
            return False
        return not self.zoo or clause not in classes(Target().violations(plan))
