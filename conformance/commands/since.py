"""Which clauses changed since a commit: for `yilian conform --changed-since`.

Why the texts and not `rules.toml`: that file follows a person's confirmation, a run is about the sentence as it stands.
It must not judge.
"""

import subprocess
from pathlib import Path
from typing import Final

from conformance.standard import clauses, clauses_in, place

__all__ = ["NoGit", "NoRevision", "changed_since"]

USAGE: Final = 2
"""Exit status: called wrongly."""


class NoGit(Exception):
    """There is no git, or the standard that this kit carries is in no working tree of it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.code, self.values, self.status = "git.absent", {"reason": reason}, USAGE


class NoRevision(Exception):
    """No commit of this name, or none with the standard in it."""

    def __init__(self, revision: str, reason: str) -> None:
        super().__init__(revision, reason)
        self.code, self.values, self.status = "git.unknown", {"revision": revision, "reason": reason}, USAGE


def changed_since(revision: str) -> frozenset[str]:
    """The clauses whose sentences were added or edited since a commit, white space aside; raises `NoGit` and
    `NoRevision`."""
    folder = place()
    status, reason = asked(folder, "rev-parse", "--is-inside-work-tree")
    if status:
        raise NoGit(reason)
    named = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    status, commit = asked(folder, *named)
    if status:
        raise NoRevision(revision, commit or "rev-parse")
    _, names = asked(folder, "ls-tree", "--name-only", commit, "./")
    texts = [asked(folder, "show", f"{commit}:./{name}")[1] for name in names.splitlines() if name.endswith(".md")]
    before = clauses_in(texts)
    if not before:
        raise NoRevision(revision, f"{folder.name}/*.md")
    return frozenset(name for name, one in clauses().items()
                     if name not in before or before[name].digest != one.digest)  # fmt: skip


def asked(folder: Path, *words: str) -> tuple[int, str]:
    """Status and output of git, or what it complained of; raises `NoGit` if there is none."""
    try:
        done = subprocess.run(["git", "-C", str(folder), *words], capture_output=True, check=False)
    except OSError as error:
        raise NoGit(f"git: {error.strerror}") from None
    told = (done.stderr if done.returncode else done.stdout).decode("utf-8", "replace")
    return done.returncode, told.strip()
