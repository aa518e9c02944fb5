"""What a person waits for before anything happens: whole processes, from nothing to their end."""

import subprocess
import sys
import tempfile

from bench.measure import Contender, Contest, Method, Unequal


def process(*words: str) -> subprocess.CompletedProcess[bytes]:
    """Run Python with these arguments, in a folder that is thrown away."""
    with tempfile.TemporaryDirectory(prefix="yilian-bench-") as folder:
        return subprocess.run([sys.executable, *words], check=True, capture_output=True, cwd=folder)


def against_nothing(words: tuple[str, ...], most: float | None, note: str, rounds: int | None = None) -> Contest:
    """A command against Python that does nothing; the gate is at most so many times as long."""

    def prove() -> None:
        if not process("-m", "refimpl", *words).stdout:
            raise Unequal("the command said nothing")

    return Contest(
        "processes",
        (
            Contender(f"yilian {' '.join(words)}", lambda: process("-m", "refimpl", *words)),
            Contender("python -c pass", lambda: process("-c", "pass")),
        ),
        "the interpreter alone", prove, gate=None if most is None else 1 / most, note=note,
        rounds=rounds,
    )  # fmt: skip


def version(method: Method) -> Contest:
    """`yilian --version`."""
    return against_nothing(("--version",), 6, "gate: at most 6 times `python -c pass`")


def engines(method: Method) -> Contest:
    """A command without a parser."""
    return against_nothing(("engines",), 11, "gate: at most 11 times `python -c pass`")


def whole_run(method: Method) -> Contest:
    """`yilian run`: four nodes, Ed25519, one liar, the whole story, and every ledger verified."""
    return against_nothing(("run", "--json"), None, "a story of 29 blocks on four nodes, verified from genesis", 3)


ITEMS = {"startup.version": version, "startup.engines": engines, "startup.run": whole_run}
