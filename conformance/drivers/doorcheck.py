"""The zoo through the door: every planted bug as a process, found by the same levels as anybody's node.

Why: a suite is as good as the faults it finds, on the machine of whoever relies on it. A bug is caught if some test
says that something is wrong, or if the node cannot be examined, and names what the bug breaks: a bug that is seen by an
accident of its own is not held by the law that forbids it. The reference must pass the same tests. It must not judge.
"""

import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence

from attrs import evolve, frozen

from conformance.conform import chains
from conformance.conform.catalogue import Test, chosen, highest, tests
from conformance.conform.examine import Bench, Unusable, examine
from conformance.conform.verdicts import VIOLATED
from conformance.drivers.levels import Settings, bench_of
from conformance.drivers.workers import workers
from conformance.standard import profiles
from conformance.zoo import APART as WHOLE
from conformance.zoo import ZOO, Entry, load
from conformance.zoo.wire import WIRE

__all__ = ["APART", "REFERENCES", "Caught", "bugs", "hunt", "hunt_all"]

REFERENCE = "reference"
"""The id of the node without a planted bug."""
USUAL = "tendermint/1"
"""The profile of a hunt that is not about a protocol."""
REFERENCES: Mapping[str, str] = {REFERENCE: USUAL} | {
    f"{REFERENCE}:{name}": name for name in ("longest_chain/1", "raft/1")
}
"""Id of a control -> the profile under which the node without a planted bug must be clean; what other protocols have in
common with the usual one is judged there."""
QUICK_SECONDS = 3.0
"""How long a planted bug may be silent."""
FIRST = ("L3.agreement.equivocating-proposer", "L3.liar.silent", "L3.liar.twins", "L2.crash.before-persist",
         "L2.crash.after-send", "L2.happy.four", "L2.happy.weights", "L2.partition.one-alone", "L2.late.words",
         "L3.accountability.too-many")  # fmt: skip
"""Tests by which wrong engines are hunted first, after their own witness."""
HINTS = {
    "D03": ("L1.check.blanks",), "D06": ("L3.block.transaction-repeated",),
    "D07": ("L1.pack.referral.two-in-one-block",), "D08": ("L1.block.judged-at-its-time",),
    "D10": ("L3.block.another-state",), "D13": ("L1.pool.many",), "L02": ("L2.chain.nakamoto.reordered",),
    "L07": ("L3.chain.nakamoto.early",), "T19": ("L3.block.time-ahead",),
    "P03": ("L2.drawn.sparse",), "P05": ("L3.accountability.too-many",), "T01": ("L3.accountability.too-many",),
    "T06": ("L2.drawn.heard-of",), "W05": ("L2.happy.four",), "W07": ("L1.recover.unsynced-lost",),
    "W16": ("L1.pack.access.an-entry-is-amended-by-its-custodian-an-expired-consent-opens-nothing",),
    "W17": ("L1.recover.unsynced-lost",), "W21": ("L2.happy.busy",),
}  # fmt: skip
"""Bug -> tests that are known to find it, so that a hunt is short."""

APART: Mapping[str, str] = {
    "D01": "another tree makes every root another, as the vectors and the first block say: what it may not do is a law "
           "over two lists (conformance.zoo.laws)",
    "D02": "as D01",
    "D04": "as D01; that a process differs from itself under another hash seed is L1.pure.elsewhere",
    "D16": "a vault of records stands beside the ledger: the protocol has no operation on it",
    "L01": "under proof of work every member finds a nonce in every slot of the first 80 blocks (4,096 tries at 10 "
           "zero bits or fewer), so no plan of processes makes one branch longer and another heavier; plans in "
           "process, whose lottery says who wins, do (yilian explore)",
    "L10": "as L01: no plan of processes leaves a slot to a liar alone; that equal branches are not told apart, which "
           "a process does show, is L02",
    "M02": "a process gets another key of its own only by a crash and a new config (L1.members.validator-key-changes), "
           "and no liar of a network signs with its old one: plans of whole nodes in process do (yilian explore)",
    "M05": "in networks it is seen by timers that it refuses, not by what it breaks; plans in process show that",
}  # fmt: skip
"""Id -> why it is not hunted here: no frame shows what it breaks, and something else judges it. It may only shrink."""


