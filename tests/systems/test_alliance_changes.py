"""Rows of an alliance that changes: admission by several, an open chain, who comes and goes, the life of a contract."""

import pytest
from attrs import evolve

from refimpl.application.view import View
from refimpl.crypto.recipes import key_for_tests
from refimpl.data.certificate import Certificate
from refimpl.data.ids import MemberId, Weight
from refimpl.data.members import Member, Role
from refimpl.data.transaction import MEMBERSHIP
from refimpl.node.archive import Archive
from refimpl.node.verify import verify_ledger
from refimpl.scenarios import alliance
from tests.book import CAST, Book


@pytest.fixture(scope="module")
def run(told):
    return told("alliance")


@pytest.mark.system("A5")
def test_A5_a_hospital_is_admitted_by_the_signatures_of_several_and_not_of_one(run):
    assert run.final["one signature"] == "member.too_few_approvals"
    assert run.final["instances"]["Admission/0"] == "endorsed"
    assert run.final["validators"] == ["city3-a", "city3-b", "city3-c", "north3"]
    view = View(run.stage.ledger.state)
    [admission] = view.rows("Admission")
    assert (admission["sponsor"], admission["second"], admission["auditor"]) == ("city3-a", "city3-b", "province-hc")


def joining(name):
    """A person who comes with a key and without a vote."""
    return {"changes": [Member(name, key_for_tests(CAST.suite, name).public, Weight(0), Role.MEMBER).to_value()],
            "evidence": None, "removed": []}  # fmt: skip


@pytest.mark.system("A5")
@pytest.mark.clause("DAT-077")
def test_A5_a_person_joins_an_open_chain_with_one_sponsor_and_leaves_it_alone():
    book, who = Book(parameters={"open": True}), MemberId("p-7f3a")
    assert book.submit("gp", MEMBERSHIP, joining(who))["status"] == "applied"
    book.keys[who] = key_for_tests(CAST.suite, who)
    entry = {"commitment": "ab" * 32, "custodian": who, "kind": "steps", "record": "2026-01"}
    assert book.submit(who, "record", {"entry": entry})["status"] == "applied"
    gone = {"changes": [], "evidence": None, "removed": [who]}
    assert book.submit("gp", MEMBERSHIP, gone)["code"] == "member.too_few_approvals"
    assert book.submit(who, MEMBERSHIP, gone)["status"] == "applied"
    assert book.ledger.tip.members.get(who) is None
    closed = Book()
    assert closed.submit("gp", MEMBERSHIP, joining(who))["code"] == "member.too_few_approvals"


@pytest.mark.system("B5")
def test_B5_who_lied_is_put_out_and_who_was_let_in_is_in_force_while_the_ledger_runs(run):
    assert (run.final["the liar's signature"], run.final["the old key"]) == ("tx.unknown_signer", "tx.bad_signature")
    disk = run.stage.disk(0)
    chain = Archive(disk)
    kept = [chain.members(height) for height in range(1, chain.height + 1)]
    assert kept[0].get(alliance.LIAR) is not None
    assert kept[-1].get(alliance.LIAR) is None
    for height in range(1, chain.height + 1):
        votes = Certificate.from_bytes(disk[f"cert/{height:010d}"]).votes
        assert {vote.member for vote in votes} <= {one.member for one in kept[height - 1].validators()}
    assert verify_ledger(disk).finding is None
    forged = dict(disk)
    last = f"cert/{chain.height:010d}"
    certificate = Certificate.from_bytes(forged[last])
    forged[last] = evolve(certificate, votes=certificate.votes[:2]).to_bytes()
    assert verify_ledger(forged).finding.clause == "DAT-105"


@pytest.mark.system("B6")
def test_B6_a_contract_is_deployed_invoked_executed_and_retired(run):
    state = run.stage.ledger.state
    assert state.get(b"module/Loan/000001") is not None
    assert state.get(b"retired/Loan") == b"true"
    assert run.final["after retirement"] == "contract.retired"
    assert run.final["instances"]["Loan/2"] == "lent"  # what ran goes on


@pytest.mark.system("C3")
def test_C3_the_story_anchors_a_private_ledger_and_nothing_else_of_it(run):
    height, head = run.final["anchored"]
    [row] = View(run.stage.ledger.state).rows("Anchor")
    assert (row["ledger"], row["height"], row["head"]) == (alliance.PRIVATE, height, head)
    assert b"ward-log" not in b"".join(run.stage.disk(0).values())
