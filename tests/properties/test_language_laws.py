"""Laws of the language that hold for every run: drawn commands and pauses on the whole library."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts_dsl import ir
from contracts_dsl.check import check
from contracts_dsl.decide import Request, decide
from contracts_dsl.diagnostics import render
from contracts_dsl.host import Command, Refused
from contracts_dsl.interpret import advance, command
from contracts_dsl.memory import DirectoryNode, MemoryWorld
from contracts_dsl.program import link
from contracts_dsl.testing import START
from contracts_dsl.translate import translate
from contracts_dsl.typesystem import parse_type
from tests.language.packages import LIBRARY, library, read, sources

PROGRAM = library("en").program
CAST = library("en").scenarios[0].cast
PARTIES = [node.name for node in CAST if node.kind in PROGRAM.party_types]
DAY = 86_400


def fresh() -> MemoryWorld:
    world = MemoryWorld(time=START)
    for node in CAST:
        world.enrol(node.name, DirectoryNode(node.kind, dict(node.attributes), node.parent))
    return world


def kind_of(name):
    return next(node.kind for node in CAST if node.name == name)


def draw(random, kind, world):
    """A value that is mostly of a type, and mostly one that makes sense."""
    match kind.kind:
        case "int" | "money":
            low, high = kind.bounds
            return random.choice([low, high, random.randint(low, min(high, 99_000)), high + (random.random() < 0.1)])
        case "time":
            return world.now() + random.randint(-1, 400) * DAY // 2
        case "bool":
            return random.random() < 0.5
        case "code":
            return random.choice(["A", "B-1", "C.2", "x" * (64 + (random.random() < 0.1))])
        case "hash":
            return random.choice(["0" * 64, "f" * 64])
        case "party":
            return random.choice([name for name in PARTIES if kind.name in ("", kind_of(name))])
        case "contract":
            mine = list(world.instances(kind.name))
            return random.choice(mine) if mine and random.random() < 0.95 else random.randint(0, 9)
        case "enum":
            return random.choice(PROGRAM.enums[kind.name])
        case "set":
            words = PROGRAM.purposes if kind.name == "purpose" else PROGRAM.enums[kind.name]
            return tuple(sorted(random.sample(words, random.randint(0, len(words)))))
    return "hill"


def step(random, world):
    """A pause, a start, or an action of the present state of an instance, signed by whoever must, mostly."""
    if random.random() < 0.2:
        return random.choice([0, 3_600, DAY // 2, DAY, 3 * DAY, 40 * DAY])
    stored = world.stored
    instance = random.choice(stored) if stored and random.random() < 0.7 else None
    contract = PROGRAM.contracts[instance.contract if instance else random.choice(sorted(PROGRAM.contracts))]
    clauses = contract.states[instance.state].clauses if instance else contract.module.start
    acting = [clause for clause in clauses if not isinstance(clause, ir.Wait)]
    clause = random.choice(acting or contract.module.start)
    expected = {one.name: parse_type(one.type) for one in clause.params}
    if instance is None:
        expected |= {name: kind for name, kind in contract.types.items() if not kind.optional or random.random() < 0.2}
    arguments = {name: draw(random, kind, world) for name, kind in expected.items()}
    there = dict(zip(contract.fields, instance.values, strict=True)) if instance else arguments
    signers = [there.get(actor) for actor in clause.actors]
    if random.random() < 0.1:
        signers = random.sample(PARTIES, 2)
    ordinal = instance.id if instance else None
    return Command(contract.module.name, clause.action, tuple(arguments.items()), tuple(filter(None, signers)), ordinal)


@st.composite
def runs(draw_from):
    """A run of the library, each step chosen in the world that the steps before it have made."""
    world, steps = fresh(), []
    for seed in draw_from(st.lists(st.integers(0, 2**32), max_size=60)):
        steps.append(step(Random(seed), world))
        run(steps[-1:], world=world)
    return steps


STEPS = runs()


def run(steps, *, split=1, world=None):
    """Play steps; every pause in `split` advances. The world and the codes of what was refused."""
    world = world or fresh()
    refused = []
    for step in steps:
        if isinstance(step, int):
            for part in range(1, split + 1):
                goal = world.now() + step // split if part < split else world.now() + step - step // split * (split - 1)
                world.apply(advance(PROGRAM, world, goal))
            continue
        world.apply(advance(PROGRAM, world, world.now()))
        before = snapshot(world)
        try:
            world.apply(command(PROGRAM, world, step))
        except Refused as refusal:
            refused.append(refusal.code)
            assert snapshot(world) == before
    return world, refused


def snapshot(world):
    return (
        tuple(world.stored), dict(world.keys), tuple(world.queue), dict(world.positions), tuple(world.events),
        world.time,
        sorted((str(key), tuple(ids)) for key, ids in world.index.items() if ids),
    )  # fmt: skip


@pytest.mark.clause("CTR-S7", "CTR-S12")
@given(STEPS)
def test_every_run_is_the_same_again_and_no_money_is_made_or_lost(steps):
    world, refused = run(steps)
    again, refused_again = run(steps)
    assert (snapshot(world), refused) == (snapshot(again), refused_again)
    assert sum(world.positions.values()) == 0


@pytest.mark.clause("CTR-S3")
@given(STEPS, st.integers(2, 5))
def test_time_passes_the_same_in_one_step_or_in_many(steps, split):
    assert snapshot(run(steps)[0]) == snapshot(run(steps, split=split)[0])


@pytest.mark.clause("CTR-T7")
@given(STEPS)
def test_time_alone_comes_to_rest(steps):
    """After the last act, only clocks of absent or distant dates still run."""
    world, _ = run(steps)
    world.apply(advance(PROGRAM, world, world.now() + 5_000 * DAY))
    events = len(world.events)
    world.apply(advance(PROGRAM, world, world.now() + 50_000 * DAY))
    assert len(world.events) == events
    assert world.queue == []


@given(STEPS)
def test_what_is_stored_is_of_its_type(steps):
    from contracts_dsl.evaluate import conforms

    world, _ = run(steps)
    for instance in world.stored:
        contract = PROGRAM.contracts[instance.contract]
        for name, value in zip(contract.fields, instance.values, strict=True):
            assert conforms(value, contract.types[name], PROGRAM, world), (instance, name)


def test_the_drawn_runs_are_no_idle_talk():
    """Over fixed seeds, most kinds of events happen, and no refusal is everything."""
    seen, done = set(), 0
    for seed in range(60):
        random, world = Random(seed), fresh()
        for _ in range(60):
            one = step(random, world)
            _, refused = run([one], world=world)
            done += not refused and not isinstance(one, int)
        seen |= {event.kind for event in world.events}
    assert seen >= {"started", "acted", "elapsed", "violation", "paid"}
    assert done > 500


# ---- decisions: policies drawn from the rules of RecordAccess

POLICY = PROGRAM.policies["RecordAccess"]
OTHERS = [module for module in library("en").modules if module.name != "RecordAccess"]
PERMITS = [rule for rule in POLICY.rules if rule.kind == "permit"]
FORBIDS = [rule for rule in POLICY.rules if rule.kind == "forbid"]


def with_rules(rules):
    import msgspec

    known = {rule.name for rule in rules}
    kept = [msgspec.structs.replace(rule, overrides=tuple(o for o in rule.overrides if o in known)) for rule in rules]
    return link([*OTHERS, msgspec.structs.replace(POLICY, rules=tuple(kept))])


def a_record():
    world = fresh()
    for order in (
        Command("Visit", "open", (("holder", "county2"), ("patient", "patient1"), ("number", "V")),
                ("county2", "patient1")),
        Command("HealthRecord", "register", (("custodian", "county2"), ("patient", "patient1"), ("visit", 0),
                ("number", "R"), ("digest", "0" * 64)), ("county2",)),
        Command("Consent", "grant", (("patient", "patient1"), ("grantee", "city3"),
                ("scope", ("clinical", "sensitive")), ("purposes", ("insurance", "treatment")),
                ("expiry", START + DAY)), ("patient1",)),
        Command("Consent", "grant", (("patient", "patient1"), ("grantee", "fund"), ("scope", ("clinical",)),
                ("purposes", ("insurance",)), ("expiry", START + DAY)), ("patient1",)),
    ):  # fmt: skip
        world.apply(command(PROGRAM, world, order))
    return world


RECORD = a_record()
FIELDS = [name for group in POLICY.groups for name in group.fields]
REQUESTS = st.builds(
    Request, st.just("HealthRecord"), st.just(1), st.lists(st.sampled_from(FIELDS), min_size=1, max_size=4).map(tuple),
    st.sampled_from([None, *PROGRAM.purposes]), st.lists(st.sampled_from(PARTIES), min_size=1, max_size=2).map(tuple),
)  # fmt: skip


def allowed(rules, request):
    return {one.field for one in decide(with_rules(rules), RECORD, request) if one.outcome == "allow"}


SOME_RULES = st.lists(st.sampled_from(PERMITS + FORBIDS), unique=True)


@pytest.mark.clause("CTR-S18")
@given(REQUESTS, st.lists(st.sampled_from(FORBIDS), unique=True))
def test_without_a_permit_nothing_is_allowed(request, rules):
    assert allowed(rules, request) == set()


@pytest.mark.clause("CTR-S18")
@given(REQUESTS, SOME_RULES, st.sampled_from(PERMITS))
def test_a_further_permit_takes_nothing_away(request, rules, permit):
    # What a permit overrides is decided by the forbids that are there; those stay the same.
    assert allowed(rules, request) <= allowed([*rules, *([permit] if permit not in rules else [])], request)


@pytest.mark.clause("CTR-S18")
@given(REQUESTS, SOME_RULES, st.sampled_from(FORBIDS))
def test_a_further_forbid_gives_nothing(request, rules, forbid):
    assert allowed(rules, request) >= allowed([*rules, *([forbid] if forbid not in rules else [])], request)


@pytest.mark.clause("CTR-S18")
@given(REQUESTS, SOME_RULES, st.randoms(use_true_random=False))
def test_neither_order_nor_repetition_of_rules_matters(request, rules, random):
    shuffled = [*rules, *rules]
    random.shuffle(shuffled)
    assert allowed(rules, request) == allowed(shuffled, request)


# ---- texts

TEXTS = {path: path.read_text(encoding="utf-8") for surface in ("en", "zh") for path in sources(LIBRARY, surface)}


@pytest.mark.clause("CTR-L8")
@settings(max_examples=40)
@given(st.data())
def test_a_spoilt_program_gives_diagnostics_with_places_and_nothing_else(data):
    """Drop, double or swap pieces of a good program, and check it with the rest of the library."""
    path = data.draw(st.sampled_from(sorted(TEXTS)))
    pieces = TEXTS[path].split(" ")
    first, second = (data.draw(st.integers(0, len(pieces) - 1)) for _ in range(2))
    match data.draw(st.sampled_from(["drop", "double", "swap"])):
        case "drop":
            del pieces[first]
        case "double":
            pieces.insert(second, pieces[first])
        case "swap":
            pieces[first], pieces[second] = pieces[second], pieces[first]
    surface = "zh" if path.name.endswith(".zh.yl") else "en"
    rest = [one for one in sources(LIBRARY, surface) if one != path]
    checked = check([*read(*rest), (path.name, " ".join(pieces).encode())])
    for finding in checked.diagnostics:
        assert 0 <= finding.span[0] <= finding.span[1] <= len(finding.source.text)
        assert render(finding, "zh")
        assert render(finding, "en")


@pytest.mark.clause("CTR-L7")
@given(st.data())
def test_a_spoilt_program_translates_there_and_back_or_says_why_not(data):
    path = data.draw(st.sampled_from(sorted(TEXTS)))
    pieces = TEXTS[path].split(" ")
    del pieces[data.draw(st.integers(0, len(pieces) - 1))]
    text = " ".join(pieces).encode()
    to, back = ("en", "zh") if path.name.endswith(".zh.yl") else ("zh", "en")
    there = translate("x", text, to)
    assert bool(there.diagnostics) != bool(there.text)
    if there.text:
        assert translate("x", there.text.encode(), back).text.encode() == text
