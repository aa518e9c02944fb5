"""What each production of grammar.lark means: one small function per builder name, from values to a syntax node.

Modules, items and clauses; expressions are in build_expressions.py, the conventions in build_values.py. This module
must not know states of the parser, nor what a name refers to.
"""

from __future__ import annotations

from typing import Any, cast

from contracts_dsl import syntax as s
from contracts_dsl.build_values import (
    TYPE_WORDS,
    Actors,
    Arguments,
    Becomes,
    Effects,
    For,
    Overrides,
    Parameters,
    Parts,
    Paths,
    Replaces,
    Rollup,
    When,
    Where,
    all_of,
    builder,
    condition,
    hundredths,
    integer_at,
    name_at,
    only,
    tagged,
)  # fmt: skip
from contracts_dsl.lexer import Tokens
from contracts_dsl.source import Span

# ---- modules


@builder
def start(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """All modules of a file."""
    return tuple(parts)


@builder
def module(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """A header and its items."""
    kind, name, of, version, replaces = parts[0]
    return s.Module(span, kind, name, of, version, replaces, tuple(parts[1:]))


@builder
def schema(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """`schema A version 1;`."""
    return "schema", name_at(tokens, parts[0]), None, integer_at(tokens, parts[1]), None


@builder
def contract(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """`contract A version 2 replaces 1;`."""
    replaces = integer_at(tokens, parts[2]) if len(parts) > 2 else None
    return "contract", name_at(tokens, parts[0]), None, integer_at(tokens, parts[1]), replaces


@builder
def policy(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """`policy A for C version 2 replaces 1;`."""
    replaces = integer_at(tokens, parts[3]) if len(parts) > 3 else None
    return "policy", name_at(tokens, parts[0]), name_at(tokens, parts[1]), integer_at(tokens, parts[2]), replaces


# ---- schema


@builder
def enum(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """`enum A = b, c;`."""
    return s.Enum(span, name_at(tokens, parts[0]), tuple(parts[1]))


@builder
def purposes(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """`purpose = a, b;`."""
    return s.Purposes(span, tuple(parts[1]))


@builder
def entity(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """`entity A in A { .. }`."""
    names = [name_at(tokens, part) for part in parts if isinstance(part, int)]
    return s.Entity(span, names[0], names[1] if len(names) > 1 else None, all_of(parts, s.Parameter))


@builder
def attribute(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """`a: T;`."""
    return s.Parameter(span, name_at(tokens, parts[0]), parts[1])


@builder
def party_type(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """`party A { .. }`."""
    return s.PartyType(span, name_at(tokens, parts[1]), all_of(parts, s.Parameter))


@builder
def type_(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """A type as written."""
    optional = tokens.kinds[parts[-1]] == "OPT" if isinstance(parts[-1], int) else False
    first = parts[0]
    if not isinstance(first, int):
        return s.TypeSyntax(span, "set", first, 0, 0, optional)
    kind = TYPE_WORDS[tokens.kinds[first]]
    low, high = (integer_at(tokens, parts[1]), integer_at(tokens, parts[3])) if kind == "int" else (0, 0)
    return s.TypeSyntax(span, kind, name_at(tokens, first) if kind == "name" else None, low, high, optional)


@builder
def set_of(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """`{A}` or `{purpose}`."""
    return name_at(tokens, parts[0])


# ---- contract


@builder
def party(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """`party a: A where e;`."""
    return s.Party(span, name_at(tokens, parts[1]), parts[2], condition(parts, Where))


@builder
def data(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """`data a: T = e;`."""
    return s.Data(span, name_at(tokens, parts[0]), parts[1], parts[2] if len(parts) > 2 else None)


@builder
def key(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """`key a, b;`."""
    return s.Key(span, tuple(parts[0]))


@builder
def starts(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """`start { .. }`."""
    return s.Start(span, tuple(parts))


@builder
def state(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """`state s { .. }`."""
    clauses = all_of(parts, s.May, s.Must, s.Wait)
    return s.State(span, name_at(tokens, parts[1]), tagged(parts, Replaces), clauses)


@builder
def replaces(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """`replaces a, b`."""
    return Replaces(parts[0])


@builder
def may(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """A power."""
    outcome = only(parts, s.Outcome)
    actors, action, parameters = tuple(parts[0]), name_at(tokens, parts[1]), tagged(parts, Parameters)
    return s.May(span, actors, action, parameters, condition(parts, When), outcome)


@builder
def must(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """A duty: the outcome before the name of the violation is its performance, the one after it its breach."""
    done, otherwise = all_of(parts, s.Outcome)
    violation = name_at(tokens, next(part for part in parts[2:] if isinstance(part, int)))
    actors, action, parameters = tuple(parts[0]), name_at(tokens, parts[1]), tagged(parts, Parameters)
    when, limit = condition(parts, When), only(parts, s.Limit)
    return s.Must(span, actors, action, parameters, limit, when, done, violation, otherwise)


@builder
def wait(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """A clock."""
    return s.Wait(span, _limit(tokens, span, parts[0]), parts[1])


@builder
def actors(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """`a and b`."""
    return Actors(name_at(tokens, part) for part in parts)


@builder
def params(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """`(a: T, b: U)`."""
    names = [name_at(tokens, part) for part in parts[::2]]
    return Parameters(
        s.Parameter((name.span[0], kind.span[1]), name, kind) for name, kind in zip(names, parts[1::2], strict=True)
    )


def _limit(tokens: Tokens, span: Span, part: Any) -> s.Limit:
    if isinstance(part, s.Duration):
        return s.Limit(span, part.seconds, None)
    return s.Limit(span, 0, name_at(tokens, part))


@builder
def limit(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """`within D`, `until x`."""
    return _limit(tokens, span, parts[0])


@builder
def when(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """`when e`."""
    return When(parts)


@builder
def where(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """`where e`."""
    return Where(parts)


@builder
def outcome(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """Effects and the next state."""
    becomes = tagged(parts, Becomes)
    return s.Outcome(span, tagged(parts, Effects), becomes[0] if becomes else None)


@builder
def becomes(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """`becomes s`."""
    return Becomes((name_at(tokens, parts[0]),))


@builder
def effects(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """`then { .. }`."""
    return Effects(part for part in parts if not isinstance(part, int))


@builder
def set_(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """`set x = e;`."""
    return s.SetEffect(span, name_at(tokens, parts[0]), parts[1])


@builder
def pay(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """`pay x from p: shares;`."""
    return s.PayEffect(span, parts[0], name_at(tokens, parts[1]), tuple(parts[2:]))


@builder
def share(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """`70% to p`, `rest to p`."""
    basis_points = None if tokens.kinds[parts[0]] == "REST" else hundredths(tokens.text(parts[0])[:-1])
    return s.Share(span, basis_points, name_at(tokens, parts[1]))


@builder
def create(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """`create C.act(..);`."""
    return s.CreateEffect(span, name_at(tokens, parts[0]), name_at(tokens, parts[1]), tuple(parts[2]))


@builder
def call(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """`x.act(..);`."""
    return s.CallEffect(span, name_at(tokens, parts[0]), name_at(tokens, parts[1]), tuple(parts[2]))


@builder
def args(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """`(a = e, b = f)`."""
    names = [name_at(tokens, part) for part in parts[::2]]
    return Arguments(
        s.Argument((name.span[0], value.span[1]), name, value) for name, value in zip(names, parts[1::2], strict=True)
    )


# ---- policy


@builder
def fields(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """`fields g = a, b;`."""
    return s.Fields(span, name_at(tokens, parts[0]), tuple(parts[1]))


@builder
def rule(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """A permit or forbid."""
    kind = tokens.kinds[parts[0]].lower()
    name, reader, groups = name_at(tokens, parts[1]), name_at(tokens, parts[2]), tuple(parts[3])
    purposes = only(parts, For)
    return s.Rule(
        span, cast("Any", kind), name, reader, groups, None if purposes is None else tuple(purposes),
        condition(parts, When), tagged(parts, Overrides), tagged(parts, Effects),
    )  # fmt: skip


@builder
def for_names(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """`for a, b`."""
    return For(parts[0])


@builder
def overrides(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """`overrides a, b`."""
    return Overrides(parts[0])


@builder
def view(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """`view v = .. suppress k;`."""
    integers = [part for part in parts if isinstance(part, int)]
    rollup = tagged(parts, Rollup)
    return s.View(
        span, name_at(tokens, integers[0]), all_of(parts, s.Aggregate), condition(parts, Where), tagged(parts, Paths),
        rollup[0] if rollup else None, name_at(tokens, integers[1]), condition(parts, When),
        integer_at(tokens, integers[2]),
    )  # fmt: skip


@builder
def aggregate(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """`count`, `sum path`."""
    return s.Aggregate(span, only(parts, s.Path))


@builder
def rollup(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """`rollup path`."""
    return Rollup(parts)


# ---- check, test


@builder
def check(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """`check c: always|never ..;`."""
    return s.Check(span, name_at(tokens, parts[0]), tokens.kinds[parts[1]] == "ALWAYS", parts[2])


@builder
def check_reaches(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """`check c: reaches s within D;`."""
    return s.Reaches(span, name_at(tokens, parts[0]), tuple(parts[1]), parts[2].seconds)


@builder
def property_holds(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """A condition."""
    return s.Holds(span, parts[0])


@builder
def property_after(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """`a after b`."""
    return s.After(span, name_at(tokens, parts[0]), name_at(tokens, parts[1]))


@builder
def property_reads(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """`R reads g for p when e`."""
    purposes = only(parts, For)
    listed = None if purposes is None else tuple(purposes)
    return s.MayRead(span, name_at(tokens, parts[0]), tuple(parts[1]), listed, condition(parts, When))


@builder
def given(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """`given a: A(..) in b;`."""
    names = [name_at(tokens, part) for part in parts if isinstance(part, int)]
    return s.Given(span, names[0], names[1], tagged(parts, Arguments), names[2] if len(names) > 2 else None)


@builder
def test(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """`test "..." { .. }`."""
    return s.Test(span, tokens.text(parts[0])[1:-1], tuple(parts[1:]))


@builder
def act(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """`a and b: x = C.act(..) refused CODE;`."""
    names = [name_at(tokens, part) for part in parts if isinstance(part, int)]
    bind = names[0] if len(names) > 2 else None
    return s.Act(span, tuple(parts[0]), bind, names[-2], names[-1], tagged(parts, Arguments), only(parts, s.Refusal))


@builder
def reading(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """`a reads h.g for p refused CODE;`."""
    purpose = next((name_at(tokens, part) for part in parts if isinstance(part, int)), None)
    return s.Reading(span, tuple(parts[0]), tagged(parts, Paths), purpose, only(parts, s.Refusal))


@builder
def viewing(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """`a reads v(k, ..) == 1, 2;`."""
    indices = [part for part in parts if isinstance(part, int)]
    cell = tuple(part for part in parts[1:] if not isinstance(part, int | s.Refusal))
    operator = next((tokens.text(index) for index in indices if tokens.kinds[index] == "CMP"), "==")
    values = tuple(integer_at(tokens, index) for index in indices if tokens.kinds[index] == "INT")
    view_name = name_at(tokens, indices[0])
    return s.Viewing(span, tuple(parts[0]), view_name, cell, operator, values, only(parts, s.Refusal))


@builder
def pause(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """`wait D;`."""
    return s.Pause(span, parts[0].seconds)


@builder
def holds(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """`expect e;`."""
    return s.Expect(span, parts[0])


@builder
def breached(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """`expect p violation v;`."""
    return s.Breached(span, name_at(tokens, parts[0]), name_at(tokens, parts[1]))


@builder
def received(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """`expect pay x to p;`."""
    return s.Received(span, parts[0], name_at(tokens, parts[1]))


@builder
def refused(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """`refused CODE`."""
    return s.Refusal(span, name_at(tokens, parts[0]) if parts else None)
