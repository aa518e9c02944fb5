"""What an implementer waits for, measured: from an empty folder to green, the levels with a Python node, and one pipe.

Run as `python -m tests.systems.bars [--long]`; `--long` measures L3 too, which takes minutes. Figures depend on the
machine and on what else it does, so they are printed beside their bars and fail nothing.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.door import BATCH, checked
from conformance.commands.new import LANGUAGES

YILIAN = Path(sys.executable).with_name("yilian")
NODE = f"{YILIAN} node"
TOOLS = {"go": "go", "js": "node", "python": "python3"}


def timed(*words: str, folder: Path) -> tuple[float, str]:
    """Seconds that a command took, and what it printed; raises `CalledProcessError`."""
    began = time.perf_counter()
    environment = {**os.environ, "PATH": f"{YILIAN.parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(words, cwd=folder, check=True, capture_output=True, text=True, env=environment)
    return time.perf_counter() - began, done.stdout


def to_green(language: str, folder: Path) -> str:
    """A new node in this language, built and green at smoke."""
    template = LANGUAGES[language]
    took, _ = timed(str(YILIAN), "new", "node", language, "mine", folder=folder)
    here = folder / "mine"
    built, _ = timed(*template.build.split(), folder=here)
    green, told = timed(str(YILIAN), "conform", "--cmd", template.command, "--json", folder=here)
    claim = json.loads(told)["claim"]
    lines = len([line for line in (here / template.file).read_text(encoding="utf-8").splitlines() if line.strip()])
    held = f"claim {claim['level']} {'holds' if claim['holds'] else 'does not hold'}"
    return f"{took + built + green:6.1f} s of 300   {lines} lines   {held}"


def level(name: str, folder: Path) -> str:
    """One level, with all below it, of the reference's own node."""
    took, told = timed(str(YILIAN), "conform", "--cmd", NODE, "--level", name, "--json", folder=folder)
    data = json.loads(told)
    count = data["run"]["messages"]
    return f"{took:6.1f} s   {len(data['tests'])} tests   {count} messages   holds: {data['claim']['holds']}"


def pipe() -> str:
    """Messages both ways through one door, sixteen under way, every one held against the schema."""
    run = checked(BATCH)
    rounds = 200
    began = time.perf_counter()
    for _ in range(rounds):
        run()
    return f"{2 * BATCH * rounds / (time.perf_counter() - began):,.0f} messages/s"


def rows(folder: Path, levels: tuple[tuple[str, int], ...]) -> Iterator[str]:
    """One line a bar."""
    for language in sorted(TOOLS):
        place = folder / language
        place.mkdir()
        absent = shutil.which(TOOLS[language]) is None
        yield f"new node {language:8} {'no ' + TOOLS[language] + ' here' if absent else to_green(language, place)}"
    for name, bar in levels:
        yield f"{name:8} bar {bar:3} s  {level(name, folder)}"
    yield f"one pipe bar 20,000  {pipe()}"


def main() -> int:
    """Measure and print; the exit status."""
    parser = argparse.ArgumentParser(description="what an implementer waits for")
    parser.add_argument("--long", action="store_true", help="L3 too")
    levels = (("smoke", 5), ("L2", 60), *((("L3", 300),) if parser.parse_args().long else ()))
    with tempfile.TemporaryDirectory() as folder:
        for row in rows(Path(folder), levels):
            print(row, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
