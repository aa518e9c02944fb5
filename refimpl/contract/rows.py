"""Instances by the names of their fields: what an application reads of a contract.

Why here: the state keeps an instance as values in the order of its version's declarations, and only this layer knows
programs. It must not know what a field means.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from attrs import frozen

from contracts_dsl.host import Value
from refimpl.contract.draft import Draft
from refimpl.contract.packages import program_in
from refimpl.contract.world import LedgerWorld

__all__ = ["Row", "fields_meant", "row_of"]


@frozen
class Row:
    """An instance, its fields by name."""

    contract: str
    id: int
    version: int
    state: str
    entered: int
    """Second in which the present state was entered."""
    values: Mapping[str, Value]

    def __getitem__(self, field: str) -> Any:
        """The value of a field; KeyError if the contract has none of that name."""
        return self.values[field]


def row_of(draft: Draft, instance: int) -> Row | None:
    """The instance of this number, or None."""
    found = LedgerWorld(draft).instance(instance)
    if found is None:
        return None
    contract = program_in(draft).contract(found.contract, found.version)
    assert contract is not None, "an instance's version is deployed for ever"
    values = dict(zip(contract.fields, found.values, strict=True))
    return Row(found.contract, found.id, found.version, found.state, found.entered, values)


def fields_meant(draft: Draft, contract: str, names: Iterable[str]) -> tuple[str, ...]:
    """The fields that a request for these fields and groups of a contract's policy means, ascending."""
    policy = program_in(draft).policy_of.get(contract)
    groups = {group.name: group.fields for group in (policy.groups if policy is not None else ())}
    return tuple(sorted({field for name in names for field in groups.get(name, (name,))}))
