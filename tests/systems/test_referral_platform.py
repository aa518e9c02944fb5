"""Tiered-care collaboration platform: rows A1 to A9."""

import pytest

from conformance.plan import Crash, Plan
from refimpl.data.transaction import Transaction
from refimpl.scenarios.performance import perform


def events(outcome):
    """(time, event) of all that happened."""
    return [(at, event) for _, at, receipt in outcome.stage.receipts() for event in receipt.get("events", [])]


@pytest.mark.system("A2")
def test_A2_a_patient_goes_up_in_four_steps_and_down_again(played):
    acts = [event for _, event in events(played) if event["kind"] in ("started", "acted")]
    told = [(act["contract"], act["body"]["action"]) for act in acts if act["contract"] != "Visit"]
    assert told == [
        ("Slot", "offer"),
        ("Referral", "request"),
        ("Referral", "approve"),
        ("Referral", "book"),
        ("Slot", "book"),
        ("Referral", "admit"),
        ("Referral", "report"),
        ("Referral", "settle"),
        ("StepDown", "offer"),
        ("StepDown", "accept"),
        ("StepDown", "report"),
    ]
    assert played.final["instances"]["Referral/2"] == "settled"
    assert played.final["instances"]["StepDown/3"] == "closed"


@pytest.mark.system("A2")
def test_A2_a_missed_deadline_climbs_by_itself(played):
    [(_, breach)] = [(at, event) for at, event in events(played) if event["kind"] == "violation"]
    assert (breach["body"]["debtors"], breach["body"]["name"]) == (["hill-hc"], "late_approval")
    asked = next(event for _, event in events(played) if event.get("body", {}).get("action") == "request")
    assert breach["at"] == asked["at"] + 48 * 3600
    following = next(event for at, event in events(played) if event.get("instance") == 2 and event["at"] > breach["at"])
    assert (following["body"]["state"], following["body"]["by"]) == ("escalated", ["city-hc"])


@pytest.mark.system("A3")
def test_A3_every_act_is_on_the_chain_with_who_signed_it_and_when(played):
    disk = played.stage.disk(0)
    transactions = {tx.id.hex(): tx for key, data in disk.items() if key.startswith("tx/")
                    for tx in [Transaction.from_bytes(data)]}  # fmt: skip
    acts = 0
    for _, at, receipt in played.stage.receipts():
        for event in receipt.get("events", []):
            if event["kind"] in ("started", "acted"):
                acts += 1
                assert set(event["body"]["by"]) <= set(transactions[receipt["tx"]].signers)
                assert event["at"] == at
    assert acts > 10
    times = [at for _, at, _ in played.stage.receipts()]
    assert times == sorted(times)


@pytest.mark.system("A8")
@pytest.mark.parametrize("disk", ["synced", "lost-tail"])
def test_A8_a_crash_and_a_lost_disk_change_nothing_agreed(played, disk):
    crashes = tuple(
        Crash(h=height, r=0, ph="prevote", node=node, when="before", disk=disk, back={"h": height + 2, "r": 0})
        for height, node in ((3, 1), (9, 2), (15, 1))
    )
    outcome = perform("referral", Plan(engine="tendermint", n=4, heights=60, atoms=crashes), None, 0)
    assert outcome.violations == ()
    assert outcome.history.triggered["crash"] >= 2
    assert outcome.final == played.final
    tips = {outcome.stage.ledger_of(node).tip.block for node in range(4)}
    assert len(tips) == 1
