"""The suite against its own zoo: every planted bug must be killed, or the suite is too weak to trust.

Why: a green run says nothing if nothing could have been red. A kill counts only if the plan fails on the planted bug,
in a class that its entry lists, and passes on the reference. Controls beside the zoo: the reference stays green, and a
consortium with more liars than it bears falls.

It must not print. Bugs of the ledger are judged by laws over blocks (`conformance.zoo.laws`), not by plans.
"""

from collections.abc import Iterator, Mapping
from functools import partial

from attrs import frozen

from conformance.drivers.explore import Campaign, Found, play_range, shrink_found
from conformance.drivers.workers import workers as side_by_side
from conformance.targets import Target, contract
from conformance.zoo import APART, SURVIVORS, ZOO, Entry, load
from conformance.zoo.laws import broken

SEARCH = 2_000
"""Plans a search may take for one bug; a witness comes first where there is one."""
STRETCH = 100
REFERENCES: Mapping[str, int] = {
    "tendermint": 1_000, "pbft": 400, "hotstuff": 300, "streamlet": 200, "raft": 500, "authority": 40, "nakamoto": 40,
    "stake": 40, "delegated": 40,
}  # fmt: skip
"""Engine -> plans under which its reference must stand."""


@frozen
class Kill:
    """What became of one planted bug, or of a control."""

    id: str
    tier: str
    clause: str
    """The class in which it was killed; empty if it survived."""
    how: str
    """`witness`, `search`, `law` or `control`."""
    runs: int
    size: int
    """Atoms of the plan that kills, shrunk where it was searched for."""

    @property
    def killed(self) -> bool:
        """Whether it was found."""
        return bool(self.clause)


def engine_bugs() -> list[Entry]:
    """The entries that plans can hunt."""
    load()
    return [entry for entry in ZOO.values() if entry.of not in APART and entry.id not in SURVIVORS]


def selfcheck(workers: int = 1) -> Iterator[Kill]:
    """One result after the other: the zoo, then the controls, on so many processes."""
    tasks = [partial(hunt, entry.id) for entry in engine_bugs()]
    tasks += [partial(by_law, entry.id) for entry in ZOO.values() if entry.of == "ledger"]
    for engine, runs in REFERENCES.items():
        tasks.append(partial(reference_stands, engine, runs))
        law = contract(engine)
        if law.crash_only:
            tasks.append(partial(too_many_liars, engine, "f = 1 of 4", nodes=4, liars=1))
        elif law.slotted:
            tasks.append(partial(too_many_liars, engine, "f = 3 of 4", nodes=4, liars=3))
        else:
            tasks.append(partial(too_many_liars, engine, "n = 3f", nodes=3, liars=1))
            tasks.append(partial(too_many_liars, engine, "f = 2 of 4", nodes=4, liars=2))
    if workers == 1:
        yield from (task() for task in tasks)
        return
    with side_by_side(workers) as pool:
        for future in [pool.submit(task) for task in tasks]:
            yield future.result()


def hunt(name: str) -> Kill:
    """One planted bug, by its witness or else by search."""
    load()
    return by_witness(ZOO[name]) or by_search(ZOO[name])


def by_law(name: str) -> Kill:
    """One bug of the ledger, by the law that it breaks and the right ledger keeps."""
    load()
    entry = ZOO[name]
    return Kill(name, entry.tier, entry.breaks[0] if broken(name, entry.make) else "", "law", 1, 0)


def by_witness(entry: Entry) -> Kill | None:
    """The kill by the plan that the entry ships, if it ships one."""
    plan = entry.witness
    if plan is None:
        return None
    clause = next((one for one in entry.breaks if Target(entry.id).breaks(plan, one)), "")
    return Kill(entry.id, entry.tier, clause, "witness", 1, plan.size)


def by_search(entry: Entry) -> Kill:
    """The first kill that drawn plans come upon."""
    campaign = Campaign(entry.of, 1, SEARCH, zoo=entry.id)
    for found, clause in news(campaign, entry):
        shrunk = shrink_found(campaign, found, clause, 400)
        if shrunk is not None:
            return Kill(entry.id, entry.tier, clause, "search", found.number + 1, shrunk.plan.size)
    return Kill(entry.id, entry.tier, "", "search", SEARCH, 0)


def news(campaign: Campaign, entry: Entry) -> Iterator[tuple[Found, str]]:
    """Plans that break a class which the entry lists and the empty plan does not break, as the search finds them."""
    for first in range(0, campaign.runs, STRETCH):
        for found in play_range(campaign, first, min(STRETCH, campaign.runs - first)).found:
            for clause in sorted(set(found.classes) & set(entry.breaks) - set(entry.empty_breaks)):
                yield found, clause


def reference_stands(engine: str, runs: int) -> Kill:
    """The control that must not fall: killed here means that it stood."""
    tally = play_range(Campaign(engine, 2, runs), 0, runs)
    return Kill(engine, "control", "" if tally.found else "none broken", "control", tally.runs, 0)


def too_many_liars(engine: str, name: str, *, nodes: int, liars: int) -> Kill:
    """A consortium with more liars than it bears must break agreement or stop."""
    name = f"{engine} {name}"
    campaign = Campaign(engine, 3, SEARCH, nodes=nodes, liars=liars, heights=1)
    for first in range(0, SEARCH, STRETCH):
        found = play_range(campaign, first, STRETCH).found
        if found:
            return Kill(name, "control", found[0].classes[0], "control", found[0].number + 1, found[0].plan.size)
    return Kill(name, "control", "", "control", SEARCH, 0)
