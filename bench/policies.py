"""A policy of twelve rules over five hundred users and records: our two forms, a hand-written function, and Cedar.

All four answer the same requests in the same way before anything is timed. A request names its user and record by
their ids, and everybody looks them up in what he keeps: dictionaries, our ledger in memory, parsed entities. The
context is made ready beforehand, for us as attributes of a reader (the language has no other context), for the others
as a dictionary.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from random import Random
from typing import Any

from attrs import frozen

from bench.measure import Contender, Contest, Method, Unequal
from contracts_dsl import decide
from contracts_dsl.check import check
from contracts_dsl.compile import Compiled
from contracts_dsl.host import Command
from contracts_dsl.interpret import command
from contracts_dsl.memory import DirectoryNode, MemoryWorld
from contracts_dsl.program import Program, link

try:
    import cedarpy
except ImportError:
    cedarpy = None

ROLES = {"physician": 30, "nurse": 25, "patient": 20, "researcher": 8, "billing": 6, "auditor": 4, "admin": 7}
CATEGORIES = {
    "vitals": 2, "labs": 2, "diagnosis": 2, "notes": 2, "psychiatric": 1, "genomic": 1, "billing": 1, "audit": 1,
}  # fmt: skip
PURPOSES = ("treatment", "research", "payment", "audit", "operations")
USUAL = {"researcher": "research", "billing": "payment", "auditor": "audit", "admin": "operations"}
SITES, DEPARTMENTS = tuple(f"h{n}" for n in range(4)), tuple(f"d{n}" for n in range(6))
USERS, RECORDS, PATIENTS = 500, 500, 200
PERSONS = tuple(f"p{n}" for n in range(USERS + PATIENTS))

SCHEMA = f"""schema Ward version 1;
enum Role = {", ".join(ROLES)};
enum Category = {", ".join(CATEGORIES)};
enum Site = {", ".join(SITES)};
enum Department = {", ".join(DEPARTMENTS)};
enum Person = {", ".join(PERSONS)};
purpose = {", ".join(PURPOSES)};
party User {{
  role: Role; tier: int 1..4; site: Site; department: Department; licensed: bool; on_shift: bool; factor: bool;
  assigned: {{Person}}; self: Person; clearance: int 1..4; at: time; emergency: bool; trusted: bool;
}}
"""
CHART = """contract Chart version 1;
party keeper: User;
data patient: Person;
data site: Site;
data department: Department;
data category: Category;
data sensitivity: int 1..4;
data expiry: time;
data purposes: {purpose};
data sites: {Site};
data sealed: bool;
start { keeper may file becomes filed; }
state filed;
"""
POLICY = """policy Access for Chart version 1;
fields read = reading;
fields write = writing;
fields share = sharing;
permit r1: User reads read for treatment
  when reader.role == physician and reader.site == record.site and reader.on_shift and reader.at <= record.expiry;
permit r2: User reads read for treatment
  when reader.role == nurse and reader.department == record.department and record.sensitivity <= 2
    and reader.at <= record.expiry;
permit r3: User reads read when reader.self == record.patient;
permit r4: User reads read for research
  when reader.role == researcher and reader.tier >= 2 and research in record.purposes
    and record.category in {vitals, labs};
permit r5: User reads read for payment when reader.role == billing and record.category == billing;
permit r6: User reads write
  when reader.role == physician and record.patient in reader.assigned and reader.licensed and reader.factor;
permit r7: User reads read when reader.role == physician and reader.emergency and reader.factor;
permit r8: User reads read for audit when reader.role == auditor and reader.tier >= 3 and record.category == audit;
permit r9: User reads share
  when reader.role == admin and reader.tier >= 2 and reader.site in record.sites and purpose in record.purposes;
forbid r10: User reads read, write, share when record.sealed and reader.role != admin;
forbid r11: User reads read, write, share
  when record.category in {genomic, psychiatric} and not (reader.tier >= 3 and purpose in record.purposes);
forbid r12: User reads read, write, share
  when (not reader.licensed and (reader.role == physician or reader.role == nurse))
    or (not reader.trusted and not reader.factor);
