"""What a run entitles a node to say, known failures, and the numbers of a run.

A claim holds when every MUST of its levels was shown and nothing else came; what is listed as a known failure leaves
the claim, which is then partial. It must not run anything, nor read a clock: today's date is handed in.
"""

import tomllib
from collections.abc import Iterable, Mapping, Sequence

from attrs import evolve, frozen

from conformance.conform.catalogue import LEVELS, OPAQUE, Test, highest
from conformance.conform.verdicts import BLOCKING, VIOLATED, Result, Verdict
from conformance.declaration import is_own
from conformance.door import Hello
from conformance.sentences import say
from conformance.standard import Profile, profiles

__all__ = ["BadList", "Claim", "Known", "Run", "claim_of", "exit_status", "known_failures", "settled",
           "several", "with_known"]  # fmt: skip

FIELDS = ("test", "clause", "verdict", "reason", "issue", "expires")


class BadList(Exception):
    """A file of known failures that cannot be used: `args` are the entry and what is wrong."""


@frozen
class Known:
    """A failure that somebody is working on."""

    test: str
    clause: str
    verdict: str
    reason: str
    issue: str
    expires: str
    """`YYYY-MM-DD`; after this day the entry is void."""


@frozen
class Run:
    """What was asked for."""

    level: str
    profile: str
    packs: tuple[str, ...]
    suite: str
    complete: bool
    """Whether every test of the level was run."""
    command: str = ""
    node: str = ""
    """Name and version, as it told them."""
    declared: Profile | None = None
    """What is declared of the profile, if it is the node's own."""


@frozen
class Claim:
    """What may be said. `blocking` are the tests with which it does not hold, `partial` those that left it."""

    level: str
    holds: bool
    partial: tuple[str, ...]
    packs: tuple[str, ...]
    blocking: tuple[str, ...]
    below: str
    """The highest level that holds; empty if none."""


def settled(asked: str, hello: Hello, profile: str, declared: Profile | None = None) -> str:
    """The level of a run: the one asked for, else the highest that the node claims, up to the highest of its
    profile."""
    level = asked or max(("smoke", *hello.claims), key=LEVELS.index)
    if level == OPAQUE and not is_own(profile):
        level = "L2"
    return min(level, highest(profile, declared), key=LEVELS.index)


def several(hello: Hello) -> str:
    """The profile of L2 and above: Tendermint where the node has it, else the first that the kit can speak, else the
    first with several members."""
    spoken = [name for name in hello.profiles if name in profiles() and profiles()[name].spoken]
    spoken.sort(key=lambda name: name != "tendermint/1")
    others = [name for name in hello.profiles if name != "solo/1"]
    return (spoken or others or [""])[0]


def known_failures(text: str, tests: Sequence[Test], today: str) -> dict[str, Known]:
    """Test -> entry, of a TOML text `[[xfail]]`; an entry past its day is void. Raises `BadList`."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadList("", str(error)) from None
    listed = data.pop("xfail", [])
    if data or not isinstance(listed, list) or not all(isinstance(entry, dict) for entry in listed):
        raise BadList(", ".join(sorted(data)), say("known.only"))
    known, ids = {}, {test.id for test in tests}
    for number, entry in enumerate(listed, 1):
        where = f"[[xfail]] {number}"
        missing = [name for name in FIELDS if not isinstance(entry.get(name), str) or not entry[name]]
        if missing:
            raise BadList(where, say("known.missing", names=", ".join(missing)))
        if entry["test"] not in ids:
            raise BadList(where, say("known.no-test", test=entry["test"]))
        if not entry["issue"].startswith(("http://", "https://")):
            raise BadList(where, say("known.no-address"))
        if entry["expires"] >= today:
            known[entry["test"]] = Known(*(entry[name] for name in FIELDS))
    return known


def with_known(result: Result, known: Mapping[str, Known]) -> Result:
    """The result, as the list of known failures makes it."""
    entry = known.get(result.test)
    if entry is None or result.verdict is Verdict.HARNESS_ERROR:
        return result
    if result.verdict is Verdict.PASS:
        return evolve(result, verdict=Verdict.XPASS, reason=entry.reason, issue=entry.issue)
    if result.verdict.value == entry.verdict:
        return evolve(result, verdict=Verdict.XFAIL, reason=entry.reason, issue=entry.issue)
    return result


def claim_of(run: Run, results: Iterable[Result]) -> Claim:
    """What these results allow to say."""
    listed = tuple(results)
    partial = tuple(one.test for one in listed if one.verdict is Verdict.XFAIL)
    blocking = tuple(one.test for one in listed if one.binds and one.verdict in BLOCKING)
    ours = any(one.verdict is Verdict.HARNESS_ERROR for one in listed)
    holding = ""
    for level in ladder(run.level):
        if any(one.test in blocking and one.level == level for one in listed) or not run.complete or ours:
            break
        holding = level
    return Claim(run.level, holding == run.level, partial, run.packs, blocking, holding)


def ladder(level: str) -> list[str]:
    """The levels up to this one, of which each holds only if those before it do. No node of a profile that the kit
    knows stands on the one below L3."""
    return [one for one in LEVELS[: LEVELS.index(level) + 1] if one != OPAQUE or level == OPAQUE]


def exit_status(results: Iterable[Result], claim: Claim) -> int:
    """0, 1 or 70, as the design has it; 3 is for a node that could not be examined."""
    listed = tuple(results)
    if any(one.verdict is Verdict.HARNESS_ERROR for one in listed):
        return 70
    return 1 if claim.blocking or any(one.verdict in VIOLATED for one in listed) else 0


def counted(results: Iterable[Result]) -> dict[str, dict[str, int]]:
    """Level -> verdict -> number of tests."""
    found: dict[str, dict[str, int]] = {}
    for one in results:
        row = found.setdefault(one.level, {})
        row[one.verdict.value] = row.get(one.verdict.value, 0) + 1
    return found


def adversary(results: Iterable[Result]) -> dict[str, int]:
    """How often each kind of fault took effect, over all."""
    total: dict[str, int] = {}
    for one in results:
        for kind, count in one.triggered.items():
            total[kind] = total.get(kind, 0) + count
    return dict(sorted(total.items()))


