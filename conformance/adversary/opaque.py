"""Plans for protocols that the kit cannot read: what can be done to messages whose contents nobody knows.

Why apart: a round here is the number of a message among its sender's of one height, so faults are spread over more of
them, and a liar is a twin, or silent, or repeats itself, or is garbled; it says nothing of the kit's making. Partitions
and twins together are what splits votes (Bano and others, Twins, OPODIS 2021).

It must not run anything: a plan is a function of the generator it is given.
"""

from collections.abc import Sequence
from itertools import product
from random import Random

from conformance.contract import Contract
from conformance.plan import Atom, Byz, Crash, Cut, Dup, Late, Plan, Shift, Skew, Swap, Twin
from conformance.plan_shapes import MOMENTS

__all__ = ["WORDS", "draw_opaque"]

WORDS = 9
"""Messages of one member and height that faults are laid on: three rounds of three phases."""
GARBLED = ("corrupt", "cut", "extend")
"""What needs no knowledge of the bytes: a bit flipped, an end cut off, a byte too many."""
SOME, MOST = 0.3, 0.7
"""Chances that a kind of fault is used at all, and that the kinds which split votes are."""


def draw_opaque(rng: Random, contract: Contract, *, n: int, count: int, heights: int) -> Plan:
    """One plan with so many liars."""
    faulty = tuple(sorted(rng.sample(range(n), count)))
    tall = rng.randrange(1, heights + 1)
    places = list(product(range(1, tall + 1), range(WORDS)))
    kind = contract.phases[0]
    atoms: list[Atom] = []
    atoms += partitions(rng, n, places) if rng.random() < MOST else []
    atoms += deafness(rng, n, kind, places) if rng.random() < MOST else []
    for src in faulty:
        atoms += doubles(rng, n, src, places) if rng.random() < MOST else []
        atoms += silences(rng, n, src, kind, places) if rng.random() < MOST else []
    honest = [node for node in range(n) if node not in faulty]
    h, r = rng.choice(places)
    if rng.random() < SOME:
        back, disk = rng.choice((None, {"h": h, "r": r + 1})), rng.choice(("synced", "lost-tail"))
        atoms.append(Crash(node=rng.choice(honest), h=h, r=r, ph=kind, when=rng.choice(MOMENTS), disk=disk, back=back))
    if rng.random() < SOME:
        src, dst = rng.sample(range(n), 2)
        atoms.append(rng.choice((Swap(h=h, r=r, ph=kind, src=src, dst=dst), Dup(h=h, r=r, ph=kind, src=src, dst=dst))))
    if contract.skew and rng.random() < SOME:
        most = 5 if contract.skew < 0 else contract.skew
        atoms.append(Skew(node=rng.randrange(n), d=rng.randrange(-most, most + 1)))
    after = {node: mood for node in faulty if (mood := rng.choice(("", "silent", "byzantine")))}
    return Plan(engine=contract.engine, n=n, faulty=faulty, after=after, heights=tall, links=contract.links,
                delta=rng.choice(contract.delays()), atoms=tuple(atoms))  # fmt: skip


def some(rng: Random, nodes: Sequence[int]) -> tuple[int, ...]:
    """A subset that is not empty."""
    return tuple(node for node in nodes if rng.random() < 0.5) or (rng.choice(nodes),)


def partitions(rng: Random, n: int, places: Sequence[tuple[int, int]]) -> list[Atom]:
    """For a while some cannot hear the others."""
    atoms: list[Atom] = []
    for _ in range(rng.choice((1, 1, 2, 3))):
        h, r = rng.choice(places)
        atoms.append(Cut(h=h, r=r, to_r=r + rng.randrange(4), side=some(rng, range(n))))
    return atoms


def deafness(rng: Random, n: int, kind: str, places: Sequence[tuple[int, int]]) -> list[Atom]:
    """At some places some receivers do not hear some senders in time."""
    atoms: list[Atom] = []
    for (h, r), src in product(places, range(n)):
        if rng.random() < SOME:
            atoms += [Late(h=h, r=r, ph=kind, src=src, dst=dst) for dst in some(rng, range(n)) if dst != src]
    return atoms


def doubles(rng: Random, n: int, src: int, places: Sequence[tuple[int, int]]) -> list[Atom]:
    """A liar is two, and each serves some; perhaps the second is the first as it was a while ago."""
    others = [node for node in range(n) if node != src]
    h, r = rng.choice(places)
    if r and rng.random() < SOME:
        return [Shift(h=h, r=r, src=src, to=some(rng, others), from_={"h": h, "r": rng.randrange(r)})]
    return [Twin(h=h, r=rng.choice((0, r)), src=src, to=some(rng, others))]


def silences(rng: Random, n: int, src: int, kind: str, places: Sequence[tuple[int, int]]) -> list[Atom]:
    """A liar says nothing to some, or an old message once more, or one that was damaged."""
    atoms: list[Atom] = []
    for h, r in rng.sample(list(places), rng.randrange(1, min(6, len(places)))):
        for dst in some(rng, [node for node in range(n) if node != src]):
            act = rng.choice(("omit", "omit", {"stale": rng.randrange(1, 4)}, rng.choice(GARBLED)))
            atoms.append(Byz(h=h, r=r, ph=kind, src=src, dst=dst, act=act))
    return atoms
