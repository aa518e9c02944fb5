"""Patient out: the pseudonyms of a channel and what became of them, by `Patient.link`.

Two pseudonyms found to be of one person are merged, one staying in use; a merge found to be wrong is undone. Both are
events of the chain, in their order. The module knows pseudonyms only; who a person is, nobody learns here.
"""

from collections.abc import Sequence
from typing import Any, Literal

from attrs import field, frozen

from refimpl.application.fhir import terms

__all__ = ["Linking", "write_patients"]


@frozen
class Linking:
    """An event between two pseudonyms."""

    kind: Literal["merged", "unmerged"]
    kept: str = field(repr=False)
    other: str = field(repr=False)
    """The one that goes out of use, or comes back into it."""


def write_patients(events: Sequence[Linking]) -> tuple[bytes, ...]:
    """One Patient for each pseudonym of the events, sorted, as they stand after the last: merged ones `replaces` and
    `replaced-by` each other, and the replaced one is not active; those once merged and now apart `seealso` each
    other."""
    last: dict[frozenset[str], Linking] = {}
    for event in events:
        if event.kept == event.other:
            raise ValueError("a pseudonym is not linked with itself")
        last[frozenset((event.kept, event.other))] = event
    names = sorted({name for pair in last for name in pair})
    return tuple(terms.written(_patient(name, list(last.values()))) for name in names)


def _patient(name: str, events: Sequence[Linking]) -> dict[str, Any]:
    links = sorted(
        (_link_of(name, event), event.other if name == event.kept else event.kept)
        for event in events
        if name in (event.kept, event.other)
    )
    return terms.resource(
        "Patient",
        id=terms.id_of("patient", name),
        identifier=[terms.number(terms.PSEUDONYM, name)],
        active=not any(kind == "replaced-by" for kind, _ in links),
        link=[{"type": kind, "other": terms.patient(other)} for kind, other in links],
    )


def _link_of(name: str, event: Linking) -> str:
    if event.kind == "unmerged":
        return "seealso"
    return "replaces" if name == event.kept else "replaced-by"
