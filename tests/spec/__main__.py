"""`python -m tests.spec`: everything that is claimed about the specification, run again, as one table.

The proofs of `spec/proofs`; the directed scenarios, invariants and guards of the models; every state of the small
scopes by TLC and by Python; traces and edges of the models on the implementation. Exit 1 unless all is as it must be,
2 where a tool is missing: nothing is skipped. `--seed N` repeats the fresh part of an earlier table; `--long` adds what
takes minutes each, and is part of `make nightly`.
"""

import argparse
import re
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from tests.house.tree import ROOT
from tests.spec import chain_walk, guards, itf, replays, tendermint_walk, toolchain, tools, traces
from tests.spec.chain_model import Chain
from tests.spec.explore import Diverged, explore
from tests.spec.longest_chain_model import LongestChain
from tests.spec.tendermint_model import State, Tendermint

Row = tuple[str, str, str, bool, float]
"""(property, scope, tool, whether it is as it must be, seconds), as in spec/proofs."""
FIXED = 0x79696C69616E
"""The seed of the traces that are the same in every table."""
PRINTED = re.compile(r"(ok |BAD)  (.{6}) (.{9}) +([\d.]+) s  (.*)")


def proofs() -> list[Row]:
    """The table of spec/proofs."""
    command = [sys.executable, str(ROOT / "spec" / "proofs"), "--cvc5"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = [PRINTED.fullmatch(line) for line in done.stdout.splitlines()]
    rows = [(one[5], one[2].strip(), one[3].strip(), one[1] == "ok ", float(one[4])) for one in found if one]
    if len(rows) != len(found) or not rows or done.returncode != (not all(row[3] for row in rows)):
        rows.append((f"the proofs did not end as they should: {done.stderr.strip()[-200:]}", "", "", False, 0.0))
    return rows


def scenarios(name: str) -> list[Row]:
    """Directed scenarios of a model, and their traces on the implementation."""
    model = tools.BY_NAME[name]
    with tempfile.TemporaryDirectory() as scratch:
        began = time.perf_counter()
        asked = tools.scenarios(model, toolchain.MODELS, Path(scratch))
        seconds = time.perf_counter() - began
        text = f"{model.name}: {asked.count} directed scenarios, by clause{complaint(asked)}"
        kept = {path.name: traces.plain(path) for path in traces.KEPT.glob(f"{model.name}_*")}
        same = kept == traces.fresh(model, Path(scratch))
        text += "" if same else "; NOT as in spec/model/traces: python -m tests.spec.traces"
        row = text, "directed", "quint", asked.good and same, seconds
        return [row, replayed(model, Path(scratch), "the scenarios")]


def sampled(name: str, seed: int, traces: int) -> list[Row]:
    """Random runs of a model with its invariants, and their traces on the implementation."""
    model = tools.BY_NAME[name]
    with tempfile.TemporaryDirectory() as scratch:
        began = time.perf_counter()
        asked = tools.simulate(model, toolchain.MODELS, seed, traces, Path(scratch))
        seconds = time.perf_counter() - began
        text = f"{model.name}: {len(model.invariants)} invariants in {traces} runs, seed {seed:#x}{complaint(asked)}"
        return [(text, "sampled", "quint", asked.good, seconds), replayed(model, Path(scratch), f"seed {seed:#x}")]


def complaint(asked: tools.Asked) -> str:
    """What Quint found wrong, to stand behind a property."""
    wrong = ", ".join(asked.failed) or asked.trouble
    return f"; NOT: {wrong}" if wrong else ""


def replayed(model: tools.Model, folder: Path, whose: str) -> Row:
    """All traces of a folder on the implementation."""
    began, states, paths, wrong = time.perf_counter(), 0, sorted(folder.glob("*.itf.json")), ""
    for path in paths:
        try:
            states += replays.REPLAYS[model.name](itf.states(path))
        except (Diverged, AssertionError) as difference:
            wrong = wrong or f"; NOT: {path.name}: {str(difference)[:300]}"
    on = "the model in Python" if model.name == "longest_chain" else "the implementation"
    text = f"{model.name}: {len(paths)} traces on {on}, {states} states compared whole ({whose}){wrong}"
    return text, "sampled", "replay", bool(states) and not wrong, time.perf_counter() - began


def counted(text: str, module: str, config: str, expected: Callable[[], tuple[int, str]]) -> list[Row]:
    """A small scope by TLC, and the same number of states, and the same verdict, by Python."""
    checked = tools.check(module, config)
    began = time.perf_counter()
    states, broken = expected()
    seconds = time.perf_counter() - began
    good = (checked.states, bool(checked.violated)) == (states, bool(broken)) if not broken else bool(checked.violated)
    differ = "" if good else f"; PYTHON HAS {states:,}, {broken or 'no violation'}"
    told = f"{checked.violated} violated, as it must be" if checked.violated else f"{checked.states:,} states"
    return [
        (f"{text}: {told}{differ}", "n=4 all", "TLC", good, checked.seconds),
        (f"{text}: the same, every invariant", "n=4 all", "python", good, seconds),
    ]


def rounds(max_round: int, faulty: int = 1, first: int = 3) -> tuple[int, str]:
    """States of Tendermint, two that differ by exchanging the values counted once, and what broke."""
    machine, alone = Tendermint(4 - faulty, faulty, max_round, first), 0

    def each(state: State) -> None:
        nonlocal alone
        alone += machine.is_symmetric(state)

    found = explore(machine, machine.check, each)
    return (found.states + alone) // 2, found.violated


def disk(heights: int, max_round: int) -> tuple[int, str]:
    """States of the chain with crashes, and what broke."""
    machine = Chain(max_height=heights, max_round=max_round)
    found = explore(machine, machine.check)
    return found.states, found.violated


def enumerated(slots: int, depth: int) -> list[Row]:
    """Every calm lottery of some slots, with everything a liar can do."""
    machine = LongestChain(slots, depth)
    found = explore(machine, machine.check)
    text = f"the longest chain keeps what lies {depth} deep in calm lotteries of {slots} slots: {found.states:,} states"
    text += f"; NOT: {found.violated}" if found.violated else ""
    return [(text, "all", "python", not found.violated, found.seconds)]


def walked(text: str, scope: str, walk: Callable[[], tuple[int, int]]) -> list[Row]:
    """A walk of the implementation along the edges of a model."""
    began = time.perf_counter()
    try:
        states, edges = walk()
        return [(text.format(states=states, edges=edges), scope, "walk", edges > 0, time.perf_counter() - began)]
    except (Diverged, AssertionError) as difference:
        return [(f"{text}; NOT: {str(difference)[:300]}", scope, "walk", False, time.perf_counter() - began)]


def engine_edges(first: int) -> tuple[int, int]:
    """Every edge of the one-round model, taken by the engine."""
    return tendermint_walk.every_edge(Tendermint(max_round=0, first=first))[:2]


def engine_walks(seed: int) -> tuple[int, int]:
    """Walks through two rounds, taken by the engine."""
    return tendermint_walk.sampled_walks(Tendermint(), 1000, seed)[:2]


def engine_roams(seed: int) -> tuple[int, int]:
    """Engines under an adversary, followed by the model."""
    return tendermint_walk.roaming(Tendermint(max_round=3), 300, 150, seed)[0][:2]


def node_edges(heights: int, max_round: int) -> tuple[int, int]:
    """Every edge of the chain with crashes, taken by the node."""
    return chain_walk.every_edge(Chain(max_height=heights, max_round=max_round))[:2]


def guarded(name: str) -> list[Row]:
    """No guard of a model can go without a check that falls."""
    began = time.perf_counter()
    found = [(guard, guards.fallen(guard)) for guard in guards.guards(tools.BY_NAME[name])]
    unmissed = [guard.name for guard, fell in found if not fell]
    text = f"{name}: without any one of {len(found)} guards some check falls"
    text += f"; NOT: {', '.join(unmissed)}" if unmissed else ""
    return [(text, "mutants", "quint", bool(found) and not unmissed, time.perf_counter() - began)]


def jobs(seed: int, *, long: bool) -> list[Callable[[], list[Row]]]:
    """Everything that is claimed, the long before the short; what takes minutes each, the guards of the models and the
    two rounds, only in the long form."""
    names = [model.name for model in tools.MODELS]
    four, disk_of = "Tendermint, four members, ", "a chain with crashes (INV-S2, INV-S7), "
    edges = ": {edges:,} edges, {states:,} states"
    return [
        *([partial(counted, four + "two rounds (INV-S1)", "TendermintFour", "tendermint_two_rounds",
                   partial(rounds, 1))] if long else []),
        *(partial(guarded, name) for name in (names if long else [])),
        proofs,
        partial(counted, four + "one round (INV-S1)", "TendermintFour", "tendermint_one_round", partial(rounds, 0)),
        partial(counted, four + "two of them lying", "TendermintFour", "tendermint_two_liars", partial(rounds, 1, 2)),
        partial(counted, disk_of + "a height of two rounds", "Chain", "chain_two_rounds", partial(disk, 1, 1)),
        partial(counted, disk_of + "two heights of one round", "Chain", "chain_two_heights", partial(disk, 2, 0)),
        partial(enumerated, 7, 1),
        partial(enumerated, 6, 2),
        partial(walked, f"the engine takes every edge of one round{edges}", "n=4 all", partial(engine_edges, 3)),
        partial(walked, f"the same where a correct member proposes{edges}", "n=4 all", partial(engine_edges, 2)),
        partial(walked, f"the engine on 1,000 walks of two rounds, seed {seed:#x}{edges}", "sampled",
                partial(engine_walks, seed)),
        partial(walked, f"300 runs of engines under liars are runs of the model, seed {seed:#x}{edges}", "sampled",
                partial(engine_roams, seed)),
        partial(walked, f"the node takes every edge of a height, two rounds{edges}", "all", partial(node_edges, 1, 1)),
        partial(walked, f"the node takes every edge of two heights{edges}", "all", partial(node_edges, 2, 0)),
        *(partial(scenarios, name) for name in names),
        *(partial(sampled, name, FIXED, 40) for name in names),
        *(partial(sampled, name, seed, 20) for name in names),
    ]  # fmt: skip


def rows(seed: int, *, long: bool) -> Iterator[Row]:
    """The table, two jobs at a time, in the order in which it is always printed."""
    with ProcessPoolExecutor(2) as pool:
        for done in [pool.submit(job) for job in jobs(seed, long=long)]:
            yield from done.result()


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Run every claim about the specification again, as one table.")
    parser.add_argument("--seed", type=lambda text: int(text, 0), default=secrets.randbits(48))
    parser.add_argument("--long", action="store_true", help="with the guards of the models and the scope of two rounds")
    asked = parser.parse_args()
    seed = asked.seed
    began, bad = time.perf_counter(), 0
    try:
        toolchain.quint(), toolchain.java(), toolchain.jar()
        print(f"      scope    tool         seconds  property; this table again: python -m tests.spec --seed {seed:#x}")
        for name, scope, tool, good, seconds in rows(seed, long=asked.long):
            bad += not good
            print(f"{'ok ' if good else 'BAD'}   {scope:8} {tool:9} {seconds:8.2f} s  {name}", flush=True)
    except toolchain.Missing as missing:
        print(f"make spec cannot run: {missing}", file=sys.stderr)
        return 2
    print(f"{bad or 'nothing'} of it not as it must be; {time.perf_counter() - began:.0f} s in all")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
