"""`python -m tests.spec.guards [MODEL ...]`: every guard of the models removed, one at a time, and what falls then.

A guard of a model is a definition under a line `// guard CLAUSE: ...`. It is removed by making it true; then the
directed scenarios are asked, and if they all still hold, the invariants in random runs. A guard that nobody misses is
not needed, or not tested: either way the table says so and the exit status is 1.
"""

import re
import shutil
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from attrs import frozen

from tests.spec import toolchain, tools

GUARD = re.compile(
    r"^ +// guard ([A-Z]+-[A-Z]?\d+): (.*)\n( +(?:pure )?def (\w+)(?:\([^)]*\))?: bool =)(?:.*\n)+?(?=\n)", re.MULTILINE
)
RUNS = 20
SEED = 0x79696C69616E


@frozen
class Guard:
    """One guard: in which file, under which name, for which clause, and what it says."""

    model: tools.Model
    file: str
    name: str
    clause: str
    says: str


def guards(model: tools.Model) -> list[Guard]:
    """The guards of a model, in the order of its text."""
    file = f"{model.name}.qnt"
    text = (toolchain.MODELS / file).read_text(encoding="utf-8")
    return [Guard(model, file, found[4], found[1], found[2]) for found in GUARD.finditer(text)]


def without(text: str, name: str) -> str:
    """The text of a model in which one guard holds always."""
    return GUARD.sub(lambda found: f"{found[3]} true\n" if found[4] == name else found[0], text)


def fallen(guard: Guard) -> str:
    """The check that falls without a guard; nothing if none does."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for path in toolchain.MODELS.glob("*.qnt"):
            shutil.copy(path, folder)
        path = folder / guard.file
        path.write_text(without(path.read_text(encoding="utf-8"), guard.name), encoding="utf-8")
        asked = tools.scenarios(guard.model, folder)
        if not asked.failed and not asked.trouble:
            asked = tools.simulate(guard.model, folder, SEED, RUNS)
        return ", ".join(asked.failed) or (f"the model itself: {asked.trouble}" if asked.trouble else "")


def table(models: Sequence[tools.Model]) -> list[tuple[Guard, str]]:
    """Every guard of the models with what falls without it."""
    every = [guard for model in models for guard in guards(model)]
    with ThreadPoolExecutor(2) as pool:
        return list(zip(every, pool.map(fallen, every), strict=True))


def main() -> int:
    """Print the table."""
    models = [tools.BY_NAME[name] for name in sys.argv[1:]] or tools.MODELS
    unmissed = 0
    for guard, fell in table(models):
        unmissed += not fell
        print(f"{guard.model.name:12} {guard.clause:8} {guard.name:20} {fell or 'NOTHING FALLS'}", flush=True)
    return 1 if unmissed else 0


if __name__ == "__main__":
    sys.exit(main())
