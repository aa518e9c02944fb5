"""Directories, commands and requests for drawn programs: mostly of the right types, mostly ones that make sense."""

from random import Random

from contracts_dsl import ir
from contracts_dsl.decide import Request
from contracts_dsl.evaluate import conforms
from contracts_dsl.host import Command, Value
from contracts_dsl.memory import DirectoryNode, MemoryWorld
from contracts_dsl.program import Program
from contracts_dsl.typesystem import Type, element, parse_type

START = 1_000_000_000
HOUR = 3_600
PLACES = {"land": None, "town": "land", "hill": "land"}
PEOPLE = {f"n{kind}{number}": f"P{kind}" for kind in range(3) for number in range(2)}


class QuickWorld(MemoryWorld):
    """A world whose directory never changes, so that its digest is computed once."""

    def directory_digest(self) -> str:
        if not hasattr(self, "_digest"):
            self._digest = super().directory_digest()
        return self._digest


def world(random: Random, program: Program) -> MemoryWorld:
    """An empty ledger with a directory whose attributes are of their types (CTR-D07)."""
    made = QuickWorld(time=START)
    for name, parent in PLACES.items():
        made.enrol(name, DirectoryNode("R", {"lvl": random.choice(program.enums["E"])}, parent))
    for name, kind in PEOPLE.items():
        made.enrol(name, DirectoryNode(kind, {}))
    for name, kind in PEOPLE.items():
        for attribute, declared in program.attribute_types(kind).items():
            if not declared.optional or random.random() < 0.5:
                made.directory[name].attributes[attribute] = fitting(random, declared.present, program, made)
    return made


def fitting(random: Random, kind: Type, program: Program, there: MemoryWorld) -> Value:
    """A value of a type, without any beside it."""
    while not conforms(found := value(random, kind, program, there), kind, program, there):
        pass
    return found


def value(random: Random, kind: Type, program: Program, there: MemoryWorld) -> Value:
    """A value of a type, now and then just beside it."""
    if kind.optional and random.random() < 0.2:
        return None
    match kind.kind:
        case "int" | "money":
            low, high = kind.bounds
            return random.choice([low, high, random.randint(low, min(high, 9_000)), high + (random.random() < 0.05)])
        case "time":
            return there.now() + random.randint(-20, 200) * HOUR // 2
        case "bool":
            return random.random() < 0.5
        case "code":
            return random.choice(["A", "B-1", "C.2", "D!" if random.random() < 0.05 else "E"])
        case "hash":
            return random.choice(["0" * 64, "f" * 64])
        case "party":
            return random.choice([name for name, own in PEOPLE.items() if kind.name in ("", own)])
        case "contract":
            mine = list(there.instances(kind.name))
            return random.choice(mine) if mine and random.random() < 0.97 else random.randint(0, 9)
        case "set":
            words = program.purposes if element(kind).kind == "purpose" else program.enums[kind.name]
            return tuple(sorted(random.sample(words, random.randint(0, len(words)))))
        case "purpose":
            return random.choice(program.purposes)
        case "entity":
            return random.choice(list(PLACES))
    return random.choice(program.enums[kind.name])


def command(random: Random, program: Program, there: MemoryWorld) -> Command:
    """A start, or an action of the present state of an instance, signed by whoever must, mostly."""
    stored = there.stored[-12:]
    instance = random.choice(stored) if stored and random.random() < 0.8 else None
    if instance is not None and not program.contracts[instance.contract].states[instance.state].clauses:
        instance = None
    name = instance.contract if instance else random.choice([one for one in program.contracts if one != "Audit"])
    contract = program.contracts[name]
    clauses = contract.states[instance.state].clauses if instance else contract.module.start
    acting = [one for one in clauses if not isinstance(one, ir.Wait) and one.actors]
    clause = random.choice(acting or contract.module.start)
    expected = {one.name: parse_type(one.type) for one in clause.params}
    if instance is None:
        given = {n: kind for n, kind in contract.types.items() if not (kind.optional or n in contract.initial)}
        expected |= given | {n: kind for n, kind in contract.types.items() if random.random() < 0.2}
    arguments = {n: value(random, kind, program, there) for n, kind in expected.items()}
    fields = dict(zip(contract.fields, instance.values, strict=True)) if instance else arguments
    signers = [one for actor in clause.actors if isinstance(one := fields.get(actor), str)]
    if random.random() < 0.15:
        signers = random.sample(list(PEOPLE), 2)
    pairs = list(arguments.items())
    if pairs and random.random() < 0.03:
        pairs[0] = random.choice([(pairs[0][0], None), ("stray", 1), pairs[-1]])
    return Command(name, clause.action, tuple(pairs), tuple(signers), instance.id if instance else None)


def request(random: Random, program: Program, there: MemoryWorld) -> Request | None:
    """Somebody asks to read the record behind an instance; None while there is none."""
    [policy] = program.policies.values()
    records = list(there.instances(policy.of))
    if not records:
        return None
    fields = random.sample(["f0", "f1", "f2", "g0", "g1", *(["f9"] if random.random() < 0.03 else [])], 2)
    readers = random.sample([*PEOPLE, *(["land"] if random.random() < 0.05 else [])], random.randint(1, 2))
    purpose = random.choice([None, *program.purposes, "play" if random.random() < 0.05 else "u0"])
    return Request(policy.of, random.choice(records), tuple(fields), purpose, tuple(readers))
