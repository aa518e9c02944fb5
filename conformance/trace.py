"""The digest of a run: equal for two runs iff they were the same run.

Signatures are left out (a statement is named by its contents), so ideal and real signatures give one digest. It must
not depend on anything but the history.
"""

from collections.abc import Iterator
from hashlib import sha256
from typing import Any

from conformance.history import History
from conformance.plan import canonical


def lines(history: History) -> Iterator[list[Any]]:
    """What happened, one canonical line each: statements, decisions, unrest, and the end."""
    for statement in history.statements:
        yield ["said", *statement[:7]]
    for decision in history.decisions:
        voters = [voter for voter, _ in decision.votes]
        block = decision.block
        yield ["final", *decision[:5], block.digest, list(block.transactions), voters, decision.result]
    for unrest in history.unrest:
        yield ["unrest", *unrest]
    yield ["end", history.ended, history.why]


def trace_digest(history: History) -> str:
    """SHA-256 over the domain and the canonical lines."""
    text = "\n".join(canonical(line) for line in lines(history))
    return sha256(b"yilian/trace/v1\0" + text.encode()).hexdigest()
