"""The files of a population: institutions, one bundle and one pair of forms a patient, and a manifest with digests.

Files come one at a time, so that a large population needs no large memory. The module writes nothing itself.
"""

import json
from collections.abc import Iterator
from hashlib import sha256
from typing import Any, Final

from attrs import define, field, frozen

from refimpl.synthetic.case import case, lines, organization
from refimpl.synthetic.institutions import Institution, institutions
from refimpl.synthetic.stream import Stream

__all__ = ["PATIENTS_MAX", "Population", "SyntheticFile", "population"]

PATIENTS_MAX: Final = 10_000
SCHEMA: Final = "yilian/synthetic/v1"


@frozen
class SyntheticFile:
    """A file by name."""

    name: str
    content: bytes = field(repr=False)


@define
class Population:
    """A population that is being made: iterate over its files once, the manifest comes last."""

    seed: int
    patients: int
    resources: dict[str, int] = field(factory=dict)
    """Resources by type, as far as they are made."""
    digests: dict[str, str] = field(factory=dict)
    """Name of a file -> SHA-256 in hexadecimal, of all files made but the manifest."""

    def __iter__(self) -> Iterator[SyntheticFile]:
        draws = Stream(str(self.seed))
        everyone = institutions(draws.under("institutions"))
        yield self._made("institutions.json", _directory(everyone))
        for number in range(1, self.patients + 1):
            course = case(draws.under(f"patient/{number}"), number, everyone)
            for kind, count in course.counts.items():
                self.resources[kind] = self.resources.get(kind, 0) + count
            yield self._made(f"patient-{number:05}.json", course.bundle)
            yield self._made(f"forms-{number:05}.json", _text(list(course.forms)))
        yield SyntheticFile("manifest.json", _text(self.manifest()))

    def manifest(self) -> dict[str, Any]:
        """What was made, from what."""
        return {
            "schema": SCHEMA, "seed": self.seed, "patients": self.patients,
            "resources": dict(sorted(self.resources.items())), "sha256": dict(sorted(self.digests.items())),
        }  # fmt: skip

    def _made(self, name: str, content: bytes) -> SyntheticFile:
        self.digests[name] = sha256(content).hexdigest()
        return SyntheticFile(name, content)


def population(seed: int, patients: int) -> Population:
    """A population of so many patients; ValueError beyond `PATIENTS_MAX`."""
    if not 1 <= patients <= PATIENTS_MAX:
        raise ValueError(f"1 to {PATIENTS_MAX} patients, not {patients}")
    return Population(seed, patients)


def _directory(everyone: tuple[Institution, ...]) -> bytes:
    return lines(organization(one) for one in everyone)


def _text(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1).encode() + b"\n"
