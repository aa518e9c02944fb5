"""FHIR R4 in and out: what hospital systems say becomes records of ours, and what the ledger says becomes resources.

One file a family of resources; each reader refuses with a code of area `fhir` and a JSON pointer, each writer takes
plain frozen records and gives bytes. The package knows no ledger, no key and no disk. The tables of fields stand in
docs/reference/fhir.md.
"""

from refimpl.application.fhir.bundle import ResourceId
from refimpl.application.fhir.referral import ClinicalRecord, ReferralRequest, read_referral
from refimpl.application.fhir.terms import ICD_10, Coding

__all__ = ["ICD_10", "ClinicalRecord", "Coding", "ReferralRequest", "ResourceId", "read_referral"]
