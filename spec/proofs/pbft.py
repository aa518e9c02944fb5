"""Agreement of PBFT with view changes, for every n, any number of views and every value (INV-S1 for one sequence
number).

The model is that of M. Castro and B. Liskov, "Practical Byzantine Fault Tolerance", OSDI 1999, section 4, and of part 4
of spec/consensus.md, where a sequence number is a height and views run on from one to the next: a member that left for
a view at an earlier height has no claim at this one, which is the case "no claim" below. To *support* a value in a view
is to send its PRE-PREPARE (the primary) or its PREPARE (a backup); a quorum of supporters is a prepared certificate, a
quorum of commits decides. A node that leaves a view sends VIEW-CHANGE; a NEW-VIEW is a quorum of those, and fixes the
value: that of the prepared certificate of the highest view among them, anything if they hold none. Each backup checks
this for itself, certificates included.

Abstracted: checkpoints and watermarks (one sequence number stands alone, the null request is a value like any other),
requests and their digests (a value is its digest), timers (a node leaves a view whenever it likes), leaders (any value
may be proposed in any view). A correct node claims in its VIEW-CHANGE at least what it committed to last; it may claim
a later certificate that it holds. The claims of liars are any certificates that exist. Votes of liars are
over-approximated: every certificate counts the votes of correct nodes only. So the actions are those of correct nodes,
and a node may act in any view that it has not left. It must not know the code.
"""

from typing import NamedTuple

import voters
import z3
from induction import Action, Definition, State, Story, Theory, Vocabulary, defining, instead, without
from induction import queries as asked
from queries import Query
from voters import Node, Order, Quorum, all_of_a_quorum, always, correct, exactly, member, n, one_of_every_quorum
from z3 import And, Const, Consts, DeclareSort, Exists, ForAll, Not

TITLE = "agreement of PBFT with view changes (INV-S1)"
SCOPE = "all n"
VIEWS = Order("view")
View, Value, lt, le = VIEWS.sort, DeclareSort("value"), VIEWS.lt, VIEWS.le
n1, n2 = Consts("n1 n2", Node)
w, w1, w2 = Consts("w w1 w2", View)
v, v1, v2 = Consts("v v1 v2", Value)


class At(NamedTuple):
    """Where an action is taken: `quorum` sent the VIEW-CHANGEs, `earlier` is the view of the certificate."""

    node: z3.ExprRef
    view: z3.ExprRef
    value: z3.ExprRef
    earlier: z3.ExprRef
    quorum: z3.ExprRef


HERE = At(Const("N0", Node), Const("W0", View), Const("V0", Value), Const("E0", View), Const("Q0", Quorum))

WORDS = Vocabulary(
    basic={"left": (Node, View), "support": (Node, View, Value), "commit": (Node, View, Value),
           "decided": (Node, View, Value)},
    defined={
        "prepared": Definition((View, Value), ("support",), lambda s, view, value:
                               all_of_a_quorum(lambda node: s.support(node, view, value))),
        "committed": Definition((View, Value), ("commit",), lambda s, view, value:
                                all_of_a_quorum(lambda node: s.commit(node, view, value))),
        "lost": Definition((View, Value), ("left", "commit"), lambda s, view, value: one_of_every_quorum(
            lambda node: And(s.left(node, view), Not(s.commit(node, view, value))))),
    },
)  # fmt: skip
"""left(n, w): n is past view w, having sent VIEW-CHANGE. lost(w, v): v can no longer be committed in w."""


# --- actions: the steps of correct nodes ---


def leave(s: State, at: At) -> Action:
    """VIEW-CHANGE for a view, whatever led to it: all earlier views are left (CON-041, CON-047, CON-048)."""
    return Action({}, s.after(left=lambda node, view: And(node == at.node, lt(view, at.view))))


def _supports(s: State, at: At, why: dict[str, z3.BoolRef]) -> Action:
    """Accept the PRE-PREPARE of a view whose NEW-VIEW holds VIEW-CHANGEs of a quorum (CON-043, CON-045)."""
    guards = {
        "not left": Not(s.left(at.node, at.view)),
        "first in the view": ForAll([v], Not(s.support(at.node, at.view, v))),
        "of a quorum": always([n, w], member(n, at.quorum), correct(n), lt(w, at.view), s.left(n, w)),
        **why,
    }
    safe = always([w1, v1], lt(w1, at.view), v1 != at.value, s.lost(w1, v1))
    return Action(guards, s.after(support=exactly(at.node, at.view, at.value)), {"the choice is safe": (safe, "lost")})


def _claims(s: State, at: At, bound: z3.BoolRef) -> z3.BoolRef:
    """What holds of every view w below this one in which a correct member of the quorum committed."""
    return always([n, w, v], member(n, at.quorum), correct(n), s.commit(n, w, v), lt(w, at.view), bound)


def support_free(s: State, at: At) -> Action:
    """In the first view, or when no VIEW-CHANGE of the quorum holds a certificate (CON-042)."""
    return _supports(s, at, {"no claim": _claims(s, at, z3.BoolVal(False))})


def support_carried(s: State, at: At) -> Action:
    """The value of the highest certificate among the VIEW-CHANGEs of the quorum (CON-041, CON-042)."""
    return _supports(s, at, {
        "earlier": lt(at.earlier, at.view),
        "verified": s.prepared(at.earlier, at.value),
        "highest": _claims(s, at, le(w, at.earlier)),
    })  # fmt: skip


def commit(s: State, at: At) -> Action:
    """COMMIT on a prepared certificate, in a view that is not left (CON-040, CON-046)."""
    guards = {"not left": Not(s.left(at.node, at.view)), "prepared": s.prepared(at.view, at.value)}
    return Action(guards, s.after(commit=exactly(at.node, at.view, at.value)))


