"""Readers of the vectors in five languages, each with its standard library alone: what an implementer writes first.

Run as `python -m tests.vectors.consumers [VECTORS]`: every language that this machine has answers the vectors, those it
lacks are named; exit 1 if one of them is wrong or none could run.
"""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.house.tree import ROOT

VECTORS = ROOT / "conformance" / "vectors" / "v1"
FOLDER = ROOT / "conformance" / "vectors" / "consumers"
LANGUAGES: dict[str, tuple[str, Sequence[Sequence[str]]]] = {
    "python": ("python3", [["python3", "{source}/verify.py", "{vectors}"]]),
    "javascript": ("node", [["node", "{source}/verify.js", "{vectors}"]]),
    "go": ("go", [["go", "build", "-o", "{build}/verify-go", "{source}/verify.go"],
                  ["{build}/verify-go", "{vectors}"]]),
    "java": ("java", [["java", "{source}/Verify.java", "{vectors}"]]),
    "rust": ("rustc", [["rustc", "--edition", "2021", "-O", "-o", "{build}/verify-rs", "{source}/verify.rs"],
                       ["{build}/verify-rs", "{vectors}"]]),
}  # fmt: skip
"""Language -> its toolchain, and the commands that build and run its reader."""


def answered(language: str, vectors: Path = VECTORS) -> subprocess.CompletedProcess[str]:
    """What one reader says of the vectors in a folder; exit 0 if it holds with all."""
    with tempfile.TemporaryDirectory() as build:
        places = {"source": str(FOLDER), "vectors": str(vectors), "build": build}
        for command in LANGUAGES[language][1]:
            done = subprocess.run([word.format(**places) for word in command], capture_output=True, text=True)
            if done.returncode:
                break
    return done


def main(arguments: Sequence[str]) -> int:
    """Every language of this machine; the exit status."""
    vectors, outcomes = Path(arguments[0]) if arguments else VECTORS, []
    for language, (tool, _) in LANGUAGES.items():
        if shutil.which(tool) is None:
            print(f"{language}: not run, there is no {tool} here")
            continue
        done = answered(language, vectors)
        print((done.stdout + done.stderr).rstrip())
        outcomes.append(done.returncode)
    return 0 if outcomes and not any(outcomes) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
