"""Who may see which instance: a patient its own, a member what it is a party of, an auditor its region.

Why one place: every answer with a row in it asks here, so that a new question cannot forget to. What may not be seen is
answered as what does not exist. It must not know how somebody asks. Source: spec/application.md, APP-054.
"""

from functools import cached_property

from refimpl.application.access_log import links_in
from refimpl.application.audit import stands_in
from refimpl.application.identity import same_person
from refimpl.application.view import View
from refimpl.contract.packages import program_in
from refimpl.contract.rows import Row
from refimpl.data.ids import MemberId
from refimpl.data.members import Role
from refimpl.data.refusal import Code, Refused

__all__ = ["Reader"]


class Reader:
    """A member in force, before one state of the ledger."""

    def __init__(self, member: MemberId, role: Role, view: View) -> None:
        """`view` is what the member asks about, and where the rules are read."""
        self.member = member
        self.role = role
        self.view = view

    @cached_property
    def names(self) -> frozenset[str]:
        """All names under which this member stands: a patient has those that are linked to it."""
        if self.view.kind(self.member) != "Patient":
            return frozenset((self.member,))
        return frozenset(same_person(links_in(self.view), self.member))

    @cached_property
    def region(self) -> str | None:
        """The area that an auditor supervises; None for everybody else."""
        found = self.view.attribute(self.member, "region") if self.role is Role.AUDITOR else None
        return found if isinstance(found, str) else None

    def may_see(self, row: Row) -> bool:
        """Whether this member is given an instance."""
        parties = self._parties(row)
        if not self.names.isdisjoint(parties):
            return True
        return self.region is not None and any(stands_in(self.view, one, self.region) for one in sorted(parties))

    def row(self, instance: int) -> Row:
        """An instance that the member may see; `query.not_found` for any other, whether there is one or not."""
        try:
            found = self.view.row(instance)
        except Refused:
            found = None
        if found is None or not self.may_see(found):
            raise Refused(Code.QUERY_NOT_FOUND, what="instance")
        return found

    def must_supervise(self, region: str) -> None:
        """Return if the region is the member's, or below it; `service.forbidden` for any other name, known or not."""
        if self.region is None or not self.view.is_within(region, self.region):
            raise Refused(Code.SERVICE_FORBIDDEN)

    def _parties(self, row: Row) -> frozenset[str]:
        program = program_in(self.view.draft).contract(row.contract, row.version)
        assert program is not None, "an instance's version is deployed for ever"
        declared = [party.name for party in program.module.parties]
        return frozenset(value for name in declared if isinstance(value := row.values[name], str))
