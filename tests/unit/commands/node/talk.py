"""A conversation with the reference, held by a test: requests in words, replies as data, each frame checked."""

import json
from functools import cache

import jsonschema

from refimpl.commands.node.conversation import Conversation
from refimpl.crypto.recipes import digest, key_for_tests
from refimpl.data.block import Genesis
from refimpl.data.ids import ChannelId, MemberId, Name, Nonce, Seconds, Suite, Weight
from refimpl.data.members import Member, Membership, Role
from refimpl.data.transaction import Transaction
from tests.house.tree import ROOT

SCHEMA = json.loads((ROOT / "spec" / "node.schema.json").read_text(encoding="utf-8"))
START = 1_767_225_600
CHANNEL = ChannelId("region-1")


@cache
def shape(name):
    """The checker of one frame."""
    return jsonschema.Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": SCHEMA["$defs"]})


def members(count, suite=Suite.STUB):
    made = [Member(MemberId(f"m{i}"), key_for_tests(suite, f"m{i}").public, Weight(1), Role.VALIDATOR)
            for i in range(count)]  # fmt: skip
    clients = [Member(MemberId(f"c{i}"), key_for_tests(suite, f"c{i}").public, Weight(0), Role.MEMBER)
               for i in range(3)]  # fmt: skip
    return Membership.of([*made, *clients], suite)


def genesis(profile="solo", count=1, suite=Suite.STUB):
    return Genesis(CHANNEL, suite, Seconds(START), Name(profile), members(count, suite), {})


def config(profile="solo/1", count=1, member="m0", suite=Suite.STUB):
    return {
        "genesis": genesis(profile.partition("/")[0], count, suite).to_bytes().hex(),
        "key": digest("yilian/test-key/v1", member.encode()).hex(), "params": {}, "profile": profile,
        "seed": "00" * 32, "self": member, "suite": suite.value,
    }  # fmt: skip


def entry(nonce=0, sender="c0", record="r0", suite=Suite.STUB):
    """A lawful transaction: a custodian enters a record into the index."""
    payload = {"entry": {"commitment": "ab" * 32, "custodian": sender, "kind": "report", "record": record}}
    draft = Transaction(suite, CHANNEL, Nonce(nonce), (MemberId(sender),), Name("record"), payload)
    return draft.signed({MemberId(sender): key_for_tests(suite, sender)})


class Talk:
    """Asks with rising ids and checks each frame both ways."""

    def __init__(self, answering=None):
        self.answering = answering or Conversation()
        self.id = 0

    def frame(self, op, **fields):
        self.id += 1
        asked = {"id": self.id, "op": op, **fields}
        shape(f"request.{op}").validate(asked)
        return json.dumps(asked, sort_keys=True, separators=(",", ":")).encode() + b"\n"

    def ask(self, op, **fields):
        """The whole reply."""
        reply = json.loads(self.answering.answer(self.frame(op, **fields)))
        shape(f"reply.{op}").validate(reply)
        assert reply["id"] == self.id
        return reply

    def ok(self, op, **fields):
        reply = self.ask(op, **fields)
        assert "ok" in reply, reply
        return reply["ok"]

    def refused(self, op, **fields):
        return self.ask(op, **fields)["refused"]["code"]

    def err(self, op, **fields):
        return self.ask(op, **fields)["err"]["code"]

    def begun(self, node="a", **about):
        """An instance that is started, and its effects."""
        self.ok("init", node=node, config=config(**about))
        return self.ok("start", node=node, now=START * 1000)["effects"]

    def value(self, path, node="a", **args):
        """The value of a query, checked against its shape."""
        found = self.ok("query", node=node, path=path, args=args)["value"]
        shape(f"answer.{path}").validate(found)
        return found


def kinds(effects):
    return [effect["effect"] for effect in effects]


def disk_of(effects, disk=None):
    """What these effects leave on a disk."""
    kept = dict(disk or {})
    for effect in effects:
        for write in effect.get("writes", ()):
            kept.pop(write["key"], None)
            if "value" in write:
                kept[write["key"]] = write["value"]
    return kept


def as_list(disk):
    return [{"key": key, "value": value} for key, value in sorted(disk.items())]
