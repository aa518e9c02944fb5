"""Plans for longest chains: how the slots fall, and what liars do with those they win.

Why apart: such an engine is safe under punctual messages only, so what can go wrong is not what is late but who wins,
and what liars hide. The lottery is drawn first and mended until it is calm (CON-130); then liars mine in secret, show
what they have to a few, and speak out of turn. Where an engine claims to bear late messages as well, it is split in
two with a clone on each side.

It must not run anything: a plan is a function of the generator it is given.
"""

from random import Random

from attrs import evolve

from conformance.contract import Contract
from conformance.plan import Atom, Cut, Fork, Plan, PlanError, Skew, Twin

TRIES = 30
WEIGHTS = (1, 1, 2, 3)


def draw_luck(rng: Random, contract: Contract, plan: Plan, count: int) -> Plan:
    """The plan with liars, and with slots that are calm if its tier is held to that; without liars if none can be."""
    for _ in range(TRIES):
        drawn = draw_liars(rng, contract, plan, count)
        if contract.turns == "work":
            drawn = mend(rng, contract, evolve(drawn, lottery=lottery(rng, contract, drawn)))
        if is_admitted(contract, drawn):
            return drawn
    return evolve(plan, faulty=())


def draw_liars(rng: Random, contract: Contract, plan: Plan, count: int) -> Plan:
    """Who lies, and, where turns go by stake, what each member has."""
    faulty = tuple(sorted(rng.sample(range(plan.n), count)))
    weighed = contract.turns in ("stake", "delegates") and rng.random() < 0.5
    weights = tuple(rng.choice(WEIGHTS) for _ in range(plan.n)) if weighed else ()
    return evolve(plan, faulty=faulty, weights=weights)


def lottery(rng: Random, contract: Contract, plan: Plan) -> tuple[tuple[int, ...], ...]:
    """Winners of each slot: most often one, sometimes two or none."""
    slots = []
    for at in range(contract.horizon(plan)):
        winners = rng.sample(range(plan.n), min(plan.n, rng.choice((0, 1, 1, 1, 1, 2))))
        slots.append(tuple(sorted(winners * contract.price(at))))
    return tuple(slots)


def mend(rng: Random, contract: Contract, plan: Plan) -> Plan:
    """Slots that are not a correct member's alone become so, one after the other, until they are calm."""
    unsure = [at for at, slot in enumerate(contract.slots(plan)) if not slot.alone]
    rng.shuffle(unsure)
    while unsure and not is_admitted(contract, plan):
        at = unsure.pop()
        won = (rng.choice(plan.correct),) * contract.price(at)
        plan = evolve(plan, lottery=(*plan.lottery[:at], won, *plan.lottery[at + 1 :]))
    return plan


def is_admitted(contract: Contract, plan: Plan) -> bool:
    """Whether the plan keeps to its tier."""
    try:
        contract.admit(plan)
    except PlanError:
        return False
    return True


def secrets(rng: Random, contract: Contract, plan: Plan, rounds: int) -> list[Atom]:
    """Private chains, shown to some members some time later; and clocks of liars that run ahead."""
    atoms: list[Atom] = []
    for _ in range(rng.choice((0, 1, 1, 2)) if plan.faulty else 0):
        r = rng.choice((0, rng.randrange(rounds)))
        sources = plan.faulty if rng.random() < 0.5 else (rng.choice(plan.faulty),)
        to_r = r + rng.randrange(1, 2 * contract.depth + 6)
        to = tuple(node for node in plan.correct if rng.random() < 0.5) or (rng.choice(plan.correct),)
        atoms.extend(Fork(r=r, to_r=to_r, src=src, to=to) for src in sources)
    if plan.faulty and rng.random() < 0.15:
        ahead = contract.timeout[0] * rng.randrange(1, contract.depth + 2)
        atoms.append(Skew(node=rng.choice(plan.faulty), d=ahead))
    return atoms


def split(rng: Random, contract: Contract, plan: Plan) -> list[Atom]:
    """Two halves that cannot hear each other, and of each liar one instance in either."""
    nodes = list(plan.correct)
    rng.shuffle(nodes)
    side = tuple(sorted(nodes[: len(nodes) // 2]))
    if contract.synchronous or not side or rng.random() < 0.5:
        return []
    clones = (Twin(r=0, src=src, to=side) for src in plan.faulty)
    return [Cut(r=0, to_r=contract.horizon(plan), side=side), *clones]
