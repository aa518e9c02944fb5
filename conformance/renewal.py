"""Members that come and go in a world: what a plan's changes mean, stage by stage, as transactions that clients sign.

Why here: the node under test decides and executes them; who is in force at a height is worked out by the kit from the
decided blocks alone, with its own reading of the text. It must not know any node, nor judge a run.
"""

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

from attrs import define, field

from conformance.history import Decision
from conformance.model.genesis import CHANNEL, Network, entry, id_of, transaction
from conformance.model.membership import Members, changed, digest
from conformance.plan import Plan
from conformance.sentences import Text, say
from conformance.signing import holds, public_of
from conformance.wire import canonical, header_of, parsed, tagged

__all__ = ["Force", "Script", "name_of", "owner_of_key"]

Data = dict[str, Any]
CLERK = "c7"
"""Who hands the changes in: never a validator, and its key never changes."""


def name_of(node: int) -> str:
    """The member behind a node."""
    return f"m{node}"


def owner_of_key(node: int, generation: int) -> str:
    """The name whose test key a node has after so many rotations (DAT-026)."""
    return f"m{node}.k{generation}" if generation else name_of(node)


class Script:
    """The changes of a plan. Stage 0 are the founders, stage k is in force once the first k changes are executed."""

    def __init__(self, plan: Plan, profile: str, suite: str = "stub", engine: str = "") -> None:
        """`engine` is the one that the genesis names, if it is not the plan's."""
        engine = engine or plan.engine
        founders, *self.changes = plan.changes
        self.stages = plan.changes
        self.names = [name_of(node) for node in range(plan.n)]
        validators = tuple((name_of(node), weight) for node, weight in enumerate(founders.weights) if weight)
        self.network = Network(profile, engine, validators, suite)
        self.forces: list[Members] = [self.network.membership()]
        for number in range(1, len(self.stages)):
            self.forces.append(changed(self.forces[-1], self.payload(number), engine, 0))
        self.made = [self.transaction(number) for number in range(1, len(self.stages))]
        self.places = {id_of(made): number for number, made in enumerate(self.made, 1)}
        """Transaction -> the stage to which it leads."""

    def generation(self, stage: int, node: int) -> int:
        """How often a node's key was changed by then."""
        keys = self.stages[stage].keys
        return keys[node] if keys else 0

    def payload(self, number: int) -> Data:
        """What leads from the stage before to this one."""
        suite, before, after = self.network.suite, self.stages[number - 1], self.stages[number]
        changes, removed = [], []
        for node, (old, new) in enumerate(zip(before.weights, after.weights, strict=True)):
            rotated = self.generation(number - 1, node) != self.generation(number, node)
            if old and not new:
                removed.append(name_of(node))
            elif new and (old != new or rotated):
                pub = public_of(suite, owner_of_key(node, self.generation(number, node))).hex()
                changes.append({"member": name_of(node), "pub": pub, "role": "validator", "weight": new})
        return {"changes": changes, "evidence": None, "removed": removed}

    def transaction(self, number: int) -> Data:
        """The change, approved by all who validate before it, with the keys that they have then."""
        nodes = [node for node, weight in enumerate(self.stages[number - 1].weights) if weight]
        keys = {name_of(node): owner_of_key(node, self.generation(number - 1, node)) for node in nodes}
        signers = (CLERK, *(name_of(node) for node in nodes))
        return transaction("membership", self.payload(number), signers, number - 1, self.network.suite, keys=keys)

    def due(self, stage: int, height: int) -> list[Data]:
        """What clients hand in for a height, with this stage in force: something to do, and a change if it is time."""
        listed = [entry("c0", height - 1, f"r{height}", self.network.suite)]
        if stage < len(self.changes) and self.changes[stage].h <= height:
            listed.append(self.made[stage])
        return listed

    def weights(self, stage: int) -> tuple[int, ...]:
        """The weight of each node."""
        return self.stages[stage].weights


@define
class Force:
    """Who is in force after each block that anybody decided."""

    script: Script
    after: dict[str, int] = field(factory=dict)
    """Block -> the stage in force at the height after it."""
    handed: set[str] = field(factory=set)
    """Transactions that clients handed in."""

    def __attrs_post_init__(self) -> None:
        self.after[self.script.network.genesis_id()] = 0

    @cached_property
    def digests(self) -> list[str]:
        """The digest of the members of each stage."""
        return [digest(members) for members in self.script.forces]

    def due(self, block: str, height: int) -> list[tuple[str, bytes]]:
        """(id, bytes) of what clients hand in once this block below the height is decided."""
        listed = [(id_of(made), canonical(made)) for made in self.script.due(self.after.get(block, 0), height)]
        self.handed.update(name for name, _ in listed)
        return listed

    def judged(self, decision: Decision, block: bytes, certificate: bytes | None) -> Decision:
        """A report with what the text says of it: who was in force, whose signatures hold, and what is wrong."""
        stage = self.after.get(decision.block.previous, 0)
        self.after[decision.block.digest] = self._stage_after(stage, decision.block.transactions)
        found = decision.block._replace(broken=decision.block.broken or self.broken(block, stage))
        votes = self.votes(found.digest, certificate, stage) if certificate is not None else ()
        return decision._replace(block=found, votes=votes, weights=self.script.weights(stage))

    def broken(self, block: bytes, stage: int) -> Text:
        """What is wrong with a block that is one, by who is in force; empty for nothing (DAT-090, DAT-091)."""
        header = header_of(block)
        if header.get("membership") != self.digests[stage]:
            return say("block.other-members", clause="DAT-090", stage=stage)
        if not self.script.weights(stage)[self.number(header["proposer"])]:
            return say("block.not-in-force", clause="DAT-091", member=header["proposer"])
        return ""

    def _stage_after(self, stage: int, transactions: tuple[str, ...]) -> int:
        for name in transactions:
            if self.script.places.get(name) == stage + 1:
                stage += 1
        return stage

    def by_height(self, decisions: Iterable[Decision]) -> dict[int, tuple[int, ...]]:
        """The weight of each node at every height that these decisions reached."""
        reached = {one.height + 1: self.script.weights(self.after[one.block.digest]) for one in decisions}
        return {1: self.script.weights(0), **reached}

    def number(self, member: str) -> int:
        """The node of a member; -1 for anybody else."""
        return self.script.names.index(member) if member in self.script.names else -1

    def votes(self, block: str, certificate: bytes, stage: int) -> tuple[tuple[int, bool], ...]:
        """(voter, whether the signature is of the key in force) of a certificate (DAT-101, DAT-103, DAT-104)."""
        try:
            return self._votes(block, parsed(certificate), stage)
        except (ValueError, KeyError, TypeError):
            return ((-1, False),)

    def _votes(self, block: str, proof: Data, stage: int) -> tuple[tuple[int, bool], ...]:
        suite = self.script.network.suite
        keys: Mapping[str, bytes] = {one["member"]: bytes.fromhex(one["pub"]) for one in self.script.forces[stage]
                                     if one["role"] == "validator"}  # fmt: skip
        found = []
        for vote in proof["signatures"]:
            said = {"body": {"value": block}, "channel": CHANNEL, "from": vote["member"], "height": proof["height"],
                    "kind": proof["kind"], "round": proof["round"], "suite": proof["suite"]}  # fmt: skip
            signed = tagged(f"yilian/{proof['profile']}/{proof['kind']}/v1", canonical(said))
            key = keys.get(vote["member"])
            good = key is not None and holds(suite, key, signed, bytes.fromhex(vote["signature"]))
            found.append((self.number(vote["member"]), good))
        return tuple(found)
