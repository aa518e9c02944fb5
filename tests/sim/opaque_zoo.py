"""What a kit that cannot read a protocol finds in it: planted bugs under a name of their own, with veiled messages.

    python -m tests.sim.opaque_zoo [ID ..]

Each line: the bug, what it breaks, what was found by which test of L2 or L3-opaque, and after how many runs. A bug is
caught as the kill rule has it: the correct engine passes the same tests, and a law is broken that the entry names.
"""

import json
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

from conformance.conform.catalogue import OPAQUE, Test, chosen, tests
from conformance.conform.examine import Bench, examine
from conformance.conform.verdicts import VIOLATED
from conformance.declaration import from_data, to_data
from conformance.door import Door, Guards
from conformance.standard import Profile, profiles
from conformance.zoo import ZOO, load
from conformance.zoo.serve import conversation
from tests.unit.conformance.kit.renamed import asked, told

ENGINES = ("tendermint", "pbft")


def own(engine: str) -> Profile:
    """A protocol of one's own that is this engine, with what it declares."""
    found = profiles()[f"{engine}/1"]
    return from_data(f"x/{engine}", to_data(found))


class Inside:
    """A node in this process, under a name of its own, as a link of a door."""

    def __init__(self, node: str, engine: str) -> None:
        self.answering, self.names = conversation(node), (f"x/{engine}", f"{engine}/1")
        self.waiting: list[bytes] = []

    def send(self, data: bytes, deadline: float | None) -> None:
        """See `conformance.door.Link`."""
        for line in data.splitlines():
            request = asked(json.loads(line), *self.names)
            reply = told(json.loads(self.answering.answer(json.dumps(request).encode())), *self.names)
            self.waiting.append(json.dumps(reply).encode())

    def line(self, deadline: float | None) -> bytes:
        """See `conformance.door.Link`."""
        return self.waiting.pop(0)

    def look(self) -> None:
        """See `conformance.door.Link`."""

    def words(self) -> str:
        """See `conformance.door.Link`."""
        return ""

    def close(self) -> int | None:
        """See `conformance.door.Link`."""
        return None


def bench_of(node: str, engine: str) -> Bench:
    """A bench with this node on it."""
    profile = own(engine)
    return Bench(lambda environment=None: Door(Inside(node, engine), Guards()), False, profile.name, profile,
                 shrinking=0)  # fmt: skip


def order(engine: str) -> list[Test]:
    """The tests of L2 and L3-opaque, those with twins first."""
    profile = own(engine)
    listed = chosen(tests(), OPAQUE, profile=profile.name, declared=profile)
    above = [test for test in listed if test.level in ("L2", OPAQUE) and test.binds]
    return sorted(above, key=lambda test: ("twins" not in test.tags, "drawn" not in test.tags))


def hunt(name: str) -> tuple[str, str, str, int]:
    """(bug, clause, test, runs) of the first law broken that the bug may break; empty where none is."""
    load()
    entry = ZOO.get(name)
    engine = name.partition(".")[2] if entry is None else entry.of
    bench, runs = bench_of("reference" if entry is None else name, engine), 0
    for test in order(engine):
        result = examine(bench, test)
        runs += result.runs
        clause = "" if result.failure is None else result.failure.clause
        allowed = entry is None or any(clause.startswith(law) for law in entry.breaks)
        if result.verdict in VIOLATED and allowed:
            return name, clause, test.id, runs
    return name, "", "", runs


def names() -> list[str]:
    """The planted bugs of the engines, and the engines without."""
    load()
    return [*(f"reference.{engine}" for engine in ENGINES),
            *sorted(name for name, entry in ZOO.items() if entry.of in ENGINES)]  # fmt: skip


def main(listed: list[str]) -> Iterator[str]:
    """The lines, and how many were caught."""
    caught = 0
    hunted = listed or names()
    with ProcessPoolExecutor(2) as pool:
        for name, clause, test, runs in pool.map(hunt, hunted):
            caught += bool(clause)
            yield f"{name:20} {clause or '-':18} {test or '-':32} {runs}"
    yield f"{caught} of {len(hunted)}"


if __name__ == "__main__":
    for row in main(sys.argv[1:]):
        print(row, flush=True)
