"""L2 and L3 of a longest chain (longest_chain/1): common prefix at depth k, growth, quality and eligibility, each under
every rule of eligibility.

Why apart: such a protocol promises nothing where messages are late, so faults are of another kind: who has the slots,
what liars do with theirs. A plan is asked for only if its slots are calm (CON-130). Where work decides, nodes search
for themselves and no plan can say who wins: what needs luck is listed as not shown. It must not know a node.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import product
from random import Random
from typing import Any

from conformance.adversary.generate import draw_plan
from conformance.adversary.slots import is_admitted
from conformance.conform.catalogue import Test
from conformance.conform.order import SEED, happy
from conformance.conform.session import Session
from conformance.conform.verdicts import Failed, Unsupported
from conformance.contract import Contract
from conformance.plan import Atom, Byz, Crash, Dup, Fork, Inject, Late, Plan, Skew, Support, Swap, Twin
from conformance.sentences import say
from conformance.standard import profile
from conformance.trace import trace_digest
from conformance.zoo import ZOO, load

__all__ = ["PROFILE", "rules", "tests"]

PROFILE = "longest_chain/1"
WORK = "nakamoto"
"""The rule under which nodes search, so that no plan says who wins."""
LAWS = ("INV-S1", "INV-S2", "INV-S3", "INV-S4", "INV-S5", "INV-S7", "INV-V1")
Lies = Callable[[int], Iterator[tuple[Atom, ...]]]
"""Liar -> what it does in each run."""
SLOTS = 15
"""Slots of a run in which work decides: no window of blocks ends in them, so no block needs more than the first."""
DRAWN, PARTS = 25, 2
"""Plans of one test at the usual effort, and tests of a rule."""
WAYS = ("macro", "sparse")


def rules() -> tuple[str, ...]:
    """The rules of eligibility, in order of name."""
    found = profile(PROFILE)
    assert found is not None, "the kit carries it"
    return tuple(found.rules)


def contract_of(session: Session, rule: str) -> Contract:
    """What the profile declares under a rule."""
    return session.profile().rules[rule].contract


def base(contract: Contract, heights: int, **more: Any) -> Plan:
    """A plan of four members whose slots are calm with one of them lost. Where work decides its lottery only says so:
    nodes search for themselves, and one that lies has no more luck than another."""
    lottery = tuple((slot % 4,) for slot in range(SLOTS)) if contract.turns == "work" else ()
    return happy(contract, 4, heights, lottery=lottery, **more)


def calm(contract: Contract, plans: Iterable[Plan]) -> Iterator[Plan]:
    """Those of the plans that the contract admits."""
    return (plan for plan in plans if is_admitted(contract, plan))


def happy_ones(session: Session, rule: str) -> None:
    """Without faults every member decides every height, however many they are."""
    for n, heights in ((1, 2), (4, 3), (7, 2)):
        history = session.hold(happy(contract_of(session, rule), n, heights))
        if history.why != "done":
            raise Failed("NET-031", say("everybody"), say("ended", why=say(f"ended.{history.why}")))


def long(session: Session, rule: str) -> None:
    """Over a long run the chain grows as slots are won, and no few blocks in a row are anybody's alone."""
    contract = contract_of(session, rule)
    session.hold(happy(contract, 4, 3 * contract.depth_of(4)))


def weighed(session: Session, rule: str) -> None:
    """Whose slots come how often is decided by weight."""
    for weights in ((1, 1, 1, 3), (3, 2, 2, 1)):
        session.hold(happy(contract_of(session, rule), 4, 3, weights=weights))


def repeatable(session: Session, rule: str) -> None:
    """Two runs of one plan are one run, also with the members made in another order."""
    plan = happy(contract_of(session, rule), 4, 3)
    digests = [trace_digest(session.play(plan, backwards=backwards)) for backwards in (False, False, True)]
    if len(set(digests)) > 1:
        raise Failed("NOD-051", digests[0], ", ".join(digests[1:]))


def crashes(session: Session, rule: str) -> None:
    """A member that crashes as it makes a block, and comes back, keeps all laws."""
    contract = contract_of(session, rule)
    plans = (base(contract, 2, gst=40, atoms=(Crash(node=node, r=r, ph="block", when=when, disk=disk),))
             for node, r, when, disk in product((0, 1, 2), range(4), ("after-persist", "after-send"),
                                                ("synced", "lost-tail")))  # fmt: skip
    session.hold_all(calm(contract, plans), "crash")


def reordered(session: Session, rule: str) -> None:
    """Blocks that overtake each other or come twice within their slot change nothing."""
    contract, slots = contract_of(session, rule), range(4)
    session.hold_all((happy(contract, 4, 2, atoms=tuple(
        kind(r=r, ph="block", src=src, dst=(src + 1) % 4) for r, src in product(slots, range(4))))
        for kind in (Swap, Dup)), "swap", "dup")  # fmt: skip


# --- liars ---


def lied(
    session: Session, rule: str, made: Lies, wanted: tuple[str, ...]
) -> None:
    """One liar of four does with its slots what these atoms say."""
    contract = contract_of(session, rule)
    plans = (base(contract, 3, faulty=(liar,), atoms=atoms) for liar in range(4) for atoms in made(liar))
    session.hold_all(calm(contract, plans), *wanted)


def silences(liar: int) -> Iterator[tuple[Atom, ...]]:
    """Its blocks are kept from some, from all, or come late."""
    others = [node for node in range(4) if node != liar]
    for to in (others[:1], others):
        yield tuple(Byz(r=r, ph="block", src=liar, dst=dst, act="omit") for r, dst in product(range(12), to))
        yield tuple(Late(r=r, ph="block", src=liar, dst=dst) for r, dst in product(range(12), to))


