"""What must not get slower, counted: verifications, readings, hashes. Seconds are for the bench."""

from math import log2
from unittest.mock import patch

from bench.alliance import CITY, Alliance, fresh_copy, ideal, signatures_of, working_block
from bench.state import counted, filled, key
from refimpl.crypto.recipes import Suite, verifier
from refimpl.data import block as block_module
from refimpl.data.encoding import decode
from refimpl.data.ids import Seconds
from refimpl.node.ledger import Ledger
from refimpl.node.notary import Remembering


def worked(ledger: Ledger, data: list[bytes]) -> bytes:
    for one in data:
        ledger.admit(ledger.check(one))
    now = Seconds(ledger.tip.time + 1)
    block = ledger.prepare(CITY[0], now).to_bytes()
    assert ledger.process(block, now).refused is None
    ledger.commit(ledger.finalize(block), None)
    return block


def day() -> tuple[Ledger, list[bytes], list]:
    alliance = Alliance.founded()
    work = working_block(alliance, 20)
    return alliance.ledger, [one.to_bytes() for one in work], signatures_of(work, alliance.clients)


def test_a_node_verifies_each_signature_once():
    ledger, data, signatures = day()
    remembering = Remembering(verifier(Suite.INTL))
    worked(fresh_copy(ledger, remembering), data)
    assert remembering.checked == len(signatures)


def test_a_block_is_judged_once_however_often_it_is_asked_about():
    ledger, data, signatures = day()
    known, calls = ideal(signatures), []

    def counting(*signed) -> None:
        calls.append(signed)
        known(*signed)

    worked(fresh_copy(ledger, counting), data)
    assert len(calls) == 2 * len(signatures)  # once alone, once in the block


def test_a_block_is_read_once_from_its_proposal_to_its_decision():
    ledger, data, signatures = day()
    with patch.object(block_module, "decode", wraps=decode) as reading:
        worked(fresh_copy(ledger, ideal(signatures)), data)
    assert reading.call_count == 1


def test_an_update_of_many_keys_hashes_less_than_the_tree_is_deep():
    size = 4_096
    state = filled(size)
    block = {key(number): b"another value" for number in range(0, size, 8)}
    assert counted(state, [block]) / len(block) < log2(size) / 1.5
