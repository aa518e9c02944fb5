"""What a test has in its hands: the node behind its door, and runs of it under plans.

It must not know any test. Every run begins with `reset`: no test needs another's data, or its order.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from attrs import define, evolve, field

from conformance.checkers import judge
from conformance.conform.verdicts import Broken, Failed, Inconclusive, Unsupported
from conformance.door import Door, Hello, Reply
from conformance.foreign import Answered, ForeignCluster, RenewingForeign
from conformance.history import History
from conformance.opaque import OpaqueCluster, RenewingOpaque
from conformance.plan import Plan
from conformance.sentences import say
from conformance.standard import Profile, profile
from conformance.world import play

__all__ = ["Session", "require_ok"]


@define
class Session:
    """One test under way."""

    door: Door
    hello: Hello
    profile_name: str = ""
    """The consensus profile that L2 and L3 are about; empty if the node has none."""
    declared: Profile | None = None
    """What is declared of it, if the profile is the node's own."""
    suite: str = "stub"
    about: str = "DAT-014"
    """The clause that the test is about."""
    effort: int = 1
    """How many times the usual number of drawn plans."""
    reopen: Any = None
    """`reopen(environment) -> Door`: a fresh process, where one can be started."""
    triggered: Counter[str] = field(factory=Counter)
    runs: int = 0

    # --- requests ---

    def ask(self, op: str, **fields: Any) -> Reply:
        """A request; raises `Unsupported` if the node does not have it."""
        reply = self.door.ask(op, **fields)
        if reply.code == "not_supported":
            raise Unsupported(f"{op}: {reply.value.get('text', '')}".rstrip(": "))
        return reply

    def exchange(self) -> tuple[str, str]:
        """The last request and its reply."""
        return self.door.record[-1] if self.door.record else ("", "")

    # --- runs under plans ---

    def profile(self) -> Profile:
        """The profile of L2 and L3; raises `Unsupported` if the kit or the node has none."""
        found = profile(self.profile_name) or self.declared
        if found is None:
            named = self.profile_name
            raise Unsupported(say("profile", name=named) if named else say("profile.none"))
        return found

    def profile_of(self, plan: Plan) -> Profile:
        """The profile under the rule of eligibility that a plan is for, where there are several."""
        found = self.profile()
        return found.rules.get(plan.engine, found)

    def cluster(self, plan: Plan) -> ForeignCluster:
        """Fresh instances for one run."""
        known = self.profile_of(plan)
        if known.contract.opaque:
            kind: type[ForeignCluster] = RenewingOpaque if plan.changes else OpaqueCluster
        else:
            kind = RenewingForeign if plan.changes else ForeignCluster
        return kind(self.door, known, plan, self.suite)

    def play(self, plan: Plan, *, watched: bool = False, backwards: bool = False) -> History:
        """One run; raises `Unsupported` and `Failed` where an operation was answered with `err`."""
        self.runs += 1
        try:
            cluster = self.cluster(plan)
            history = play(plan, cluster, watched=watched, backwards=backwards)
        except Answered as answered:
            raise told(answered) from None
        self.triggered.update(history.triggered)
        if isinstance(cluster, RenewingForeign):
            return evolve(history, submitted=history.submitted | cluster.force.handed)
        return history

    def hold(self, plan: Plan) -> History:
        """One run that must keep every invariant; raises `Broken`."""
        history = self.play(plan)
        broken = judge(history)
        if broken:
            raise Broken(plan, history, broken)
        return history

    def hold_all(self, plans: Iterable[Plan], *wanted: str) -> None:
        """Many runs, in which each of these kinds of atoms must take effect somewhere: else nothing was shown."""
        for plan in plans:
            self.hold(plan)
        idle = [kind for kind in wanted if not self.triggered[kind]]
        if idle:
            raise Inconclusive(say("idle", kinds=", ".join(idle), runs=self.runs))


def told(answered: Answered) -> Exception:
    """An `err` to an operation of a run, as a verdict."""
    op, reply = answered.op, answered.reply
    if reply.code == "not_supported":
        return Unsupported(f"{op}: {reply.value.get('text', '')}".rstrip(": "))
    clause = {"fire": "NOD-015", "start": "NOD-013", "recover": "NOD-019", "init": "NOD-011"}.get(op, "NOD-005")
    text = reply.value.get("text", "")
    actual = say("reply.text", reply=reply.told, text=text) if text else reply.told
    return Failed(clause, say("carried-out", op=op), actual)


def require_ok(session: Session, clause: str, op: str, **fields: Any) -> Mapping[str, Any]:
    """The `ok` of a request that must be carried out; raises `Failed`."""
    reply = session.ask(op, **fields)
    if reply.kind != "ok":
        raise Failed(clause, say("carried-out", op=op), reply.told, exchange=session.exchange())
    return reply.value
