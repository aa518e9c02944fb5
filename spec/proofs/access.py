"""The laws of the access decision, for every policy, request and number of rules (CTR-S18, CTR-S20, CTR-T12).

A policy is a list of rules, so that order and repetition are there to be shown irrelevant. A request fixes which rules
match: reader, field, purpose and condition of one rule say nothing of another. The decision: allowed if and only if
some matching permit overrides every matching forbid. The five laws of a decision without overrides hold with them too:
default deny; one more permit takes nothing away; one more forbid gives nothing; neither order nor repetition matters
(cf. J. Cutler and others, "Cedar: a new language for expressive, fast, safe, and analyzable authorization", OOPSLA
2024). What overrides add is said by five more: whoever overrides all that forbids is heard; against a forbid only who
names it is; two permits that each override a part do not add up; an override struck out gives nothing; and a read
against a forbid leaves a duty.

Abstracted: how a condition is evaluated; that a rule which cannot be decided refuses the request (CTR-S21) and the
choice of the code for a refusal (CTR-S19) are tested. It must not know the language.
"""

from collections.abc import Callable

import z3
from queries import Mutations, Query
from voters import Order, Relation, Truth, always
from z3 import And, Const, Consts, DeclareSort, Exists, ForAll, Function, Implies, Not, Or

TITLE = "the laws of the access decision, with overrides (CTR-S18, CTR-S20)"
SCOPE = "all"
PLACES, Rule, Name = Order("place"), DeclareSort("rule"), DeclareSort("name")
i, j = Consts("i j", PLACES.sort)
r, p, f = Consts("r p f", Rule)
ADDED, FIRST, SECOND = Consts("added first second", Rule)
ONE_FORBID, OTHER_FORBID = Consts("one_forbid other_forbid", Rule)
PLACE = Const("place", PLACES.sort)
is_permit, matches, has_duty = (Function(name, Rule, Truth) for name in ("is_permit", "matches", "has_duty"))
name_of = Function("name_of", Rule, Name)
overrides, fewer = (Function(name, Rule, Name, Truth) for name in ("overrides", "fewer_overrides"))
here, there = (Function(name, PLACES.sort, Rule, Truth) for name in ("here", "there"))
"""Two policies: the rule at each place of the list."""
moved, back = (Function(name, PLACES.sort, PLACES.sort) for name in ("moved", "back"))

Decision = Callable[[Relation, Relation], z3.BoolRef]
"""(policy, overrides) -> whether the request is allowed."""


def permits(policy: Relation, rule: z3.ExprRef) -> z3.BoolRef:
    """A matching permit of the policy."""
    return And(is_permit(rule), matches(rule), Exists([i], policy(i, rule)))


def forbids(policy: Relation, rule: z3.ExprRef) -> z3.BoolRef:
    """A matching forbid of the policy."""
    return And(Not(is_permit(rule)), matches(rule), Exists([i], policy(i, rule)))


def overrides_all(policy: Relation, lifted: Relation, rule: z3.ExprRef) -> z3.BoolRef:
    """The rule overrides, by name, every matching forbid."""
    return ForAll([f], Implies(forbids(policy, f), lifted(rule, name_of(f))))


def allowed(policy: Relation, lifted: Relation) -> z3.BoolRef:
    """CTR-S18."""
    return Exists([p], And(permits(policy, p), overrides_all(policy, lifted, p)))


def with_one_more(kind: z3.BoolRef) -> list[z3.BoolRef]:
    """`there` has the rules of `here` and one more, wherever it stands."""
    more = Or(Exists([i], here(i, r)), r == ADDED)
    return [ForAll([r], Exists([i], there(i, r)) == more), kind]


def laws(decide: Decision) -> list[Query]:
    """The five laws."""
    allow, allow_there = decide(here, overrides), decide(there, overrides)
    shuffled = [
        always([i, r], here(i, r), there(moved(i), r)), always([i, r], there(i, r), here(back(i), r)),
        always([i, j], moved(i) == moved(j), i == j), always([i, j], back(i) == back(j), i == j),
    ]  # fmt: skip
    free = ForAll([r], Not(here(PLACE, r)))
    twice = ForAll([i, r], there(i, r) == Or(here(i, r), And(i == PLACE, r == ADDED)))
    return [
        Query("without a matching permit nothing is allowed", [ForAll([p], Not(permits(here, p)))], Not(allow)),
        Query("order is irrelevant", shuffled, allow == allow_there),
        Query("repetition is irrelevant", [here(j, ADDED), free, twice], allow == allow_there),
        Query("one more permit takes nothing away", [*with_one_more(is_permit(ADDED)), allow], allow_there),
        Query("one more forbid gives nothing", [*with_one_more(Not(is_permit(ADDED))), allow_there], allow),
        Query("a rule that does not match changes nothing", with_one_more(Not(matches(ADDED))), allow == allow_there),
    ]


