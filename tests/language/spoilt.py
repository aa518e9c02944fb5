"""Programs with one place of their IR changed, each against one rule: no node may take them.

The programs are those that the tests of contracts and of decisions play. A change says which rule it breaks and why.
The tests of the verifier and the vectors share this list.
"""

import copy
from collections.abc import Iterator
from typing import Any

from attrs import frozen

from contracts_dsl import ir
from tests.language.stage import compiled
from tests.language.test_contracts_in_time import CALLS, LOAN
from tests.language.test_decisions import POLICY, RECORD

Plain = dict[str, Any]
NOW = {"op": "path", "type": "time", "path": [["now", ""]]}
TRUE = {"op": "lit", "type": "bool", "value": True}
PRICE = {"op": "path", "type": "money", "path": [["data", "price"]]}
DUE = {"op": "path", "type": "time", "path": [["data", "due"]]}
LENDER = {"op": "path", "type": "party Hospital", "path": [["party", "lender"]]}
BORROWER = {"op": "path", "type": "party Hospital", "path": [["party", "borrower"]]}
BOX = {"op": "path", "type": "contract Box", "path": [["data", "box"]]}
REST = [{"to": BORROWER, "bp": None}]
ASKED, START = ("states", 0, "clauses"), ("start", 0)


def pay(**more: Any) -> Plain:
    return {"op": "pay", "amount": PRICE, "from": BORROWER, "shares": REST} | more


def at_most(left: Plain, right: Plain) -> Plain:
    return {"op": "le", "type": "bool", "args": [left, right]}


@frozen
class Spoilt:
    """One change of a program. A `value` of `...` takes the place away."""

    clause: str
    why: str
    module: str
    path: tuple[Any, ...]
    value: Any


