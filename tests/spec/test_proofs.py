"""The proofs hold, by two solvers, and each planted fault fails at the clause where it must."""

import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest

PROOFS = Path(__file__).resolve().parents[2] / "spec" / "proofs"


@pytest.fixture(scope="module")
def theories():
    """The modules of spec/proofs, which are scripts and no package."""
    sys.path.insert(0, str(PROOFS))
    try:
        import longest_chain
        import queries
        import quorums
        import tendermint
    finally:
        sys.path.remove(str(PROOFS))
    return {"chain": longest_chain, "ask": queries, "quorums": quorums, "tendermint": tendermint}


@pytest.mark.clause("INV-S1", "CON-002", "CTR-S12")
def test_everything_that_is_claimed_is_proved_and_every_fault_is_refuted():
    done = subprocess.run([sys.executable, str(PROOFS), "--cvc5"], capture_output=True, text=True, check=False)
    rows = done.stdout.splitlines()
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(rows) >= 15
    assert all(row.startswith("ok ") for row in rows)
    assert sum("fails as it must" in row for row in rows) >= 8


def test_a_proof_that_fails_is_not_called_proved(theories):
    tendermint, ask = theories["tendermint"], theories["ask"]
    wrong = ask.Query("everybody decides alike whatever happens", [], tendermint.agreement(tendermint.State()))
    assert ask.ask_z3(wrong).said == "refuted"
    assert ask.ask_cvc5(wrong).said != "proved"


def test_an_assumption_that_contradicts_itself_is_noticed(theories):
    ask, quorums = theories["ask"], theories["quorums"]
    assert ask.satisfiable("none", [quorums.TOTAL > 0, quorums.TOTAL < 0]).said == "refuted"


@pytest.mark.system("E3")
def test_E3_the_published_catch_up_table_and_depths_come_out_to_the_last_digit(theories):
    chain = theories["chain"]
    for (share, z), said in chain.PUBLISHED.items():
        assert chain.printed(share, z) == said
    assert {share: chain.depth(share) for share in chain.DEPTHS} == chain.DEPTHS


def test_e_to_the_minus_x_is_enclosed(theories):
    chain = theories["chain"]
    low, high = chain.exp_minus(Fraction(1))
    published = Fraction("0.36787944117144232159552377016146086744581113103")
    assert published < low < published + Fraction(1, 10**47)
    assert high - low < Fraction(1, 10**500)
    low, high = chain.exp_minus(Fraction(300))
    assert 0 < low < high < Fraction(1, 10**130)