def decide(s: State, at: At) -> Action:
    """Committed-local, in any view (CON-016)."""
    return Action({"committed": s.committed(at.view, at.value)}, s.after(decided=exactly(at.node, at.view, at.value)))


# --- the proof ---


def invariant(s: State) -> dict[str, z3.BoolRef]:
    """Four clauses about correct nodes; agreement follows from them."""
    safe = (s.support(n, w2, v2), lt(w1, w2), v1 != v2, s.lost(w1, v1))
    return {
        "one_support": always([n, w, v1, v2], correct(n), s.support(n, w, v1), s.support(n, w, v2), v1 == v2),
        "support_safe": always([n, w1, w2, v1, v2], correct(n), *safe),
        "commit_prepared": always([n, w, v], correct(n), s.commit(n, w, v), s.prepared(w, v)),
        "decided_committed": always([n, w, v], correct(n), s.decided(n, w, v), s.committed(w, v)),
    }


def lemmas(s: State) -> dict[str, tuple[z3.BoolRef, str]]:
    """Consequences of the invariant in one state."""
    return {
        "prepared_unique": (always([w, v1, v2], s.prepared(w, v1), s.prepared(w, v2), v1 == v2),
                            "prepared one_support"),
        "later_prepared": (always([w1, w2, v1, v2], s.prepared(w2, v2), lt(w1, w2), v1 != v2, s.lost(w1, v1)),
                           "prepared support_safe"),
        "committed_prepared": (always([w, v], s.committed(w, v), s.prepared(w, v)), "committed commit_prepared"),
        "committed_not_lost": (always([w, v], s.committed(w, v), Not(s.lost(w, v))), "committed lost"),
    }  # fmt: skip


def goals(s: State) -> dict[str, z3.BoolRef]:
    """INV-S1 for one sequence number: no two correct nodes decide different values, in whatever views."""
    both = And(correct(n1), correct(n2), s.decided(n1, w1, v1), s.decided(n2, w2, v2))
    return {"agreement": always([n1, n2, w1, w2, v1, v2], both, v1 == v2)}


THEORY = Theory(
    WORDS, VIEWS.axioms, voters.QUORUMS_MEET, invariant, lemmas, goals,
    {action.__name__: action for action in (leave, support_free, support_carried, commit, decide)}, HERE,
)  # fmt: skip


def queries() -> list[Query]:
    """Every question of the proof."""
    return asked(THEORY)


BY_A_FEW = THEORY._replace(meet=(*voters.QUORUMS_MEET, *voters.A_FEW_HAVE_A_CORRECT))
"""Where f + 1 votes are taken for enough, one of them is known to be correct, and that is all."""


def _lowest(s: State, at: At) -> z3.BoolRef:
    return _claims(s, at, le(at.earlier, w))


MUTATIONS = {
    "P01: prepared by fewer than a quorum": (
        lambda: asked(defining(BY_A_FEW, "prepared", lambda s, view, value: voters.all_of_a_few(
            lambda node: s.support(node, view, value))), "commit"), "lemma prepared_unique"),
    "P02: committed by f + 1": (
        lambda: asked(defining(BY_A_FEW, "committed", lambda s, view, value: voters.all_of_a_few(
            lambda node: s.commit(node, view, value))), "decide"), "lemma committed_not_lost"),
    "P03: one voter counted as often as it speaks": (
        lambda: asked(defining(THEORY, "prepared", lambda s, view, value: Exists([n], s.support(n, view, value))),
                      "commit"), "lemma prepared_unique"),
    "P05: votes of another view counted": (
        lambda: asked(defining(THEORY, "prepared", lambda s, view, value: all_of_a_quorum(
            lambda node: Exists([w], s.support(node, w, value)))), "commit"), "lemma prepared_unique"),
    "P07: a second PRE-PREPARE overwrites the first": (
        lambda: asked(without(THEORY, "support_free", "first in the view"), "support_free"),
        "support_free keeps one_support"),
    "P09: the lowest certificate, not the highest": (
        lambda: asked(instead(THEORY, "support_carried", "highest", _lowest), "support_carried"),
        "support_carried: the choice is safe"),
    "P10: nothing carried over": (
        lambda: asked(without(THEORY, "support_free", "no claim"), "support_free"),
        "support_free: the choice is safe"),
    "P11: certificates in VIEW-CHANGE not verified": (
        lambda: asked(without(THEORY, "support_carried", "verified"), "support_carried"),
        "support_carried: the choice is safe"),
    "D12: quorums that need not meet": (lambda: asked(THEORY._replace(meet=()), "decide"), "lemma prepared_unique"),
}  # fmt: skip
"""Bug of the corpus -> (the queries with it, the one that must then be refuted)."""
SPARE = {("support_free", "not left"), ("support_carried", "not left"), ("support_carried", "earlier")}
"""Guards that safety does not need: a vote in a view that was left, or a certificate of a later one, harms nobody."""


def story() -> Story:
    """One node commits, the view changes, the value is carried over, all three correct nodes decide it."""
    nodes, (first, second) = Consts("n1 n2 n3", Node), Consts("first second", View)
    here = [HERE._replace(node=node, view=first) for node in nodes]
    there = [HERE._replace(node=node, view=second, earlier=first) for node in nodes]
    cast = [*voters.only_these_are_correct(nodes, HERE.quorum), lt(first, second), ForAll([w], le(first, w))]
    steps = [
        *[("support_free", at) for at in here], ("commit", here[0]), *[("leave", at) for at in there],
        *[("support_carried", at) for at in there], *[("commit", at) for at in there],
        *[("decide", at) for at in there],
    ]  # fmt: skip
    return Story(cast, steps)
