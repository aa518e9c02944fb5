"""Made-up data: the same from the same seed, valid FHIR, read by every reader, and about nobody."""

import json
import os
import re
import subprocess
import sys
from datetime import datetime
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refimpl.application.fhir import read_referral
from refimpl.application.fhir.claim import read_claim
from refimpl.application.fhir.consent import read_consent
from refimpl.application.fhir.dispense import read_dispense
from refimpl.synthetic.diseases import DISEASES
from refimpl.synthetic.drugs import DRUGS, check_digit, is_trace_code, trace_code
from refimpl.synthetic.institutions import checked_credit_code, institutions
from refimpl.synthetic.population import PATIENTS_MAX, population
from refimpl.synthetic.stream import Stream
from tests.fhir_validity import valid

SEED, PATIENTS = 7, 40
FILES = {file.name: file.content for file in population(SEED, PATIENTS)}
BUNDLES = {name: content for name, content in FILES.items() if name.startswith("patient-")}


def resources(content, kind=None):
    found = [entry["resource"] for entry in json.loads(content)["entry"]]
    return [one for one in found if kind is None or one["resourceType"] == kind]


@pytest.mark.parametrize("name", [name for name in FILES if name.startswith(("patient-", "institutions"))])
def test_every_bundle_and_every_resource_in_it_is_valid_FHIR(name):
    valid(FILES[name])
    for one in resources(FILES[name]):
        valid(json.dumps(one).encode())


@pytest.mark.parametrize("name", BUNDLES)
def test_every_reader_takes_every_bundle_and_they_agree(name):
    content = BUNDLES[name]
    referral, claim, dispense = read_referral(content), read_claim(content), read_dispense(content)
    [given] = resources(content, "Consent")
    consent = read_consent(content, int(datetime.fromisoformat(given["dateTime"]).timestamp()), lambda _: "Hospital")
    assert consent.patient == claim.patient == dispense.patient
    assert [grant.grantee for grant in consent.grants] == [claim.hospital] == [dispense.hospital]
    assert [line.traces for line in claim.lines] == [dispense.traces]
    assert [record.kind for record in referral.offered] == ["DiagnosticReport", "DocumentReference"]
    assert {record.custodian for record in referral.returned} == {referral.receiver}


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others():
    assert {file.name: file.content for file in population(SEED, PATIENTS)} == FILES
    other = {file.name: file.content for file in population(SEED + 1, PATIENTS)}
    assert all(other[name] != content for name, content in FILES.items())


def test_the_bytes_are_those_of_every_machine():
    """Digest of the manifest, which holds the digest of every file. A change here is a change of all made-up data."""
    digest = sha256(FILES["manifest.json"]).hexdigest()
    assert digest == "8c7cfc8f159b551f53201b70e117069226054336fb6e39b076198ffc4d4a4331"


@pytest.mark.parametrize("hash_seed", ["0", "1"])
def test_no_order_of_a_set_reaches_a_byte(hash_seed):
    program = "from refimpl.synthetic.population import population; import sys\n" + (
        f"sys.stdout.buffer.write([file.content for file in population({SEED}, {PATIENTS})][-1])"
    )
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, env=environment)
    assert done.stdout == FILES["manifest.json"]


def test_a_patient_is_the_same_in_a_larger_population():
    larger = {file.name: file.content for file in population(SEED, PATIENTS + 1)}
    assert {name: larger[name] for name in BUNDLES} == BUNDLES


def test_the_manifest_names_every_other_file_with_its_digest():
    manifest = json.loads(FILES["manifest.json"])
    assert manifest["sha256"] == {
        name: sha256(content).hexdigest() for name, content in FILES.items() if name != "manifest.json"
    }
    kinds = [one["resourceType"] for content in BUNDLES.values() for one in resources(content)]
    assert manifest["resources"] == {kind: kinds.count(kind) for kind in set(kinds)}


@pytest.mark.parametrize("patients", [0, PATIENTS_MAX + 1])
def test_a_population_has_its_bounds(patients):
    with pytest.raises(ValueError, match="patients"):
        population(0, patients)


def test_referrals_go_up_a_tier_and_the_three_tiers_are_there():
    tiers = {
        one["id"]: int(one["type"][0]["coding"][0]["code"]) for one in resources(FILES["institutions.json"])
    }  # fmt: skip
    assert sorted(set(tiers.values())) == [1, 2, 3]
    for content in BUNDLES.values():
        referral = read_referral(content)
        assert tiers[referral.origin] < tiers[referral.receiver]


def test_forms_have_the_fields_of_the_national_form_and_name_the_diagnosis():
    out, back = json.loads(FILES["forms-00001.json"])
    asked = "申请机构 转诊日期 转入科室 初步印象 主要现病史（转出原因） 主要既往史 治疗经过 注意事项"
    assert set(asked.split()) <= set(out)
    assert {"诊断结果", "主要检查结果", "治疗经过", "下一步治疗方案及康复建议"} <= set(back)
    assert out["初步印象"] == back["诊断结果"]


def test_diseases_are_a_few_dozen_codes_of_the_classification_with_Chinese_titles():
    assert len(DISEASES) >= 30
    assert len({one.code for one in DISEASES}) == len(DISEASES)
    for one in DISEASES:
        assert re.fullmatch(r"[A-Z]\d\d(\.\d)?", one.code)
        assert re.search(r"[\u4e00-\u9fff]", one.title)


@given(st.integers(0, 2**53), st.sampled_from(DRUGS))
def test_a_trace_code_names_its_drug_and_tells_any_single_wrong_digit(seed, drug):
    code = trace_code(Stream(str(seed)), drug)
    assert is_trace_code(code)
    assert code.startswith(drug.number)
    place = seed % len(code)
    wrong = code[:place] + str((int(code[place]) + 1 + seed % 9) % 10) + code[place + 1 :]
    assert not is_trace_code(wrong)


@pytest.mark.parametrize("code", ["", "8" * 19, "8" * 21, "a" * 20, "８" * 20])
def test_what_is_no_trace_code_is_told(code):
    assert not is_trace_code(code)


def test_the_check_digit_is_that_of_GS1():
    """The example of the GS1 General Specifications for a GTIN-13."""
    assert check_digit("629104150021") == "3"


def test_the_check_character_is_that_of_GB_32100():
    """The example of the standard."""
    assert checked_credit_code("91350100M000100Y4") == "91350100M000100Y43"
    for one in institutions(Stream("x")):
        assert one.code[2:4] == "99", "a division that no province has"
        assert checked_credit_code(one.code[:-1]) == one.code


def test_no_number_of_a_person_is_made():
    """No eighteen digits of an identity card, no eleven of a mobile telephone, in any file."""
    for name, content in FILES.items():
        text = re.sub(r'"(fullUrl|id|reference|data)":\s*"[^"]*"', "", content.decode())
        assert name == "manifest.json" or not re.search(r"(?<!\w)(\d{17}[\dXx]|1[3-9]\d{9})(?!\w)", text)


@settings(max_examples=20)
@given(st.integers(0, 2**53 - 1))
def test_every_seed_gives_data_that_are_read(seed):
    [_, bundle, *_] = population(seed, 1)
    assert read_referral(bundle.content).offered
    assert read_claim(bundle.content).total > 0
