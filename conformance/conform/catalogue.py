"""The catalogue: every test by its id, which is a slug kept for ever, with its level, its clauses and what it needs.

It must not run a test. A test is a function of a `Session` that returns, or raises as `verdicts` says.
"""

from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from typing import Any

from attrs import frozen

from conformance.contract import OWN
from conformance.model.membership import RENEWING
from conformance.standard import Profile
from conformance.standard import profile as profile_of

__all__ = ["LEVELS", "OPAQUE", "Test", "chosen", "highest", "suits", "tests"]

LEVELS = ("smoke", "L0", "L1", "L2", "L3-opaque", "L3")
OPAQUE = "L3-opaque"
"""The level above L2 of a protocol that no profile describes: a claim of its own, below L3 (NOD-065)."""


@frozen
class Test:
    """One question to a node."""

    __test__ = False

    id: str
    level: str
    clauses: tuple[str, ...]
    run: Callable[[Any], None]
    """Of a `conformance.conform.session.Session`."""
    tags: tuple[str, ...] = ()
    pack: str = ""
    binds: bool = True
    """False for a SHOULD, which makes no claim fail."""
    engine: str = ""
    """The engine of the only profile that it is about; empty if it is about every one."""
    needs: tuple[str, ...] = ()
    """Beyond what its level needs: `profile` for a profile, `renewal` for one under which who validates may change,
    `slots` for a longest chain, of which no other test of L2 and L3 is."""


def tests() -> tuple[Test, ...]:
    """Every test, in the order of the levels and then of the files."""
    from conformance.conform import (
        blocks,
        byzantine,
        chains,
        deeds,
        directory,
        ledger,
        members,
        opaque,
        order,
        smoke,
        vectors,
    )  # fmt: skip

    listed = (smoke, vectors, ledger, members, directory, deeds, blocks, order, chains, opaque, byzantine)
    found = [test for module in listed for test in module.tests()]
    return tuple(sorted(found, key=lambda test: LEVELS.index(test.level)))


def chosen(
    everything: Iterable[Test], level: str, *, only: Iterable[str] = (), packs: Iterable[str] = (), profile: str = "",
    declared: Profile | None = None,
) -> tuple[Test, ...]:  # fmt: skip
    """Those up to a level, of these packs if any are named, of this profile if one is, and of these ids, clauses, globs
    or tags if any are."""
    wanted, listed = tuple(only), tuple(packs)
    return tuple(
        test
        for test in everything
        if LEVELS.index(test.level) <= LEVELS.index(level)
        and suits(test, profile, declared)
        and (not test.pack or not listed or test.pack in listed)
        and (not wanted or any(names(word, test) for word in wanted))
    )


def highest(name: str, declared: Profile | None = None) -> str:
    """The highest level that a node of this profile can reach: no lies are told to one that bears none, and none of
    the kit's making to one that the kit cannot read."""
    found = profile_of(name) or declared
    if found is not None and found.contract.crash_only and (found.spoken or found.contract.opaque):
        return "L2"
    return OPAQUE if name.startswith(OWN) else LEVELS[-1]


def suits(test: Test, name: str, declared: Profile | None = None) -> bool:
    """Whether a test is about nodes of this profile, or of any."""
    found = profile_of(name) or declared
    if test.level == OPAQUE and name and not name.startswith(OWN):
        return False
    if name and test.level in ("L2", "L3") and ("slots" in test.needs) != bool(found and found.rules):
        return False
    if found is not None and "renewal" in test.needs and found.engine not in RENEWING:
        return False
    return not test.engine or not name or (found is not None and found.engine == test.engine)


def names(word: str, test: Test) -> bool:
    """Whether a word of `--only` means a test: an id, a glob of ids, a clause, a level, a pack or a tag."""
    known = (test.level, test.pack, *test.clauses, *test.tags)
    return word in known or fnmatchcase(test.id, word)
