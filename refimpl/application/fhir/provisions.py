"""What a tree of provisions allows, as a table over the few things it names, and the grants that say the same.

A FHIR Consent is a rule with exceptions, and exceptions to those; a grant of the contract `Consent` is a plain product:
one grantee, groups of fields, purposes, until a time. The table has a cell for each reader, purpose, field and stretch
of time that the tree can tell apart. R4 leaves two things open: whether an exception counts outside of its parent, and
which of two siblings wins. The table is made in all four ways; a tree on which they differ is refused. The grants read
off the table are then put back through the rules of the policy, and must open the same cells, no more and no fewer.

The module knows what the policy RecordAccess opens by consent; it must not know JSON.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from typing import Final

from attrs import field, frozen

FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "basic": ("basic",), "clinical": ("clinical",), "sensitive": ("psychiatric", "genetic", "hiv"),
}  # fmt: skip
"""Group of the policy -> the parts of it that a label can single out (APP-033)."""
DATA: Final = tuple(part for parts in FIELDS.values() for part in parts)
OPENED: Final[Mapping[str, tuple[str, ...]]] = {
    "treatment": ("clinical", "sensitive"), "referral": ("clinical", "sensitive"), "insurance": ("clinical",),
}  # fmt: skip
"""Purpose -> the groups that the policy RecordAccess opens by consent for it. What it says of basic data no consent
changes."""
ELSE: Final = "*"
"""Any purpose that no provision names."""
TERM_SECONDS: Final = 1830 * 86_400
"""The longest term of a grant: the contract `Consent` takes none beyond it."""


@frozen
class Grant:
    """Arguments of `Consent.grant`, the patient apart."""

    grantee: str = field(repr=False)
    scope: tuple[str, ...]
    """Groups of `FIELDS`, sorted."""
    purposes: tuple[str, ...]
    """Sorted, as the contracts take a set."""
    expiry: int
    """The last second in which it is active."""


@frozen
class Provision:
    """A rule that permits or denies what it matches; None where it names nothing, and so matches everything.

    What a permit names is taken in its narrow sense and what a denial names in its wide one, by whoever fills this in.
    """

    permit: bool
    first: int
    """The first second in which it counts."""
    last: int | None
    """The last one; None if it has no end."""
    people: frozenset[str] | None
    """Practitioners named; None, together with `organizations`, if nobody is."""
    organizations: frozenset[str] | None
    purposes: frozenset[str] | None
    data: frozenset[str] | None
    """Of `DATA`."""
    exceptions: "tuple[Provision, ...]" = ()

    def everything(self) -> "Iterable[Provision]":
        """This provision and all below it."""
        yield self
        for exception in self.exceptions:
            yield from exception.everything()


@frozen
class Request:
    """A read that the table tells apart from others: by whom, of which institution, for what, of which data, when."""

    person: str | None
    organization: str | None
    purpose: str
    data: str
    at: int


class Unequal(Exception):
    """The tree says what grants cannot; `expected` says what they could."""

    def __init__(self, expected: str, got: str) -> None:
        super().__init__(expected, got)
        self.expected, self.got = expected, got


class Ambiguous(Exception):
    """R4 can be read in two ways, and they allow different things."""


def grants_of(root: Provision, now: int) -> tuple[Grant, ...]:
    """The grants that from `now` on open exactly what the tree permits; raises `Unequal` or `Ambiguous`."""
    requests = _requests(root, now)
    allowed = [
        _allowed(root, requests, scoped=scoped, denial=denial) for scoped in (False, True) for denial in (False, True)
    ]
    if any(other != allowed[0] for other in allowed[1:]):
        raise Ambiguous
    found = allowed[0]
    if not found:
        raise Unequal("something that is permitted from now on", "nothing")
    _check_openable(found)
    grants = _products(root, requests, found)
    if not grants or {one for one in requests if _granted(grants, one)} != found:
        raise Unequal("named readers, each with whole groups of fields, from now until an end", "another shape")
    for grant in grants:
        if not now < grant.expiry <= now + TERM_SECONDS:
            raise Unequal(f"an end within {TERM_SECONDS // 86_400} days", "another end")
    for one in requests:
        group = group_of(one.data)
        if group in OPENED.get(one.purpose, ()) and opens(grants, one) != (one in found):
            raise Unequal("sensitive data for the same readers and purposes as clinical data", "others")
    return grants


# --- the table ---


def _requests(root: Provision, now: int) -> list[Request]:
    """One request for each cell that the tree can tell apart."""
    tree = list(root.everything())
    people = sorted({name for one in tree for name in one.people or ()})
    organizations = sorted({name for one in tree for name in one.organizations or ()})
    purposes = sorted({name for one in tree for name in one.purposes or ()})
    turns = {one.first for one in tree} | {one.last + 1 for one in tree if one.last is not None}
    moments = [now, *sorted(turn for turn in turns if turn > now)]
    axes = product([*people, None], [*organizations, None], [*purposes, ELSE], DATA, moments)
    return [Request(*cell) for cell in axes]


def _allowed(root: Provision, requests: Iterable[Request], *, scoped: bool, denial: bool) -> frozenset[Request]:
    return frozenset(one for one in requests if _decision(root, one, scoped=scoped, denial=denial) is True)


def _decision(rule: Provision, request: Request, *, scoped: bool, denial: bool) -> bool | None:
    """What a rule says: its exceptions first. `scoped`: they count only where it matches. `denial`: of two that
    differ, the denial wins."""
    matched = _matches(rule, request)
    if scoped and not matched:
        return None
    said = [_decision(one, request, scoped=scoped, denial=denial) for one in rule.exceptions]
    spoken = [one for one in said if one is not None]
    if spoken:
        return all(spoken) if denial else any(spoken)
    return rule.permit if matched else None


def _matches(rule: Provision, request: Request) -> bool:
    """Whether every element that the rule has covers the request."""
    if request.at < rule.first or (rule.last is not None and request.at > rule.last):
        return False
    if rule.purposes is not None and request.purpose not in rule.purposes:
        return False
    if rule.data is not None and request.data not in rule.data:
        return False
    if rule.people is None or rule.organizations is None:
        return True
    return request.person in rule.people or request.organization in rule.organizations


def group_of(data: str) -> str:
    """The group that a part of the data belongs to."""
    return next(group for group, parts in FIELDS.items() if data in parts)


def _check_openable(found: Iterable[Request]) -> None:
    for one in found:
        if one.purpose == ELSE:
            raise Unequal("named purposes", "any purpose")
        if one.purpose not in OPENED:
            raise Unequal(f"a purpose that a consent opens: {', '.join(OPENED)}", "another purpose")
        if group_of(one.data) == "sensitive" and "sensitive" not in OPENED[one.purpose]:
            raise Unequal("no sensitive data for insurance", "sensitive data")
    if all(group_of(one.data) == "basic" for one in found):
        raise Unequal("data that a consent opens: clinical, sensitive", "basic data only")


# --- grants ---


def _products(root: Provision, requests: Sequence[Request], found: frozenset[Request]) -> tuple[Grant, ...]:
    """For each reader named, the products of groups and purposes that hold in one stretch from now to an end."""
    tree = list(root.everything())
    grantees = sorted({name for one in tree for names in (one.people, one.organizations) for name in names or ()})
    return tuple(
        Grant(grantee, scope, tuple(sorted(purposes)), end)
        for grantee in grantees
        for ends in [_ends([one for one in requests if grantee in (one.person, one.organization)], found)]
        for end in sorted(set(ends.values()))
        for scope, purposes in _scopes(ends, end).items()
    )


def _scopes(ends: Mapping[tuple[str, str], int], end: int) -> dict[tuple[str, ...], list[str]]:
    """Groups that are open at least until `end` -> the purposes for which they are."""
    scopes: dict[tuple[str, ...], list[str]] = {}
    for purpose in OPENED:
        scope = tuple(group for group in FIELDS if ends.get((purpose, group), -1) >= end)
        if scope:
            scopes.setdefault(scope, []).append(purpose)
    return scopes


def _ends(requests: Sequence[Request], found: frozenset[Request]) -> dict[tuple[str, str], int]:
    """(purpose, group) -> the last second of the stretch that begins now in which every request of it is allowed."""
    moments = sorted({one.at for one in requests})
    ends: dict[tuple[str, str], int] = {}
    for key in product(OPENED, FIELDS):
        mine = [one for one in requests if (one.purpose, group_of(one.data)) == key]
        closed = [at for at in moments if not all(one in found for one in mine if one.at == at)]
        if mine and not closed:
            raise Unequal("an end of the period", "none")
        if mine and closed[0] > moments[0]:
            ends[key] = closed[0] - 1
    return ends


def _granted(grants: Iterable[Grant], request: Request) -> bool:
    """Whether some grant names the request, word for word."""
    return any(
        _active(one, request) and request.purpose in one.purposes and group_of(request.data) in one.scope
        for one in grants
    )


def _active(grant: Grant, request: Request) -> bool:
    return grant.grantee in (request.person, request.organization) and request.at <= grant.expiry


def opens(grants: Sequence[Grant], request: Request) -> bool:
    """Whether the rules of RecordAccess open the request by these grants: `consented` and `payer` ask for one that is
    active, names the reader and the purpose and has clinical data in its scope; `guarded` closes sensitive data unless
    one that is active and names the reader and the purpose has them in its scope."""
    named = [one.scope for one in grants if _active(one, request) and request.purpose in one.purposes]
    if not any("clinical" in scope for scope in named):
        return False
    if group_of(request.data) != "sensitive":
        return group_of(request.data) == "clinical"
    return request.purpose != "insurance" and any("sensitive" in scope for scope in named)