"""
CEDAR = """
permit(principal, action == Action::"read", resource) when { principal.role == "physician"
  && principal.site == resource.site && principal.on_shift && context.purpose == "treatment"
  && context.at <= resource.expiry };
permit(principal, action == Action::"read", resource) when { principal.role == "nurse"
  && principal.department == resource.department && resource.sensitivity <= 2 && context.purpose == "treatment"
  && context.at <= resource.expiry };
permit(principal, action == Action::"read", resource) when { principal.self == resource.patient };
permit(principal, action == Action::"read", resource) when { principal.role == "researcher" && principal.tier >= 2
  && context.purpose == "research" && resource.purposes.contains("research")
  && ["vitals", "labs"].contains(resource.category) };
permit(principal, action == Action::"read", resource) when { principal.role == "billing"
  && resource.category == "billing" && context.purpose == "payment" };
permit(principal, action == Action::"write", resource) when { principal.role == "physician"
  && principal.assigned.contains(resource.patient) && principal.licensed && principal.factor };
permit(principal, action == Action::"read", resource) when { principal.role == "physician" && context.emergency
  && principal.factor };
permit(principal, action == Action::"read", resource) when { principal.role == "auditor" && principal.tier >= 3
  && resource.category == "audit" && context.purpose == "audit" };
permit(principal, action == Action::"share", resource) when { principal.role == "admin" && principal.tier >= 2
  && resource.sites.contains(principal.site) && resource.purposes.contains(context.purpose) };
forbid(principal, action, resource) when { resource.sealed && principal.role != "admin" };
forbid(principal, action, resource) when { ["genomic", "psychiatric"].contains(resource.category)
  && !(principal.tier >= 3 && resource.purposes.contains(context.purpose)) };
forbid(principal, action, resource) when {
  (!principal.licensed && (principal.role == "physician" || principal.role == "nurse"))
  || (!context.trusted && !principal.factor) };
