"""Consents to draw, and what they allow, read straight from the JSON.

The reading here is its own: it shares no line with `refimpl.application.fhir`, so that an error there is not repeated
here. It says how R4 is understood, in the two places where R4 leaves a choice in every way there is.
"""

import json
from datetime import UTC, datetime, timedelta, timezone
from itertools import product

from hypothesis import strategies as st

from contracts_dsl.testing import START

NOW = START
DAY = 86_400
PURPOSE = {"TREAT": "treatment", "COC": "referral", "ETREAT": "emergency", "HPAYMT": "insurance", "HRESCH": "research"}
BELOW = {"TREAT": {"COC", "ETREAT"}}
LABEL = {
    "name": "N", "phone": "N", "birth_year": "N", "diagnosis": "N", "labs": "N", "imaging": "N", "prescriptions": "N",
    "psychiatric": "R", "genetic": "R", "hiv": "R",
}  # fmt: skip
MARK = {"psychiatric": "PSY", "genetic": "GDIS", "hiv": "HIV"}
GROUP = {
    **dict.fromkeys(("name", "phone", "birth_year"), "basic"),
    **dict.fromkeys(("diagnosis", "labs", "imaging", "prescriptions"), "clinical"),
    **dict.fromkeys(("psychiatric", "genetic", "hiv"), "sensitive"),
}
LADDER = "ULMNRV"


def kind_of(name):
    """The directory of these tests."""
    if name in ("city_doctor", "gp"):
        return "Clinician"
    return {"fund": "Insurer", "city_hc": "Commission"}.get(name, "Hospital")


# --- what a Consent allows ---


def moments(text):
    """First and last second of a dateTime."""
    if "T" in text:
        at = int((datetime.fromisoformat(text) - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(seconds=1))
        return at, at
    day = datetime.fromisoformat(text).replace(tzinfo=timezone(timedelta(hours=8)))
    first = int((day - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(seconds=1))
    return first, first + DAY - 1


def covers(rule, person, institution, code, name, at):
    """Whether a provision's own elements cover a read of a field."""
    permit = rule["type"] == "permit"
    period = rule.get("period", {})
    if "start" in period and at < moments(period["start"])[0]:
        return False
    if "end" in period and at > moments(period["end"])[1]:
        return False
    if "actor" in rule:
        named = [(a["reference"]["type"], a["reference"]["identifier"]["value"]) for a in rule["actor"]]
        if ("Practitioner", person) not in named and ("Organization", institution) not in named:
            return False
    if "purpose" in rule:
        codes = {one["code"] for one in rule["purpose"]}
        if not permit:
            codes |= {lower for one in codes for lower in BELOW.get(one, ())}
        if code not in codes:
            return False
    if "class" in rule and GROUP[name] not in {one["code"] for one in rule["class"]}:
        return False
    return "securityLabel" not in rule or any(labelled(one["code"], name, permit) for one in rule["securityLabel"])


def labelled(label, name, permit):
    if len(label) > 1:
        return MARK.get(name) == label
    if permit:
        return LABEL[name] == label
    return LADDER.index(LABEL[name]) <= LADDER.index(label)


def says(rule, read, within_parent, denial_wins):
    """True, False, or None where a provision is silent."""
    mine = covers(rule, *read)
    if within_parent and not mine:
        return None
    inner = [says(one, read, within_parent, denial_wins) for one in rule.get("provision", [])]
    inner = [one for one in inner if one is not None]
    if inner:
        return (False not in inner) if denial_wins else (True in inner)
    return rule["type"] == "permit" if mine else None


def readings(consent, read):
    """What the four ways of reading say of one read: the set of answers, True for a permission."""
    ways = product((False, True), repeat=2)
    return {says(consent["provision"], read, *way) is True for way in ways}


# --- consents ---


def moment(at):
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def actor(kind, name):
    role = [{"system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "code": "IRCP"}]
    who = {"type": kind, "identifier": {"system": "urn:yilian:member", "value": name}}
    return {"role": {"coding": role}, "reference": who}


ACTORS = [
    actor("Organization", "city3"), actor("Organization", "county2"), actor("Organization", "fund"),
    actor("Practitioner", "city_doctor"), actor("Practitioner", "gp"),
]  # fmt: skip
TURNS = [NOW - DAY, NOW, NOW + 1, NOW + 30 * DAY, NOW + 60 * DAY, NOW + 2000 * DAY]
ENDS = [*map(moment, TURNS), "2026-03-01"]


def purpose(code):
    return {"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": code}


def label(code):
    system = "v3-Confidentiality" if len(code) == 1 else "v3-ActCode"
    return {"system": f"http://terminology.hl7.org/CodeSystem/{system}", "code": code}


def group(code):
    return {"system": "urn:yilian:group", "code": code}


def some(values, most=3):
    return st.lists(st.sampled_from(values), min_size=1, max_size=most, unique_by=json.dumps)


periods = st.fixed_dictionaries({}, optional={"start": st.sampled_from(ENDS[:3]), "end": st.sampled_from(ENDS)})
labels = some([label(code) for code in ("N", "R", "V", "PSY", "GDIS", "HIV")])
classes = some([group(code) for code in ("basic", "clinical", "sensitive")])
purposes = some([purpose(code) for code in ("TREAT", "COC", "HPAYMT", "ETREAT")])


def provisions(depth, **root):
    """Provisions of at most this depth; what `root` gives is always there."""
    inner = st.lists(st.deferred(lambda: provisions(depth - 1)), max_size=2) if depth else st.just([])
    optional = {
        "period": periods, "actor": some(ACTORS), "purpose": purposes, "securityLabel": labels, "class": classes,
    }  # fmt: skip
    drawn = st.fixed_dictionaries(
        {"type": st.sampled_from(["permit", "deny"]), "provision": inner} | root,
        optional={name: values for name, values in optional.items() if name not in root},
    )
    return drawn.map(lambda made: {name: value for name, value in made.items() if value != []})


# Plain roots, of which many are accepted, with now and then one exception; and trees of any shape.
plain = provisions(
    1, type=st.just("permit"), actor=some(ACTORS[:3] + ACTORS[4:], 2), period=st.just({"end": moment(NOW + 90 * DAY)}),
    purpose=some([purpose(code) for code in ("TREAT", "COC")], 2),
)  # fmt: skip
exact = provisions(
    0, type=st.just("permit"), actor=some(ACTORS, 2), period=st.just({"end": "2026-03-01"}),
    purpose=some([purpose(code) for code in ("TREAT", "COC", "HPAYMT")], 2),
    **{"class": classes.filter(lambda found: group("clinical") in found)}, securityLabel=st.just([label("N")]),
)  # fmt: skip
opened_up = st.builds(
    lambda inner: {"type": "deny", "provision": inner},
    st.lists(st.one_of(plain, exact), min_size=1, max_size=3),
)


def consent(provision):
    return {
        "resourceType": "Consent", "id": "c-1", "status": "active",
        "scope": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope",
                              "code": "patient-privacy"}]},
        "category": [{"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}],
        "patient": {"type": "Patient", "identifier": {"system": "urn:yilian:pseudonym", "value": "patient1"}},
        "dateTime": "2025-12-01", "policy": [{"uri": "urn:yilian:policy:RecordAccess"}], "provision": provision,
    }  # fmt: skip


consents = st.one_of(plain, exact, opened_up, provisions(3)).map(consent)
