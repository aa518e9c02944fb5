"""L3-opaque: what can be held against liars of a protocol that no profile describes.

A liar here is the node itself under test: twice at a time, as it was a while ago, silent towards some, garbled, or
repeating itself. What the kit would have to say in its name is not shown, and is listed as such: this is no L3.
"""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from random import Random

from conformance.adversary.opaque import GARBLED, WORDS
from conformance.conform.catalogue import OPAQUE, Test
from conformance.conform.order import LAWS as AGREED
from conformance.conform.order import drawn, happy
from conformance.conform.session import Session
from conformance.conform.verdicts import Unsupported
from conformance.plan import Byz, Cut, Late, Plan, Shift, Twin
from conformance.sentences import say

__all__ = ["tests"]

LAWS = tuple(law for law in AGREED if law not in ("INV-S6", "INV-S7", "INV-V3"))
PARTS = 12
"""Tests of plans drawn at random."""
SEED = 20_261_129
DEAF = 0.15
"""Chance that one message does not reach one member in time."""
TO = ((2,), (3,), (2, 3))
MISSING = {
    "forging": "CON-016", "injection": "CON-010", "step-rules": "INV-S7", "certificates": "INV-S6",
    "accountability": "INV-A2",
}  # fmt: skip
"""What is not shown of a protocol that the kit cannot read: name -> clause."""


def word_kind(session: Session) -> str:
    """The one kind of message."""
    return session.profile().contract.phases[0]


def twins(session: Session) -> None:
    """Two honest instances of one member, each serving some of the others from some message on, fork nothing."""
    contract = session.profile().contract
    session.hold_all((happy(contract, 4, 2, faulty=(liar,), atoms=(Twin(r=r, src=liar, to=to),))
                      for liar, r, to in product((0, 1), (0, 1, 2, 3), TO)), "twin")  # fmt: skip


def twins_apart(session: Session) -> None:
    """The same while those whom one instance serves cannot hear those whom the other serves."""
    contract = session.profile().contract

    def plans() -> Iterator[Plan]:
        for liar, to, until in product((0, 1), TO, (1, 3, 6)):
            yield happy(contract, 4, 2, faulty=(liar,), atoms=(Twin(r=0, src=liar, to=to),
                                                               Cut(r=0, to_r=until, side=to)))  # fmt: skip

    session.hold_all(plans(), "twin", "cut")


def twins_of_another_time(session: Session) -> None:
    """A second instance of a member, as it was a few messages ago, that wakes and serves some."""
    contract = session.profile().contract
    session.hold_all((happy(contract, 4, 2, faulty=(liar,), atoms=(
        Shift(r=r, src=liar, to=to, from_={"h": 1, "r": since}),))
        for liar, r, since, to in product((0, 1), (2, 4), (0, 1), TO)), "shift")  # fmt: skip


def silent(session: Session) -> None:
    """A liar that withholds its messages from some, or falls silent, stops nobody."""
    contract = session.profile().contract
    ph = word_kind(session)

    def plans() -> Iterator[Plan]:
        for liar, r in product(range(4), (0, 1, 2)):
            atoms = tuple(Byz(r=r, ph=ph, src=liar, dst=dst, act="omit") for dst in range(4) if dst != liar)
            yield happy(contract, 4, 2, faulty=(liar,), after={liar: "silent"}, atoms=atoms)
            yield happy(contract, 4, 2, faulty=(liar,), atoms=atoms[:1])

    session.hold_all(plans(), "byz")


def altered(session: Session, acts: tuple[object, ...]) -> None:
    """A liar's message is replaced as these acts say, towards some."""
    contract, ph = session.profile().contract, word_kind(session)

    def plans() -> Iterator[Plan]:
        for r, act in product(range(3), acts):
            for dsts in ((1,), (1, 2, 3)):
                atoms = tuple(Byz(r=r, ph=ph, src=0, dst=dst, act=act) for dst in dsts)
                yield happy(contract, 4, 2, faulty=(0,), atoms=atoms)

    session.hold_all(plans(), "byz")


def split(session: Session, part: int) -> None:
    """Twins while, message by message, some cannot hear some: what splits votes over several rounds."""
    contract, rng, ph = session.profile().contract, Random(f"{SEED}/{part}"), word_kind(session)

    def plans() -> Iterator[Plan]:
        for _ in range(60 * session.effort):
            liar = rng.randrange(4)
            served = rng.choice([node for node in range(4) if node != liar])
            links = [(r, src, dst) for r, src, dst in product(range(WORDS), range(4), range(4)) if src != dst]
            deaf = [Late(r=r, ph=ph, src=src, dst=dst) for r, src, dst in links if rng.random() < DEAF]
            yield happy(contract, 4, 1, faulty=(liar,), atoms=(Twin(r=0, src=liar, to=(served,)), *deaf))

    session.hold_all(plans(), "twin", "late")


def missing(session: Session, name: str) -> None:
    """It cannot be shown."""
    raise Unsupported(say(f"opaque.{name}"))


def tests() -> list[Test]:
    """In the order of the file."""
    needs, stale = ("profile",), tuple({"stale": k} for k in (1, 2, 3))

    def test(name: str, run: Callable[[Session], None], *tags: str) -> Test:
        return Test(f"{OPAQUE}.{name}", OPAQUE, LAWS, run, ("liar", *tags), needs=needs)

    listed = [
        test("twins", twins, "twins"),
        test("twins-apart", twins_apart, "twins", "partition"),
        test("twins-of-another-time", twins_of_another_time, "twins"),
        test("silent", silent),
        test("repeated", partial(altered, acts=stale)),
        test("garbled", partial(altered, acts=GARBLED)),
    ]
    listed += [test(f"split-{part}", partial(split, part=part), "twins", "drawn") for part in range(PARTS)]
    listed += [test(f"drawn-{part}", partial(drawn, way="opaque", part=part), "drawn") for part in range(PARTS)]
    return listed + [Test(f"{OPAQUE}.not-shown.{name}", OPAQUE, (clause,), partial(missing, name=name), binds=False)
                     for name, clause in MISSING.items()]  # fmt: skip
