"""Whoever asks the service for whatever: no row of an instance that the rules do not give.

The rules are written here a second time, over what the receipts of the chain say of each instance and over the regions
by hand; no code of the service is asked what may be seen.
"""

import json
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.data.encoding import decode_known
from refimpl.service.operations import OPERATIONS
from tests.window import Window, certificates, told

HOMES = {"county2": "hill", "centre1": "hill", "gp": "hill", "patient1": "hill", "hill-hc": "hill", "patient2": "lake",
         "city3": "river-city", "city-doctor": "river-city", "city-hc": "river-city"}  # fmt: skip
SUPERVISED = {"hill-hc": {"hill"}, "city-hc": {"hill", "lake", "river-city"}}
MEMBERS = sorted(set(certificates()) - {"authority"})


@cache
def parties() -> dict[int, set[str]]:
    """Instance -> its parties, as the events of the chain name them."""
    found: dict[int, set[str]] = {}
    for key, value in told().items():
        for event in decode_known(value).get("events", ()) if key.startswith("receipt/") else ():
            if "parties" in event:
                found.setdefault(event["instance"], set()).update(event["parties"])
    return found


def given_to(member: str) -> set[int]:
    """The instances that the rules give a member."""
    area = SUPERVISED.get(member, set())
    return {number for number, who in parties().items() if member in who or any(HOMES[one] in area for one in who)}


def instances_in(value):
    """Every instance of which a part stands anywhere in an answer."""
    if isinstance(value, list):
        for one in value:
            yield from instances_in(one)
    elif isinstance(value, dict):
        yield from (value[name] for name in ("instance", "record") if isinstance(value.get(name), int))
        if isinstance(value.get("key"), str) and value.get("value"):
            key = bytes.fromhex(value["key"])
            yield from ([int(key[9:])] if key.startswith(b"instance/") else ())
        for name, one in value.items():
            if name != "values":  # fields of a row may name other instances by number
                yield from instances_in(one)


NUMBERS = st.integers(0, 12).map(str)
KEYS = st.sampled_from([*(b"instance/%010d" % n for n in range(9)), *(b"access/%010d" % n for n in range(3)), b"clock",
                        b"of/Referral/0000000006", b"node/city3", b"instance/", b"instance/1", b"instance/x",
                        b"instance/0000000006/", b"instance/+6", "instance/６".encode()]).map(bytes.hex)  # fmt: skip
TRANSACTIONS = sorted({decode_known(value)["tx"] for key, value in told().items() if key.startswith("receipt/")})
POOLS = {
    "height": NUMBERS, "index": NUMBERS, "record": NUMBERS, "after": NUMBERS, "from": NUMBERS, "key": KEYS,
    "tx": st.sampled_from(TRANSACTIONS), "patient": st.sampled_from([*MEMBERS, "nobody"]),
    "region": st.sampled_from([*SUPERVISED["city-hc"], "north", "nowhere", "city3"]),
    "contract": st.sampled_from(["Visit", "Slot", "Referral", "HealthRecord", "Consent", "PatientLink", "Nothing"]),
}  # fmt: skip


@st.composite
def questions(draw):
    """(path, query) of any question that is asked by GET, over what is there and what is not."""
    operation = draw(st.sampled_from([one for one in OPERATIONS if one.method == "GET" and one.signed]))
    path = operation.template
    for one in operation.path:
        path = path.replace("{" + one.name + "}", draw(POOLS[one.name]))
    chosen = [one for one in operation.query if draw(st.booleans())]
    return path, "&".join(f"{one.name}={draw(POOLS[one.name])}" for one in chosen)


@pytest.mark.clause("APP-054", "APP-055", "APP-056", "APP-057", "APP-058")
@given(st.sampled_from(MEMBERS), st.lists(questions(), min_size=1, max_size=12))
def test_nobody_gets_a_row_that_the_rules_do_not_give(member, asked):
    window, allowed = Window(), given_to(member)
    for path, query in asked:
        answer = window.ask(member, path, query)
        if path.startswith("/v1/transactions/") and answer.status == 200:
            continue  # what a signer signed is the signer's; below
        if answer.kind == "application/json":
            shown = set(instances_in(json.loads(answer.body)))
            assert shown <= allowed or path.startswith("/v1/blocks"), (member, path, sorted(shown - allowed))


@pytest.mark.clause("APP-057")
@given(st.sampled_from(MEMBERS), st.sampled_from(TRANSACTIONS))
def test_a_receipt_is_given_to_signers_and_to_whoever_is_given_all_it_tells_of(member, tx):
    answer = Window().ask(member, f"/v1/transactions/{tx}")
    signers = next(decode_known(value)["body"]["signers"] for key, value in told().items()
                   if key.startswith("tx/") and tx_of(key) == tx)  # fmt: skip
    receipt = receipts()[tx]
    about = {event["instance"] for event in receipt["events"] if "instance" in event}
    assert (answer.status == 200) == (member in signers or (bool(about) and about <= given_to(member)))


@cache
def receipts():
    """Transaction -> its receipt."""
    read = [decode_known(value) for key, value in sorted(told().items()) if key.startswith("receipt/")]
    return {one["tx"]: one for one in read}


def tx_of(key):
    """The id of the transaction under a key of the disk: here every block has one, and so one receipt."""
    return decode_known(told()[key.replace("tx/", "receipt/")])["tx"]


@pytest.mark.parametrize("member", MEMBERS)
def test_everybody_gets_the_instances_that_the_rules_give(member):
    window = Window()
    got = {row["instance"] for contract in ("Visit", "Slot", "Referral", "HealthRecord", "Consent")
           for row in window.told(member, f"/v1/contracts/{contract}/instances")["instances"]}  # fmt: skip
    assert got == given_to(member)
