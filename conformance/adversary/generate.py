"""Plans drawn at random, by profile.

Why: the shape of what is drawn is worth orders of magnitude. Uniform faults find little; rounds in which some nodes
hear some others (`heard-of`), and liars that hold one coherent opinion towards a few (`macro`), find most. Every draw
first chooses which kinds of atoms it may use at all (swarm), because an all-kinds mixture hides bugs.

It must not run anything: a plan is a function of the generator it is given. Source: heard-of sets after Charron-Bost
and Schiper; swarm testing after Groce et al.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import product
from random import Random

from attrs import evolve

from conformance.adversary.opaque import draw_opaque
from conformance.adversary.slots import draw_luck, is_admitted, secrets, split
from conformance.contract import Contract
from conformance.plan import Atom, Byz, Crash, Cut, Dup, Flood, Inject, Late, Plan, Shift, Skew, Support, Swap, Twin
from conformance.plan_shapes import BROKEN

Draw = Callable[[Random, "Setting"], list[Atom]]


class Setting:
    """What a draw is about: the engine's contract, nodes, liars, heights, rounds, and the kinds it may use."""

    def __init__(self, rng: Random, contract: Contract, n: int, faulty: tuple[int, ...], heights: int) -> None:
        self.contract = contract
        self.phases = contract.phases
        self.n = n
        self.faulty = faulty
        self.heights = heights
        self.rounds = 4 if rng.random() < 0.2 else 3
        if contract.rounds == "run":
            self.rounds += contract.last_round(heights)
        self.density = rng.choice((0.15, 0.5, 0.5, 0.8))
        drawn = frozenset(kind for kind in ("late", "byz", "cut", "crash", "twin", "dup", "swap", "skew", "shift",
                                            "flood", "inject", "bytes")
                          if rng.random() < (0.8 if kind in ("late", "byz") else 0.25))  # fmt: skip
        if contract.crash_only:
            drawn |= {"crash", "cut"}
        if contract.skew >= 0:
            drawn -= {"skew"}
        self.allowed = drawn - {"late", "cut"} if contract.synchronous else drawn

    def places(self) -> list[tuple[int, int]]:
        """Every (height, round)."""
        heights = 1 if self.contract.rounds == "run" else self.heights
        return [(h, r) for h in range(1, heights + 1) for r in range(self.rounds)]

    def value(self, rng: Random) -> str:
        """A value a liar may name."""
        return rng.choice(("nil", *(f"v{node}" for node in range(self.n))))


def some(rng: Random, nodes: Sequence[int]) -> tuple[int, ...]:
    """A subset that is neither empty nor, if there is a choice, all."""
    chosen = tuple(node for node in nodes if rng.random() < 0.5)
    return chosen or (rng.choice(nodes),)


def heard_of(rng: Random, setting: Setting, chance: float = 0.5) -> list[Atom]:
    """In some phases some receivers miss some senders, and liars tell each receiver something else."""
    atoms: list[Atom] = []
    for (h, r), ph in product(setting.places(), setting.phases):
        deaf = [dst for dst in range(setting.n) if rng.random() < setting.density] if rng.random() < chance else []
        for dst, src in product(deaf, range(setting.n)):
            if src != dst and rng.random() < 0.5:
                atoms.extend(missed(rng, setting, h, r, ph, src, dst))
    return atoms


def missed(rng: Random, setting: Setting, h: int, r: int, ph: str, src: int, dst: int) -> list[Atom]:
    """One receiver does not hear one sender as it should."""
    if src in setting.faulty and "byz" in setting.allowed:
        value = {"value": setting.value(rng)}
        act: object = rng.choice(("omit", value, value, {"round": rng.choice((-1, 1))}))
        return [Byz(h=h, r=r, ph=ph, src=src, dst=dst, act=act)]
    return [Late(h=h, r=r, ph=ph, src=src, dst=dst)] if "late" in setting.allowed else []


def macro(rng: Random, setting: Setting) -> list[Atom]:
    """Heard-of sets, sparser, and in half the rounds a liar with one opinion towards a few."""
    atoms = heard_of(rng, setting, 0.2)
    for h, r in setting.places():
        if len(setting.faulty) > 1 and rng.random() < 0.5:
            atoms.extend(coalition(rng, setting, h, r))
        elif setting.faulty and rng.random() < 0.5:
            src = rng.choice(setting.faulty)
            others = [node for node in range(setting.n) if node != src]
            vr = rng.randrange(-1, r) if r and rng.random() < 0.5 else None
            on = f"v{rng.randrange(setting.n)}@{rng.randrange(r)}" if r and rng.random() < 0.15 else None
            atoms.append(Support(h=h, r=r, src=src, to=some(rng, others), value=setting.value(rng), vr=vr, on=on))
    return atoms


