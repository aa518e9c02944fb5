"""What a plan is played against: an engine of the reference, or one of the planted bugs, by name.

Why: drivers, replay and reports take a name, so that a run can be repeated in another process from its file alone. It
must not know how a run is judged.
"""

from attrs import evolve, frozen

from conformance.adapters.reference import contract_of, engine_cluster
from conformance.adapters.renewing import RenewingCluster, machine_of
from conformance.checkers import authenticity, classes, judge
from conformance.contract import Contract
from conformance.history import History, Violation
from conformance.plan import Byz, Inject, Plan, PlanError
from conformance.plan_shapes import BROKEN
from conformance.sentences import say
from conformance.world import play
from conformance.zoo import ZOO, Entry, load


def contract(engine: str) -> Contract:
    """What an installed engine declares; raises `Refused` `consensus.unknown_engine`."""
    return contract_of(engine)


def forges(plan: Plan) -> bool:
    """Whether a plan sends anything that no member signed."""
    return any(
        atom.posing is not None if isinstance(atom, Inject) else isinstance(atom, Byz) and atom.act in BROKEN
        for atom in plan.atoms
    )


@frozen
class Target:
    """The engine of a plan, with its correct nodes replaced by the planted bug `zoo`, if one is named."""

    zoo: str = ""

    def entry(self) -> Entry | None:
        """The planted bug; raises `PlanError` `plan.unknown_zoo`."""
        if not self.zoo:
            return None
        load()
        if self.zoo not in ZOO:
            raise PlanError("plan.unknown_zoo", "/zoo", say("shape.one-of", names=", ".join(ZOO)), self.zoo)
        return ZOO[self.zoo]

    def play(
        self, plan: Plan, *, watched: bool = True, backwards: bool = False, sieved: bool = False
    ) -> History:  # fmt: skip
        """One run on fresh nodes; see `conformance.world.World`."""
        entry = self.entry()
        make = None if entry is None else entry.make
        if plan.changes:
            renewing = RenewingCluster(plan, machine_of(make))
            history = play(plan, renewing, watched=watched, backwards=backwards, sieved=sieved)
            force = {} if history.contract.rounds == "run" else renewing.force.by_height(history.decisions)
            return evolve(history, submitted=history.submitted | renewing.force.handed, in_force=force)
        cluster = engine_cluster(plan, make)
        return play(plan, cluster, watched=watched, backwards=backwards, sieved=sieved)

    def violations(self, plan: Plan) -> tuple[Violation, ...]:
        """What one run breaks."""
        return self.judge(self.play(plan))

    def judge(self, history: History) -> tuple[Violation, ...]:
        """What a run of this target broke; where somebody forged, it is held against the run without forgeries."""
        plan = history.plan
        if not forges(plan):
            return judge(history)
        return (*judge(history), *authenticity.differ(history, self.play(plan, sieved=True)))

    def breaks(self, plan: Plan, clause: str) -> bool:
        """Whether a run breaks this invariant class, and, for a planted bug, the reference does not (the kill rule)."""
        if clause not in classes(self.violations(plan)):
            return False
        return not self.zoo or clause not in classes(Target().violations(plan))