"""

Facts = Mapping[str, Any]


@frozen
class Asked:
    """One request: who, what, of which record, in which context."""

    user: Facts
    action: str
    record: Facts
    context: Facts


def by_hand(user: Facts, action: str, record: Facts, context: Facts) -> bool:
    """The twelve rules as somebody would write them for this policy alone."""
    role, category = user["role"], record["category"]
    if record["sealed"] and role != "admin":
        return False
    if category in ("genomic", "psychiatric") and not (user["tier"] >= 3 and context["purpose"] in record["purposes"]):
        return False
    if (role in ("physician", "nurse") and not user["licensed"]) or (not context["trusted"] and not user["factor"]):
        return False
    if action == "read":
        return _may_read(user, record, context)
    if action == "write":
        return role == "physician" and record["patient"] in user["assigned"] and user["licensed"] and user["factor"]
    return (
        role == "admin" and user["tier"] >= 2 and user["site"] in record["sites"]
        and context["purpose"] in record["purposes"]
    )  # fmt: skip


def _may_read(user: Facts, record: Facts, context: Facts) -> bool:
    if user["self"] == record["patient"]:
        return True
    role, purpose = user["role"], context["purpose"]
    if role == "physician":
        if context["emergency"] and user["factor"]:
            return True
        return (
            user["site"] == record["site"] and user["on_shift"] and purpose == "treatment"
            and context["at"] <= record["expiry"]
        )  # fmt: skip
    if role == "nurse":
        return (
            user["department"] == record["department"] and record["sensitivity"] <= 2 and purpose == "treatment"
            and context["at"] <= record["expiry"]
        )  # fmt: skip
    if role == "researcher":
        return (
            user["tier"] >= 2 and purpose == "research" and "research" in record["purposes"]
            and record["category"] in ("vitals", "labs")
        )  # fmt: skip
    if role == "billing":
        return record["category"] == "billing" and purpose == "payment"
    return role == "auditor" and user["tier"] >= 3 and record["category"] == "audit" and purpose == "audit"


# ---- the seeded world


def _one(random: Random, weights: Mapping[str, int]) -> str:
    return random.choices(list(weights), list(weights.values()))[0]


def _some(random: Random, words: Iterable[str], count: int) -> tuple[str, ...]:
    return tuple(sorted(random.sample(list(words), count)))


def _user(random: Random, number: int) -> Facts:
    return {
        "id": f"u{number}", "self": PERSONS[number], "role": _one(random, ROLES), "tier": random.randint(1, 4),
        "site": random.choice(SITES), "department": random.choice(DEPARTMENTS), "licensed": random.random() < 0.95,
        "on_shift": random.random() < 0.8, "factor": random.random() < 0.8,
        "assigned": _some(random, PERSONS[USERS:], 6), "clearance": random.randint(1, 4),
    }  # fmt: skip


def _record(random: Random, number: int, own: list[str]) -> Facts:
    return {
        "id": number, "patient": random.choice(own) if number % 5 == 0 else random.choice(PERSONS[USERS:]),
        "site": random.choice(SITES), "department": random.choice(DEPARTMENTS), "category": _one(random, CATEGORIES),
        "sensitivity": random.randint(1, 4), "expiry": random.randint(1000, 2600),
        "purposes": _some(random, PURPOSES, random.randint(1, 3)), "sites": _some(random, SITES, 2),
        "sealed": random.random() < 0.03,
    }  # fmt: skip


@frozen
class World:
    """Users and records."""

    users: tuple[Facts, ...]
    records: tuple[Facts, ...]

    def asked(self, random: Random) -> Asked:
        """A request as such people make them."""
        user = random.choice(self.users)
        role = user["role"]
        often = (400, 50, 550) if role == "admin" else (915, 83, 2)
        weights = dict(zip(("read", "write", "share"), often, strict=True))
        usual = random.random() < 0.9
        context = {
            "purpose": USUAL.get(role, "treatment") if usual else random.choice(PURPOSES),
            "at": random.randint(800, 1600), "emergency": random.random() < 0.1, "trusted": random.random() < 0.9,
        }  # fmt: skip
        return Asked(user, _one(random, weights), self.wanted(random, user), context)

    def wanted(self, random: Random, user: Facts) -> Facts:
        """Patients mostly want their own record, others mostly one that is their business."""
        role = user["role"]
        fitting: dict[str, Callable[[Facts], bool]] = {
            "patient": lambda r: r["patient"] == user["self"],
            "nurse": lambda r: r["department"] == user["department"] and r["sensitivity"] <= 3,
            "billing": lambda r: r["category"] == "billing",
            "auditor": lambda r: r["category"] == "audit",
            "researcher": lambda r: r["category"] in ("vitals", "labs"),
        }
        if random.random() >= (0.7 if role == "patient" else 0.8):
            return random.choice(self.records)
        fits = fitting.get(role, lambda r: r["site"] == user["site"])
        return random.choice([record for record in self.records if fits(record)] or list(self.records))


@cache
def world() -> World:
    """The world, always the same."""
    random = Random(12)
    users = tuple(_user(random, number) for number in range(USERS))
    patients = [user["self"] for user in users if user["role"] == "patient"]
    return World(users, tuple(_record(random, number, patients) for number in range(RECORDS)))


def requests(count: int) -> list[Asked]:
    """So many requests, always the same."""
    random = Random(34)
    return [world().asked(random) for _ in range(count)]


# ---- the contenders


@cache
def program() -> Program:
    """The policy as a program of ours."""
    checked = check([(name, text.encode()) for name, text in (("a", SCHEMA), ("b", CHART), ("c", POLICY))])
    assert not [one for one in checked.diagnostics if one.code.startswith("E")], checked.diagnostics
    return link(checked.modules)


def staged(asked: list[Asked]) -> tuple[MemoryWorld, list[decide.Request]]:
    """Our ledger with the records, a reader for every request, and the requests."""
    there, ours = MemoryWorld(), []
    there.enrol("keeper", DirectoryNode("User", {}))
    for record in world().records:
        given = {"keeper": "keeper", **{name: value for name, value in record.items() if name != "id"}}
        there.apply(command(program(), there, Command("Chart", "file", tuple(given.items()), ("keeper",))))
    for number, one in enumerate(asked):
        context = {name: value for name, value in one.context.items() if name != "purpose"}
        known = {name: value for name, value in one.user.items() if name != "id"}
        there.enrol(f"q{number}", DirectoryNode("User", {**known, **context}))
        purpose = one.context["purpose"]
        ours.append(decide.Request("Chart", one.record["id"], (one.action,), purpose, (f"q{number}",)))
    return there, ours


def cedar(asked: list[Asked]) -> Callable[[], list[bool]]:
    """The requests put to Cedar, policies and entities parsed beforehand."""
    policies = cedarpy.PolicySet.from_str(CEDAR)
    entities = cedarpy.Entities.from_json_str(_entities())
    ready = [
        {"principal": f'User::"{one.user["id"]}"', "action": f'Action::"{one.action}"',
         "resource": f'Chart::"{one.record["id"]}"', "context": dict(one.context)}
        for one in asked
    ]  # fmt: skip
    return lambda: [cedarpy.is_authorized(one, policies, entities).allowed for one in ready]


def _entities() -> str:
    rows = [("User", one) for one in world().users] + [("Chart", one) for one in world().records]
    return json.dumps([
        {"uid": {"type": kind, "id": str(one["id"])}, "parents": [],
         "attrs": {name: value for name, value in one.items() if name != "id"}}
        for kind, one in rows
    ])  # fmt: skip


def ways(asked: list[Asked]) -> dict[str, Callable[[], list[bool]]]:
    """Contender to its decisions on these requests."""
    there, ours = staged(asked)
    compiled = Compiled(program())
    users, records = {one["id"]: one for one in world().users}, {one["id"]: one for one in world().records}
    named = [(one.user["id"], one.action, one.record["id"], one.context) for one in asked]
    found: dict[str, Callable[[], list[bool]]] = {
        "compiled": lambda: [compiled.decide(there, one)[0][1] > 0 for one in ours],
        "by hand": lambda: [by_hand(users[who], what, records[of], where) for who, what, of, where in named],
        "interpreter": lambda: [decide.decide(program(), there, one)[0].outcome == "allow" for one in ours],
    }
    if cedarpy is not None:
        found["cedarpy"] = cedar(asked)
    return found


def agreed(count: int) -> float:
    """Put so many requests to everybody; the share that is permitted. Raises `Unequal` for the first difference."""
    asked = requests(count)
    decisions = {name: way() for name, way in ways(asked).items()}
    for name, found in decisions.items():
        for number, (ours, theirs) in enumerate(zip(found, decisions["by hand"], strict=True)):
            if ours != theirs:
                raise Unequal(f"{name} differs from by hand: {asked[number]}")
    return sum(decisions["by hand"]) / count


def against(method: Method, subject: str, base: str, gate: float) -> Contest:
    """Two contenders of one policy; the others run along."""
    count, batch = method.size(100_000, 300), method.size(500, 100)
    everybody = ways(requests(batch))
    slow = ways(requests(batch // 10))
    names = dict.fromkeys([subject, base, *everybody])
    contenders = tuple(
        Contender(name, slow[name], batch // 10) if name in ("cedarpy", "interpreter")
        else Contender(name, everybody[name], batch) for name in names
    )  # fmt: skip
    counts = {"rules": 12, "requests_compared": count, "permitted": agreed(count)}

    return Contest(
        "decisions", contenders, BASES[base], lambda: None, gate=gate, counts=counts,
        note="all contenders gave the same decision on every request compared; everybody finds user and record by their"
        " ids; ours finds the deciding rule, the others yes or no",
        absent=() if cedarpy is not None else ("cedarpy",),
    )  # fmt: skip


BASES = {
    "by hand": "a Python function over dictionaries, written for this policy alone",
    "cedarpy": "Cedar in Rust through its Python binding, parsed policies and entities held",
}


def compiled_by_hand(method: Method) -> Contest:
    """Our compiled form beside a function that somebody wrote."""
    return against(method, "compiled", "by hand", 0.33)


def compiled_cedarpy(method: Method) -> Contest:
    """Our compiled form beside Cedar."""
    return against(method, "compiled", "cedarpy", 50)


def interpreter_by_hand(method: Method) -> Contest:
    """The definitional interpreter beside a function that somebody wrote."""
    return against(method, "interpreter", "by hand", 1 / 150)


ITEMS = {"policies.compiled": compiled_by_hand, "policies.interpreter": interpreter_by_hand}
if cedarpy is not None:
    ITEMS["policies.cedarpy"] = compiled_cedarpy
