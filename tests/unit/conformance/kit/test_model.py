"""The kit's own ledger and the reference, two hands from one text, say the same of every test of the library."""

import pytest

from conformance.model.genesis import CLIENTS, START, Network, entry, transaction
from conformance.model.ledger import Ledger
from conformance.model.scripts import PACKS, played, scripts
from conformance.wire import canonical
from refimpl.commands.node.conversation import Conversation
from tests.unit.commands.node.talk import Talk


def network(script=None):
    members = CLIENTS if script is None else tuple(sorted({*CLIENTS, *script.members}))
    directory = () if script is None else script.directory
    return Network("solo/1", "solo", (("m0", 1),), members=members, directory=directory)


class Both:
    """The reference and the model, asked the same."""

    def __init__(self, net):
        self.model, self.talk, self.timer = Ledger(net), Talk(Conversation()), None
        self.talk.ok("init", node="a", config=net.config("m0"))
        self.heed(self.talk.ok("start", node="a", now=START * 1000)["effects"])

    def heed(self, effects):
        for effect in effects:
            if effect["effect"] == "set_timer":
                self.timer = effect["at"]
        return [effect for effect in effects if effect["effect"] == "decide"]

    def submit(self, made, now):
        answer = self.model.submit(canonical(made), now)
        reply = self.talk.ask("submit", node="a", now=now * 1000, tx=canonical(made).hex())
        if "refused" in reply:
            assert reply["refused"]["code"] == answer.refused
            return
        self.compare(self.heed(reply["ok"]["effects"]), answer.block)

    def wait(self, until):
        while self.timer is not None and self.timer <= until * 1000:
            at, self.timer = self.timer, None
            decided = self.heed(self.talk.ok("fire", node="a", now=at, timer="deadline")["effects"])
            self.compare(decided, self.model.tick(at // 1000))

    def compare(self, decided, block):
        assert [one["block"] for one in decided] == ([block.hex()] if block else [])
        tip = self.talk.value("tip")
        if tip["state_root"] != self.model.tip["state_root"]:
            items = self.talk.value("state")["items"]
            theirs = {bytes.fromhex(item["key"]): bytes.fromhex(item["value"]) for item in items}
            assert theirs == self.model.state()
        assert tip == self.model.tip


@pytest.mark.parametrize("pack", sorted(PACKS))
def test_the_model_and_the_reference_agree_on_every_test_of_a_pack(pack):
    for script in scripts(pack):
        both, now, nonces = Both(network(script)), START, {}
        for step in played(script):
            if step.kind == "pause":
                now += step.seconds
                both.wait(now)
                continue
            signers = step.signers or ("m0",)
            nonce = nonces.get(signers[0], 0)
            nonces[signers[0]] = nonce + 1
            both.submit(transaction(step.kind, step.payload, signers, nonce), now)
        assert len(both.model.blocks) > 1


@pytest.mark.clause("NOD-061", "NOD-062")
def test_the_model_and_the_reference_agree_on_what_waits():
    both = Both(network())
    for sender, nonce in (("c1", 1), ("c0", 2), ("c0", 1), ("c1", 0), ("c0", 0), ("c0", 0), ("c0", 3)):
        both.submit(entry(sender, nonce, f"r{nonce}"), START + 3)
    assert both.model.tip["height"] == 3
