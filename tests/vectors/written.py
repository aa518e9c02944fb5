"""All sheets of the data layer, and the files that they are.

    python -m tests.vectors.written --write
"""

import hashlib
import sys
from collections.abc import Callable
from functools import cache

from tests.house.tree import ROOT
from tests.vectors import foundations, ledger
from tests.vectors.sheet import Sheet

FOLDER = ROOT / "conformance" / "vectors" / "v1"
SHEETS: dict[str, Callable[[], Sheet]] = {
    "encoding/values": foundations.values, "hash/digests": foundations.digests, "merkle/trees": foundations.trees,
    "merkle/state": foundations.state, "signature/signatures": foundations.signatures,
    "signature/keys": foundations.keys, "transaction/transactions": ledger.transactions,
    "block/genesis": ledger.founding, "block/blocks": ledger.blocks, "block/receipts": ledger.receipts,
    "certificate/certificates": ledger.certificates,
}  # fmt: skip
SUMS = "data.sha256"


@cache
def text(name: str) -> str:
    """A file of vectors."""
    return SHEETS[name]().text()


def sums() -> str:
    """The list of digests, in the form of sha256sum."""
    return "".join(f"{hashlib.sha256(text(name).encode()).hexdigest()}  {name}.jsonl\n" for name in sorted(SHEETS))


if __name__ == "__main__" and sys.argv[1:] == ["--write"]:
    for name in SHEETS:
        place = FOLDER / f"{name}.jsonl"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text(name), encoding="utf-8")
    (FOLDER / SUMS).write_text(sums(), encoding="utf-8")
