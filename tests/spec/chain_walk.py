"""The model of the chain and the real node, step against step.

Every edge between the model's reachable states is taken by a real node with a real store, and the whole state of the
two is compared after each: disk, memory, what is pending, what was sent, what was reported. It must not know how a node
is read; `chain_node` says that.
"""

from collections import Counter
from typing import NamedTuple

from tests.spec.chain_model import Chain, Did, State
from tests.spec.chain_node import Site, in_order
from tests.spec.explore import Diverged


class Walked(NamedTuple):
    """What a walk came to."""

    states: int
    edges: int
    acts: Counter[str]


def normal(state: State) -> State:
    """The state with records in the order of round and phase: a store has an order of its own."""
    node, disk = state.node, state.disk
    return state._replace(
        node=node._replace(said=in_order(list(node.said))), disk=disk._replace(records=in_order(list(disk.records)))
    )


def compare(site: Site, did: Did, after: State) -> None:
    """Raise `Diverged` unless the site is what the model says it is after this step."""
    got, wanted = site.state(after), normal(after)
    for name, have, want in zip(State._fields, got, wanted, strict=True):
        if have != want:
            raise Diverged(f"{did}: {name} is {have}; the model says {want}")


def every_edge(machine: Chain) -> Walked:
    """Every edge between reachable states, taken by the node that came there."""
    start, site = machine.initial(), Site.begin()
    compare(site, Did("init"), start)
    seen, layer, acts = {start}, [(start, site)], Counter[str]()
    while layer:
        found = []
        for here, did, after in ((here, *step) for state, here in layer for step in machine.successors(state)):
            there = here.fork()
            there.take(did)
            compare(there, did, after)
            acts[did.act] += 1
            if after not in seen:
                seen.add(after)
                found.append((after, there))
        layer = found
    return Walked(len(seen), acts.total(), acts)
