"""A FHIR bundle as a tree one can walk with refusals: every step that fails says where, what was expected, what kind
of thing came.

Why not a FHIR library: we read a dozen fields, must name the place of what is wrong, must not quote content, and must
hand on the bytes of a resource untouched. Decimal numbers stay decimals: no float exists here. The module knows no
kind of resource; its neighbours do.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, NewType

import msgspec
from attrs import field, frozen

from refimpl.data.limits import FHIR_BUNDLE_BYTES, FHIR_ENTRIES
from refimpl.data.refusal import Code, Refused, kind_of

__all__ = ["Bundle", "Node", "ResourceId"]

ResourceId = NewType("ResourceId", str)
"""Logical id of a resource within its bundle: `[A-Za-z0-9.-]{1,64}` (FHIR R4, data type id)."""

_ID: Final = re.compile(r"[A-Za-z0-9.-]{1,64}")
_KIND: Final = re.compile(r"[A-Z][A-Za-z]{0,63}")
_DECIMALS: Final = 28
"""Decimals of the longest number that is looked at."""
_CODE: Final = re.compile(r"[A-Za-z0-9.:_-]{1,64}")


@frozen
class Node:
    """A JSON value and its place. Each method returns what was asked for or raises `Refused`."""

    value: Any = field(repr=False)
    at: str

    def refused(self, code: Code, **values: object) -> Refused:
        """A refusal of this place."""
        return Refused(code, self.at, **values)

    def wrong_kind(self, expected: str) -> Refused:
        """The refusal of a value of another JSON type."""
        return self.refused(Code.FHIR_WRONG_KIND, expected=expected, got=kind_of(self.value))

    def wrong_value(self, expected: str) -> Refused:
        """The refusal of a value of the right type that is not one of those expected."""
        return self.refused(Code.FHIR_WRONG_VALUE, expected=expected, got=kind_of(self.value))

    def find(self, name: str) -> "Node | None":
        """The field of an object, or None."""
        if not isinstance(self.value, dict):
            raise self.wrong_kind("object")
        return Node(self.value[name], f"{self.at}/{name}") if name in self.value else None

    def get(self, name: str) -> "Node":
        """The field of an object."""
        found = self.find(name)
        if found is None:
            raise self.refused(Code.FHIR_MISSING, expected=name)
        return found

    def items(self) -> list["Node"]:
        """The members of a list."""
        if not isinstance(self.value, list):
            raise self.wrong_kind("list")
        return [Node(member, f"{self.at}/{index}") for index, member in enumerate(self.value)]

    def first(self) -> "Node":
        """The first member of a list that has one."""
        members = self.items()
        if not members:
            raise self.refused(Code.FHIR_MISSING, expected="at least one")
        return members[0]

    def text(self) -> str:
        """A text."""
        if not isinstance(self.value, str):
            raise self.wrong_kind("text")
        return self.value

    def matching(self, pattern: re.Pattern[str], expected: str) -> str:
        """A text that fits the whole pattern."""
        if not pattern.fullmatch(self.text()):
            raise self.wrong_value(expected)
        return self.text()

    def code(self) -> str:
        """A text that the contract language takes as a `code`."""
        return self.matching(_CODE, "1 to 64 of A-Z a-z 0-9 . : _ -")

    def one_of(self, allowed: Sequence[str]) -> str:
        """A text of a closed list."""
        if self.text() not in allowed:
            raise self.wrong_value(f"one of {', '.join(allowed)}")
        return self.text()

    def integer(self) -> int:
        """A whole number."""
        if isinstance(self.value, bool) or not isinstance(self.value, int):
            raise self.wrong_kind("integer")
        return self.value

    def truth(self) -> bool:
        """True or false."""
        if not isinstance(self.value, bool):
            raise self.wrong_kind("boolean")
        return self.value

    def hundredths(self, most: int) -> int:
        """A decimal number from 0 to `most` hundredths, as the whole number of its hundredths, exactly."""
        if isinstance(self.value, bool) or not isinstance(self.value, (int, Decimal)):
            raise self.wrong_kind("decimal number")
        number = Decimal(self.value)
        # Magnitude and length first: an exponent may promise a number that no memory holds.
        exponent = number.as_tuple().exponent
        assert isinstance(exponent, int), "JSON has neither NaN nor infinity"
        if exponent < -_DECIMALS or (number and number.adjusted() > len(str(most))):
            raise self.wrong_value("a number with two decimals, within limits")
        above, below = number.as_integer_ratio()
        if (above * 100) % below or not 0 <= above * 100 <= most * below:
            raise self.wrong_value("a number with two decimals, within limits")
        return above * 100 // below

    def only_with(self, names: Iterable[str], refused: Iterable[str] = ()) -> None:
        """Refuses a member that is not among `names`: to pass over it could change what the rest means.

        The members of `refused` are told by name; a name that is none of FHIR's is text like any other, and not told.
        """
        if not isinstance(self.value, dict):
            raise self.wrong_kind("object")
        for name in refused:
            if name in self.value:
                place = self.get(name)
                raise place.refused(Code.FHIR_NOT_EXPRESSIBLE, expected=f"no {name}", got=kind_of(place.value))
        if not self.value.keys() <= set(names):
            raise self.refused(Code.FHIR_NOT_EXPRESSIBLE, expected=", ".join(sorted(names)), got="another member")

    def unmodified(self) -> None:
        """Refuses what FHIR forbids to pass over without understanding it: `modifierExtension`, `implicitRules`."""
        for name in ("modifierExtension", "implicitRules"):
            if found := self.find(name):
                raise found.refused(Code.FHIR_NOT_EXPRESSIBLE, expected=f"no {name}", got=kind_of(found.value))

    def kind(self) -> str:
        """The type of a resource."""
        return self.get("resourceType").matching(_KIND, "name of a resource type")

    def id(self) -> ResourceId:
        """The logical id of a resource."""
        return ResourceId(self.get("id").matching(_ID, "1 to 64 of A-Z a-z 0-9 . -"))


@frozen
class Resource:
    """An entry of the bundle: the resource as a tree, and its bytes as they were written."""

    node: Node
    content: bytes = field(repr=False)


class _RawEntry(msgspec.Struct):
    resource: msgspec.Raw


class _RawBundle(msgspec.Struct):
    entry: list[_RawEntry]


@frozen
class Bundle:
    """The resources of a bundle, found by type and by reference. Made by `Bundle.read` only."""

    resources: tuple[Resource, ...]
    by_reference: Mapping[str, Resource] = field(repr=False)

    @classmethod
    def read(cls, data: bytes) -> "Bundle":
        """The bundle in `data`; refuses what is too large, not JSON, not a bundle, or has two entries of one name."""
        root = _root(data)
        if root.kind() != "Bundle":
            raise root.get("resourceType").refused(Code.FHIR_WRONG_KIND, expected="Bundle", got=root.kind())
        return cls._of_entries(root, data)

    @classmethod
    def holding(cls, data: bytes, kind: str) -> "Bundle":
        """The bundle in `data`, or one that holds the single resource of this type that `data` is; else as `read`."""
        root = _root(data)
        if root.kind() == "Bundle":
            return cls._of_entries(root, data)
        if root.kind() != kind:
            raise root.get("resourceType").refused(Code.FHIR_WRONG_KIND, expected=f"{kind} or Bundle", got=root.kind())
        return cls((Resource(root, data),), {})

    @classmethod
    def _of_entries(cls, root: Node, data: bytes) -> "Bundle":
        entries = root.get("entry").items()
        if len(entries) > FHIR_ENTRIES:
            raise root.get("entry").refused(Code.FHIR_TOO_LARGE, max=FHIR_ENTRIES, got=len(entries))
        nodes = [entry.get("resource") for entry in entries]
        slices = msgspec.json.decode(data, type=_RawBundle).entry
        resources = [Resource(node, bytes(raw.resource)) for node, raw in zip(nodes, slices, strict=True)]
        by_reference: dict[str, Resource] = {}
        for entry, resource in zip(entries, resources, strict=True):
            name = f"{resource.node.kind()}/{resource.node.id()}"
            address = entry.find("fullUrl")
            for known in {name, address.text() if address else name}:
                if known in by_reference:
                    raise entry.refused(Code.FHIR_NOT_ONE, expected="one entry of this id", got="another")
                by_reference[known] = resource
        return cls(tuple(resources), by_reference)

    def all(self, kind: str) -> list[Resource]:
        """The resources of a type, in their order."""
        return [resource for resource in self.resources if resource.node.kind() == kind]

    def only(self, kind: str) -> Resource:
        """The single resource of a type."""
        found = self.at_most_one(kind)
        if found is None:
            raise Refused(Code.FHIR_MISSING, "/entry", expected=kind)
        return found

    def at_most_one(self, kind: str) -> Resource | None:
        """The resource of a type, or None; refuses two."""
        found = self.all(kind)
        if len(found) > 1:
            raise found[1].node.refused(Code.FHIR_NOT_ONE, expected=f"one {kind}", got=str(len(found)))
        return found[0] if found else None

    def target(self, reference: Node, *kinds: str) -> Resource:
        """What a Reference points to, which must be in the bundle and of one of the types."""
        address = reference.get("reference")
        found = self.by_reference.get(address.text())
        if found is None:
            raise address.refused(Code.FHIR_DANGLING, expected=f"{' or '.join(kinds)} in this bundle")
        if found.node.kind() not in kinds:
            expected = " or ".join(kinds)
            raise address.refused(Code.FHIR_WRONG_KIND, expected=f"reference to {expected}", got=found.node.kind())
        return found


def _root(data: bytes) -> Node:
    """JSON in UTF-8 without doubled names: two readers of a doubled name would read two records.

    It is read twice, since one reader lets a lone surrogate pass and the other cuts out bytes.
    """
    if len(data) > FHIR_BUNDLE_BYTES:
        raise Refused(Code.FHIR_TOO_LARGE, max=FHIR_BUNDLE_BYTES, got=len(data))
    try:
        msgspec.json.decode(data, type=msgspec.Raw)
        text = data.decode("utf-8")
        return Node(json.loads(text, object_pairs_hook=_unique, parse_constant=_constant, parse_float=Decimal), "")
    except (ValueError, RecursionError, msgspec.MsgspecError):
        raise Refused(Code.FHIR_NOT_JSON, expected="JSON in UTF-8, each name once, no NaN", got=kind_of(data)) from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError
    return made


def _constant(name: str) -> Any:
    raise ValueError(name)
