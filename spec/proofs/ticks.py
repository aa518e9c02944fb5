"""Time does the same however often it is told to pass (CTR-S1, CTR-S2, CTR-S3).

`advance(s, t)` fires, while some clock of the ledger s has a deadline before t, the one that is least by deadline, then
instance, then clause, each with its own deadline as `now` (CTR-S2); what a clock does may start and stop others. Shown:
advancing to t1 and then to t2 is advancing to t2; advancing twice is advancing once; hence ticks put in anywhere
between commands, or left out, change neither what a command finds nor what it leaves, a refused command included. By
induction on the number of clocks that fire, finite by CTR-T7: the base and the step are one query each.

The order is what makes this true, and is modelled: the clock that fires next is the least of those due, and that must
not depend on how far time is told to pass. Abstracted: what firing and commands do (any functions of the ledger and of
`now`). It must not know the language.
"""

from collections.abc import Callable
from typing import NamedTuple

import z3
from queries import Mutations, Query
from voters import Truth, always
from z3 import And, Const, Consts, DeclareSort, ForAll, Function, Implies, Ints, IntSort, Not, Or

TITLE = "ticks change nothing: time in many steps is time in one (CTR-S1, CTR-S2, CTR-S3)"
SCOPE = "all"
Ledger, Clock, Command = DeclareSort("ledger"), DeclareSort("clock"), DeclareSort("command")
LEDGER, COMMAND = Const("ledger", Ledger), Const("command", Command)
c, FIRST, SECOND, OTHER = Consts("c first second other", Clock)
SOONER, LATER = Ints("sooner later")
deadline, instance, clause = (Function(name, Clock, IntSort()) for name in ("deadline", "instance", "clause"))
runs = Function("runs", Ledger, Clock, Truth)
fired = Function("fired", Ledger, Clock, IntSort(), Ledger)
"""fired(s, c, now): the ledger after clock c of s has acted at the second `now`."""
advance = Function("advance", Ledger, IntSort(), Ledger)
done = Function("done", Ledger, Command, IntSort(), Ledger)
"""done(s, command, t): what a command makes of a ledger that stands at t; a refused one makes nothing of it."""


def by_deadline(one: z3.ExprRef, other: z3.ExprRef) -> z3.BoolRef:
    """The order in which clocks fire: deadline, then instance, then clause (CTR-S1)."""
    return _before([(deadline(one), deadline(other)), (instance(one), instance(other)), (clause(one), clause(other))])


def _before(pairs: list[tuple[z3.ArithRef, z3.ArithRef]]) -> z3.BoolRef:
    (one, other), *rest = pairs
    return Or(one < other, And(one == other, _before(rest))) if rest else one < other


class Rules(NamedTuple):
    """How time acts: which clocks are due, which of them is first, at which second it acts, and what follows."""

    due: Callable[[z3.ExprRef, z3.ArithRef], z3.BoolRef] = lambda clock, t: deadline(clock) < t
    first: Callable[[z3.ExprRef, z3.ExprRef], z3.BoolRef] = by_deadline
    now: Callable[[z3.ExprRef, z3.ArithRef], z3.ArithRef] = lambda clock, _t: deadline(clock)
    then: Callable[[z3.ExprRef, z3.ArithRef], z3.ExprRef] = advance
    starts: Callable[[z3.ArithRef, z3.ArithRef], z3.BoolRef] = lambda now, limit: now <= limit
    """What is known of a deadline that is set at `now` (CTR-S4)."""

    def due_in(self, ledger: z3.ExprRef, clock: z3.ExprRef, t: z3.ArithRef) -> z3.BoolRef:
        """A clock that must fire before time may pass to t."""
        return And(runs(ledger, clock), self.due(clock, t))

    def quiet(self, ledger: z3.ExprRef, t: z3.ArithRef) -> z3.BoolRef:
        """Nothing is due."""
        return ForAll([c], Not(self.due_in(ledger, c, t)))

    def next(self, ledger: z3.ExprRef, t: z3.ArithRef, clock: z3.ExprRef) -> z3.BoolRef:
        """The clock that fires first when time passes to t."""
        least = always([c], self.due_in(ledger, c, t), c != clock, self.first(clock, c))
        return And(self.due_in(ledger, clock, t), least)

    def after(self, ledger: z3.ExprRef, clock: z3.ExprRef, t: z3.ArithRef) -> z3.ExprRef:
        """The ledger in which this clock has fired on the way to t."""
        return fired(ledger, clock, self.now(clock, t))

    def still(self, ledger: z3.ExprRef, t: z3.ArithRef) -> z3.BoolRef:
        """`advance` where nothing is due: nothing happens."""
        return Implies(self.quiet(ledger, t), advance(ledger, t) == ledger)

    def moves(self, ledger: z3.ExprRef, t: z3.ArithRef, clock: z3.ExprRef) -> z3.BoolRef:
        """`advance` where something is: the first fires, and so on."""
        return Implies(self.next(ledger, t, clock), advance(ledger, t) == self.then(self.after(ledger, clock, t), t))


