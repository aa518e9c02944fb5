"""An alliance that changes while it runs: a hospital is let in by several signatures, one that lied is put out, a key
is renewed, a private ledger is anchored, and a contract is retired.

The applicant shows the certificate of the consortium and comes in without a vote; the procedure of admission gathers
the commission's examination and two sponsors' signatures; with that as evidence more than two thirds of the votes make
it a validator, in the place of the one that has lied since the first block.

It must not know how consensus works.
"""

from typing import Any, Final

from attrs import define, field

from conformance.plan import Plan
from refimpl.application.certificates import check_in_force, issue_authority, issue_member, read_authority, read_member
from refimpl.consensus.registry import find_engine
from refimpl.crypto.hazmat_x509 import Authority
from refimpl.crypto.recipes import KeyPair, digest, verifier
from refimpl.data.block import Genesis
from refimpl.data.ids import ChannelId, MemberId, Name, Nonce, PublicKey, Seconds, Suite, Weight
from refimpl.data.members import Member, Membership, Role
from refimpl.data.refusal import Refused
from refimpl.data.transaction import COMMAND, DEPLOY, DIRECTORY, MEMBERSHIP, RECORD, Transaction
from refimpl.node.institution import Institution
from refimpl.node.machine import Machine
from refimpl.scenarios.cast import START, Cast, Node, names
from refimpl.scenarios.clients import expected
from refimpl.scenarios.package import library
from refimpl.scenarios.stage import Receipt, Stage
from refimpl.scenarios.titles import titles_of
from refimpl.scenarios.told import liar

__all__ = ["TITLES", "Story", "bundle", "cast", "plan", "play"]

TITLES = titles_of("alliance")
VALIDATORS: Final = ("city3-a", "city3-b", "city3-c")
LIAR: Final = MemberId("city3-d")
APPLICANT, COUNTY = MemberId("north3"), MemberId("county2")
PRIVATE: Final = ChannelId("county2-private")
MODULES: Final = ("alliance", "admission", "anchor", "sharing")
DAY: Final = 86_400
SECRET: Final = digest("yilian/scenario/authority/v1", b"river-city")
"""The consortium's key; in this made-up alliance everybody knows it."""
AUTHORITY: Final = Authority((("O", "River City Alliance"),), KeyPair(Suite.INTL, SECRET).public, lambda: SECRET)

DIRECTORY_OF_FOUNDERS: Final = (
    Node("north", "Region", None, {"level": "province"}),
    Node("river-city", "Region", "north", {"level": "city"}),
    Node("hill", "Region", "river-city", {"level": "district"}),
    Node("province-hc", "Commission", None, {"level": "province", "region": "north"}),
    Node("city-hc", "Commission", None, {"level": "city", "region": "river-city"}),
    *(Node(f"city3-{letter}", "Hospital", None, {"tier": 3, "region": "river-city", "supervisor": "city-hc"})
      for letter in "abcd"),
    Node(COUNTY, "Hospital", None, {"tier": 2, "region": "hill", "supervisor": "city-hc"}),
)  # fmt: skip


def cast() -> Cast:
    """Who founds the alliance."""
    return Cast(ChannelId("river-city"), names(*VALIDATORS, LIAR), (COUNTY,), names("city-hc", "province-hc"),
                DIRECTORY_OF_FOUNDERS)  # fmt: skip


def plan() -> Plan:
    """One validator lies, until it is put out."""
    return liar()


def bundle() -> bytes:
    """Nothing comes from a hospital's system."""
    return b""


def play(stage: Stage, bundle: bytes, seed: int) -> dict[str, Any]:
    """The story. What it returns is where everything stands, and who is a member at the end."""
    story = Story(stage)
    story.found_it()
    story.let_in()
    story.admit()
    story.renew_a_key()
    story.anchor()
    story.retire()
    return {**stage.standing(), **story.found}


