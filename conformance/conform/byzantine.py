"""L3: the same laws while up to a third of the weight lies. The kit plays the liars, with their keys and no others.

Where the kit speaks the protocol, liars say what no honest copy would; where it does not, they are twinned, delayed and
silenced. The witnesses are the smallest plans known to show a planted bug: a correct node keeps every law under them.
"""

from collections.abc import Iterator
from functools import partial
from random import Random

from conformance.adversary.generate import PROFILES, draw_plan
from conformance.conform.catalogue import Test
from conformance.conform.order import LAWS, SEED, drawn, happy, witness, witnesses
from conformance.conform.session import Session
from conformance.conform.verdicts import Unsupported
from conformance.plan import Byz, Plan, Support, Twin
from conformance.sentences import say

__all__ = ["tests"]

PARTS = {"macro": 6, "heard-of": 4, "pct": 2, "byzzfuzz": 2, "sparse": 2}
"""Way to draw plans -> how many tests it makes."""
ENGINES = ("tendermint", "pbft", "hotstuff", "streamlet")
"""Engines whose witnesses are played."""


def must_speak(session: Session) -> None:
    """Raise `Unsupported` unless the kit can say messages of the protocol."""
    profile = session.profile()
    if not profile.spoken:
        raise Unsupported(say("profile.unspoken", name=profile.name))


def spoken_witness(session: Session, name: str) -> None:
    """The plan that shows a planted bug shows nothing here; its liars speak."""
    must_speak(session)
    witness(session, name)


def equivocating_proposer(session: Session) -> None:
    """A liar that proposes one value to some and another to the others convinces nobody twice."""
    must_speak(session)
    contract = session.profile().contract

    def plans() -> Iterator[Plan]:
        for to in ((3,), (2, 3), (1,), (1, 2, 3)):
            for value in ("v1", "v0.1"):
                for mood in ("", "silent"):
                    yield happy(contract, 4, 2, faulty=(0,), after={0: mood} if mood else {},
                                atoms=(Support(r=0, src=0, to=to, value=value),))  # fmt: skip

    session.hold_all(plans(), "support")


def silent(session: Session) -> None:
    """A liar that withholds its words from some, or falls silent, stops nobody."""
    contract = session.profile().contract

    def plans() -> Iterator[Plan]:
        for liar in range(4):
            for phase in contract.phases:
                atoms = tuple(Byz(r=0, ph=phase, src=liar, dst=dst, act="omit") for dst in range(4) if dst != liar)
                yield happy(contract, 4, 2, faulty=(liar,), after={liar: "silent"}, atoms=atoms)
                yield happy(contract, 4, 2, faulty=(liar,), atoms=atoms[:1])

    session.hold_all(plans(), "byz")


def damaged(session: Session) -> None:
    """Words with other contents or a broken signature are as if they had not been said."""
    contract = session.profile().contract

    def plans() -> Iterator[Plan]:
        for phase in contract.phases:
            for act in ("corrupt", "badsig"):
                atoms = tuple(Byz(r=0, ph=phase, src=0, dst=dst, act=act) for dst in (1, 2))
                yield happy(contract, 4, 2, faulty=(0,), atoms=atoms)

    session.hold_all(plans(), "byz")


def twins(session: Session) -> None:
    """Two honest instances of one member, each serving some of the others, fork nothing."""
    contract = session.profile().contract
    plans = (happy(contract, 4, 2, faulty=(liar,), atoms=(Twin(r=r, src=liar, to=to),))
             for liar in (0, 1) for r in (0, 1) for to in ((2,), (3,), (2, 3)))  # fmt: skip
    session.hold_all(plans, "twin")


def too_many(session: Session) -> None:
    """With more liars than it bears nobody honest is accused, and honest members keep to their word."""
    must_speak(session)
    contract, rng = session.profile().contract, Random(SEED)
    for _ in range(20 * session.effort):
        liars = contract.most_liars(4) + 1
        session.hold(draw_plan(rng, contract, n=4, liars=liars, heights=1, profile="macro", tier="accountability"))


def tests() -> list[Test]:
    """In the order of the file."""
    needs, laws = ("profile",), (*LAWS, "INV-A2")
    listed = [
        Test("L3.agreement.equivocating-proposer", "L3", ("CON-016", *laws), equivocating_proposer, ("liar",),
             needs=needs),
        Test("L3.liar.silent", "L3", ("CON-006", "CON-026", *laws), silent, ("liar",), needs=needs),
        Test("L3.liar.damaged", "L3", ("NET-002", "NET-003", *laws), damaged, ("liar",), needs=needs),
        Test("L3.liar.twins", "L3", ("CON-011", "CON-019", *laws), twins, ("liar", "twins"), needs=needs),
        Test("L3.accountability.too-many", "L3", ("INV-A2", "INV-S7"), too_many, ("liar",), needs=needs),
    ]  # fmt: skip
    listed += [Test(f"L3.witness.{name}", "L3", laws, partial(spoken_witness, name=name), ("liar", "witness"),
                    engine=engine, needs=needs) for engine in ENGINES for name in witnesses(engine)]  # fmt: skip
    return listed + [
        Test(f"L3.drawn.{way}-{part}", "L3", laws, partial(drawn, way=way, part=part), ("liar", "drawn"), needs=needs)
        for way in PROFILES
        for part in range(PARTS[way])
    ]