def laws_of_overrides(decide: Decision, *, duties: bool = True) -> list[Query]:
    """What holds of overrides: who needs one, whom it helps, what it costs."""
    allow = decide(here, overrides)
    pair = [
        ForAll([p], permits(here, p) == Or(p == FIRST, p == SECOND)),
        forbids(here, ONE_FORBID), forbids(here, OTHER_FORBID),
        ForAll([r], overrides(FIRST, name_of(r)) == (name_of(r) == name_of(ONE_FORBID))),
        ForAll([r], overrides(SECOND, name_of(r)) == (name_of(r) == name_of(OTHER_FORBID))),
        name_of(ONE_FORBID) != name_of(OTHER_FORBID),
    ]  # fmt: skip
    overriding = [permits(here, FIRST), overrides_all(here, overrides, FIRST)]
    named = Exists([p], And(permits(here, p), overrides(p, name_of(ONE_FORBID))))
    costs = [always([p, r], overrides(p, name_of(r)), has_duty(p))] if duties else []  # CTR-T12
    leaves_a_duty = always([p], permits(here, p), overrides_all(here, overrides, p), has_duty(p))  # CTR-S20
    return [
        Query("a permit that overrides every matching forbid allows", overriding, allow),
        Query("what a forbid forbids, only a permit that names it allows", [forbids(here, ONE_FORBID), allow], named),
        Query("two permits do not add up", pair, Not(allow)),
        Query("an override struck out gives nothing",
              [always([p, r], fewer(p, name_of(r)), overrides(p, name_of(r))), decide(here, fewer)], allow),
        Query("a read against a forbid leaves a duty", [*costs, forbids(here, ONE_FORBID), allow], leaves_a_duty),
    ]  # fmt: skip


def queries(decide: Decision = allowed) -> list[Query]:
    """Every question of the proof; or what becomes of it under another decision."""
    return [*laws(decide), *laws_of_overrides(decide)]


# --- other decisions that somebody might take for this one ---


def _unless_forbidden(policy: Relation, lifted: Relation) -> z3.BoolRef:
    return Or(allowed(policy, lifted), Not(Exists([f], forbids(policy, f))))


def _by_first_match(policy: Relation, _lifted: Relation) -> z3.BoolRef:
    before = And(policy(j, r), matches(r), PLACES.lt(j, i))
    return Exists([i, p], And(policy(i, p), is_permit(p), matches(p), Not(Exists([j, r], before))))


def _by_the_only_permit(policy: Relation, lifted: Relation) -> z3.BoolRef:
    at_place = And(policy(i, p), is_permit(p), matches(p))
    alone = ForAll([j, r], Implies(And(policy(j, r), is_permit(r), matches(r)), And(j == i, r == p)))
    return Exists([i, p], And(at_place, alone, overrides_all(policy, lifted, p)))


def _by_permits_together(policy: Relation, lifted: Relation) -> z3.BoolRef:
    heard = Exists([p], And(permits(policy, p), lifted(p, name_of(f))))
    return And(Exists([p], permits(policy, p)), ForAll([f], Implies(forbids(policy, f), heard)))


def _by_any_override(policy: Relation, lifted: Relation) -> z3.BoolRef:
    some = Exists([r], lifted(p, name_of(r)))
    return Exists([p], And(permits(policy, p), Or(some, Not(Exists([f], forbids(policy, f))))))


def _deaf_to_overrides(policy: Relation, _lifted: Relation) -> z3.BoolRef:
    return And(Exists([p], permits(policy, p)), Not(Exists([f], forbids(policy, f))))


def _by_a_permit_that_does_not_match(policy: Relation, lifted: Relation) -> z3.BoolRef:
    stands = And(is_permit(p), Exists([i], policy(i, p)))
    return Exists([p], And(stands, overrides_all(policy, lifted, p)))


def _against_forbids_that_do_not_match(policy: Relation, lifted: Relation) -> z3.BoolRef:
    forbidden = And(Not(is_permit(f)), Exists([i], policy(i, f)))
    return Exists([p], And(permits(policy, p), ForAll([f], Implies(forbidden, lifted(p, name_of(f))))))


MUTATIONS: Mutations = {
    "allowed unless forbidden": (
        lambda: queries(_unless_forbidden), "without a matching permit nothing is allowed"),
    "a permit that does not match is heard": (
        lambda: queries(_by_a_permit_that_does_not_match), "without a matching permit nothing is allowed"),
    "the first match decides": (lambda: queries(_by_first_match), "order is irrelevant"),
    "a permit given twice is none": (lambda: queries(_by_the_only_permit), "repetition is irrelevant"),
    "a forbid that does not match is heard": (
        lambda: queries(_against_forbids_that_do_not_match), "a rule that does not match changes nothing"),
    "overrides are not heard": (
        lambda: queries(_deaf_to_overrides), "a permit that overrides every matching forbid allows"),
    "one override lifts every forbid": (
        lambda: queries(_by_any_override), "what a forbid forbids, only a permit that names it allows"),
    "overrides of several permits add up": (lambda: queries(_by_permits_together), "two permits do not add up"),
    "E501 lifted: an override without a duty": (
        lambda: laws_of_overrides(allowed, duties=False), "a read against a forbid leaves a duty"),
}  # fmt: skip
"""Another decision -> (the queries about it, the law that must then be refuted)."""
