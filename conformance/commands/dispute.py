"""`yilian replay FILE --dispute CLAIM`: everything that a dispute is decided by, as one file.

The text outranks the reference, so the clause stands in it as this kit reads it, beside what was expected, what came,
and what the implementer says. Equal input gives equal bytes: nothing is compressed, no clock is read. It must not
judge. What becomes of a dispute: docs/disputes.md.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from conformance.cli import Unwritable, must_be_writable
from conformance.standard import clauses, schema_digest, standard_digest

__all__ = ["SCHEMA", "dispute"]

SCHEMA: Final = "yilian/dispute/v1"
EPOCH: Final = (1980, 1, 1, 0, 0, 0)
"""The earliest moment that the format can say."""


def dispute(file: Path, saved: Mapping[str, Any], claim: Sequence[str], kit: str) -> Path:
    """Write the bundle beside the replay file; its path. Raises `Unwritable`."""
    must_be_writable(file.parent)
    target = file.with_suffix(".dispute.zip")
    beside = target.with_suffix(".part")
    try:
        with ZipFile(beside, "w", ZIP_STORED) as bundle:
            for name, text in sorted(contents(file, saved, claim, kit).items()):
                bundle.writestr(ZipInfo(name, EPOCH), text)
        beside.replace(target)
    except OSError as error:
        raise Unwritable(target, error.strerror or "") from None
    finally:
        beside.unlink(missing_ok=True)
    return target


def contents(file: Path, saved: Mapping[str, Any], claim: Sequence[str], kit: str) -> dict[str, str]:
    """Name -> text of every file of the bundle."""
    known = clauses().get(str(saved["clause"]).partition(".")[0])
    told = {
        "claim": list(claim), "clause": {"id": saved["clause"], "text": "" if known is None else known.text,
                                         "text_sha256": "" if known is None else known.digest},
        "outputs": {"actual": saved.get("actual", ""), "expected": saved.get("expected", "")},
        "profile": saved["profile"], "schema": SCHEMA, "suite": saved["suite"], "test": saved["test"],
        "verdict": saved["verdict"],
        "versions": {"kit": kit, "node": saved.get("node", ""), "spec": standard_digest(), "wire": schema_digest()},
    }  # fmt: skip
    return {
        "claim.txt": "\n\n".join(claim) + "\n",
        "dispute.json": json.dumps(told, ensure_ascii=False, sort_keys=True, indent=1) + "\n",
        "replay.json": file.read_text(encoding="utf-8"),
    }
