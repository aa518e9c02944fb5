"""A small lawful ledger for the tests of this folder: four validators, an auditor, a member, and what they sign."""

from collections.abc import Sequence

import pytest

from refimpl.crypto.recipes import KeyPair, key_for_tests, sign, verifier
from refimpl.data.block import Genesis, Tip
from refimpl.data.certificate import Certificate, Decision, Vote, vote_digest
from refimpl.data.ids import ChannelId, Digest, Height, MemberId, Name, Nonce, PublicKey, Round, Seconds, Suite, Weight
from refimpl.data.members import Member, Membership, Role
from refimpl.data.refusal import Code, Refused
from refimpl.data.state_map import EMPTY
from refimpl.data.transaction import Transaction

CHANNEL = ChannelId("region-1")
SUITE = Suite.INTL
NAMES = tuple(MemberId(name) for name in ("m0", "m1", "m2", "m3", "clinic", "commission"))
KEYS: dict[MemberId, KeyPair] = {name: key_for_tests(SUITE, name) for name in NAMES}
VERIFY = verifier(SUITE)


def member(name: str, weight: int = 1, role: Role = Role.VALIDATOR) -> Member:
    return Member(MemberId(name), key_for_tests(SUITE, name).public, Weight(weight), role)


MEMBERS = Membership.of(
    [*map(member, NAMES[:4]), member("clinic", 0, Role.MEMBER), member("commission", 0, Role.AUDITOR)], SUITE
)
GENESIS = Genesis(CHANNEL, SUITE, Seconds(1000), Name("tendermint"), MEMBERS, {"timeout_propose": 1000})
TIP = Tip.of_genesis(GENESIS, EMPTY.root)


def key_of(name: MemberId) -> PublicKey | None:
    return KEYS[name].public if name in KEYS else None


def transaction(
    number: int = 0, signers: Sequence[str] = ("clinic",), kind: str = "command", payload: object = None
) -> Transaction:
    names = tuple(MemberId(one) for one in signers)
    return Transaction(SUITE, CHANNEL, Nonce(number), names, Name(kind), payload).signed(KEYS)


def decision(block: Digest, height: int = 1) -> Decision:
    return Decision(CHANNEL, SUITE, Height(height), block, Name("tendermint"), Name("precommit"))


def certificate(about: Decision, signers: Sequence[str], round_: int = 0) -> Certificate:
    votes = tuple(
        Vote(MemberId(name), sign(key_for_tests(about.suite, name), vote_digest(about, Round(round_), MemberId(name))))
        for name in signers
    )
    return Certificate(
        about.channel, about.suite, about.height, Round(round_), about.block, about.profile, about.kind, votes
    )


def refusal(act, *arguments) -> Refused:
    with pytest.raises(Refused) as caught:
        act(*arguments)
    return caught.value


def code_of(act, *arguments) -> Code:
    return refusal(act, *arguments).code
