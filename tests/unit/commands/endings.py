"""Input that no command takes, by the code it is refused with, and how a refusal must look."""

import json
import re

from refimpl.scenarios import referral

BUNDLE = referral.bundle()
PLAN = {"plan": "yilian/plan/v1", "engine": "tendermint", "n": 4, "heights": 60, "atoms": []}


def changed(**members):
    """The bytes of a good plan with members replaced."""
    return json.dumps({**PLAN, **members}).encode()


def bundle_with(change):
    """The bytes of the good bundle with its data changed in place."""
    data = json.loads(BUNDLE)
    change({entry["resource"]["resourceType"]: entry["resource"] for entry in reversed(data["entry"])}, data)
    return json.dumps(data).encode()


def _dangling(resources, data):
    resources["ServiceRequest"]["subject"]["reference"] = "Patient/nobody"


def _of_a_stranger(resources, data):
    stranger = {**resources["Patient"], "id": "stranger"}
    data["entry"].append({"fullUrl": "urn:uuid:stranger", "resource": stranger})
    resources["Encounter"]["subject"]["reference"] = "urn:uuid:stranger"


BAD_BUNDLES = {
    "empty": (b"", "fhir.not_json"),
    "not json": (b"MSH|^~\\&|HIS|county2", "fhir.not_json"),
    "truncated": (BUNDLE[: len(BUNDLE) // 2], "fhir.not_json"),
    "binary": (bytes(range(256)), "fhir.not_json"),
    "deep": (b"[" * 100_000, "fhir.not_json"),
    "one name twice": (b'{"resourceType": "Bundle", "resourceType": "Bundle"}', "fhir.not_json"),
    "a list": (b"[]", "fhir.wrong_kind"),
    "another resource": (b'{"resourceType": "Patient"}', "fhir.wrong_kind"),
    "nothing in it": (b'{"resourceType": "Bundle", "type": "collection", "entry": []}', "fhir.missing"),
    "two requests": (
        bundle_with(lambda resources, data: data["entry"].append({
            "fullUrl": "urn:uuid:again", "resource": {**resources["ServiceRequest"], "id": "again"}})),
        "fhir.not_one",
    ),
    "dangling": (bundle_with(_dangling), "fhir.dangling"),
    "a stranger's visit": (bundle_with(_of_a_stranger), "fhir.other_patient"),
    "no subject": (bundle_with(lambda resources, data: resources["ServiceRequest"].pop("subject")), "fhir.missing"),
    "a wrong status": (
        bundle_with(lambda resources, data: resources["ServiceRequest"].update(status="revoked")),
        "fhir.wrong_value",
    ),
}  # fmt: skip

BAD_PLANS = {
    "empty": (b"", "plan.not_json"),
    "not json": (b"late 1 2", "plan.not_json"),
    "binary": (bytes(range(256)), "plan.not_json"),
    "deep": (b"[" * 100_000, "plan.not_json"),
    "a huge number": (b"1" * 5_000, "plan.not_json"),
    "one member twice": (b'{"plan": 1, "plan": 1}', "plan.not_json"),
    "a list": (b"[]", "plan.malformed"),
    "nothing": (b"{}", "plan.malformed"),
    "another schema": (b'{"schema": "yilian/run/v1"}', "plan.malformed"),
    "no plan within": (b'{"schema": "yilian/replay/v1"}', "plan.malformed"),
    "an unknown member beside": (
        json.dumps({"schema": "yilian/replay/v1", "plan": PLAN, "x": 1}).encode(),
        "plan.malformed",
    ),
    "a wrong member beside": (
        json.dumps({"schema": "yilian/replay/v1", "plan": PLAN, "seed": "1"}).encode(),
        "plan.malformed",
    ),
    "plan": (changed(plan="yilian/plan/v9"), "plan.malformed"),
    "engine": (changed(engine=7), "plan.malformed"),
    "n": (changed(n=0), "plan.malformed"),
    "n as text": (changed(n="4"), "plan.malformed"),
    "weights": (changed(weights=[1, 1]), "plan.malformed"),
    "faulty": (changed(faulty=[9]), "plan.malformed"),
    "faulty as text": (changed(faulty="3"), "plan.malformed"),
    "tier": (changed(tier="wild"), "plan.malformed"),
    "links": (changed(links="string"), "plan.malformed"),
    "delta": (changed(delta=0), "plan.malformed"),
    "gst": (changed(gst=-1), "plan.malformed"),
    "after": (changed(after={"x": "silent"}), "plan.malformed"),
    "after a mood": (changed(after={"1": "sleepy"}), "plan.malformed"),
    "heights": (changed(heights=0), "plan.malformed"),
    "load": (changed(load=True), "plan.malformed"),
    "atoms": (changed(atoms={}), "plan.malformed"),
    "an atom of no kind": (changed(atoms=[{"k": "meteor"}]), "plan.malformed"),
    "an atom without a place": (changed(atoms=[{"k": "late"}]), "plan.malformed"),
    "an atom in no place": (
        changed(atoms=[{"k": "late", "h": 1, "r": 0, "ph": "lunch", "src": 0, "dst": 1}]),
        "plan.malformed",
    ),
    "an atom of no node": (
        changed(atoms=[{"k": "late", "h": 1, "r": 0, "ph": "prevote", "src": 0, "dst": 8}]),
        "plan.malformed",
    ),
    "an unknown member": (changed(luck=1), "plan.malformed"),
    "too many liars": (changed(faulty=[2, 3]), "plan.out_of_model"),
    "a liar that is honest": (changed(atoms=[{"k": "twin", "r": 0, "src": 1, "to": [2]}]), "plan.out_of_model"),
    "another size": (changed(n=7), "scenario.other_plan"),
    "another engine": (changed(engine="solo"), "scenario.other_plan"),
}


def refused(done, status, code, language):
    """A refusal: the status, one line with the code on stderr in the reader's language, nothing on stdout, no
    traceback."""
    assert done.exit_code == status, done.output
    assert done.stdout == ""
    assert done.stderr.startswith(f"{code}: "), done.stderr
    assert "Traceback" not in done.stderr
    assert re.search(r"\{\w+\}", done.stderr) is None, "a value is missing in the sentence"
    assert bool(re.search("[\u4e00-\u9fff]", done.stderr.partition(":")[2])) == (language == "zh")
