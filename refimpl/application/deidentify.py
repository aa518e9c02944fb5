"""A copy from which the person is taken out, by rules that anybody can read and that are declared with it.

Every field of the rows needs a rule, so that nothing slips through that nobody thought of; what is left is grouped by
the fields that could single somebody out, and rows of a group that is too small stay behind. The digest of the rules
and the size of the smallest group stand beside the copy on the chain (`OpenCopy`).

It must not know where rows come from, nor who will read the copy. Source: spec/application.md, APP-027.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final, Literal

from attrs import frozen

from refimpl.crypto.recipes import digest
from refimpl.data.encoding import encode
from refimpl.data.ids import Digest
from refimpl.data.refusal import Code, Refused, kind_of

__all__ = ["Copy", "Rule", "deidentified", "rules_digest"]

_RULES_TAG: Final = "yilian/deidentification/v1"

Cell = str | int


@frozen
class Rule:
    """What becomes of one field."""

    field: str
    how: Literal["drop", "keep", "band", "prefix"]
    """`band`: a number becomes the lowest of its band of `width`; `prefix`: a text its first `width` characters."""
    width: int = 0
    singles_out: bool = False
    """Whether the field, as it is left, could single somebody out with others beside it (a quasi-identifier)."""


@frozen
class Copy:
    """What may be published."""

    rows: tuple[Mapping[str, Cell], ...]
    """In an order that says nothing: ascending by their bytes."""
    rules: Digest
    likeness: int
    """How many people of the copy look alike at least; 0 if it is empty."""
    left_behind: int
    """Rows that were not published because too few look like them."""

    def to_bytes(self) -> bytes:
        """The canonical bytes of the rows (APP-027)."""
        return encode([dict(row) for row in self.rows])


def rules_digest(rules: Sequence[Rule]) -> Digest:
    """The digest by which a copy names its rules (APP-027)."""
    listed = [{"field": one.field, "how": one.how, "singles_out": one.singles_out, "width": one.width}
              for one in sorted(rules, key=lambda rule: rule.field)]  # fmt: skip
    return digest(_RULES_TAG, encode(listed))


def deidentified(rows: Sequence[Mapping[str, Cell]], rules: Sequence[Rule], least: int) -> Copy:
    """The rows as the rules leave them, without those that fewer than `least` look like (APP-027).

    `wire.bad_field` for a field without a rule or of another kind than its rule takes; the refusal names the field and
    never its content.
    """
    by_field = {rule.field: rule for rule in rules}
    left = [_row(row, by_field, f"/{number}") for number, row in enumerate(rows)]
    marks = sorted(rule.field for rule in rules if rule.singles_out and rule.how != "drop")
    sizes = Counter(_group(row, marks) for row in left)
    kept = [row for row in left if sizes[_group(row, marks)] >= least]
    shown = tuple(sorted(kept, key=encode_row))
    likeness = min((sizes[_group(row, marks)] for row in kept), default=0)
    return Copy(shown, rules_digest(rules), likeness, len(left) - len(kept))


def encode_row(row: Mapping[str, Cell]) -> bytes:
    """The canonical bytes of one row, by which rows are ordered."""
    return encode(dict(row))


def _row(row: Mapping[str, Cell], rules: Mapping[str, Rule], at: str) -> dict[str, Cell]:
    left: dict[str, Cell] = {}
    for field, value in row.items():
        rule = rules.get(field)
        if rule is None:
            raise Refused(Code.WIRE_BAD_FIELD, f"{at}/{field}", expected="a rule for this field", got="none")
        if rule.how != "drop":
            left[field] = _cell(rule, value, f"{at}/{field}")
    return left


def _cell(rule: Rule, value: Cell, at: str) -> Cell:
    if rule.how == "keep":
        return value
    if rule.how == "band" and type(value) is int:
        return value - value % rule.width
    if rule.how == "prefix" and isinstance(value, str):
        return value[: rule.width]
    expected = "a number" if rule.how == "band" else "a text"
    raise Refused(Code.WIRE_BAD_FIELD, at, expected=expected, got=kind_of(value))


def _group(row: Mapping[str, Cell], marks: Sequence[str]) -> tuple[Cell | None, ...]:
    return tuple(row.get(field) for field in marks)
