"""`make pythons`: the default run under every Python that the project supports and this machine has, and under two hash
seeds; all must come to the same state by the same trace, and so must drawn plans of each BFT engine. An interpreter
that is absent is named, not passed over.

Each interpreter gets a small environment of its own below .venv, kept for the next time. One line each on stdout.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VERSIONS = ("3.11", "3.12", "3.13")
SEEDS = ("0", "1")


def candidates(version: str) -> Iterator[Path]:
    """Places where an interpreter of this version may be: this one, the PATH, and where version managers put it."""
    name = f"python{version}"
    if version == f"{sys.version_info.major}.{sys.version_info.minor}":
        yield Path(sys.executable)
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        yield Path(folder) / name
    for manager in (".pyenv/versions/", ".local/share/uv/python/cpython-"):
        yield from sorted(Path.home().glob(f"{manager}{version}.*/bin/{name}"), reverse=True)


def found(version: str) -> Path | None:
    """The first of them that answers and can make environments; a shim that leads nowhere does not."""
    question = ("-c", "import sys, ensurepip; print('%d.%d' % sys.version_info[:2])")
    for path in candidates(version):
        if not path.is_file():
            continue
        answer = subprocess.run([path, *question], capture_output=True, text=True, check=False)
        if answer.returncode == 0 and answer.stdout.strip() == version:
            return path
    return None


def prepared(version: str, interpreter: Path) -> Path:
    """An interpreter that has the project installed; raises `CalledProcessError` if that fails."""
    if interpreter == Path(sys.executable):
        return interpreter
    home = ROOT / ".venv" / "pythons" / version
    python, ready = home / "bin" / "python", home / ".ready"
    if not ready.exists() or ready.stat().st_mtime < (ROOT / "pyproject.toml").stat().st_mtime:
        subprocess.run([interpreter, "-m", "venv", "--clear", home], check=True)
        quiet = ("--quiet", "--disable-pip-version-check", "--editable")
        subprocess.run([python, "-m", "pip", "install", *quiet, ROOT], check=True)
        ready.touch()
    return python


def run(python: Path, seed: str, folder: Path) -> tuple[str, str]:
    """State and trace of the default run under this interpreter and hash seed."""
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    command = [python, "-m", "refimpl", "run", "--json", "--out", folder]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment, cwd=folder)
    printed = json.loads(done.stdout)
    return printed["app_hash"], printed["trace"]


def engines(python: Path, seed: str) -> tuple[str, ...]:
    """The digest of each BFT engine's traces, as `engine digest`, shortened, under this interpreter and hash seed."""
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    command = [python, "-m", "tests.systems.engine_digests"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment, cwd=ROOT)
    return tuple(f"{name} {digest[:16]}" for name, digest in sorted(json.loads(done.stdout).items()))


def main() -> int:
    """Run all, print a line for each, and return the exit status: 1 if two differ."""
    results = set()
    for version in VERSIONS:
        interpreter = found(version)
        if interpreter is None:
            print(f"python {version}  absent on this machine", flush=True)
            continue
        python = prepared(version, interpreter)
        for seed in SEEDS:
            with tempfile.TemporaryDirectory() as folder:
                app_hash, trace = run(python, seed, Path(folder))
            traces = engines(python, seed)
            results.add((app_hash, trace, traces))
            print(f"python {version}  hash seed {seed}  app_hash {app_hash}  trace {trace}", flush=True)
            print("  " + "  ".join(traces), flush=True)
    print("all the same" if len(results) == 1 else f"{len(results)} different results", flush=True)
    return int(len(results) != 1)


if __name__ == "__main__":
    sys.exit(main())
