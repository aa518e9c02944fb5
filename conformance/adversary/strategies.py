"""Hypothesis strategies that draw plans as lists of atoms, so that a test shrinks to a readable plan.

Why lists: deleting an atom moves no other, so the shrinker of Hypothesis and our own both end at a few sentences. The
smallest atom comes first everywhere. Importing this module imports Hypothesis: only tests do.

It must not run anything.
"""

from typing import Any

from attrs import evolve
from hypothesis import strategies as st

from conformance.adversary.slots import draw_luck, is_admitted
from conformance.contract import Contract
from conformance.plan import (
    Atom,
    Byz,
    Crash,
    Cut,
    Drop,
    Dup,
    Flood,
    Fork,
    Inject,
    Late,
    Link,
    Plan,
    Shift,
    Skew,
    Support,
    Swap,
    Twin,
)
from conformance.plan_shapes import BROKEN


def atoms(
    contract: Contract, n: int, faulty: tuple[int, ...], heights: int, rounds: int
) -> st.SearchStrategy[Atom]:  # fmt: skip
    """One atom of a run with these nodes, liars, heights and rounds, the mildest kinds first."""
    nodes = st.integers(0, n - 1)
    place = {"h": st.integers(1, heights), "r": st.integers(0, rounds - 1)}
    links = st.tuples(nodes, nodes).filter(lambda pair: pair[0] != pair[1])
    phases = st.sampled_from(contract.phases)
    values = st.sampled_from(("nil", *(f"v{node}" for node in range(n))))

    def link(kind: type[Link], **more: st.SearchStrategy[int]) -> st.SearchStrategy[Atom]:
        def made(ends: tuple[int, int], rest: dict[str, Any]) -> Atom:
            return kind(src=ends[0], dst=ends[1], **rest)

        return st.builds(made, links, st.fixed_dictionaries({**place, "ph": phases, **more}))

    back = st.none() | st.fixed_dictionaries(place)
    kinds: list[st.SearchStrategy[Atom]] = [
        *([] if contract.synchronous else [link(Late)]),
        link(Swap),
        link(Dup, n=st.integers(1, 3)),
        *([] if contract.synchronous else [cut(place, n, rounds)]),
        *([] if contract.skew >= 0 else [st.builds(Skew, node=nodes, d=st.integers(-5, 5))]),
    ]
    honest = [node for node in range(n) if node not in faulty]
    kinds.append(st.builds(Crash, node=st.sampled_from(honest), **place, ph=phases, back=back,
                           when=st.sampled_from(("after-send", "after-persist", "before-persist")),
                           disk=st.sampled_from(("synced", "lost-tail"))))  # fmt: skip
    if faulty:
        liars = st.sampled_from(faulty)
        act: st.SearchStrategy[Any] = st.one_of(st.just("omit"), values.map(lambda value: {"value": value}),
                        st.sampled_from((-1, 1)).map(lambda step: {"round": step}),
                        st.integers(1, 3).map(lambda k: {"stale": k}), st.sampled_from(BROKEN),
                        nodes.map(lambda node: {"payload": f"v{node}"}))  # fmt: skip
        lying = st.builds(Byz, **place, ph=phases, src=liars, act=act, dst=nodes)
        kinds.append(lying.filter(lambda atom: atom.src != atom.dst))
        kinds.append(st.builds(Drop, **place, ph=phases, src=liars, dst=st.sampled_from(honest)))
        others = subsets(honest)
        valid_rounds = st.none() | st.integers(-1, rounds - 1)
        kinds.append(st.builds(Support, **place, src=liars, to=others, value=values, vr=valid_rounds))
        kinds.append(st.builds(Twin, **place, src=liars, to=others))
        kinds.append(st.builds(Shift, **place, src=liars, to=others, from_=st.fixed_dictionaries(place)))
        kinds.append(st.builds(Flood, **place, ph=phases, src=liars, n=st.integers(1, 20)))
        posing = st.none() | st.sampled_from(honest)
        injected = st.builds(Inject, **place, ph=phases, src=liars, dst=st.sampled_from(honest), value=values,
                             vr=valid_rounds, posing=posing)  # fmt: skip
        kinds.append(injected)
        if contract.slotted:
            until = st.integers(1, 2 * contract.depth + rounds)
            forks = st.builds(Fork, r=place["r"], to_r=until, src=liars, to=subsets(honest))
            kinds.append(forks.filter(lambda atom: atom.to_r > atom.r))
    return st.one_of(kinds)


def cut(place: dict[str, st.SearchStrategy[int]], n: int, rounds: int) -> st.SearchStrategy[Atom]:
    """A partition."""
    return st.builds(Cut, **place, to_r=st.integers(0, rounds), side=subsets(range(n)))


def subsets(nodes: range | list[int]) -> st.SearchStrategy[tuple[int, ...]]:
    """A non-empty set of nodes, in order."""
    chosen = st.sets(st.sampled_from(list(nodes)), min_size=1, max_size=max(1, len(nodes) - 1))
    return chosen.map(lambda found: tuple(sorted(found)))


@st.composite
def plans(draw: st.DrawFn, contract: Contract, n: int = 4, heights: int = 2, most: int = 24) -> Plan:
    """A plan that the contract admits: up to `most` atoms over up to four rounds, or over those a run needs."""
    if contract.slotted:
        return draw(chains(contract, n, heights, most))
    count = draw(st.integers(0, contract.most_liars(n)))
    faulty = tuple(sorted(draw(st.sets(st.integers(0, n - 1), min_size=count, max_size=count))))
    rounds, named = draw(st.sampled_from((3, 4))), heights
    if contract.rounds == "run":
        rounds, named = rounds + contract.last_round(heights), 1
    listed = draw(st.lists(atoms(contract, n, faulty, named, rounds), max_size=most))
    after = {node: draw(st.sampled_from(("silent", "byzantine"))) for node in faulty if draw(st.booleans())}
    usual, *others = contract.delays()
    return Plan(engine=contract.engine, n=n, faulty=faulty, after=after, heights=heights, atoms=tuple(listed),
                links=contract.links, delta=draw(st.sampled_from((usual, usual, *others))))  # fmt: skip


@st.composite
def chains(draw: st.DrawFn, contract: Contract, n: int, heights: int, most: int) -> Plan:
    """A plan for a longest chain: first its luck, mended until it is calm (CON-130), then up to `most` atoms."""
    bare = Plan(engine=contract.engine, n=n, heights=heights, links=contract.links, delta=contract.delta)
    luck, count = draw(st.randoms(use_true_random=False)), draw(st.integers(0, contract.most_liars(n)))
    plan = draw_luck(luck, contract, bare, count)
    rounds = draw(st.sampled_from((3, 4))) + contract.last_round(heights)
    listed = tuple(draw(st.lists(atoms(contract, n, plan.faulty, 1, rounds), max_size=most)))
    gst = plan.gst if contract.synchronous else contract.horizon(plan) * contract.timeout[0]
    full = evolve(plan, gst=gst, atoms=listed)
    return full if is_admitted(contract, full) else evolve(full, atoms=without_crashes(listed))


def without_crashes(listed: tuple[Atom, ...]) -> tuple[Atom, ...]:
    """The atoms that take away no fortune: a slot of who may crash is not calm."""
    return tuple(atom for atom in listed if not isinstance(atom, Crash))
