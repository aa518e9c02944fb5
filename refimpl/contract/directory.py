"""The directory: who takes part, as programs know them, with their attributes and the trees they stand in.

A payload of kind `directory` is `{nodes: [{attributes: [{name, value}], kind, name, parent}]}`, `parent` null where
there is none. Who may change the directory is for the caller to decide; here are its shape, the tree rule, the types
that schemas declare, and the digest that events carry.

It must not know keys and weights, which are the membership's, nor what a program does with an attribute.
"""

from collections.abc import Iterator
from typing import Any

from contracts_dsl.evaluate import conforms
from contracts_dsl.limits import TREE_DEPTH_MAX
from contracts_dsl.program import Program
from refimpl.contract.draft import Draft
from refimpl.contract.world import DIRECTORY_DIGEST, LedgerWorld, node_key
from refimpl.crypto.recipes import digest
from refimpl.data import shape
from refimpl.data.encoding import encode
from refimpl.data.limits import DIRECTORY_NODES, IDENTIFIER_NAME_CHARS
from refimpl.data.refusal import Code, Refused

__all__ = ["enrol", "enrolled", "ill_typed"]

_PREFIX = b"node/"


def enrol(draft: Draft, program: Program, payload: object, at: str = "") -> None:
    """Put nodes into the directory, or replace them, under the schemas of a program (CTR-D01, CTR-D07).

    Raises `wire.bad_field` for the shape, and `member.bad_attribute` for a parent that is unknown or makes a cycle, for
    another kind than the node has, and for a value of another type than its schema declares.
    """
    fields = shape.record(payload, at, ("nodes",))
    listed = shape.items(fields["nodes"], f"{at}/nodes", DIRECTORY_NODES, least=1)
    nodes = [(f"{at}/nodes/{number}", *_read_node(node, f"{at}/nodes/{number}")) for number, node in enumerate(listed)]
    for here, name, row in nodes:
        known: Any = draft.read(node_key(name))
        if known is not None and known[0] != row[0]:
            raise Refused(Code.MEMBER_BAD_ATTRIBUTE, f"{here}/kind", expected=f"{known[0]}, as before")
        draft.write(node_key(name), row)
        _check_tree(draft, name, f"{here}/parent")
    world = LedgerWorld(draft)
    for here, name, _ in nodes:
        found = ill_typed(program, world, name)
        if found is not None:
            raise Refused(Code.MEMBER_BAD_ATTRIBUTE, f"{here}/attributes", expected=": ".join(found))
    draft.write(DIRECTORY_DIGEST, _digest(draft))


def enrolled(draft: Draft) -> Iterator[str]:
    """The names of all nodes, ascending by their bytes."""
    return (key[len(_PREFIX) :].decode() for key in draft.keys(_PREFIX))


def ill_typed(program: Program, world: LedgerWorld, name: str) -> tuple[str, str] | None:
    """The first attribute of a node, by name, that is not of the type which its kind declares, and that type."""
    node = world.node(name)
    declared = program.attribute_types(node.kind) if node is not None else {}
    wrong = (
        (attribute, str(kind)) for attribute, kind in sorted(declared.items())
        if not conforms(world.attribute(name, attribute), kind, program, world)
    )  # fmt: skip
    return next(wrong, None)


def _read_node(node: object, at: str) -> tuple[str, list[Any]]:
    fields = shape.record(node, at, ("attributes", "kind", "name", "parent"))
    attributes = []
    for number, item in enumerate(shape.items(fields["attributes"], f"{at}/attributes", IDENTIFIER_NAME_CHARS)):
        here = f"{at}/attributes/{number}"
        pair = shape.record(item, here, ("name", "value"))
        attributes.append([_name(pair["name"], f"{here}/name"), _value(pair["value"], f"{here}/value")])
    if len({pair[0] for pair in attributes}) != len(attributes):
        raise Refused(Code.WIRE_BAD_FIELD, f"{at}/attributes", expected="each attribute once", got="one twice")
    parent = None if fields["parent"] is None else _name(fields["parent"], f"{at}/parent")
    name = _name(fields["name"], f"{at}/name")
    return name, [_name(fields["kind"], f"{at}/kind"), parent, sorted(attributes, key=lambda pair: pair[0])]


def _name(value: object, at: str) -> str:
    text = shape.text(value, at, IDENTIFIER_NAME_CHARS)
    if not text or "\x00" in text:
        raise Refused(Code.WIRE_BAD_FIELD, at, expected="a name", got="empty text or one with a zero byte")
    return text


def _value(value: object, at: str) -> object:
    if isinstance(value, bool | int | str):
        return value
    return [shape.text(one, at, IDENTIFIER_NAME_CHARS) for one in shape.items(value, at, IDENTIFIER_NAME_CHARS)]


def _check_tree(draft: Draft, name: str, at: str) -> None:
    """Every way up ends, within the depth of the language (CTR-T14)."""
    seen = [name]
    row: Any = draft.read(node_key(name))
    while row[1] is not None:
        seen.append(row[1])
        row = draft.read(node_key(row[1]))
        if row is None or len(seen) > TREE_DEPTH_MAX or len(set(seen)) != len(seen):
            expected = f"an enrolled node, no cycle, at most {TREE_DEPTH_MAX} up"
            raise Refused(Code.MEMBER_BAD_ATTRIBUTE, at, expected=expected)


def _digest(draft: Draft) -> str:
    """The digest over all nodes in the order of their names, as events carry it (CTR-S15)."""
    rows = []
    for name in enrolled(draft):
        row: Any = draft.read(node_key(name))
        rows.append([name, *row])
    return digest("yilian/directory/v1", encode(rows)).hex()
