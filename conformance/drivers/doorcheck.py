"""The zoo through the door: every planted bug as a process, found by the same levels as anybody's node.

Why: a suite is as good as the faults it finds, on the machine of whoever relies on it. A bug is caught if some test
says that something is wrong, or if the node cannot be examined; the reference must pass the same tests. It must not
judge.
"""

import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor

from attrs import evolve, frozen

from conformance.conform.catalogue import Test, suits, tests
from conformance.conform.examine import Unusable, examine
from conformance.conform.verdicts import VIOLATED
from conformance.drivers.levels import Settings, bench_of
from conformance.profiles import TONGUES
from conformance.zoo import ZOO, load
from conformance.zoo.wire import WIRE

__all__ = ["SURVIVORS", "Caught", "bugs", "hunt", "hunt_all"]

REFERENCE = "reference"
"""The id of the node without a planted bug."""
QUICK_SECONDS = 3.0
"""How long a planted bug may be silent."""
FIRST = ("L3.agreement.equivocating-proposer", "L3.liar.silent", "L3.liar.twins", "L2.crash.before-persist",
         "L2.crash.after-send", "L2.happy.four", "L2.happy.weights", "L2.partition.one-alone", "L2.late.words",
         "L3.accountability.too-many")  # fmt: skip
"""Tests by which wrong engines are hunted first, after their own witness."""
HINTS = {
    "P03": ("L2.drawn.sparse",), "T01": ("L3.accountability.too-many",),
    "T06": ("L2.drawn.heard-of",), "W05": ("L2.happy.four",), "W07": ("L1.recover.unsynced-lost",),
    "W16": ("L1.pack.access.an-entry-is-amended-by-its-custodian-an-expired-consent-opens-nothing",),
    "W17": ("L1.recover.unsynced-lost",), "W21": ("L2.happy.busy",),
}  # fmt: skip
"""Bug -> tests that are known to find it, so that a hunt is short. The ledger's own (D06, D07, D10) are not hunted
here: they need a block of a liar's making, or two commands in one block, which no level has yet."""

SURVIVORS: Mapping[str, str] = {
    "H01": "of the hard tier: its 22 faults fork engines, and whole nodes, which rest while nothing is handed in, are "
           "elsewhere by then (2026-11-28)",
    "H03": "of the hard tier: its 12 faults stop engines, and whole nodes decide before the sixth view (2026-11-28)",
}
"""Id -> why nothing catches it through the door yet; `--bug` hunts it all the same. This list may only shrink."""


@frozen
class Caught:
    """What came of one hunt. `verdict` is empty if nothing was found."""

    id: str
    expected: tuple[str, ...]
    verdict: str
    clause: str
    test: str
    runs: int

    @property
    def right(self) -> bool:
        """Whether it was found, in a way that it may be; of the reference, whether nothing was."""
        return self.verdict in self.expected if self.expected else not self.verdict


def bugs() -> dict[str, tuple[str, ...]]:
    """Id -> verdicts of which one must come: engines of a profile that the kit can speak, and the wire's."""
    load()
    engines = [name for name, entry in ZOO.items() if f"{entry.of}/1" in TONGUES]
    return {name: tuple(VIOLATED) for name in sorted(engines)} | {name: one.expected for name, one in WIRE.items()}


def tests_for(name: str, everything: Sequence[Test]) -> list[Test]:
    """The tests by which a bug is hunted, in order: its witness first."""
    by_id = {test.id: test for test in everything}
    if name == REFERENCE:
        return [test for test in everything if test.level in ("smoke", "L0", "L1") or test.id in FIRST]
    hinted = [by_id[one] for one in HINTS.get(name, ()) if one in by_id]
    if name in WIRE:
        return hinted + [test for test in everything if test.level in ("smoke", "L1") or test.id in ("L2.happy.four",)]
    first = [by_id[one] for one in (f"L3.witness.{name}", *FIRST) if one in by_id]
    return [*hinted, *first, *(test for test in everything if "drawn" in test.tags)]


def hunt(name: str, expected: tuple[str, ...]) -> Caught:
    """Look for one bug, or for a false alarm in the reference."""
    command = shlex.join([sys.executable, "-m", "conformance.zoo.serve", name])
    profile = f"{ZOO[name].of}/1" if name in ZOO else "tendermint/1"
    bench = evolve(bench_of(Settings(command, profile=profile, answer_seconds=QUICK_SECONDS)), shrinking=0)
    runs = 0
    try:
        for test in tests_for(name, [test for test in tests() if suits(test, profile)]):
            result = examine(bench, test)
            runs += result.runs
            if result.verdict in VIOLATED:
                clause = "" if result.failure is None else result.failure.clause
                return Caught(name, expected, result.verdict.value, clause, test.id, runs)
    except Unusable as end:
        return Caught(name, expected, "exit 3", getattr(end.args[0], "clause", "NOD-052"), "", runs)
    finally:
        bench.drop()
    return Caught(name, expected, "", "", "", runs)


def hunt_all(names: Sequence[str]) -> Iterator[Caught]:
    """Two side by side, told in the order given."""
    known = bugs()
    with ProcessPoolExecutor(2) as pool:
        yield from pool.map(hunt, names, [known.get(name, ()) for name in names])
