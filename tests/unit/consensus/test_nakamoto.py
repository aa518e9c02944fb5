"""Proof of work rule by rule: the puzzle, the work, the demand of a branch."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.adapters.line_ledger import name_of
from refimpl.consensus import interface as api
from refimpl.consensus.longest_chain import BLOCK, SLOT
from refimpl.consensus.nakamoto import BITS, READERS, SPACING, WINDOW, Mined, Nakamoto, puzzle_of
from refimpl.crypto.recipes import digest
from refimpl.data.ids import Digest, Height, Round
from refimpl.data.limits import CONSENSUS_ATTEMPTS
from refimpl.data.refusal import Code, Refused
from refimpl.data.seal import NONCE_MAX, seal_fields, seal_nonce, solve, zero_bits
from tests.unit.consensus.hand import NAMES, Hand, refused

ROOT = Digest(b"")


class Miner(Hand):
    """A member that mines by hand."""

    def __init__(self, me=3, **more):
        super().__init__(Nakamoto, me, **more)

    def mined(self, payload, slot, parent=None, sender=1, bits=None, since=None, *, solved=True):
        """A block with as much work as its branch demands, or as is said."""
        above = ROOT if parent is None else self.engine.seal(parent)
        height = 1 if parent is None else parent.height + 1
        demanded, start = self.engine.demands(self.memory, above, slot)
        body = Mined(name_of(payload), payload, above, demanded if bits is None else bits,
                     start if since is None else since, 0)  # fmt: skip
        puzzle = puzzle_of(height, slot, NAMES[sender], body)
        nonces = range(10**6)
        nonce = next(n for n in nonces if (zero_bits(seal_nonce(puzzle, n)) >= body.bits) is solved)
        return self.sign(BLOCK, body._replace(nonce=nonce), sender, slot, height)

    def receive(self, message):
        return self.feed(api.Receive(message))

    def reach(self, slot):
        while self.memory.round < slot:
            self.expire(SLOT, self.memory.round)
        return self

    def window(self, spacing):
        """A whole window of blocks, so many slots apart; its last block."""
        block = None
        for number in range(WINDOW):
            block = self.reach(number * spacing).mined(b"w%d" % number, number * spacing, block)
            self.receive(block)
        return block


@pytest.mark.clause("CON-150")
def test_the_seal_covers_the_nonce_and_all_that_the_block_says():
    miner = Miner()
    block = miner.mined(b"a", 0)
    puzzle = seal_fields("nakamoto", {
        "bits": BITS, "from": "n01", "height": 1, "parent": "", "since": 0, "slot": 0,
        "value": name_of(b"a").hex(),
    })  # fmt: skip
    nonce = block.body.nonce.to_bytes(8, "big")
    assert miner.engine.seal(block) == digest("yilian/nakamoto/nonce/v1", puzzle + nonce)
    for change in ({"bits": 7}, {"since": 1}, {"nonce": 99}, {"value": name_of(b"b")}, {"parent": puzzle}):
        assert miner.engine.seal(block._replace(body=block.body._replace(**change))) != miner.engine.seal(block)


@given(st.binary(min_size=32, max_size=32))
def test_leading_zero_bits_are_those_of_the_digest_written_in_twos(value):
    written = f"{int.from_bytes(value, 'big'):0256b}"
    assert zero_bits(Digest(value)) == len(written) - len(written.lstrip("0"))


@pytest.mark.clause("CON-151")
def test_a_block_without_its_work_is_refused_at_the_demand_and_one_bit_below():
    miner = Miner()
    assert refused(miner, api.Receive(miner.mined(b"a", 0, solved=False))) is Code.CONSENSUS_NO_WORK
    block = miner.mined(b"a", 0)
    assert miner.engine.heaviest(miner.receive(block).memory) == miner.engine.seal(block)


@pytest.mark.clause("CON-152", "CON-125")
def test_two_easy_blocks_weigh_as_much_as_one_that_is_a_bit_harder():
    miner = Miner()
    last = miner.window(SPACING - 1)
    hard = miner.reach(40).mined(b"hard", 38, last)
    assert hard.body.bits == BITS + 1
    miner.receive(hard)
    assert miner.engine.weight(miner.memory.tree.blocks[miner.engine.seal(hard)]) == 2 * 2**BITS


@pytest.mark.clause("CON-153")
def test_a_search_is_a_question_about_the_puzzle_and_its_answer_makes_the_block():
    miner = Miner()
    miner.feed(api.Offer(Height(1), Round(0), b"mine", name_of(b"mine")))
    (ask,) = miner.made(api.AskWork)
    assert (ask.height, ask.round, ask.bits, miner.said(BLOCK)) == (1, 0, BITS, [])
    wrong = miner.engine.step(miner.memory, api.Worked(Digest(bytes(32)), 1))
    assert wrong.effects == ()
    nothing = miner.engine.step(miner.memory, api.Worked(ask.puzzle, None))
    assert nothing.effects == ()
    nonce = solve(ask.puzzle, ask.bits, CONSENSUS_ATTEMPTS)
    made = miner.feed(api.Worked(ask.puzzle, nonce)).the(BLOCK)
    assert (made.body.nonce, miner.memory.minted) == (nonce, 0)
    assert zero_bits(miner.engine.seal(made)) >= BITS


@pytest.mark.clause("CON-153")
def test_a_search_finds_the_least_nonce_within_its_attempts_or_nothing():
    puzzle = digest("yilian/test/v1", b"puzzle")
    first = solve(puzzle, BITS, CONSENSUS_ATTEMPTS)
    assert first is not None
    assert all(zero_bits(seal_nonce(puzzle, nonce)) < BITS for nonce in range(first))
    assert solve(puzzle, BITS, first) is None
    assert solve(puzzle, BITS, first + 1) == first
    assert solve(puzzle, 200, CONSENSUS_ATTEMPTS) is None


@pytest.mark.clause("CON-154")
@pytest.mark.parametrize(("spacing", "bits"), [(1, BITS + 1), (2, BITS), (3, BITS)])
def test_a_window_in_half_the_usual_time_makes_it_harder_by_one_bit(spacing, bits):
    miner = Miner()
    last = miner.window(spacing)
    slot = WINDOW * spacing
    assert miner.engine.demands(miner.reach(slot).memory, miner.engine.seal(last), slot) == (bits, slot)
    inner = miner.memory.past[-1] if miner.memory.past else last
    assert miner.engine.demands(miner.memory, miner.engine.seal(inner), slot) == (BITS, 0)


@pytest.mark.clause("CON-154")
def test_a_slow_window_makes_it_easier_again_and_never_easier_than_at_first():
    miner = Miner()
    body = Mined(name_of(b"x"), b"x", ROOT, BITS + 2, 0, 0)
    usual = (WINDOW - 1) * SPACING
    cases = {usual // 2: BITS + 3, usual // 2 + 1: BITS + 2, 2 * usual - 1: BITS + 2, 2 * usual: BITS + 1}
    for took, bits in cases.items():
        last = miner.sign(BLOCK, body, 1, took, WINDOW)
        miner.memory.past = (last,)
        assert miner.engine.demands(miner.memory, miner.memory.tree.tip, took + 1) == (bits, took + 1), took
    miner.memory.past = (miner.sign(BLOCK, body._replace(bits=BITS), 1, 9 * usual, WINDOW),)
    assert miner.engine.demands(miner.memory, miner.memory.tree.tip, 9 * usual + 1)[0] == BITS


@pytest.mark.clause("CON-154")
def test_another_demand_than_the_branch_makes_is_refused():
    miner = Miner()
    block = miner.mined(b"a", 0)
    miner.receive(block).reach(2)
    for claim in ({"bits": BITS + 1}, {"since": 1}):
        assert refused(miner, api.Receive(miner.mined(b"b", 1, block, **claim))) is Code.CONSENSUS_WRONG_TARGET


@pytest.mark.clause("NET-001", "CON-150")
@pytest.mark.parametrize(
    "change", [{"bits": BITS - 1}, {"bits": 256}, {"nonce": -1}, {"nonce": NONCE_MAX + 1}, {"since": -1}]
)
def test_a_body_outside_its_limits_is_refused(change):
    body = Miner().mined(b"a", 0).body._replace(parent=name_of(b"before"))
    assert READERS[BLOCK](body.to_data()) == body
    with pytest.raises(Refused) as caught:
        READERS[BLOCK](body.to_data() | change)
    assert caught.value.code is Code.WIRE_BAD_FIELD
