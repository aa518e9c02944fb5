"""L2: one order among correct members, under crashes, slow and reordered messages, cuts and clocks that differ.

Every run is a plan, judged by the checkers of the invariants. It must not know a protocol: phases are its profile's.
"""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from random import Random

from attrs import evolve

from conformance.adversary.generate import PROFILES, draw_plan
from conformance.conform.catalogue import Test
from conformance.conform.session import Session
from conformance.conform.verdicts import Failed
from conformance.contract import Contract
from conformance.plan import Crash, Cut, Dup, Late, Plan, Skew, Swap
from conformance.plan_shapes import MOMENTS
from conformance.sentences import say
from conformance.trace import trace_digest
from conformance.zoo import ZOO, load

__all__ = ["LAWS", "drawn", "happy", "tests", "witness", "witnesses"]

LAWS = ("INV-S1", "INV-S2", "INV-S3", "INV-S4", "INV-S5", "INV-S6", "INV-S7", "INV-V1", "INV-V2",
        "INV-V3", "INV-V4")  # fmt: skip
DRAWN = 60
"""Plans of each way to draw, at the usual effort."""
SEED = 20_261_128
CRASHING = ("raft",)
"""Engines that bear crashes and no lies, so that their witnesses are played here."""


def places(contract: Contract) -> tuple[int, ...]:
    """Rounds in which a first height is spoken of when all goes well: where a leader is elected first, later ones.
    Where nothing can be read, a member's first messages of the height."""
    if contract.opaque:
        return (0, 1, 2)
    return (1, 2) if contract.turns == "elected" else (0,)


def happy(contract: Contract, n: int, heights: int, **more: object) -> Plan:
    """The plan without faults."""
    return Plan(engine=contract.engine, n=n, heights=heights, links=contract.links, delta=contract.delta, **more)  # type: ignore[arg-type]  # fields of Plan


def witnesses(engine: str) -> dict[str, Plan]:
    """Planted bug -> the smallest plan known that shows it, of one engine."""
    load()
    found = {name: entry.whole or entry.witness for name, entry in ZOO.items() if entry.of == engine}
    return {name: plan for name, plan in sorted(found.items()) if plan is not None}


def witness(session: Session, name: str) -> None:
    """The plan that shows a planted bug shows nothing here."""
    session.hold(witnesses(session.profile().contract.engine)[name])


def empty_plan(session: Session, n: int, heights: int) -> None:
    """Without faults every member decides every height."""
    history = session.hold(happy(session.profile().contract, n, heights))
    if history.why != "done":
        raise Failed("NET-031", say("everybody"), say("ended", why=say(f"ended.{history.why}")))


def weights(session: Session) -> None:
    """Quorums are counted by weight."""
    contract = session.profile().contract
    for listed in ((1, 1, 1, 3), (5, 1, 1, 1), (2, 2, 1, 1)):
        session.hold(happy(contract, 4, 2, weights=listed))


def busy(session: Session) -> None:
    """Where several clients hand in something at the start, no correct member leaves any of it out for long."""
    session.hold(happy(session.profile().contract, 4, 2, load=3))


def repeatable(session: Session) -> None:
    """Two runs of one plan are one run, also with the members made in another order."""
    contract = session.profile().contract
    plan = draw_plan(Random(SEED), contract, n=4, liars=0, heights=2, profile="sparse")
    digests = [trace_digest(session.play(plan, backwards=backwards)) for backwards in (False, False, True)]
    if len(set(digests)) > 1:
        raise Failed("NOD-051", digests[0], ", ".join(digests[1:]))


def crashes(session: Session, when: str) -> None:
    """A member that crashes around any of its words, and comes back, keeps all laws."""
    contract = session.profile().contract

    def plans() -> Iterator[Plan]:
        backs = (None, {"h": 1, "r": places(contract)[-1] + 1})
        kinds = product(contract.phases, (0, 1), ("synced", "lost-tail"), backs, places(contract))
        for phase, node, disk, back, r in kinds:
            atom = Crash(node=node, r=r, ph=phase, when=when, disk=disk, back=back)
            yield happy(contract, 4, 2, atoms=(atom,))

    session.hold_all(plans(), "crash")


