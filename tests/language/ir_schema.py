"""`spec/ir.schema.json`: the shapes of the IR for those who do not read Python, made from `contracts_dsl/ir.py`.

    python -m tests.language.ir_schema --write

JSON Schema 2020-12. It says what shapes there are; that names resolve, types are right and the rules T1 to T14 are kept
is said in spec/contract.md. Members at their default are left out of the canonical form, so the schema refuses them.
"""

import json
import sys
from typing import Any

import msgspec

from contracts_dsl import ir
from tests.house.tree import ROOT

PLACE = ROOT / "spec" / "ir.schema.json"
SPARSE = ("Expr", "Limit")
"""Shapes whose members at their default are left out."""


def schema() -> dict[str, Any]:
    """The schema of a module."""
    made = msgspec.json.schema(ir.Module)
    for name in ("Schema", "Contract", "Policy"):
        made["$defs"][name]["properties"]["ir"] = {"const": ir.IR_VERSION}
        made["$defs"][name]["required"].append("ir")
    for name in SPARSE:
        for member in made["$defs"][name]["properties"].values():
            if "default" in member:
                member["not"] = {"const": member.pop("default")}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema", "title": "yilian IR",
        "description": "A module of the contract language as a ledger stores it (spec/contract.md, section 5).", **made,
    }  # fmt: skip


def text() -> str:
    """The file."""
    return json.dumps(schema(), indent=1, ensure_ascii=False, sort_keys=True) + "\n"


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        PLACE.write_text(text(), encoding="utf-8")
    else:
        print(text(), end="")