@frozen
class Caught:
    """What came of one hunt. `verdict` is empty if nothing was found."""

    id: str
    expected: tuple[str, ...]
    own: tuple[str, ...]
    """Clauses of which one must be named."""
    verdict: str
    clause: str
    test: str
    runs: int

    @property
    def right(self) -> bool:
        """Whether it was found, in a way that it may be, for what it breaks; of the reference, whether nothing was."""
        if not self.expected:
            return not self.verdict
        return self.verdict in self.expected and self.clause in self.own


def profile_of(entry: Entry) -> str:
    """The profile under which a planted bug is hunted; empty if the kit carries none of its engine."""
    if entry.of in WHOLE:
        return USUAL
    return next((name for name, one in profiles().items() if entry.of in (one.engine, *one.rules)), "")


def bugs() -> dict[str, Caught]:
    """Id -> what must come of a hunt, nothing found yet: engines of a profile that the kit carries, ledgers, nodes
    whose members come and go, and the wire's."""
    load()
    planted = [entry for name, entry in sorted(ZOO.items()) if profile_of(entry) and name not in APART]
    verdicts = tuple(sorted(VIOLATED))
    return {one.id: Caught(one.id, verdicts, one.own, "", "", "", 0) for one in planted} | {
        one.id: Caught(one.id, one.expected, one.clauses, "", "", "", 0) for one in WIRE.values()
    }


def tests_for(name: str, everything: Sequence[Test]) -> list[Test]:
    """The tests by which a bug is hunted, in order: its witness first."""
    by_id = {test.id: test for test in everything}
    hinted = [by_id[one] for one in HINTS.get(name, ()) if one in by_id]
    if name == REFERENCE:
        return [test for test in everything if test.level in ("smoke", "L0", "L1") or test.id in FIRST]
    if name in REFERENCES:
        shown = {one for hints in HINTS.values() for one in hints}
        return [test for test in everything if test.level in ("L2", "L3") and (is_first(test) or test.id in shown)]
    if name in WIRE:
        return hinted + [test for test in everything if test.level in ("smoke", "L1") or test.id in ("L2.happy.four",)]
    if ZOO[name].of == "ledger":
        return hinted + [test for test in everything if test.level == "L1" or test.id.startswith("L3.block.")]
    if ZOO[name].of == "members":
        return [test for test in everything if ".members." in test.id]
    own = [test for test in everything if test.id.endswith(f".witness.{name}")]
    if ZOO[name].of in chains.rules():
        return [*hinted, *own, *(test for test in everything if f".chain.{ZOO[name].of}." in test.id)]
    first = [by_id[one] for one in FIRST if one in by_id]
    return [*hinted, *own, *first, *(test for test in everything if "drawn" in test.tags)]


def is_first(test: Test) -> bool:
    """Whether a test is among those that a control passes: happy runs, and witnesses of planted bugs."""
    return ".witness." in test.id or test.id.endswith(".happy") or test.id in FIRST


def hunt(wanted: Caught) -> Caught:
    """Look for one bug, or for a false alarm in the reference."""
    name = wanted.id
    profile = REFERENCES.get(name) or (profile_of(ZOO[name]) if name in ZOO else USUAL)
    served = REFERENCE if name in REFERENCES else name
    command = shlex.join([sys.executable, "-m", "conformance.zoo.serve", served])
    bench = evolve(bench_of(Settings(command, profile=profile, answer_seconds=QUICK_SECONDS)), shrinking=0)
    try:
        return looked_for(wanted, bench, tests_for(name, chosen(tests(), highest(profile), profile=profile)))
    finally:
        bench.drop()


def looked_for(wanted: Caught, bench: Bench, listed: Sequence[Test]) -> Caught:
    """What these tests, one after the other, see of a bug. What names another clause than the bug's own is told if
    nothing better comes."""
    found, runs = wanted, 0
    for test in listed:
        try:
            result = examine(bench, test)
        except Unusable as end:
            return evolve(wanted, verdict="exit 3", clause=getattr(end.args[0], "clause", "NOD-052"), runs=runs)
        runs += result.runs
        if result.verdict not in VIOLATED:
            continue
        clause = "" if result.failure is None else result.failure.clause
        seen = evolve(wanted, verdict=result.verdict.value, clause=clause, test=test.id, runs=runs)
        if seen.right or not wanted.expected:
            return seen
        found = found if found.verdict else seen
    return evolve(found, runs=runs)


def hunt_all(names: Sequence[str]) -> Iterator[Caught]:
    """Two side by side, told in the order given."""
    known = bugs()
    with workers(2) as pool:
        yield from pool.map(hunt, [known.get(name) or Caught(name, (), (), "", "", "", 0) for name in names])
