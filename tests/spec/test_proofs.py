"""The proofs hold, each planted fault fails at the clause where it must, and what no solver knows is not proved."""

import subprocess
import sys
from fractions import Fraction
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import pytest

PROOFS = Path(__file__).resolve().parents[2] / "spec" / "proofs"


@pytest.fixture(scope="module")
def proofs():
    """The modules of spec/proofs, which are scripts and no package."""
    sys.path.insert(0, str(PROOFS))
    try:
        return SimpleNamespace(**{path.stem: import_module(path.stem) for path in PROOFS.glob("[a-z]*.py")})
    finally:
        sys.path.remove(str(PROOFS))


def table(*words):
    """What `python spec/proofs` prints, line by line, with these words; it must succeed."""
    done = subprocess.run([sys.executable, str(PROOFS), *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


@pytest.mark.clause("INV-S1", "INV-S2", "INV-A1", "INV-A2", "CON-002", "DAT-030", "CTR-S3", "CTR-S12", "CTR-S18")
def test_everything_that_is_claimed_is_proved_and_every_fault_is_refuted():
    rows = table()
    assert len(rows) >= 90
    assert all(row.startswith("ok ") for row in rows)
    assert sum("fails as it must" in row for row in rows) >= 65


def test_the_second_solver_says_the_same_and_no_guard_can_go_unnoticed():
    rows = table("--cvc5", "chain")
    assert any(row.startswith("ok   all n  cvc5 ") and "queries" in row for row in rows)
    assert any("guards is needed" in row for row in rows)


def test_the_table_of_guards_says_what_fails_without_each():
    rows = table("--guards", "chain")
    assert any(row.endswith("tell keeps told_disk") for row in rows if " on disk " in row)
    assert sum(row.endswith(" spare") for row in rows) == 3


def test_a_proof_that_fails_is_not_called_proved(proofs):
    tendermint, ask = proofs.tendermint, proofs.queries
    state = proofs.induction.any_state(tendermint.WORDS)
    wrong = ask.Query("everybody decides alike whatever happens", [], tendermint.goals(state)["agreement"])
    assert ask.ask_z3(wrong).said == "refuted"
    assert ask.ask_cvc5(wrong).said != "proved"
    assert ask.refute(wrong).said == "refuted"


def test_a_fault_that_does_no_harm_is_not_called_refuted(proofs):
    harmless = proofs.induction.without(proofs.streamlet.THEORY, "see", "backed")
    asked = proofs.induction.queries(harmless, "see")
    assert {proofs.queries.ask_z3(query).said for query in asked} == {"proved"}
    assert proofs.queries.refute(asked[-1]).said != "refuted"


def test_an_assumption_that_contradicts_itself_is_noticed(proofs):
    total = proofs.quorums.TOTAL
    assert proofs.queries.possible("none", [total > 0, total < 0]).said == "impossible"


def test_a_story_that_cannot_happen_is_noticed(proofs):
    streamlet, induction = proofs.streamlet, proofs.induction
    cast, steps = streamlet.story()
    early = induction.Story(cast, [steps[-1], *steps])
    assert (
        proofs.queries.possible("decides before a vote", induction.told(streamlet.THEORY, early)).said == "impossible"
    )


@pytest.mark.system("E3")
def test_E3_the_published_catch_up_table_and_depths_come_out_to_the_last_digit(proofs):
    chain = proofs.longest_chain
    for (share, z), said in chain.PUBLISHED.items():
        assert chain.printed(share, z) == said
    assert {share: chain.depth(share) for share in chain.DEPTHS} == chain.DEPTHS


def test_e_to_the_minus_x_is_enclosed(proofs):
    chain = proofs.longest_chain
    low, high = chain.exp_minus(Fraction(1))
    published = Fraction("0.36787944117144232159552377016146086744581113103")
    assert published < low < published + Fraction(1, 10**47)
    assert high - low < Fraction(1, 10**500)
    low, high = chain.exp_minus(Fraction(300))
    assert 0 < low < high < Fraction(1, 10**130)
