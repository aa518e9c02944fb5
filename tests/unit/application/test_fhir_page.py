"""The reference page of FHIR says what the writers write and what the readers refuse, in both languages."""

import copy
import json
import re
from pathlib import Path

import pytest

from refimpl.application.fhir.audit import AccessDecision, AuditSource, write_audit
from refimpl.application.fhir.claim import ClaimDecision, read_claim, write_claim_response
from refimpl.application.fhir.consent import ConsentOnLedger, read_consent, write_consent
from refimpl.application.fhir.dispense import Dispense, write_dispense
from refimpl.application.fhir.patient import Linking, write_patients
from refimpl.application.fhir.provenance import Actor, RecordedAct, write_provenance
from refimpl.application.fhir.provisions import Grant
from refimpl.application.fhir.referral_state import write_referral
from refimpl.application.fhir.terms import Coding
from refimpl.data.refusal import Code, Refused
from tests.fhir_validity import NOW
from tests.properties.fhir_consents import kind_of
from tests.unit.application.test_fhir_claim import CLAIM, text
from tests.unit.application.test_fhir_consent import GOOD
from tests.unit.application.test_fhir_written import referral

FOLDER = Path(__file__).parents[3] / "docs" / "reference"
PAGES = {name: (FOLDER / name).read_text(encoding="utf-8") for name in ("fhir.md", "fhir.zh.md")}


def everything_written():
    """A resource of every kind, with every field there is."""
    decision = AccessDecision(NOW, "doctor", "Practitioner", "city3", "p", "county2/r", ("labs",), "treatment", True,
                              "consented", "C-1", "condition_false", "ff")  # fmt: skip
    yield from write_audit(decision, AuditSource("node-1", "alliance"))
    yield write_provenance(RecordedAct(NOW, "ff", "county2/r", "CREATE", (Actor("d", "Practitioner", "author", b"s"),)))
    yield from write_patients([Linking("merged", "a", "b")])
    yield write_claim_response(ClaimDecision("K-1", "p", "city3", "fund", NOW, "paid", 100, 70, 30, "late"))
    yield write_dispense(Dispense("D-1", "p", "city3", Coding("urn:x", "1"), ("83",), NOW))
    grant = Grant("city3", ("clinical",), ("treatment",), NOW + 9)
    yield write_consent(ConsentOnLedger("C-1", "p", grant, "Organization", NOW, "active"))
    bundle = json.loads(write_referral(referral(why="no_feedback")))
    yield from (json.dumps(entry["resource"]).encode() for entry in bundle["entry"])


def paths_written():
    found = set()
    for written in everything_written():
        resource = json.loads(written)
        kind = resource.pop("resourceType")
        found |= {f"{kind}.{name}" for name in resource if name not in ("id", "provision")}
        found |= {f"{kind}.provision.{name}" for name in resource.get("provision", ())}
    return found


def test_the_page_names_every_path_that_is_written_and_no_other():
    listed = set(re.findall(r"`([A-Z][A-Za-z]+\.(?:provision\.)?[a-zA-Z]+)`", PAGES["fhir.md"]))
    assert listed - {"Contract.state", "Consent.grant"} == paths_written()


def refusals_listed(page, title):
    """(whether it is absent, element, code) of the rows of the table that begins with this title."""
    table = re.search(rf"^\| {title} \|.*\n\|---\|---\|\n((?:\|.*\n)+)", page, re.MULTILINE)[1]
    return re.findall(r"^\| (no |无 )?`([a-zA-Z.]+)` \| `(fhir\.[a-z_]+)` \|$", table, re.MULTILINE)


PRESENT = {"implicitRules": "http://example.org/rules"}
READERS = {"in a Consent": (GOOD, lambda data: read_consent(data, NOW, kind_of)), "in a Claim": (CLAIM, read_claim)}


@pytest.mark.parametrize(
    ("kind", "absent", "element", "code"),
    [(kind, *row) for kind in READERS for row in refusals_listed(PAGES["fhir.md"], kind)],
)
def test_every_refusal_of_the_page_comes_as_it_is_listed(kind, absent, element, code):
    good, read = READERS[kind]
    resource = copy.deepcopy(good)
    *parents, last = element.split(".")
    holder = resource
    for name in parents:
        holder = holder[name][0] if isinstance(holder[name], list) else holder[name]
    if absent:
        del holder[last]
    else:
        holder[last] = PRESENT.get(last, [{"url": "urn:x"}])
    with pytest.raises(Refused) as caught:
        read(text(resource).encode())
    assert caught.value.code == code


def test_both_pages_list_the_same_refusals_and_every_code():
    listed = [
        [(bool(absent), element, code) for title in titles for absent, element, code in refusals_listed(page, title)]
        for page, titles in zip(PAGES.values(), (READERS, ("Consent 中", "Claim 中")), strict=True)
    ]
    assert listed[0] == listed[1]
    assert len(listed[0]) == 21
    codes = {code.value for code in Code if code.area == "fhir"}
    assert all(codes == set(re.findall(r"`(fhir\.[a-z_]+)`", page)) for page in PAGES.values())
