"""Shapes of frames, compiled from `spec/node.schema.json` into plain checks: fast enough for every line, both ways.

Why not a schema library on the hot path: a world asks twenty thousand times a second, and an error must name a JSON
pointer and the clause. The part of JSON Schema that the file uses is small; a test holds these checks equal to a
library's on frames and their mutants. It must not know any operation.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Final

from conformance.sentences import Text, say
from conformance.standard import schema

__all__ = ["Misfit", "check", "strict"]

Check = Callable[[Any], None]
"""Returns, or raises `Misfit`."""
MOST: Final = 2**53 - 1
_OWN: Final = "^x_"


class Misfit(Exception):
    """A value is not of its shape: where (a JSON pointer), what was expected, what was found, by which clause."""

    def __init__(self, expected: Text, found: object, clause: str = "") -> None:
        super().__init__(expected)
        self.path: list[str] = []
        self.expected, self.found, self.clause = expected, found, clause

    def below(self, step: str, clause: str = "") -> "Misfit":
        """The same, seen from the value that holds the misfit at `step`."""
        self.path.append(step)
        self.clause = self.clause or clause
        return self

    @property
    def at(self) -> str:
        """The JSON pointer."""
        return "".join(f"/{step}" for step in reversed(self.path))


@cache
def check(name: str, of: str = "node") -> Check:
    """The check of a shape in `$defs` of a schema of the standard, such as `reply.deliver`.

    Raises `KeyError` if there is none of this name.
    """
    return _compiled(schema(of)["$defs"][name], of)


def _compiled(shape: Mapping[str, Any], of: str) -> Check:
    if "$ref" in shape:
        return _reference(shape["$ref"].rpartition("/")[2], of)
    if "const" in shape:
        return _one_of([shape["const"]])
    if "enum" in shape:
        return _one_of(shape["enum"])
    if "type" not in shape:
        return _any_of(shape.get("oneOf") or shape.get("anyOf") or (), of)
    if shape["type"] in ("object", "array"):
        return {"object": _object, "array": _array}[shape["type"]](shape, of)
    return {"string": _string, "integer": _integer, "boolean": _boolean}[shape["type"]](shape)


def _reference(name: str, of: str) -> Check:
    """Compiled when it is first needed: shapes may name each other."""
    known: list[Check] = []

    def later(value: Any) -> None:
        if not known:
            known.append(check(name, of))
        known[0](value)

    return later


def _one_of(allowed: Sequence[Any]) -> Check:
    several = len(allowed) > 1
    expected = say("shape.one-of", names=", ".join(map(str, allowed))) if several else repr(allowed[0])

    def run(value: Any) -> None:
        if value not in allowed or isinstance(value, bool):
            raise Misfit(expected, value)

    return run


def _integer(shape: Mapping[str, Any]) -> Check:
    low, high = shape["minimum"], shape["maximum"]

    def run(value: Any) -> None:
        if type(value) is not int or not low <= value <= high:
            raise Misfit(say("shape.an-integer-in", low=low, high=high), value)

    return run


def _boolean(shape: Mapping[str, Any]) -> Check:
    def run(value: Any) -> None:
        if value is not True and value is not False:
            raise Misfit(say("shape.boolean"), value)

    return run


def _string(shape: Mapping[str, Any]) -> Check:
    most, written = shape.get("maxLength", MOST), shape.get("pattern", "")
    fits = re.compile(written).search

    def run(value: Any) -> None:
        if type(value) is not str:
            raise Misfit(say("shape.a-text"), value)
        if len(value) > most:
            raise Misfit(say("shape.text-most", most=most), value)
        if written and not fits(value):
            raise Misfit(say("shape.text-like", pattern=written), value)

    return run


def _array(shape: Mapping[str, Any], of: str) -> Check:
    least, most = shape.get("minItems", 0), shape.get("maxItems", MOST)
    if "prefixItems" in shape:
        return _pair([_compiled(one, of) for one in shape["prefixItems"]])
    item, clause = _compiled(shape.get("items", {}), of), shape.get("$comment", "")

    def run(value: Any) -> None:
        if type(value) is not list or not least <= len(value) <= most:
            raise Misfit(say("shape.list-between", least=least, most=most), value, clause)
        for number, one in enumerate(value):
            try:
                item(one)
            except Misfit as misfit:
                raise misfit.below(str(number), clause) from None

    return run


def _pair(items: list[Check]) -> Check:
    def run(value: Any) -> None:
        if type(value) is not list or len(value) != len(items):
            raise Misfit(say("shape.list-of", count=len(items)), value)
        for number, one in enumerate(items):
            try:
                one(value[number])
            except Misfit as misfit:
                raise misfit.below(str(number)) from None

    return run


def _object(shape: Mapping[str, Any], of: str) -> Check:
    parts = {name: _compiled(one, of) for name, one in shape.get("properties", {}).items()}
    required = tuple(shape.get("required", ()))
    closed, own = shape.get("additionalProperties", True) is False, _OWN in shape.get("patternProperties", {})
    one_required, clause = [one["required"][0] for one in shape.get("oneOf", ())], shape.get("$comment", "")

    def run(value: Any) -> None:
        if type(value) is not dict:
            raise Misfit(say("shape.an-object"), value, clause)
        for name in required:
            if name not in value:
                raise Misfit(say("shape.member", name=name), say("nothing"), clause)
        for name, inner in value.items():
            part = parts.get(name)
            if part is not None:
                try:
                    part(inner)
                except Misfit as misfit:
                    raise misfit.below(name, clause) from None
            elif closed and not (own and name.startswith("x_")):
                raise Misfit(say("shape.only", names=", ".join(sorted(parts))), inner, clause).below(name)
        if one_required and sum(name in value for name in one_required) != 1:
            raise Misfit(say("shape.just-one-of", names=", ".join(one_required)), sorted(value), clause)

    return run


def _any_of(alternatives: Sequence[Mapping[str, Any]], of: str) -> Check:
    """One of several shapes. Objects that differ in a constant member are told apart by it, so that an error is about
    the shape that was meant."""
    if not alternatives:
        return lambda value: None
    told_by = _discriminator([_resolved(one, of) for one in alternatives])
    checks = [_compiled(one, of) for one in alternatives]

    def run(value: Any) -> None:
        misfit: Misfit | None = None
        for one in checks:
            try:
                one(value)
            except Misfit as found:
                misfit = misfit or found
            else:
                return
        assert misfit is not None
        raise Misfit(say("shape.several"), value, misfit.clause)

    if told_by is None:
        return run
    name, constants = told_by
    by_constant = dict(zip(constants, checks, strict=True))

    def told(value: Any) -> None:
        if type(value) is not dict or type(value.get(name)) is not str or value[name] not in by_constant:
            expected = say("shape.told-by", name=name, names=", ".join(constants))
            raise Misfit(expected, value.get(name, value) if type(value) is dict else value)
        by_constant[value[name]](value)

    return told


def _resolved(shape: Mapping[str, Any], of: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = schema(of)["$defs"][shape["$ref"].rpartition("/")[2]] if "$ref" in shape else shape
    return found


def _discriminator(shapes: list[Mapping[str, Any]]) -> tuple[str, list[str]] | None:
    for name in shapes[0].get("properties", {}):
        constants = [one.get("properties", {}).get(name, {}).get("const") for one in shapes]
        if all(isinstance(one, str) for one in constants) and len(set(constants)) == len(constants):
            return name, constants
    return None


def strict(value: Any) -> None:
    """Raise `Misfit` unless a value that no shape bounds keeps to DAT-003 to DAT-006 (NOD-003)."""
    if type(value) is int and not -MOST <= value <= MOST:
        raise Misfit(say("shape.exact-integer"), value, "DAT-003")
    if type(value) is str and not _encodable(value):
        raise Misfit(say("shape.text-whole"), ascii(value), "DAT-006")
    if type(value) is dict:
        for name, inner in value.items():
            if not name.isascii():
                raise Misfit(say("shape.ascii-key"), ascii(name), "DAT-005").below(ascii(name))
            _strict_below(name, inner)
    if type(value) is list:
        for number, inner in enumerate(value):
            _strict_below(str(number), inner)


def _strict_below(step: str, value: Any) -> None:
    try:
        strict(value)
    except Misfit as misfit:
        raise misfit.below(step) from None


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
