"""Totals over instances, level by level, with small cells hidden (CTR-S22, CTR-S23).

A cell is hidden when it is small, and when what is shown around it would give a small one away by subtraction. A query
changes nothing. This module must not know what is counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import define, field, frozen

from contracts_dsl import ir
from contracts_dsl.evaluate import Place, conforms, evaluate, holds
from contracts_dsl.host import Refused, Value, World
from contracts_dsl.limits import TREE_DEPTH_MAX
from contracts_dsl.measure import type_of
from contracts_dsl.program import Program


@frozen
class CellRequest:
    """Somebody asks for one cell: the values of `group`, then, if the view rolls up, a node of the tree."""

    policy: str
    view: str
    cell: tuple[Value, ...]
    signers: tuple[str, ...]
    """The first is the reader."""


def cell(program: Program, world: World, request: CellRequest) -> tuple[int, ...]:
    """What the view shows in a cell, one number per aggregate; money in fen.

    Raises `Refused`: `unknown_name`, `bad_arguments`, then `not_permitted`, then `suppressed`.
    """
    policy = program.policies.get(request.policy)
    view = next((one for one in policy.views if one.name == request.view), None) if policy is not None else None
    if policy is None or view is None:
        raise Refused("unknown_name", name=f"{request.policy}.{request.view}")
    paths = (*view.group, *((view.rollup,) if view.rollup is not None else ()))
    _check_cell(program, world, request, paths)
    _permitted(program, world, request, view, paths)
    grouped = len(view.group)
    rows = [row for row in _rows(program, world, policy.of, view) if row.key == request.cell[:grouped]]
    if view.rollup is None:
        hidden = len(rows) < view.k
    else:
        node = str(request.cell[grouped])
        tree = _tree(world, rows)
        hidden = node in suppressed(tree, view.k) or (node not in tree and view.k > 0)
        rows = [row for row in rows if node in _line(world, row.node)]
    if hidden:
        raise Refused("suppressed", k=view.k)
    return tuple(_total(one, at, rows) for at, one in enumerate(view.show))


def _check_cell(program: Program, world: World, request: CellRequest, paths: Sequence[ir.Expr]) -> None:
    if len(request.cell) != len(paths) or not request.signers:
        raise Refused("bad_arguments", argument="cell", type=f"{len(paths)} values", value=len(request.cell))
    for value, path in zip(request.cell, paths, strict=True):
        if not conforms(value, type_of(path), program, world):
            raise Refused("bad_arguments", argument="cell", type=path.type, value=str(value))


def _permitted(
    program: Program, world: World, request: CellRequest, view: ir.View, paths: Sequence[ir.Expr]
) -> None:  # fmt: skip
    """CTR-S22: the reader's type, and `when` with the cell's values for the grouping paths."""
    reader = request.signers[0]
    values = {path.path: value for path, value in zip(paths, request.cell, strict=True)}
    place = Place(program, world, world.now(), request.signers, reader=reader, cell=values)
    if world.kind(reader) != view.to or not holds(view.when, place):
        raise Refused("not_permitted", reader=reader, field=view.name, purpose=None, rule=view.name, clauses=[])


@frozen
class _Row:
    """One instance that counts: its cell, its node, and what it adds to each aggregate."""

    key: tuple[Value, ...]
    node: str | None
    numbers: tuple[int, ...]


def _rows(program: Program, world: World, contract: str, view: ir.View) -> list[_Row]:
    found = []
    for ordinal in world.instances(contract):
        place = Place(program, world, world.now(), record=ordinal)
        if not holds(view.where, place):
            continue
        node = evaluate(view.rollup, place) if view.rollup is not None else None
        numbers = tuple(_number(evaluate(one.path, place)) if one.path is not None else 1 for one in view.show)
        key = tuple(evaluate(path, place) for path in view.group)
        found.append(_Row(key, node if isinstance(node, str) else None, numbers))
    return found


def _number(value: Value) -> int:
    return value if isinstance(value, int) else 0


def _total(aggregate: ir.Aggregate, at: int, rows: Sequence[_Row]) -> int:
    return sum(row.numbers[at] for row in rows) if aggregate.op == "sum" else len(rows)


def _line(world: World, node: str | None) -> list[str]:
    """A node and those above it, lowest first."""
    line: list[str] = []
    while node is not None and len(line) < TREE_DEPTH_MAX:
        line.append(node)
        node = world.parent(node)
    return line


@define
class TreeNode:
    """A node that holds rows at or below it."""

    count: int = 0
    """Rows at or below."""
    own: int = 0
    """Rows bound to the node itself."""
    children: list[str] = field(factory=list)
    root: bool = False


def _tree(world: World, rows: Sequence[_Row]) -> dict[str, TreeNode]:
    tree: dict[str, TreeNode] = {}
    for row in rows:
        line = _line(world, row.node)
        for at, name in enumerate(line):
            node = tree.setdefault(name, TreeNode())
            node.count += 1
            node.own += at == 0
            node.root = at == len(line) - 1
            if at > 0 and line[at - 1] not in node.children:
                node.children.append(line[at - 1])
    return tree


def suppressed(tree: Mapping[str, TreeNode], k: int) -> set[str]:
    """CTR-S23: the nodes whose cells are hidden, decided from the roots down."""
    hidden: set[str] = set()
    waiting = sorted(name for name, node in tree.items() if node.root)
    for name in waiting:
        if tree[name].count < k:
            _hide(tree, name, hidden)
    while waiting:
        name = waiting.pop()
        if name in hidden:
            continue
        for child in _hidden_children(tree, name, k):
            _hide(tree, child, hidden)
        waiting.extend(tree[name].children)
    return hidden


def _hidden_children(tree: Mapping[str, TreeNode], name: str, k: int) -> list[str]:
    """The children of a shown cell that are hidden: the small ones, and further ones until they cannot be told apart.

    Rows bound to the node itself count as a child with the node's own id.
    """
    node = tree[name]
    sizes = {child: tree[child].count for child in node.children}
    if node.own:
        sizes[name] = node.own
    order = sorted(sizes, key=lambda child: (sizes[child], child))
    taken = sum(1 for child in order if sizes[child] < k)
    # One that is hidden alone is small, so it never holds k: fewer than two never suffice.
    while 0 < taken < len(order) and sum(sizes[child] for child in order[:taken]) < k:
        taken += 1
    return [child for child in order[:taken] if child != name]


def _hide(tree: Mapping[str, TreeNode], name: str, hidden: set[str]) -> None:
    waiting = [name]
    while waiting:
        one = waiting.pop()
        hidden.add(one)
        waiting.extend(tree[one].children)
