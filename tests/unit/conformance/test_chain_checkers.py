"""The checkers of longest chains: eligibility, growth and quality see the breach they are for, and nothing else."""

import pytest
from attrs import evolve

from conformance.checkers import eligibility, growth, quality, termination
from conformance.history import Block, Decision, Unrest
from conformance.plan import Cut, Plan, canonical
from conformance.targets import Target, contract
from tests.unit.conformance.histories import final, history

CHAIN = contract("authority")
SLOTTED = Plan(engine="authority", n=4, faulty=(3,), heights=20)


def made(node, height, slot, by=None, tick=None, **more):
    """A block of authority that `by` sealed, the sealer of its slot unless said, reported as its slot begins."""
    name, before = f"{height:064x}", "" if height == 1 else seal(height - 1, slot - 1)
    maker = slot % 4 if by is None else by
    proof = {"from": f"n{maker:02d}", "parent": before, "value": name, "payload": "", **more}
    found = Block(name, f"{height - 1:064x}" if height > 1 else "", maker, ())
    return Decision(4 * slot if tick is None else tick, node, 0, height, slot, found, (), "r", proof)


def seal(height, slot):
    """The seal of the block that `made` makes of a chain without gaps."""
    proof = made(0, height, slot).proof
    fields = {"from": proof["from"], "height": height, "parent": proof["parent"], "slot": slot, "value": proof["value"]}
    return eligibility.tagged("yilian/authority/seal/v1", canonical(fields).encode()).hex()


def chain(*decisions, plan=SLOTTED, law=CHAIN, **more):
    names = tuple(f"n{node:02d}" for node in range(plan.n))
    return evolve(history(*decisions, plan=plan), contract=law, ended=400, why="bound", names=names, **more)


@pytest.mark.clause("INV-S3", "CON-120", "CON-140")
def test_a_block_that_proves_no_turn_no_link_or_nothing_is_invalid():
    fine = [made(0, height, height) for height in (1, 2, 3)]
    assert eligibility.check(chain(*fine)) == ()
    wrong = {
        "seal": made(0, 2, 2, parent="00" * 32), "sealed": made(0, 2, 2, by=0),
        "slot after": made(0, 2, 1, parent=seal(1, 1)),
        "proof about": made(0, 2, 2, value="11" * 32), "eligibility": made(0, 2, 2)._replace(proof={}),
    }  # fmt: skip
    for word, block in wrong.items():
        (found,) = eligibility.check(chain(fine[0], block))
        assert (found.clause, word in str(found.expected)) == ("INV-S3", True), found


@pytest.mark.clause("INV-S3", "CON-151", "CON-154")
def test_a_proof_of_work_is_counted_again():
    good = Target().play(Plan(engine="nakamoto", heights=14, lottery=tuple((slot % 4,) * (1 + slot // 16)
                                                                           for slot in range(40))))  # fmt: skip
    assert eligibility.check(good) == ()
    for height, change in ((1, {"bits": 7}), (1, {"nonce": 10**9}), (3, {"since": 1}), (2, {"bits": 7})):
        forged = [one._replace(proof=one.proof | change) if one.height == height else one for one in good.decisions]
        (found,) = eligibility.check(evolve(good, decisions=tuple(forged)))
        assert "zero bits" in str(found.expected) or "window" in str(found.expected)
    law = good.contract
    for took, bits in ((15, 7), (16, 6), (59, 6), (60, 6)):
        link = eligibility.Link(16, took, "", {"bits": 6, "since": 0})
        assert eligibility.retarget(law, link) == bits
    assert eligibility.retarget(law, eligibility.Link(16, 60, "", {"bits": 8, "since": 0})) == 7


@pytest.mark.clause("INV-V1")
def test_a_chain_that_does_not_grow_in_slots_won_by_correct_members_is_told():
    honest = evolve(SLOTTED, faulty=())
    fine = [made(0, height, height - 1, tick=4 * (height + 7)) for height in range(1, 12)]
    others = [one._replace(node=node) for node in (1, 2, 3) for one in fine]
    stopped = evolve(chain(*fine, *others, plan=honest), ended=4 * 18)
    assert growth.check(stopped) == ()
    for ended in (4 * 19, 4 * 40):
        (found,) = growth.check(evolve(stopped, ended=4 * 2 + ended))
        assert (found.clause, found.nodes) == ("INV-V1.growth", (0,))
    cut = evolve(honest, atoms=(Cut(r=0, to_r=1, side=(0,)),), tier="boundary")
    assert growth.check(evolve(stopped, ended=160, plan=cut)) == ()
    down = (Unrest(4 * 17, 2, "crash"),)
    assert growth.check(evolve(stopped, ended=160, unrest=down)) == ()
    back = (*down, Unrest(4 * 20, 2, "back"))
    assert growth.check(evolve(stopped, ended=4 * 23, unrest=back)) == ()
    assert growth.check(evolve(stopped, ended=160, unrest=back)) != ()


@pytest.mark.clause("INV-V1")
def test_a_stretch_of_blocks_by_liars_alone_is_told_at_its_length_and_not_one_shorter():
    whole = CHAIN.quality[1]
    poor = [made(0, height, height, by=3) for height in range(1, whole + 1)]
    assert quality.check(chain(*poor[:-1])) == ()
    (found,) = quality.check(chain(*poor))
    assert (found.clause, found.actual) == ("INV-V1.quality", "0")
    assert quality.check(chain(*poor[:-1], made(0, whole, whole, by=1))) == ()


def test_engines_that_decide_at_once_are_not_asked_for_growth_or_proofs():
    plain = history(final(0))
    assert (growth.check(plain), quality.check(plain), eligibility.check(plain)) == ((), (), ())
    assert termination.check(chain(stuck=((0, "here"),))) == ()