def garbled(liar: int) -> Iterator[tuple[Atom, ...]]:
    """Its blocks have other contents, a broken signature, or are old ones."""
    for act in ("corrupt", "badsig", {"stale": 1}):
        yield tuple(Byz(r=r, ph="block", src=liar, dst=dst, act=act) for r, dst in product(range(8), range(4))
                    if dst != liar)  # fmt: skip


def doubles(liar: int) -> Iterator[tuple[Atom, ...]]:
    """In a slot it makes one block for some and another for others; or there are two of it."""
    others = tuple(node for node in range(4) if node != liar)
    for r in range(8):
        yield (Support(r=r, src=liar, to=others[:1], value=f"v{liar}.1"),)
        yield (Support(r=r, src=liar, to=others[1:], value=f"v{liar}.1"),)
    yield (Twin(r=0, src=liar, to=others[:1]),)
    yield (Twin(r=2, src=liar, to=others[1:]),)


def usurped(liar: int) -> Iterator[tuple[Atom, ...]]:
    """It makes blocks in slots that are not its own, or without the work."""
    others = tuple(node for node in range(4) if node != liar)
    for r in range(4):
        yield tuple(Inject(r=r, ph="block", src=liar, dst=dst, value=f"v{liar}.1") for dst in others)
        yield tuple(Inject(r=r, ph="block", src=liar, dst=dst, value=f"v{liar}.1", vr=-1) for dst in others[:1])


def early(liar: int) -> Iterator[tuple[Atom, ...]]:
    """Before their slot begins it shows blocks that are not its own, or without the work, and no others: they are all
    that anybody knows of the slot when it begins."""
    others = tuple(node for node in range(4) if node != liar)
    mute = tuple(Byz(r=r, ph="block", src=liar, dst=dst, act="omit") for r, dst in product(range(SLOTS), others))
    for r in range(1, 5):
        injected = tuple(Inject(r=r, ph="block", src=liar, dst=dst, value=f"v{liar}.1") for dst in others)
        yield (Skew(node=liar, d=4), *mute, *injected)


def hurried(liar: int) -> Iterator[tuple[Atom, ...]]:
    """Its clock is some slots ahead."""
    for slots in (1, 4, 8):
        yield (Skew(node=liar, d=4 * slots),)


def hidden(liar: int) -> Iterator[tuple[Atom, ...]]:
    """It works in secret for some slots, and then shows some or all what it made."""
    others = tuple(node for node in range(4) if node != liar)
    for r, length, to in product((0, 2), (2, 6, 10), (others, others[:1])):
        yield (Fork(r=r, to_r=r + length, src=liar, to=to),)


def drawn(session: Session, rule: str, way: str, part: int) -> None:
    """Plans drawn at random, the same for everybody: how slots fall, private chains, clones, crashes."""
    contract, rng = contract_of(session, rule), Random(f"{SEED}/{rule}/{way}/{part}")
    session.hold_all(draw_plan(rng, contract, n=4, heights=2, profile=way) for _ in range(DRAWN * session.effort))


def witness(session: Session, rule: str, name: str) -> None:
    """The plan that shows a planted bug shows nothing here."""
    plan = ZOO[name].witness
    assert plan is not None, "it has one"
    session.hold(plan)


def luck(session: Session) -> None:
    """It cannot be shown."""
    raise Unsupported(say("profile.luck"))


def tests() -> list[Test]:
    """In the order of the file."""
    load()
    orderly = {"happy": happy_ones, "long": long, "weighed": weighed, "repeatable": repeatable, "crash": crashes,
               "reordered": reordered}  # fmt: skip
    lies: dict[str, tuple[Lies, tuple[str, ...]]] = {
        "silent": (silences, ("byz", "late")), "garbled": (garbled, ("byz",)), "early": (early, ("inject",)),
        "hurried": (hurried, ()),
        "doubled": (doubles, ("support", "twin")), "usurped": (usurped, ("inject",)), "hidden": (hidden, ("fork",)),
    }  # fmt: skip
    found: list[Test] = []

    def enter(level: str, rule: str, name: str, run: Callable[[Session], None], *clauses: str) -> None:
        found.append(Test(f"{level}.chain.{rule}.{name}", level, (*clauses, *LAWS), run, ("chain",), needs=("slots",)))

    for rule in rules():
        for name, run in orderly.items():
            enter("L2", rule, name, partial(run, rule=rule), "CON-122", "CON-127", "CON-129")
        for name, (made, wanted) in lies.items():
            if rule != WORK or name in ("silent", "garbled", "early", "usurped"):
                enter("L3", rule, name, partial(lied, rule=rule, made=made, wanted=wanted), "CON-123", "CON-130")
        for way, part in product(WAYS if rule != WORK else (), range(PARTS)):
            enter("L3", rule, f"drawn.{way}-{part}", partial(drawn, rule=rule, way=way, part=part), "CON-130")
        for name in sorted(ZOO):
            if ZOO[name].of == rule != WORK and ZOO[name].witness is not None:
                enter("L3", rule, f"witness.{name}", partial(witness, rule=rule, name=name), "CON-130")
    not_shown = f"L3.chain.{WORK}.not-shown.hidden"
    return [*found, Test(not_shown, "L3", ("CON-130",), luck, ("chain",), binds=False, needs=("slots",))]
