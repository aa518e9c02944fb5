"""One patient is referred once, one box sold once, one claim paid once: also when both are asked for at one moment, in
any order, in one block or in two, while a proposer lies, and in another channel.
"""

from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.adversary.strategies import atoms
from conformance.contract import Contract
from conformance.plan import Plan
from refimpl.consensus.registry import find_engine
from refimpl.data.ids import MemberId, Nonce
from refimpl.data.transaction import COMMAND, Transaction
from refimpl.scenarios.cast import ALLIANCE
from refimpl.scenarios.stage import Stage
from tests.book import Book
from tests.systems.alliance import EVIDENCE, Alliance

PENNIES = 10_000


def referral(book):
    """Two requests for one patient, of two visits, to two hospitals."""
    visits = [book.act(("county2", "patient1"), "Visit", "open", holder="county2", patient="patient1", number=f"V-{n}")
              ["events"][0]["instance"] for n in (1, 2)]  # fmt: skip
    asked = {"origin": "county2", "patient": "patient1", "regulator": "hill-hc", "upper": "city-hc", "fee": 100,
             "evidence": EVIDENCE}  # fmt: skip
    return [(("county2", "patient1"), "Referral", "request", None, {**asked, "visit": visit, "receiver": to})
            for visit, to in zip(visits, ("city3", "north3"), strict=True)]  # fmt: skip


def box(book):
    """A box on the shelf."""
    box = book.act("maker1", "DrugBox", "produce", producer="maker1", holder="maker1", trace="81", lot="l",
                   expiry=book.now + 999_999)["events"][0]["instance"]  # fmt: skip
    book.act("maker1", "DrugBox", "deliver", box, to_hospital="county2")
    book.act("county2", "DrugBox", "accept", box)
    return box


def sale(book):
    """One box for two patients."""
    on_shelf = box(book)
    return [("county2", "DrugBox", "dispense", on_shelf, {"to_patient": who}) for who in ("patient1", "patient2")]


def claim(book):
    """One box, paid from two schemes."""
    sold = box(book)
    book.act("county2", "DrugBox", "dispense", sold, to_patient="patient1")
    schemes = [book.act("fund", "Scheme", "endow", insurer="fund", budget=10**6, expiry=book.now + 999_999)
               ["events"][0]["instance"] for _ in range(2)]  # fmt: skip
    asked = {"hospital": "county2", "patient": "patient1", "insurer": "fund", "box": sold, "amount": PENNIES}
    return [(("county2", "patient1"), "Claim", "settle", None, {**asked, "scheme": one}) for one in schemes]


KINDS = {"referral": (referral, ("visit", "referral", "stepdown")), "sale": (sale, ("drug", "claim")),
         "claim": (claim, ("drug", "claim"))}  # fmt: skip


def payload(contract, action, instance, given):
    listed = [{"name": name, "value": value} for name, value in sorted(given.items())]
    return {"action": action, "arguments": listed, "contract": contract, "instance": instance}


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=25)
@given(data=st.data())
def test_in_any_order_and_any_cut_into_blocks_one_of_all_succeeds(kind, data):
    make, modules = KINDS[kind]
    book = Book(*modules)
    orders = make(book)
    drawn = data.draw(st.lists(st.sampled_from(orders), min_size=2, max_size=5))
    waiting, receipts, nonces = [], [], {}
    for signers, contract, action, instance, given_ in drawn:
        names = (signers,) if isinstance(signers, str) else signers
        if not waiting:
            nonces.clear()
        signed = book.signed(names, COMMAND, payload(contract, action, instance, given_))
        step = nonces.setdefault(names[0], count())
        again = Transaction(signed.suite, signed.channel, Nonce(signed.nonce + next(step)), signed.signers, COMMAND,
                            signed.payload)  # fmt: skip
        waiting.append(again.signed(book.keys))
        if data.draw(st.booleans()):
            book.commit(*waiting)
            receipts += book.last
            waiting = []
    book.commit(*waiting)
    receipts += book.last
    assert [one["status"] for one in receipts if one["kind"] == "command"].count("applied") == 1


CONTRACT = Contract.from_data(find_engine("tendermint").promise.to_data())


@pytest.mark.system("C8")
@settings(max_examples=8)
@given(st.lists(atoms(CONTRACT, 4, (3,), 8, 2).filter(lambda atom: atom.k != "crash"), max_size=5), st.booleans())
def test_C8_a_lying_proposer_gets_no_patient_referred_twice(drawn, swapped):
    plan = Plan(engine="tendermint", n=4, faulty=(3,), after={3: "byzantine"}, heights=60, atoms=tuple(drawn))
    alliance = Alliance(Stage(ALLIANCE, plan))
    second = alliance.open_visit("county2", "V-2").instance
    stage = alliance.stage
    asked = {"origin": "county2", "patient": "patient-7f3a", "regulator": "hill-hc", "upper": "city-hc",
             "evidence": EVIDENCE, "fee": 100}  # fmt: skip
    both = [{**asked, "visit": alliance.visit, "receiver": "city3-a"}, {**asked, "visit": second,
                                                                       "receiver": "city3-b"}]  # fmt: skip
    for place, one in enumerate(both[::-1] if swapped else both):
        nonce = Nonce(stage.nonces["county2"] + place)
        made = Transaction(stage.cast.suite, stage.cast.channel, nonce, (MemberId("county2"),
                           MemberId("patient-7f3a")), COMMAND, payload("Referral", "request", None, one))  # fmt: skip
        signed = made.signed(stage.cluster.keys)
        stage.world.submit(signed.id.hex(), signed.to_bytes())
    stage.wait(120)
    for node in stage.honest:
        disk = stage.disk(node)
        begun = [data for key, data in disk.items() if key.startswith("receipt/") and b'"contract":"Referral"' in data
                 and b'"started"' in data]  # fmt: skip
        assert len(begun) == 1
    assert stage.verified() == ()


def test_what_is_sold_and_paid_for_in_one_channel_is_unknown_in_another():
    region, ward = Book("drug", "claim"), Book("sharing")
    orders = claim(region)
    for signers, contract, action, instance, given_ in orders:
        elsewhere = ward.submit(signers, COMMAND, payload(contract, action, instance, given_))
        assert elsewhere["code"] == "contract.unknown_name"
    here = [region.submit(signers, COMMAND, payload(*rest)) for signers, *rest in orders]
    assert [one["status"] for one in here] == ["applied", "refused"]