_TO_LENT = {"kind": "wait", "limit": {"within": 1}, "do": [], "to": "lent"}
_CONTRACTS = (
    Spoilt("CTR-T1", "there is no such type", "Loan", ("data", 0, "type"), "money!"),
    Spoilt("CTR-T1", "no module declares this enum", "Loan", ("data", 0, "type"), "enum Nothing"),
    Spoilt("CTR-T1", "a time for a condition", "Loan", (*START, "when"), NOW),
    Spoilt("CTR-T1", "a number for a truth value", "Loan", (*START, "when"), {**TRUE, "value": 1}),
    Spoilt("CTR-T2", "a product beyond the integers", "Loan", (*START, "when"),
           at_most({"op": "scale", "type": "money", "args": [PRICE], "by": 10**9}, PRICE)),
    Spoilt("CTR-T2", "an amount compared with a time", "Loan", (*START, "when"), at_most(PRICE, NOW)),
    Spoilt("CTR-T3", "nothing has this name", "Loan", (*START, "when"),
           {"op": "path", "type": "bool", "path": [["data", "elsewhere"]]}),
    Spoilt("CTR-T4", "a value that may be absent, unguarded", "Loan", (*START, "when"), at_most(NOW, DUE)),
    Spoilt("CTR-T5", "a search without the conjunct that its index needs", "Loan", (*START, "when"),
           {"op": "some", "type": "bool", "name": "b", "of": "Box", "args": [TRUE],
            "find": {"field": "owner", "value": BORROWER}}),
    Spoilt("CTR-T6", "two parties of one name", "Loan", ("parties", 1, "name"), "lender"),
    Spoilt("CTR-T6", "a name with a blank", "Loan", ("parties", 1, "name"), "a b"),
    Spoilt("CTR-T6", "a start that leads nowhere", "Loan", (*START, "to"), "nowhere"),
    Spoilt("CTR-T6", "states that nothing leads to", "Loan", (*START, "to"), "lent"),
    Spoilt("CTR-T6", "a start that leads to no state", "Loan", (*START, "to"), None),
    Spoilt("CTR-T6", "no start", "Loan", ("start",), []),
    Spoilt("CTR-T6", "a key that a clause sets", "Loan", ("key",), ["note"]),
    Spoilt("CTR-T6", "an actor that is no party", "Loan", (*ASKED, 0, "actors"), ["nobody"]),
    Spoilt("CTR-T6", "a duty without a limit", "Loan", (*ASKED, 0, "limit"), {}),
    Spoilt("CTR-T6", "a limit that is an amount", "Loan", (*ASKED, 0, "limit"), {"until": "price"}),
    Spoilt("CTR-T7", "time alone goes in a circle", "Loan", ("states", 2, "clauses", 0, "to"), "lent"),
    Spoilt("CTR-T8", "a breach that sets a party with a `where`", "Loan", (*ASKED, 0, "else", "do"),
           [{"op": "set", "name": "borrower", "value": BORROWER}]),
    Spoilt("CTR-T8", "a payment of a computed amount by time alone", "Loan", (*ASKED, 5, "do"),
           [pay(amount={"op": "sub", "type": "money", "args": [PRICE, PRICE]})]),
    Spoilt("CTR-T9", "calls in a circle", "Receipt", (*START, "do"),
           [{"op": "call", "on": BOX, "action": "move", "args": []}]),
    Spoilt("CTR-T10", "a payer who has not signed", "Loan", (*ASKED, 5, "do"), [pay(**{"from": LENDER})]),
    Spoilt("CTR-T11", "a payment without a rest", "Loan", (*ASKED, 5, "do"), [pay(shares=[])]),
    Spoilt("CTR-T11", "a payment with two rests", "Loan", (*ASKED, 5, "do"), [pay(shares=[*REST, *REST])]),
    Spoilt("CTR-T11", "shares above the whole", "Loan", (*ASKED, 5, "do"),
           [pay(shares=[*REST, {"to": BORROWER, "bp": 10_001}])]),
    Spoilt("CTR-T14", "more clauses than a state may have", "Loan", ASKED, [_TO_LENT] * 33),
    Spoilt("CTR-S24", "a version below one", "Loan", ("version",), 0),
    Spoilt("CTR-S24", "a version that replaces itself", "Loan", ("replaces",), 1),
    Spoilt("CTR-T15", "it names a module that it does not mention", "Loan", ("uses",), ["Elsewhere"]),
    Spoilt("CTR-T15", "a clause that nobody may use", "Box", ("states", 0, "clauses", 0, "caller"), None),
    Spoilt("CTR-T9", "a caller that is not there", "Box", ("states", 0, "clauses", 0, "caller"), "Elsewhere"),
    Spoilt("CTR-T9", "a creation that meets no clause", "Mover", ("states", 0, "clauses", 0, "do", 1, "args"), []),
    Spoilt("CTR-T15", "no version of the IR", "Loan", ("ir",), ...),
)  # fmt: skip
_PATIENT = {"op": "path", "type": "party Patient", "path": [["record", ""], ["party", "patient"]]}
_SIZE = {"op": "path", "type": "int 0..1000", "path": [["record", ""], ["data", "size"]]}
_SMALL = {"op": "lit", "type": "int 5..5", "value": 5}
_POLICIES = (
    Spoilt("CTR-T12", "an override that creates nothing", "Access", ("rules", 3, "do"), []),
    Spoilt("CTR-T12", "an override of a permit", "Access", ("rules", 3, "overrides"), ["own"]),
    Spoilt("CTR-T12", "an override of a forbid for others", "Access", ("rules", 5, "reader"), "Hospital"),
    Spoilt("CTR-T12", "a field in two groups", "Access", ("groups", 1, "fields", 0), "name"),
    Spoilt("CTR-T12", "a reader that is a place", "Access", ("rules", 0, "reader"), "Place"),
    Spoilt("CTR-T12", "a purpose that is none", "Access", ("rules", 1, "purposes", 0), "fun"),
    Spoilt("CTR-T12", "a group that is none", "Access", ("rules", 1, "groups", 0), "fun"),
    Spoilt("CTR-T13", "a condition of a cell that looks into its instances", "Access", ("views", 0, "when"),
           at_most(_SIZE, _SMALL)),
    Spoilt("CTR-T13", "a view grouped by persons", "Access", ("views", 0, "group", 0), _PATIENT),
    Spoilt("CTR-T13", "a view rolled up along persons", "Access", ("views", 0, "rollup"), _PATIENT),
    Spoilt("CTR-T13", "a sum of nothing", "Access", ("views", 0, "show", 1, "path"), None),
    Spoilt("CTR-T13", "a threshold below zero", "Access", ("views", 0, "k"), -1),
)  # fmt: skip


def programs() -> dict[str, tuple[tuple[ir.Module, ...], tuple[Spoilt, ...]]]:
    """Each program with its changes."""
    return {"contracts": (compiled(LOAN, CALLS), _CONTRACTS), "policies": (compiled(RECORD, POLICY), _POLICIES)}


def altered(modules: tuple[ir.Module, ...], change: Spoilt) -> list[Plain]:
    """The IR of a program with one place changed."""
    plain = {module.name: copy.deepcopy(ir.to_json(module)) for module in modules}
    place = plain[change.module]
    for step in change.path[:-1]:
        place = place[step]
    if change.value is ...:
        del place[change.path[-1]]
    else:
        place[change.path[-1]] = change.value
    return list(plain.values())


def cases() -> Iterator[tuple[tuple[ir.Module, ...], Spoilt]]:
    """Every change with its program."""
    for modules, changes in programs().values():
        yield from ((modules, change) for change in changes)
