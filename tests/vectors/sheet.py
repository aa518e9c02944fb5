"""A sheet of vectors: each case is put to the reference, must come out as announced, and becomes a line of a file."""

import json
from typing import Any

from attrs import define, field

from refimpl.commands.node.vectors import Case, answer
from tests.house.clauses import clauses


@define
class Sheet:
    """The cases of one file. `name` is area and file: `block/blocks`."""

    name: str
    note: str = ""
    cases: list[Case] = field(factory=list)

    def valid(self, kind: str, cited: str, why: str, given: Case) -> str:
        """A case that is accepted; its id, for its twins. `cited` are clauses, separated by blanks."""
        expect = answer(kind, given)
        assert "ok" in expect, (why, expect)
        return self._add(kind, cited, why, given, expect, None)

    def refused(self, kind: str, code: str, cited: str, why: str, given: Case, twin_of: str | None = None) -> None:
        """A case that is refused with this code."""
        expect = answer(kind, given)
        assert expect == {"refused": {"code": code}}, (why, expect)
        self._add(kind, cited, why, given, expect, twin_of)

    def twin(self, of: str, code: str, cited: str, why: str, **changed: Any) -> None:
        """A valid case with one thing changed, and the code that must come."""
        case = next(one for one in self.cases if one["id"] == of)
        given = case["input"] | changed
        if {"parts", "hex"} & changed.keys():
            given.pop("text", None)
        assert given != case["input"], why
        self.refused(case["kind"], code, cited, why, given, of)

    def _add(self, kind: str, cited: str, why: str, given: Case, expect: Case, twin_of: str | None) -> str:
        name = f"{self.name.split('/')[1]}.{len(self.cases)}"
        case = {"id": name, "kind": kind, "level": "L0", "clauses": cited.split(), "input": given, "expect": expect,
                "why": why}  # fmt: skip
        self.cases.append(case | ({"twin_of": twin_of} if twin_of else {}))
        return name

    def text(self) -> str:
        """The file."""
        texts = {clause.id: clause.digest for clause in clauses()}
        cited = sorted({clause for case in self.cases for clause in case["clauses"]})
        info = {"_info": {
            "schema": "yilian/vectors/v1", "spec": "spec/data.md", "generator": "tests/vectors/test_vectors.py",
            "source": "tests/vectors", "clauses": {clause: texts[clause] for clause in cited}, "note": self.note,
        }}  # fmt: skip
        lines = (
            json.dumps(one, ensure_ascii=False, sort_keys=True, separators=(",", ":")) for one in (info, *self.cases)
        )
        # Some languages end a line at U+2028; escaped, the value is the same and the line is one everywhere.
        return "\n".join(lines).replace("\u2028", "\\u2028") + "\n"
