"""A window of the service without a socket: requests signed by members of the rehearsal, answers as data.

For tests that are about what is answered; those about sockets start `yilian serve`.
"""

import json
from functools import cache
from typing import Any

from refimpl.application.certificates import read_authority
from refimpl.contract.draft import Draft
from refimpl.crypto.recipes import key_for_tests, verifier
from refimpl.data.ids import ChannelId, MemberId, Nonce, Seconds, Suite
from refimpl.data.transaction import COMMAND, Transaction
from refimpl.node.execution import next_nonce
from refimpl.scenarios.rehearsal import CAST, papers, told_ledger
from refimpl.service.gateway import Gateway
from refimpl.service.node import Kept, Working
from refimpl.service.requests import Answer, Asked, Doorkeeper, signed_headers
from refimpl.store.sqlite import create

NOW = Seconds(1_780_000_000)
VERIFY = verifier(Suite.INTL)
CHANNEL = ChannelId("river-city")


@cache
def told() -> dict[str, bytes]:
    """The ledger of the rehearsal, told once."""
    return told_ledger(NOW)


@cache
def certificates() -> dict[str, bytes]:
    """Name of a member, or `authority` -> its certificate."""
    listed = papers(CAST.genesis().members, NOW)
    return {name.removesuffix(".der"): content for name, content, _ in listed if name.endswith(".der")}


class Window:
    """A service over one node, and everybody's keys."""

    def __init__(self, node: Kept | Working | None = None) -> None:
        self.node = node or Kept(told(), VERIFY)
        self.gateway = Gateway(self.node, Doorkeeper(read_authority(certificates()["authority"]), CHANNEL, VERIFY))
        self.asked = 0

    def headers(self, member: str, asked: Asked, time: int = NOW) -> dict[str, str]:
        """What makes a request this member's; every one has a nonce of its own."""
        self.asked += 1
        key = key_for_tests(Suite.INTL, member)
        return signed_headers(asked, CHANNEL, key, certificates()[member], f"{self.asked:032x}", time)

    def ask(self, member: str, path: str, query: str = "", body: bytes | None = None) -> Answer:
        """The answer to this member; a body makes it a POST."""
        method = "GET" if body is None else "POST"
        bare = Asked(method, path, query, {}, body or b"")
        return self.gateway.answer(Asked(method, path, query, self.headers(member, bare), body or b""), NOW)

    def told(self, member: str, path: str, query: str = "") -> Any:
        """A good answer, as data."""
        answer = self.ask(member, path, query)
        assert answer.status == 200, answer.body
        return json.loads(answer.body)

    def code(self, member: str, path: str, query: str = "", body: bytes | None = None) -> tuple[int, str]:
        """Status and code of a refusal."""
        answer = self.ask(member, path, query, body)
        return answer.status, json.loads(answer.body)["code"]

    def signed(self, signers: tuple[str, ...], contract: str, action: str, instance: int | None, **given: Any) -> bytes:
        """The canonical bytes of a command of these members."""
        sender, *others = (MemberId(one) for one in signers)
        listed = [{"name": name, "value": value} for name, value in sorted(given.items())]
        payload = {"action": action, "arguments": listed, "contract": contract, "instance": instance}
        nonce = Nonce(next_nonce(Draft(self.node.ledger.state), sender))
        drafted = Transaction(Suite.INTL, CHANNEL, nonce, (sender, *sorted(others)), COMMAND, payload)
        return drafted.signed({one: key_for_tests(Suite.INTL, one) for one in drafted.signers}).to_bytes()


def working(folder) -> Working:
    """The node of the rehearsal's one validator, its ledger in a file of this folder."""
    store = create(folder / "ledger.sqlite")
    store.apply(sorted(told().items()), sync=True)
    return Working(store, MemberId("city3"), key_for_tests(Suite.INTL, "city3"), VERIFY, NOW)
