"""Medical-alliance architecture: rows B1 to B13."""

import pytest

from refimpl.data.certificate import Certificate
from refimpl.data.members import Role
from refimpl.scenarios.referral import CITY, COMMUNITY, DAY, DISTRICT, ORIGIN, PATIENT, RECEIVER
from tests.systems.alliance import Alliance


@pytest.fixture
def alliance():
    return Alliance()


@pytest.mark.system("B1")
def test_B1_tier_three_hospitals_endorse_and_nobody_else(played):
    members = played.stage.cluster.genesis.members
    assert {one.member for one in members.validators()} == {"city3-a", "city3-b", "city3-c", "city3-d"}
    assert {one.member for one in members if one.role is Role.AUDITOR} == {DISTRICT, CITY}
    disk = played.stage.disk(0)
    certificates = [Certificate.from_bytes(data) for key, data in disk.items() if key.startswith("cert/")]
    assert len(certificates) == played.stage.ledger.tip.height
    signers = {vote.member for certificate in certificates for vote in certificate.votes}
    assert signers <= {one.member for one in members.validators()}
    assert all(len(certificate.votes) >= 3 for certificate in certificates)


@pytest.mark.system("B9")
def test_B9_refused_means_no_referral(alliance):
    referral = alliance.ask().instance
    assert alliance.stage.act((DISTRICT,), "Referral", "reject", referral, reason="no-indication").status == "applied"
    slot = alliance.slot()
    booked = alliance.stage.act((PATIENT,), "Referral", "book", referral, choice=slot)
    admitted = alliance.stage.act((RECEIVER,), "Referral", "admit", referral)
    assert (booked.code, admitted.code) == ("contract.no_such_clause",) * 2
    assert alliance.row(referral)["state"] == "refused_by_regulator"


@pytest.mark.system("B9")
def test_B9_nobody_but_the_commission_approves(alliance):
    referral = alliance.ask().instance
    for other in (ORIGIN, RECEIVER, PATIENT, CITY, COMMUNITY):
        assert alliance.stage.act((other,), "Referral", "approve", referral).code == "contract.not_authorized"
    assert alliance.stage.act((DISTRICT,), "Referral", "approve", referral).status == "applied"


@pytest.mark.system("B9")
def test_B9_what_is_settled_is_neither_made_nor_lost(played):
    positions = played.final["positions"]
    assert sum(positions.values()) == 0
    assert positions[ORIGIN] == -90_000 + 22_500


@pytest.mark.system("B10")
def test_B10_the_patient_must_be_at_the_origin(alliance):
    elsewhere = alliance.open_visit(RECEIVER, "V-2").instance
    assert alliance.ask(visit=elsewhere).code == "contract.condition_false"


@pytest.mark.system("B10")
@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"visit": 99}, "contract.bad_arguments"),
        ({"fee": "much"}, "contract.bad_arguments"),
        ({"evidence": "none"}, "contract.bad_arguments"),
        ({"fee": 2_000_001}, "contract.condition_false"),
        ({"receiver": COMMUNITY}, "contract.where_false"),
        ({"regulator": CITY}, "contract.where_false"),
    ],
)
def test_B10_the_rule_checks_its_arguments_and_changes_nothing(alliance, wrong, code):
    before = alliance.stage.ledger.tip.height
    assert alliance.ask(**wrong).code == code
    assert alliance.stage.state().read(b"instance/%010d" % 1) is None
    assert alliance.stage.ledger.tip.height == before + 1
    assert alliance.ask().status == "applied"


@pytest.mark.system("B10")
def test_B10_the_patient_leaves_one_list_and_enters_the_other_with_the_admission(alliance):
    referral = alliance.ask().instance
    alliance.stage.act((DISTRICT,), "Referral", "approve", referral)
    alliance.stage.act((PATIENT,), "Referral", "book", referral, choice=alliance.slot())
    assert ORIGIN in alliance.row(alliance.visit)["values"]
    alliance.stage.wait(DAY)
    assert alliance.stage.act((RECEIVER,), "Referral", "admit", referral).status == "applied"
    assert RECEIVER in alliance.row(alliance.visit)["values"]
    assert ORIGIN not in alliance.row(alliance.visit)["values"]
