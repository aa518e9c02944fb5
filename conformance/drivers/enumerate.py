"""Plans by number without chance: every one of a small scope, so that a count that changes is news.

`twins`: each node in turn runs twice under one identity, the second instance serves each set of the others, and in each
round the nodes are split in two in every way. `small`: every single fault of the first rounds, every crash point of the
happy path, and every pair of one-sided opinions of one liar over two rounds. A plan is a function of its number, so an
enumeration is split over machines as a campaign is.

It must not run anything, and knows no engine but by its contract. Source: for twins, Bano and others, "Twins: BFT
systems made robust", OPODIS 2021.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations, product

from attrs import frozen

from conformance.contract import Contract
from conformance.plan import Atom, Byz, Crash, Cut, Late, Plan, Support, Twin

ROUNDS = 2


@frozen
class Scope:
    """A sequence of plans that is never in memory as a whole: each index is one choice from every list."""

    choices: tuple[Sequence[tuple[Atom, ...]], ...]
    faulty: tuple[int, ...]

    def __len__(self) -> int:
        total = 1
        for choice in self.choices:
            total *= len(choice)
        return total

    def atoms(self, number: int) -> tuple[Atom, ...]:
        """The atoms of one of its plans, the first list turning fastest."""
        found: tuple[Atom, ...] = ()
        for choice in self.choices:
            number, digit = divmod(number, len(choice))
            found += choice[digit]
        return found


def subsets(nodes: Sequence[int]) -> list[tuple[int, ...]]:
    """Every set of these nodes but the empty one, small ones first."""
    return [chosen for size in range(1, len(nodes) + 1) for chosen in combinations(nodes, size)]


def splits(n: int) -> list[tuple[int, ...]]:
    """Every way to split n nodes in two, by the side without node 0; the empty side is no split."""
    return [(), *(side for side in subsets(range(1, n)))]


def twins(contract: Contract, n: int, rounds: int) -> list[Scope]:
    """One scope for each node that runs twice."""
    every_round = [[(Cut(r=r, to_r=r, side=side),) if side else () for side in splits(n)] for r in range(rounds)]
    scopes = []
    for src in range(n):
        others = [node for node in range(n) if node != src]
        served = [(Twin(r=0, src=src, to=to),) for to in subsets(others)]
        scopes.append(Scope((served, *every_round), (src,)))
    return scopes


def small(contract: Contract, n: int, rounds: int) -> list[Scope]:
    """Single faults and crashes without liars, then for each liar its single lies and its pairs of opinions."""
    links = [(r, ph, src, dst) for r in range(rounds) for ph in contract.phases
             for src, dst in product(range(n), repeat=2) if src != dst]  # fmt: skip
    late: list[tuple[Atom, ...]] = [(Late(r=r, ph=ph, src=src, dst=dst),) for r, ph, src, dst in links]
    crashes: list[tuple[Atom, ...]] = [
        (Crash(node=node, r=0, ph=ph, when=when, disk=disk, back=back),)
        for node in range(n) for ph in contract.phases
        for when in ("before-persist", "after-persist", "after-send")
        for disk in ("synced", "lost-tail") for back in (None, {"h": 1, "r": 1})
    ]  # fmt: skip
    scopes = [Scope((crashes if contract.synchronous else [*late, *crashes],), ())]
    if contract.crash_only:
        return scopes
    values = ("nil", *(f"v{node}" for node in range(n)))
    for src in range(n):
        others = [node for node in range(n) if node != src]
        acts: list[object] = ["omit", *({"value": value} for value in values), {"round": 1}]
        lies: list[tuple[Atom, ...]] = [
            (Byz(r=r, ph=ph, src=src, dst=dst, act=act),) for r, ph, who, dst in links if who == src for act in acts
        ]
        opinions = [[(), *((Support(r=r, src=src, to=to, value=value),) for to in subsets(others) for value in values)]
                    for r in range(min(rounds, 2))]  # fmt: skip
        scopes += [Scope((lies,), (src,)), Scope(tuple(opinions), (src,))]
    return scopes


ENUMERATIONS: Mapping[str, Callable[[Contract, int, int], list[Scope]]] = {"small": small, "twins": twins}
"""Name -> its scopes for a contract, a number of nodes and of rounds."""


@frozen
class Enumeration:
    """The plans of all scopes in a row."""

    contract: Contract
    n: int
    scopes: tuple[Scope, ...]

    @classmethod
    def of(cls, name: str, contract: Contract, n: int, rounds: int) -> "Enumeration":
        """The enumeration of this name."""
        return cls(contract, n, tuple(ENUMERATIONS[name](contract, n, rounds)))

    def __len__(self) -> int:
        return sum(len(scope) for scope in self.scopes)

    def plan(self, number: int) -> Plan:
        """Plan `number`, counted from 0."""
        for scope in self.scopes:
            if number < len(scope):
                law = self.contract
                tier = "in-model" if len(scope.faulty) <= law.most_liars(self.n) else "boundary"
                return Plan(engine=law.engine, n=self.n, faulty=scope.faulty, tier=tier, links=law.links,
                            delta=law.delta, atoms=scope.atoms(number))  # fmt: skip
            number -= len(scope)
        raise IndexError(number)
