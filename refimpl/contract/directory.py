"""The directory: who takes part, as programs know them, with their attributes and the trees they stand in.

A payload of kind `directory` is `{nodes: [{attributes: [{name, value}], kind, name, parent}]}`, `parent` null where
there is none. Who may change the directory is for the caller to decide; here are its shape, the tree rule and the
digest that events carry.

It must not know keys and weights, which are the membership's, nor what a program does with an attribute.
"""

from typing import Any

from contracts_dsl.limits import TREE_DEPTH_MAX
from refimpl.contract.draft import Draft
from refimpl.contract.world import DIRECTORY_DIGEST, node_key
from refimpl.crypto.recipes import digest
from refimpl.data import shape
from refimpl.data.encoding import encode
from refimpl.data.limits import DIRECTORY_NODES, IDENTIFIER_NAME_CHARS
from refimpl.data.refusal import Code, Refused

__all__ = ["enrol"]


def enrol(draft: Draft, payload: object, at: str = "") -> None:
    """Put nodes into the directory, or replace them (CTR-D01).

    Raises `wire.bad_field` for the shape and `member.bad_attribute` for a parent that is unknown or makes a cycle.
    """
    fields = shape.record(payload, at, ("nodes",))
    for number, node in enumerate(shape.items(fields["nodes"], f"{at}/nodes", DIRECTORY_NODES, least=1)):
        here = f"{at}/nodes/{number}"
        name, row = _read_node(node, here)
        draft.write(node_key(name), row)
        _check_tree(draft, name, f"{here}/parent")
    draft.write(DIRECTORY_DIGEST, _digest(draft))


def _read_node(node: object, at: str) -> tuple[str, list[Any]]:
    fields = shape.record(node, at, ("attributes", "kind", "name", "parent"))
    attributes = []
    for number, item in enumerate(shape.items(fields["attributes"], f"{at}/attributes", IDENTIFIER_NAME_CHARS)):
        here = f"{at}/attributes/{number}"
        pair = shape.record(item, here, ("name", "value"))
        attributes.append([_name(pair["name"], f"{here}/name"), _value(pair["value"], f"{here}/value")])
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
    for key in draft.keys(b"node/"):
        row: Any = draft.read(key)
        rows.append([key[len(b"node/") :].decode(), *row])
    return digest("yilian/directory/v1", encode(rows)).hex()