def coalition(rng: Random, setting: Setting, h: int, r: int) -> list[Atom]:
    """All liars hold one opinion towards the same few."""
    others = [node for node in range(setting.n) if node not in setting.faulty]
    to, value = some(rng, others), setting.value(rng)
    return [Support(h=h, r=r, src=src, to=to, value=value) for src in setting.faulty]


def sparse(rng: Random, setting: Setting) -> list[Atom]:
    """Up to eight faults anywhere."""
    atoms: list[Atom] = []
    for _ in range(rng.randrange(1, 9)):
        h, r = rng.choice(setting.places())
        src = rng.randrange(setting.n)
        dst = rng.choice([node for node in range(setting.n) if node != src])
        atoms.extend(missed(rng, setting, h, r, rng.choice(setting.phases), src, dst))
    return atoms


def pct(rng: Random, setting: Setting) -> list[Atom]:
    """Channels have priorities, and at one or two places a channel falls behind all others: reorderings of small depth.

    After Burckhardt and others, "A randomized scheduler with probabilistic guarantees of finding bugs", ASPLOS 2010.
    """
    channels = [(src, dst) for src in range(setting.n) for dst in range(setting.n) if src != dst]
    low = rng.sample(channels, max(1, len(channels) // 3))
    atoms: list[Atom] = []
    for (h, r), ph in product(setting.places(), setting.phases):
        for src, dst in low:
            if rng.random() < setting.density / 2:
                atoms.append(Swap(h=h, r=r, ph=ph, src=src, dst=dst))
    for _ in range(rng.choice((1, 2))):
        h, r = rng.choice(setting.places())
        src, dst = rng.choice(low)
        for ph in setting.phases:
            atoms.extend(missed(rng, setting, h, r, ph, src, dst))
    return atoms


def byzzfuzz(rng: Random, setting: Setting) -> list[Atom]:
    """Up to two rounds with a partition, up to two in which liars make small changes towards a subset.

    After Winter and others, "Randomized testing of Byzantine fault tolerant algorithms", OOPSLA 2023: the baseline.
    """
    atoms: list[Atom] = []
    for h, r in rng.sample(setting.places(), min(rng.randrange(3), len(setting.places()))):
        if not setting.contract.synchronous:
            atoms.append(Cut(h=h, r=r, to_r=r, side=some(rng, range(setting.n))))
    for h, r in rng.sample(setting.places(), min(rng.randrange(3), len(setting.places()))):
        for src in setting.faulty:
            to = some(rng, [node for node in range(setting.n) if node != src])
            act = rng.choice(("omit", {"round": -1}, {"round": 1}, {"stale": 1}, {"value": setting.value(rng)},
                              {"payload": f"v{rng.randrange(setting.n)}"}, rng.choice(BROKEN)))  # fmt: skip
            atoms.extend(Byz(h=h, r=r, ph=ph, src=src, dst=dst, act=act) for ph, dst in product(setting.phases, to))
    return atoms


PROFILES: Mapping[str, tuple[Draw, int]] = {
    "macro": (macro, 40), "heard-of": (heard_of, 25), "pct": (pct, 15), "byzzfuzz": (byzzfuzz, 10),
    "sparse": (sparse, 10),
}  # fmt: skip
"""Name -> (how to draw, share in per cent)."""


def extras(rng: Random, setting: Setting) -> list[Atom]:
    """A few atoms of the other kinds that the swarm allows."""
    atoms: list[Atom] = []
    for _ in range(rng.randrange(3)):
        h, r = rng.choice(setting.places())
        node = rng.randrange(setting.n)
        other = rng.choice([who for who in range(setting.n) if who != node])
        ph = rng.choice(setting.phases)
        if "cut" in setting.allowed:
            last = min(r + rng.randrange(2), setting.rounds)
            atoms.append(Cut(h=h, r=r, to_r=last, side=some(rng, range(setting.n))))
        if setting.faulty:
            atoms.extend(lies(rng, setting, h, r, ph))
        if "dup" in setting.allowed:
            atoms.append(Dup(h=h, r=r, ph=ph, src=node, dst=other, n=rng.randrange(1, 4)))
        if "swap" in setting.allowed:
            atoms.append(Swap(h=h, r=r, ph=ph, src=node, dst=other))
        if "skew" in setting.allowed:
            atoms.append(Skew(node=node, d=rng.randrange(-5, 6)))
        if "crash" in setting.allowed and node not in setting.faulty:
            atoms.append(crash(rng, node, h, r, ph))
    return atoms


def lies(rng: Random, setting: Setting, h: int, r: int, ph: str) -> list[Atom]:
    """What a liar does that is more than another word in the place of its own."""
    src = rng.choice(setting.faulty)
    others = [who for who in range(setting.n) if who != src]
    atoms: list[Atom] = []
    if "twin" in setting.allowed:
        atoms.append(Twin(h=h, r=r, src=src, to=some(rng, others)))
    if "shift" in setting.allowed and r:
        atoms.append(Shift(h=h, r=r, src=src, to=some(rng, others), from_={"h": h, "r": rng.randrange(r)}))
    if "flood" in setting.allowed:
        atoms.append(Flood(h=h, r=r, ph=ph, src=src, n=rng.choice((1, 5, 20))))
    if "inject" in setting.allowed:
        kind = rng.choice((ph, ph, *(aside for aside in setting.contract.asides if aside not in ("decided", "sync"))))
        posing = rng.choice(others) if rng.random() < 0.25 else None
        at = {"h": h, "r": rng.randrange(r + 1)} if rng.random() < 0.25 else None
        atoms.append(Inject(h=h, r=r, ph=kind, src=src, dst=rng.choice(others), value=setting.value(rng), at=at,
                            posing=posing))  # fmt: skip
    if "bytes" in setting.allowed:
        atoms.append(Byz(h=h, r=r, ph=ph, src=src, dst=rng.choice(others), act=rng.choice(BROKEN)))
    return atoms


def crash(rng: Random, node: int, h: int, r: int, ph: str) -> Crash:
    """A crash around one statement, with its return."""
    back = {"h": h, "r": r + 1} if rng.random() < 0.5 else None
    return Crash(node=node, h=h, r=r, ph=ph, when=rng.choice(("before-persist", "after-persist", "after-send")),
                 disk=rng.choice(("synced", "lost-tail")), back=back)  # fmt: skip


def light(rng: Random, contract: Contract, weights: tuple[int, ...]) -> tuple[int, ...]:
    """Nodes in a drawn order, each taken if the weight of all taken stays under the threshold; none if lies are not
    borne."""
    num, den = contract.threshold
    taken: list[int] = []
    for node in [] if contract.crash_only else rng.sample(range(len(weights)), len(weights)):
        if den * sum(weights[one] for one in (*taken, node)) < num * sum(weights):
            taken.append(node)
    return tuple(sorted(taken))


def draw_plan(
    rng: Random, contract: Contract, *, n: int = 4, liars: int | None = None, heights: int = 1, profile: str = "",
    tier: str = "", weights: tuple[int, ...] = (),
) -> Plan:  # fmt: skip
    """One plan. `liars` defaults to the most the contract allows; `profile` to one by share; `tier` to the mildest.

    With `weights` the liars are those whose weights together stay under the threshold.
    """
    count = contract.most_liars(n) if liars is None else liars
    if contract.opaque:
        return draw_opaque(rng, contract, n=n, count=count, heights=heights)
    if contract.slotted:
        return draw_slotted(rng, contract, n=n, count=count, heights=heights, profile=profile, tier=tier)
    faulty = tuple(sorted(rng.sample(range(n), count)))
    if weights:
        faulty = light(rng, contract, weights)
    if not profile:
        profile = rng.choices(list(PROFILES), [share for _, share in PROFILES.values()])[0]
    setting = Setting(rng, contract, n, faulty, rng.randrange(1, heights + 1))
    atoms = PROFILES[profile][0](rng, setting) + extras(rng, setting)
    after = {node: mood for node in faulty if (mood := rng.choice(("", "silent", "byzantine")))}
    tier = tier or ("in-model" if weights or count <= contract.most_liars(n) else "boundary")
    usual, *others = contract.delays()
    delta = rng.choice((usual, usual, usual, *others)) if rng.random() < 0.3 else usual
    return Plan(engine=contract.engine, n=n, weights=weights, faulty=faulty, tier=tier, after=after,
                heights=setting.heights, links=contract.links, delta=delta, atoms=tuple(atoms))  # fmt: skip


def draw_slotted(
    rng: Random, contract: Contract, *, n: int, count: int, heights: int, profile: str, tier: str
) -> Plan:  # fmt: skip
    """One plan for a longest chain: its luck, then faults; now and then long enough to be judged by quality."""
    long = contract.depth_of(n) if rng.random() < 0.25 else 0
    tier = tier or ("in-model" if count <= contract.most_liars(n) else "boundary")
    bare = Plan(engine=contract.engine, n=n, tier=tier, heights=rng.randrange(1, heights + 1) + long,
                links=contract.links, delta=contract.delta)  # fmt: skip
    plan = draw_luck(rng, contract, bare, count)
    setting = Setting(rng, contract, n, plan.faulty, plan.heights)
    if not profile:
        profile = rng.choices(list(PROFILES), [share for _, share in PROFILES.values()])[0]
    atoms = PROFILES[profile][0](rng, setting) + extras(rng, setting)
    atoms += secrets(rng, contract, plan, setting.rounds) + split(rng, contract, plan)
    after = {node: mood for node in plan.faulty if (mood := rng.choice(("", "", "silent", "byzantine")))}
    gst = contract.horizon(plan) * contract.timeout[0]
    full = evolve(plan, after=after, gst=plan.gst if contract.synchronous else gst, atoms=tuple(atoms))
    if is_admitted(contract, full):
        return full
    return evolve(full, atoms=tuple(atom for atom in full.atoms if not isinstance(atom, Crash)))