@define
class Story:
    """The story under way."""

    stage: Stage
    found: dict[str, Any] = field(factory=dict)
    """What was seen on the way."""
    certificate: str = ""
    """Digest of the certificate that the applicant showed."""

    def found_it(self) -> None:
        """Three of the four deploy the contracts."""
        expected(self.stage.submit(VALIDATORS, DEPLOY, {"modules": library(MODULES)}))

    def let_in(self) -> None:
        """The applicant shows a certificate that the consortium's authority signed, and is let in without a vote."""
        key = KeyPair(Suite.INTL, digest("yilian/scenario/key/v1", b"north3"))
        valid = (START - DAY, START + 365 * DAY)
        authority = read_authority(issue_authority(AUTHORITY, 1, valid))
        shown = issue_member(AUTHORITY, APPLICANT, Role.MEMBER, key.public, 2, valid)
        identity = read_member(shown, authority, self.stage.now)
        home = Node(APPLICANT, "Hospital", None, {"tier": 3, "region": "north", "supervisor": "province-hc"})
        expected(self.stage.submit(VALIDATORS, DIRECTORY, {"nodes": [home.to_value()]}))
        alone = self.change(("city3-a",), identity.member, identity.public, Role.MEMBER, 0)
        self.found["one signature"] = alone.code
        expected(self.change(VALIDATORS, identity.member, identity.public, Role.MEMBER, 0))
        check_in_force(identity, self.members)
        self.stage.keys[APPLICANT] = key
        self.certificate = identity.digest.hex()

    def admit(self) -> None:
        """Examined, endorsed by two sponsors, and made a validator in the place of the liar."""
        asked: dict[str, Any] = {
            "applicant": APPLICANT, "sponsor": "city3-a", "second": "city3-b", "auditor": "province-hc",
            "certificate": self.certificate,
        }  # fmt: skip
        admission = self.act((APPLICANT,), "Admission", "apply", **asked)
        self.act(("province-hc",), "Admission", "examine", admission)
        self.act(("city3-a", "city3-b"), "Admission", "endorse", admission)
        found = self.members.get(APPLICANT)
        assert found is not None
        promoted = Member(APPLICANT, found.public, Weight(1), Role.VALIDATOR)
        payload = {"changes": [promoted.to_value()], "evidence": admission, "removed": [LIAR]}
        expected(self.stage.submit(VALIDATORS, MEMBERSHIP, payload))
        self.found["validators"] = [one.member for one in self.members.validators()]
        self.found["the liar's signature"] = self.refused(LIAR)

    def renew_a_key(self) -> None:
        """The county hospital's key is renewed: from the next height on the old one signs nothing."""
        new = KeyPair(Suite.INTL, digest("yilian/scenario/key/v1", b"county2"))
        expected(self.change(VALIDATORS, COUNTY, new.public, Role.MEMBER, 0))
        self.found["the old key"] = self.refused(COUNTY)
        self.stage.keys[COUNTY] = new

    def anchor(self) -> None:
        """A private ledger of one institution: a record is entered there, and its head is anchored here."""
        house, key = private_ledger()
        at = Seconds(self.stage.now)
        house.start(PRIVATE, at)
        entry = {"commitment": "ab" * 32, "custodian": COUNTY, "kind": "ward-log", "record": "w-1"}
        made = Transaction(Suite.INTL, PRIVATE, Nonce(0), (COUNTY,), RECORD, {"entry": entry})
        house.submit(PRIVATE, made.signed({COUNTY: key}).to_bytes(), at)
        height, head = house.head(PRIVATE)
        self.act((COUNTY,), "Anchor", "anchor", keeper=COUNTY, ledger=PRIVATE, height=height, head=head.hex())
        self.found["anchored"] = [height, head.hex()]

    def retire(self) -> None:
        """A contract is retired: it takes no new instances, and those that run are carried to their end."""
        asked: dict[str, Any] = {"lender": "city3-a", "borrower": COUNTY, "item": "ct", "price": 100}
        loan = self.act((COUNTY,), "Loan", "ask", **asked)
        expected(self.stage.submit(VALIDATORS, DEPLOY, {"modules": [], "retired": ["Loan"]}))
        self.found["after retirement"] = self.stage.act((COUNTY,), "Loan", "ask", **asked).code
        self.act(("city3-a",), "Loan", "lend", loan)

    # --- what the steps are made of ---

    @property
    def members(self) -> Membership:
        """Who is in force."""
        return self.stage.ledger.tip.members

    def change(self, signers: tuple[str, ...], who: MemberId, key: PublicKey, role: Role, weight: int) -> Receipt:
        """One change of the members, without evidence."""
        payload = {"changes": [Member(who, key, Weight(weight), role).to_value()], "evidence": None, "removed": []}
        return self.stage.submit(signers, MEMBERSHIP, payload)

    def act(
        self, signers: tuple[str, ...], contract: str, action: str, instance: int | None = None, **given: Any
    ) -> int:
        """A step of the story, and the instance it is about."""
        return expected(self.stage.act(signers, contract, action, instance, **given)).instance

    def refused(self, member: MemberId) -> str:
        """The code with which an honest node refuses a transaction of a member as it comes in."""
        stage, sender = self.stage, (member,)
        draft = Transaction(stage.cast.suite, stage.cast.channel, Nonce(0), sender, COMMAND, {}).signed(stage.keys)
        try:
            stage.ledger.check(draft.to_bytes())
        except Refused as refused:
            return refused.code.value
        return ""


def private_ledger() -> tuple[Institution, KeyPair]:
    """The county hospital's own ledger, of which nothing leaves the house but a head; and the key that signs in it."""
    key = KeyPair(Suite.INTL, digest("yilian/scenario/key/v1", b"county2-private"))
    alone = Membership.of([Member(COUNTY, key.public, Weight(1), Role.VALIDATOR)], Suite.INTL)
    genesis = Genesis(PRIVATE, Suite.INTL, START, Name("solo"), alone, {}, ())
    machine = Machine(genesis, find_engine(Name("solo")), COUNTY, key, verifier(Suite.INTL))
    return Institution(COUNTY, [machine]), key