RULES = Rules()


def _split(ledger: z3.ExprRef) -> z3.BoolRef:
    """Two steps of time are one."""
    return advance(advance(ledger, SOONER), LATER) == advance(ledger, LATER)


def steps(rules: Rules) -> list[Query]:
    """Two steps are one, and leave nothing due: by induction on the number of clocks that fire on the way."""
    order, way = SOONER <= LATER, rules.after(LEDGER, FIRST, SOONER)
    to_sooner, to_later = rules.next(LEDGER, SOONER, FIRST), rules.next(LEDGER, LATER, FIRST)
    unfolded = [rules.moves(LEDGER, SOONER, FIRST), rules.moves(LEDGER, LATER, FIRST)]
    return [
        Query("who fires first does not depend on how far time passes", [order, to_sooner], to_later),
        Query("two steps are one: nothing fires in the first",
              [order, rules.quiet(LEDGER, SOONER), rules.still(LEDGER, SOONER)], _split(LEDGER)),
        Query("two steps are one: a clock fires in the first",
              [order, to_sooner, to_later, *unfolded, _split(way)], _split(LEDGER)),
        Query("nothing is overdue: nothing fires",
              [rules.quiet(LEDGER, LATER), rules.still(LEDGER, LATER)], RULES.quiet(advance(LEDGER, LATER), LATER)),
        Query("nothing is overdue: a clock fires",
              [to_later, unfolded[1], RULES.quiet(advance(rules.after(LEDGER, FIRST, LATER), LATER), LATER)],
              RULES.quiet(advance(LEDGER, LATER), LATER)),
    ]  # fmt: skip


def order_of_acts(rules: Rules) -> list[Query]:
    """An act in the second of the deadline is on time, and clocks never act before one that has acted."""
    way = rules.after(LEDGER, FIRST, LATER)
    new = always([c], runs(way, c), Not(runs(LEDGER, c)), rules.starts(rules.now(FIRST, LATER), deadline(c)))
    both = [rules.next(LEDGER, LATER, FIRST), rules.next(way, LATER, SECOND), Not(runs(way, FIRST)), new]
    return [
        Query("a clock whose deadline is this second waits", [rules.next(LEDGER, LATER, FIRST)],
              deadline(FIRST) < LATER),
        Query("no clock acts at a second before one that has acted", both,
              rules.now(FIRST, LATER) <= rules.now(SECOND, LATER)),
    ]  # fmt: skip


def ticks() -> list[Query]:
    """With two steps being one, a tick may come between any two commands, or not."""
    once, again = advance(LEDGER, SOONER), advance(LEDGER, LATER)
    same = ForAll([ledger := Const("s", Ledger)], _split(ledger))
    instant, order = [SOONER == LATER, same], [SOONER <= LATER, same]
    return [
        Query("a tick at the same second changes nothing", instant, advance(again, LATER) == again),
        Query("a tick before a command changes nothing", order,
              done(advance(once, LATER), COMMAND, LATER) == done(again, COMMAND, LATER)),
        Query("a refused command leaves what time did, and that alone", [*order, done(once, COMMAND, SOONER) == once],
              advance(done(once, COMMAND, SOONER), LATER) == again),
    ]  # fmt: skip


def queries(rules: Rules = RULES) -> list[Query]:
    """Every question of the proof; or what becomes of it under other rules."""
    return [*steps(rules), *order_of_acts(rules), *ticks()]


def _by_instance(one: z3.ExprRef, other: z3.ExprRef) -> z3.BoolRef:
    return _before([(instance(one), instance(other)), (deadline(one), deadline(other)), (clause(one), clause(other))])


MUTATIONS: Mutations = {
    "clocks fire in order of instance": (
        lambda: queries(Rules(first=_by_instance)), "who fires first does not depend on how far time passes"),
    "a clock acts at the second of the tick": (
        lambda: queries(Rules(now=lambda _clock, t: t)), "two steps are one: a clock fires in the first"),
    "one clock fires a tick": (
        lambda: queries(Rules(then=lambda ledger, _t: ledger)), "two steps are one: a clock fires in the first"),
    "a deadline is over within its own second": (
        lambda: queries(Rules(due=lambda clock, t: deadline(clock) <= t)),
        "a clock whose deadline is this second waits"),
    "a deadline may be set before the entry": (
        lambda: queries(Rules(starts=lambda _now, _limit: z3.BoolVal(True))),
        "no clock acts at a second before one that has acted"),
}  # fmt: skip
"""A rule changed -> (the queries with it, the one that must then be refuted)."""
