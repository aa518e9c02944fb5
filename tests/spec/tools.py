"""What Quint and TLC say about a model, as values: scenarios that hold, invariants that broke, states that exist.

Quint's own backend in TypeScript is always asked for: the other one, and `verify`, download programs. The module must
not know what a model is about.
"""

import re
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from attrs import frozen

from tests.spec import toolchain

BACKEND = "--backend=typescript"


@frozen
class Model:
    """A Quint model as it is run: the file with its instances, what is drawn, and what must hold."""

    name: str
    instances: tuple[str, ...]
    """Modules with directed scenarios; the first is the one that is simulated."""
    invariants: tuple[str, ...]
    file: str
    steps: int = 40

    @property
    def path(self) -> Path:
        """The file with the instances."""
        return toolchain.MODELS / self.file


MODELS = (
    Model(
        "tendermint", ("tendermint_n4", "tendermint_n4_second"),
        ("agreement", "decidedIsCommitted", "lockIsLastPrecommit", "lockedValueStays"), "tendermint_n4.qnt",
    ),
    Model(
        "chain", ("chain_two",),
        ("speaksOnce", "saidIsRecorded", "toldIsDurable", "toldIsAgreed", "lockIsKept", "lockIsUsable", "diskFits",
         "nothingInMemoryAlone"), "chain_two.qnt", 60,
    ),
    Model(
        "contract", ("contract_two",),
        ("tickInvariance", "moneyIsConserved", "eventsAreInOrder", "dutiesEndOnce", "actsAreSigned", "keysAreDistinct",
         "nothingIsOverdue"), "contract_two.qnt",
    ),
    Model(
        "access", ("access",),
        ("defaultIsDeny", "forbidsWin", "permitsAreMonotone", "forbidsAreAntitone", "overridingObliges",
         "refusalsAreTold"), "access.qnt", 20,
    ),
    Model(
        "membership", ("membership",),
        ("somebodyAlwaysVotes", "certificatesHold", "quorumsMeet", "changesAreApproved", "whoFollowsKnows"),
        "membership.qnt", 20,
    ),
    Model("longest_chain", ("longest_chain_two",), ("toldAgrees", "toldStays"), "longest_chain.qnt", 8),
)  # fmt: skip
"""All models, by the names under which `replays` knows them."""
BY_NAME = {model.name: model for model in MODELS}


class Asked(NamedTuple):
    """What Quint said: names of what failed, how many were asked, and its words where it said neither."""

    failed: tuple[str, ...]
    count: int
    trouble: str = ""

    @property
    def good(self) -> bool:
        """Whether everything held, and something was asked."""
        return not self.failed and not self.trouble and self.count > 0


def scenarios(model: Model, folder: Path, traces: Path | None = None) -> Asked:
    """The directed scenarios of all instances, run once each in `folder`; their traces are left in `traces`."""
    failed, count = [], 0
    for instance in model.instances:
        kept = [f"--out-itf={traces}/{model.name}_{{test}}.itf.json"] if traces else []
        words = ["test", BACKEND, "--max-samples=1", f"--main={instance}", *kept, model.file]
        said = toolchain.run([*toolchain.quint(), *words], folder)
        broken = re.findall(r"^ +\d+\) (\w+) failed", said.stdout, re.MULTILINE)
        passed = re.findall(r"^ +ok (\w+) passed", said.stdout, re.MULTILINE)
        if not passed and not broken:
            return Asked((), 0, (said.stderr + said.stdout).strip()[-400:])
        failed += broken
        count += len(passed) + len(broken)
        if failed:
            break
    return Asked(tuple(failed), count)


def simulate(model: Model, folder: Path, seed: int, traces: int, kept: Path | None = None) -> Asked:
    """`traces` random runs with all invariants checked in every state; the runs are left in `kept`."""
    out = [f"--n-traces={traces}", f"--out-itf={kept}/{model.name}_{{seq}}.itf.json"] if kept else []
    words = [
        "run", BACKEND, f"--seed={seed:#x}", f"--max-samples={traces}", f"--max-steps={model.steps}", "--verbosity=1",
        f"--main={model.instances[0]}", *out, model.file, "--invariants", *model.invariants,
    ]  # fmt: skip
    said = toolchain.run([*toolchain.quint(), *words], folder)
    if said.stdout.startswith("[ok]"):
        return Asked((), traces)
    broken = re.findall(r"❌ (\w+)", said.stdout)
    return Asked(tuple(broken), traces, "" if broken else (said.stdout + said.stderr).strip()[-400:])


class Checked(NamedTuple):
    """What TLC found: distinct states, those it generated, and the invariant that failed, if one did."""

    states: int
    generated: int
    violated: str
    seconds: float


def check(module: str, config: str) -> Checked:
    """Every state of a small scope, by TLC with one worker."""
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as scratch:
        command = [
            toolchain.java(), "-XX:+UseParallelGC", "-Xmx3g", "-cp", str(toolchain.jar()), "tlc2.TLC", "-deadlock",
            "-workers", "1", "-metadir", scratch, "-config", f"{config}.cfg", f"{module}.tla",
        ]  # fmt: skip
        said = toolchain.run(command, toolchain.MODELS / "tla").stdout
    counted = re.findall(r"^(\d+) states generated, (\d+) distinct states found", said, re.MULTILINE)
    violated = re.findall(r"Invariant (\w+) is violated", said)
    if not counted or ("No error has been found" not in said and not violated):
        raise toolchain.Missing(f"TLC did not finish {config}:\n{said.strip()[-600:]}")
    generated, states = counted[-1]
    return Checked(int(states), int(generated), violated[0] if violated else "", time.perf_counter() - began)
