"""A rehearsal: a made-up alliance with one validator, some of its work under way, and the papers of its members.

For whoever wants to see the service and the visual client at work, or teach with them. Names are made up, and keys
are those that everybody knows of test networks. It must not know how it is served or kept.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from attrs import define, field

from refimpl.application.certificates import issue_authority, issue_member
from refimpl.contract.draft import Draft
from refimpl.crypto.hazmat_x509 import Authority
from refimpl.crypto.recipes import PRODUCTION, Digest, digest, key_for_tests, verifier
from refimpl.data.block import make_block
from refimpl.data.encoding import decode_known
from refimpl.data.ids import ChannelId, MemberId, Name, Nonce, Seconds, Suite
from refimpl.data.members import Membership
from refimpl.data.refusal import Code, Refused
from refimpl.data.transaction import COMMAND, DEPLOY, READ, Transaction
from refimpl.node.execution import next_nonce
from refimpl.node.ledger import Ledger
from refimpl.scenarios.cast import Cast, Node, names
from refimpl.scenarios.package import library

__all__ = ["CAST", "papers", "told_ledger"]

_DAY: Final = 86_400
_HOUR: Final = 3_600

CAST: Final = Cast(
    ChannelId("river-city"), names("city3"), names("centre1", "county2", "gp", "city-doctor", "patient1", "patient2"),
    names("city-hc", "hill-hc"),
    (
        Node("north", "Region", None, {"level": "province"}),
        Node("river-city", "Region", "north", {"level": "city"}),
        Node("hill", "Region", "river-city", {"level": "district"}),
        Node("lake", "Region", "river-city", {"level": "district"}),
        Node("city-hc", "Commission", None, {"level": "city", "region": "river-city"}),
        Node("hill-hc", "Commission", None, {"level": "district", "region": "hill"}),
        Node("centre1", "Hospital", None, {"tier": 1, "region": "hill", "supervisor": "hill-hc"}),
        Node("county2", "Hospital", None, {"tier": 2, "region": "hill", "supervisor": "hill-hc"}),
        Node("city3", "Hospital", None, {"tier": 3, "region": "river-city", "supervisor": "city-hc"}),
        Node("gp", "Clinician", None, {"hospital": "centre1", "on_duty": True}),
        Node("city-doctor", "Clinician", None, {"hospital": "city3", "on_duty": True}),
        Node("patient1", "Patient", None, {"region": "hill"}),
        Node("patient2", "Patient", None, {"region": "lake"}),
    ), Name("solo"),
)  # fmt: skip
"""Three hospitals of three tiers, two doctors, two patients, two commissions."""

_MODULES: Final = ("alliance", "visit", "referral", "stepdown", "access", "identity")


@define
class _Told:
    """The ledger while its story is told, a block for every transaction."""

    now: int
    ledger: Ledger = field(init=False)
    disk: dict[str, bytes] = field(factory=dict, init=False)

    def __attrs_post_init__(self) -> None:
        self.ledger, writes = Ledger.open(CAST.genesis(), verifier(CAST.suite, PRODUCTION))
        self._keep(writes)

    def _keep(self, writes: Sequence[tuple[str, bytes | None]]) -> None:
        self.disk.update({key: value for key, value in writes if value is not None})

    def act(self, signers: tuple[str, ...], contract: str, action: str, **given: Any) -> int:
        """A step of the story that begins an instance, and the number of it."""
        listed = [{"name": name, "value": value} for name, value in sorted(given.items())]
        payload = {"action": action, "arguments": listed, "contract": contract, "instance": None}
        return self.submit(signers, COMMAND, payload)[0]

    def submit(self, signers: tuple[str, ...], kind: Name, payload: Any) -> list[int]:
        """The instances that a transaction is about, which must be applied."""
        sender, *others = names(*signers)
        nonce = Nonce(next_nonce(Draft(self.ledger.state), sender))
        listed = (sender, *sorted(others))
        drafted = Transaction(CAST.suite, CAST.channel, nonce, listed, kind, payload)
        transaction = drafted.signed({one: key_for_tests(CAST.suite, one) for one in listed})
        self.now += 60
        block = make_block(self.ledger.tip, CAST.validators[0], Seconds(self.now), (transaction,))
        result = self.ledger.finalize(block.to_bytes())
        self._keep(self.ledger.commit(result, None))
        receipt: dict[str, Any] = decode_known(result.outcome.receipts[-1])
        assert receipt["status"] == "applied" or kind == READ, "a step of the rehearsal was refused"
        return [event["instance"] for event in receipt.get("events", ()) if "instance" in event]


def told_ledger(now: int) -> dict[str, bytes]:
    """Keys and values of a ledger whose story ends shortly before second `now`."""
    told = _Told(now - 2 * _HOUR)
    told.submit(CAST.validators, DEPLOY, {"modules": library(_MODULES)})
    visit = told.act(("county2", "patient1"), "Visit", "open", holder="county2", patient="patient1", number="V-100")
    told.act(("centre1", "patient2"), "Visit", "open", holder="centre1", patient="patient2", number="V-101")
    for number, days in (("cardiology-1", 3), ("cardiology-2", 5)):
        told.act(("city3",), "Slot", "offer", hospital="city3", number=number, starts=now + days * _DAY)
    record = told.act(("county2",), "HealthRecord", "register", custodian="county2", patient="patient1", visit=visit,
                      number="r-1", digest=_bound("r-1"))  # fmt: skip
    told.act(("patient1",), "Consent", "grant", patient="patient1", grantee="city3", scope=["clinical"],
             purposes=["treatment"], expiry=now + 30 * _DAY)  # fmt: skip
    told.submit(("city-doctor",), READ, {"fields": ["diagnosis"], "instance": record, "purpose": "treatment"})
    told.submit(("gp",), READ, {"fields": ["labs"], "instance": record, "purpose": "treatment"})
    told.act(("county2", "patient1"), "Referral", "request", origin="county2", receiver="city3", patient="patient1",
             regulator="hill-hc", upper="city-hc", visit=visit, evidence=_bound("r-1"), fee=90_000)  # fmt: skip
    return told.disk


def _bound(what: str) -> str:
    return digest("yilian/rehearsal/v1", what.encode()).hex()


def papers(members: Membership, now: int) -> Iterator[tuple[str, bytes, int]]:
    """(file name, content, mode): the authority's certificate, and of each member its certificate and its key.

    `tx.unknown_signer` for a member whose key is not the one that everybody knows.
    """
    secret = _known_secret("authority")
    authority = Authority((("O", "Rehearsal"),), key_for_tests(Suite.INTL, "authority").public, lambda: secret)
    valid = (now - _DAY, now + 365 * _DAY)
    yield "authority.der", issue_authority(authority, 1, valid), 0o644
    for number, one in enumerate(members, 2):
        if one.public != key_for_tests(Suite.INTL, one.member).public:
            raise Refused(Code.TX_UNKNOWN_SIGNER, signer=one.member)
        yield f"{one.member}.der", issue_member(authority, one.member, one.role, one.public, number, valid), 0o644
        yield f"{one.member}.key", _known_secret(one.member).hex().encode() + b"\n", 0o600


def _known_secret(name: str) -> Digest:
    """The secret of `key_for_tests` (DAT-026)."""
    return digest("yilian/test-key/v1", MemberId(name).encode("ascii"))


