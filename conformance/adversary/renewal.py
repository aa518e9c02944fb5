"""Plans in which members come and go, drawn at random: who is in force when, and the faults of any other plan beside.

Liars stay below a third of the weight at every stage, which is what those who approve a change must see to. It must not
run anything.
"""

from random import Random

from attrs import evolve

from conformance.adversary.generate import draw_plan
from conformance.contract import Contract
from conformance.plan import Change, Plan

__all__ = ["draw_renewal", "is_sound"]

WEIGHT_MAX, KEYS_MAX = 3, 3
Stage = tuple[tuple[int, ...], tuple[int, ...]]
"""Weight and number of key changes of each node."""


def is_sound(weights: tuple[int, ...], faulty: tuple[int, ...]) -> bool:
    """Whether liars weigh less than a third, and four vote: of three, one silent leader keeps HotStuff from three
    views in a row."""
    liars = sum(weights[node] for node in faulty)
    return 3 * liars < sum(weights) and sum(weight > 0 for weight in weights) >= 4


def altered(rng: Random, stage: Stage) -> Stage:
    """One or two nodes join, leave, weigh something else or have another key."""
    weights, keys = list(stage[0]), list(stage[1])
    for node in rng.sample(range(len(weights)), rng.choice((1, 1, 2))):
        if not weights[node]:
            weights[node] = rng.randrange(1, WEIGHT_MAX + 1)
        elif rng.random() < 0.4:
            weights[node] = 0
        elif rng.random() < 0.5 and keys[node] < KEYS_MAX:
            keys[node] += 1
        else:
            weights[node] = weights[node] % WEIGHT_MAX + 1
    return tuple(weights), tuple(keys)


def draw_renewal(rng: Random, contract: Contract, *, profile: str = "") -> Plan:
    """One plan: four founders of five or six nodes, one to three changes, and faults."""
    n = rng.choice((5, 5, 6))
    plan = draw_plan(rng, contract, n=n, heights=3, profile=profile)
    absent = rng.sample([node for node in range(n) if node not in plan.faulty], n - 4)
    stages: list[Stage] = [(tuple(int(node not in absent) for node in range(n)), (0,) * n)]
    heights, wanted = [0], rng.choice((1, 2, 2, 3))
    while len(stages) <= wanted:
        stage = altered(rng, stages[-1])
        if is_sound(stage[0], plan.faulty) and stage != stages[-1]:
            stages.append(stage)
            heights.append(heights[-1] + rng.choice((1, 1, 2)))
    changes = tuple(Change(h=h, weights=weights, keys=keys if any(keys) else ())
                    for h, (weights, keys) in zip(heights, stages, strict=True))  # fmt: skip
    return evolve(plan, changes=changes, heights=heights[-1] + rng.choice((1, 2)))
