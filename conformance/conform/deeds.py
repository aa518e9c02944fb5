"""L1, packs: the contracts of the library, deployed as IR and lived through, step by step beside the kit's ledger.

One test for each test that stands beside the rules. It must not know what a contract means.
"""

from functools import partial

from conformance.conform.catalogue import Test
from conformance.conform.session import Session
from conformance.conform.solo import Solo, channel
from conformance.model.genesis import id_of, transaction
from conformance.model.scripts import PACKS, Script, Step, played, scripts

__all__ = ["tests"]


def lived(session: Session, script: Script) -> None:
    """Every step of a script, and every receipt, is what the kit's ledger says; time acts by itself. At the end the
    contract that began first is retired, and begins no more."""
    solo, nonces = Solo(session, channel(script, session.suite)).begin(), dict[str, int]()
    for step in (*played(script), *retired(script)):
        if step.kind == "pause":
            solo.wait(solo.now + step.seconds)
            continue
        signers = step.signers or ("m0",)
        nonce = nonces.get(signers[0], 0)
        nonces[signers[0]] = nonce + 1
        made = transaction(step.kind, step.payload, signers, nonce, session.suite)
        solo.submit(made)
        solo.compare_receipt(id_of(made))
    session.triggered["steps"] += len(script.steps)


def retired(script: Script) -> list[Step]:
    """The first contract that a script begins is retired, and somebody tries to begin it once more."""
    begun = next((step for step in script.steps if step.kind == "command" and step.payload["instance"] is None), None)
    if begun is None:
        return []
    return [Step("deploy", payload={"modules": [], "retired": [begun.payload["contract"]]}), begun]


def tests() -> list[Test]:
    """Pack by pack."""
    clauses = ("CTR-S1", "CTR-S7", "CTR-S11", "CTR-D02", "CTR-D03", "CTR-D05", "CTR-D06", "DAT-110", "NOD-063",
               "CTR-D09", "CTR-D10", "CTR-D11")
    return [
        Test(f"L1.pack.{pack}.{script.name}", "L1", clauses, partial(lived, script=script), ("contracts",), pack)
        for pack in sorted(PACKS)
        for script in scripts(pack)
    ]
