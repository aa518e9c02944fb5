"""What the ledger has, as the records that are written: an instance of `Consent`, of `Referral` or of `StepDown`.

The ledger keeps names, times and digests; what it does not keep (the number of the referral, its priority, its reason,
when it began) the caller adds from the order it read. It must not know how a record becomes JSON.
"""

from attrs import field, frozen

from refimpl.application.fhir.consent import ConsentOnLedger
from refimpl.application.fhir.provisions import Grant
from refimpl.application.fhir.referral_state import ReferralOnLedger
from refimpl.application.fhir.terms import Coding
from refimpl.application.records import IndexEntry
from refimpl.application.view import View
from refimpl.contract.rows import Row

__all__ = ["Order", "consent_of", "referral_of"]


@frozen
class Order:
    """What an order says and the ledger does not keep."""

    identifier: str
    priority: str
    reason: Coding = field(repr=False)
    at: int
    """When the instance began, seconds since 1970."""
    offered: tuple[IndexEntry, ...]
    returned: tuple[IndexEntry, ...] = ()
    why: str | None = None
    """The refusal or breach that led to the present state, as the chain's events name it."""


def consent_of(row: Row, view: View, at: int) -> ConsentOnLedger:
    """An instance of `Consent` that was granted at second `at`; its number is that of the instance."""
    kind = "Practitioner" if view.kind(row["grantee"]) == "Clinician" else "Organization"
    grant = Grant(row["grantee"], tuple(row["scope"]), tuple(row["purposes"]), row["expiry"])
    return ConsentOnLedger(str(row.id), row["patient"], grant, kind, at, row.state)


def referral_of(row: Row, view: View, order: Order) -> ReferralOnLedger:
    """An instance of `Referral` or `StepDown` of this order, as it stands."""
    asked = {"escalated": "upper"}.get(row.state, "regulator")
    return ReferralOnLedger(
        contract=row.contract,
        identifier=order.identifier,
        visit=view.row(row["visit"])["number"],
        patient=row["patient"],
        origin=row["origin"],
        receiver=row["receiver"],
        commission=row[asked] if row.contract == "Referral" else None,
        priority=order.priority,
        reason=order.reason,
        state=row.state,
        why=order.why,
        authored=order.at,
        modified=row.entered,
        offered=order.offered,
        returned=order.returned,
    )
