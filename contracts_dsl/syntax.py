"""The syntax tree: what a text says, before anything is known about its names.

Frozen, the same for both surfaces but for the spans. msgspec structs rather than attrs classes because eighty class
definitions must not cost a command its start-up time. This module must not know tokens, types or diagnostics.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from contracts_dsl.source import Span

ChoiceOfTime = Literal["WITHIN", "UNTIL"]


class Syntax(Struct, frozen=True):
    """Base of every node: `span` is where it stands in its file."""

    span: Span


class Name(Syntax, frozen=True):
    """A name, or inside a path one of the words READER, RECORD, PURPOSE, STATE (`word`), `text` then as written."""

    text: str
    word: str = ""


# ---- expressions


class Path(Syntax, frozen=True):
    """`a.b.c`."""

    parts: tuple[Name, ...]


class Integer(Syntax, frozen=True):
    """A plain whole number."""

    value: int


class Duration(Syntax, frozen=True):
    """Seconds."""

    seconds: int


class Money(Syntax, frozen=True):
    """Fen."""

    fen: int


class Text(Syntax, frozen=True):
    """A string: a code, or in tests what a digest is of."""

    value: str


class Truth(Syntax, frozen=True):
    """`true`, `false`."""

    value: bool


class Now(Syntax, frozen=True):
    """The time of the block."""


class SetLiteral(Syntax, frozen=True):
    """`{a, b}`."""

    members: tuple[Name, ...]


class Some(Syntax, frozen=True):
    """`some c: C (e)`."""

    name: Name
    contract: Name
    condition: Expression


class And(Syntax, frozen=True):
    """Two or more conjuncts."""

    parts: tuple[Expression, ...]


class Or(Syntax, frozen=True):
    """Two or more disjuncts."""

    parts: tuple[Expression, ...]


class Not(Syntax, frozen=True):
    """Negation."""

    part: Expression


class Compare(Syntax, frozen=True):
    """`== != < <= > >=`."""

    operator: str
    left: Expression
    right: Expression


class Membership(Syntax, frozen=True):
    """`a in b`."""

    left: Expression
    right: Expression


class Signed(Syntax, frozen=True):
    """`p signed`."""

    part: Expression


class Has(Syntax, frozen=True):
    """`has p`."""

    path: Path


class Sum(Syntax, frozen=True):
    """Terms with their signs, in order; the sign of the first is plus."""

    terms: tuple[Expression, ...]
    signs: tuple[str, ...]


class Scale(Syntax, frozen=True):
    """`3 * x`."""

    factor: int
    part: Expression


class Percentage(Syntax, frozen=True):
    """`70% * x`, in basis points."""

    basis_points: int
    part: Expression


Expression = (
    Path | Integer | Duration | Money | Text | Truth | Now | SetLiteral | Some | And | Or | Not | Compare | Membership
    | Signed | Has | Sum | Scale | Percentage
)  # fmt: skip


# ---- types and small parts


class TypeSyntax(Syntax, frozen=True):
    """A type as written. `kind` is `int bool code hash money time party purpose name set`."""

    kind: str
    name: Name | None
    low: int
    high: int
    optional: bool


class Parameter(Syntax, frozen=True):
    """A parameter or an attribute."""

    name: Name
    type: TypeSyntax


class Argument(Syntax, frozen=True):
    """`name = e`."""

    name: Name
    value: Expression


class Limit(Syntax, frozen=True):
    """`within D` (seconds) or `until x` (a name)."""

    within: int
    until: Name | None


class Share(Syntax, frozen=True):
    """`70% to p`, `rest to p` (basis points None)."""

    basis_points: int | None
    to: Name


class SetEffect(Syntax, frozen=True):
    """`set x = e;`."""

    target: Name
    value: Expression


class PayEffect(Syntax, frozen=True):
    """`pay x from p: shares;`."""

    amount: Expression
    payer: Name
    shares: tuple[Share, ...]


class CreateEffect(Syntax, frozen=True):
    """`create C.act(..);`."""

    contract: Name
    action: Name
    arguments: tuple[Argument, ...]


class CallEffect(Syntax, frozen=True):
    """`x.act(..);`."""

    target: Name
    action: Name
    arguments: tuple[Argument, ...]


Effect = SetEffect | PayEffect | CreateEffect | CallEffect


class Outcome(Syntax, frozen=True):
    """Effects, and the state that follows, if any."""

    effects: tuple[Effect, ...]
    becomes: Name | None


# ---- items


class Enum(Syntax, frozen=True):
    """`enum A = b, c;`."""

    name: Name
    members: tuple[Name, ...]


class Purposes(Syntax, frozen=True):
    """`purpose = a, b;`."""

    names: tuple[Name, ...]


class Entity(Syntax, frozen=True):
    """`entity A in A { .. }`."""

    name: Name
    within: Name | None
    attributes: tuple[Parameter, ...]


class PartyType(Syntax, frozen=True):
    """`party A { .. }`."""

    name: Name
    attributes: tuple[Parameter, ...]


class Party(Syntax, frozen=True):
    """`party a: A where e;`."""

    name: Name
    type: TypeSyntax
    where: Expression | None


class Data(Syntax, frozen=True):
    """`data a: T = e;`."""

    name: Name
    type: TypeSyntax
    initial: Expression | None


class Key(Syntax, frozen=True):
    """`key a, b;`."""

    names: tuple[Name, ...]


class May(Syntax, frozen=True):
    """A power."""

    actors: tuple[Name, ...]
    action: Name
    parameters: tuple[Parameter, ...]
    when: Expression | None
    outcome: Outcome


class Must(Syntax, frozen=True):
    """A duty."""

    actors: tuple[Name, ...]
    action: Name
    parameters: tuple[Parameter, ...]
    limit: Limit
    when: Expression | None
    outcome: Outcome
    violation: Name
    otherwise: Outcome


class Wait(Syntax, frozen=True):
    """A clock."""

    limit: Limit
    outcome: Outcome


Clause = May | Must | Wait


class Start(Syntax, frozen=True):
    """`start { .. }`."""

    clauses: tuple[May, ...]


class State(Syntax, frozen=True):
    """`state s { .. }` or `state s;`."""

    name: Name
    replaces: tuple[Name, ...]
    clauses: tuple[Clause, ...]


class Fields(Syntax, frozen=True):
    """`fields g = a, b;`."""

    name: Name
    fields: tuple[Name, ...]


class Rule(Syntax, frozen=True):
    """`permit` or `forbid`. `purposes` None means any."""

    kind: Literal["permit", "forbid"]
    name: Name
    reader: Name
    groups: tuple[Name, ...]
    purposes: tuple[Name, ...] | None
    when: Expression | None
    overrides: tuple[Name, ...]
    effects: tuple[Effect, ...]


class Aggregate(Syntax, frozen=True):
    """`count` (path None) or `sum path`."""

    path: Path | None


class View(Syntax, frozen=True):
    """`view v = .. suppress k;`."""

    name: Name
    show: tuple[Aggregate, ...]
    where: Expression | None
    group: tuple[Path, ...]
    rollup: Path | None
    to: Name
    when: Expression | None
    suppress: int


class Holds(Syntax, frozen=True):
    """A property of states: a condition."""

    condition: Expression


class After(Syntax, frozen=True):
    """A property of runs: `a after b`."""

    action: Name
    earlier: Name


class MayRead(Syntax, frozen=True):
    """A property of decisions: `R reads g for p when e`."""

    reader: Name
    groups: tuple[Name, ...]
    purposes: tuple[Name, ...] | None
    when: Expression | None


class Check(Syntax, frozen=True):
    """`check c: always|never ..;`."""

    name: Name
    always: bool
    claim: Holds | After | MayRead


class Reaches(Syntax, frozen=True):
    """`check c: reaches s within D;`."""

    name: Name
    states: tuple[Name, ...]
    within: int


class Given(Syntax, frozen=True):
    """A node of the test directory."""

    name: Name
    kind: Name
    arguments: tuple[Argument, ...]
    parent: Name | None


class Refusal(Syntax, frozen=True):
    """`refused [CODE]`."""

    code: Name | None


class Act(Syntax, frozen=True):
    """A step: signers, a name to bind, a contract or instance, an action."""

    signers: tuple[Name, ...]
    bind: Name | None
    target: Name
    action: Name
    arguments: tuple[Argument, ...]
    refused: Refusal | None


class Reading(Syntax, frozen=True):
    """A step: the signers (the first is the reader) read fields or groups of one record."""

    signers: tuple[Name, ...]
    fields: tuple[Path, ...]
    purpose: Name | None
    refused: Refusal | None


class Viewing(Syntax, frozen=True):
    """A step: a cell of a view and what it shows."""

    signers: tuple[Name, ...]
    view: Name
    cell: tuple[Expression, ...]
    operator: str
    values: tuple[int, ...]
    refused: Refusal | None


class Pause(Syntax, frozen=True):
    """A step: time passes."""

    seconds: int


class Expect(Syntax, frozen=True):
    """A step: the condition holds."""

    condition: Expression


class Breached(Syntax, frozen=True):
    """A step: this party has committed this breach."""

    party: Name
    violation: Name


class Received(Syntax, frozen=True):
    """A step: this party's clearing position, net, is this."""

    amount: Expression
    party: Name


TestStep = Given | Act | Reading | Viewing | Pause | Expect | Breached | Received


class Test(Syntax, frozen=True):
    """A scenario beside the rules it tests."""

    title: str
    steps: tuple[TestStep, ...]


Item = (
    Enum | Purposes | Entity | PartyType | Party | Data | Key | Start | State | Fields | Rule | View | Check | Reaches
    | Given | Test
)  # fmt: skip


class Module(Syntax, frozen=True):
    """A schema, contract or policy with its items in order of the text."""

    kind: Literal["schema", "contract", "policy"]
    name: Name
    of: Name | None
    version: int
    replaces: int | None
    items: tuple[Item, ...]