def late(session: Session) -> None:
    """A proposal or a vote that comes late costs time, and nothing else."""
    contract = session.profile().contract
    plans = (happy(contract, 4, 2, atoms=tuple(Late(r=r, ph=phase, src=src, dst=dst) for r in places(contract)
                                               for dst in range(4) if dst != src))
             for phase in contract.phases for src in (0, 2))  # fmt: skip
    session.hold_all(plans, "late")


def cuts(session: Session, sides: tuple[tuple[int, ...], ...]) -> None:
    """Members that cannot hear each other decide nothing that differs, and go on when they can."""
    contract = session.profile().contract
    plans = (happy(contract, 4, 2, atoms=(Cut(h=h, r=0, to_r=to_r, side=side),))
             for side in sides for to_r in (0, 2) for h in (1, 2))  # fmt: skip
    session.hold_all(plans, "cut")


def reordered(session: Session) -> None:
    """Messages that overtake each other or come several times change nothing."""
    contract = session.profile().contract

    def plans() -> Iterator[Plan]:
        for phase in contract.phases:
            for kind in (Swap, Dup):
                yield happy(contract, 4, 2, atoms=tuple(
                    kind(r=r, ph=phase, src=src, dst=(src + 1) % 4) for src in range(4) for r in places(contract)
                ))  # fmt: skip

    session.hold_all(plans(), "swap", "dup")


def clocks(session: Session) -> None:
    """Clocks that differ by a few seconds are borne, where the profile says so."""
    contract = session.profile().contract
    most = 5 if contract.skew < 0 else contract.skew
    if not most:
        return
    session.hold_all(happy(contract, 4, 2, atoms=(Skew(node=node, d=d),)) for node in (0, 3) for d in (-most, most))


def drawn(session: Session, way: str, part: int, liars: int | None = None) -> None:
    """Plans drawn at random, the same for everybody: no law is broken."""
    contract = session.profile().contract
    rng = Random(f"{SEED}/{way}/{part}/{liars}")
    count = DRAWN * session.effort
    plans = (draw_plan(rng, contract, n=4, liars=liars, heights=2, profile=way) for _ in range(count))
    session.hold_all(plans)


def tests() -> list[Test]:
    """In the order of the file."""
    needs = ("profile",)

    def test(name: str, run: Callable[[Session], None], *clauses: str, tags: tuple[str, ...] = ()) -> Test:
        return Test(f"L2.{name}", "L2", (*clauses, *LAWS), run, tags, needs=needs)

    listed = [
        test("happy.alone", partial(empty_plan, n=1, heights=2), "NET-031"),
        test("happy.four", partial(empty_plan, n=4, heights=3), "NET-031", "CON-016"),
        test("happy.seven", partial(empty_plan, n=7, heights=2), "NET-031", "CON-002"),
        test("happy.busy", busy, "INV-V2"),
        test("happy.weights", weights, "CON-002", "DAT-105"),
        test("pure.repeatable", repeatable, "NOD-051", "NET-010", tags=("pure",)),
        test("late.words", late, "CON-009", "CON-026", tags=("delay",)),
        test("partition.one-alone", partial(cuts, sides=((0,), (2,))), "CON-007", "CON-027", tags=("partition",)),
        test("partition.halves", partial(cuts, sides=((0, 1), (1, 2))), "CON-007", "CON-026", tags=("partition",)),
        test("links.reordered", reordered, "CON-011", "CON-022", tags=("delay",)),
        test("clocks.differ", clocks, "CON-018"),
    ]
    listed += [test(f"crash.{when}", partial(crashes, when=when), "CON-005", "CON-008", "CON-028", "NET-013",
                    tags=("crash",)) for when in MOMENTS]  # fmt: skip
    listed += [evolve(test(f"witness.{name}", partial(witness, name=name), tags=("witness",)), engine=engine)
               for engine in CRASHING for name in witnesses(engine)]  # fmt: skip
    return listed + [test(f"drawn.{way}", partial(drawn, way=way, part=0, liars=0), tags=("drawn",))
                     for way in PROFILES if way != "macro"]  # fmt: skip
