"""The decisions of `contracts_dsl` on the ledger's state, in the place of the model's.

How the ledger is read as a state of the model, in words: `chart.yl` is deployed; a set of rules in force is a new
version of its policy with just those rules, deployed over the one before; facts are data of the record, changed by a
command; reading is a request of the definitional interpreter on the ledger's world, and the compiled form must name the
same outcome. An audit that is owed is an instance of the contract that the rule creates.
"""

from pathlib import Path

from attrs import define
from msgspec.structs import replace

from contracts_dsl import decide, host, ir
from contracts_dsl.check import check
from contracts_dsl.refusals import wire_code
from refimpl.contract import directory, orders, packages
from refimpl.contract.draft import Draft
from refimpl.contract.world import LedgerWorld
from refimpl.data.ids import MemberId
from refimpl.data.state_map import EMPTY
from tests.spec.itf import Row

SOURCE = Path(__file__).resolve().parents[2] / "spec" / "model" / "chart.yl"
MODULES = check([(SOURCE.name, SOURCE.read_bytes())]).modules
POLICY = next(module for module in MODULES if isinstance(module, ir.Policy))
OTHERS = [module for module in MODULES if module is not POLICY]
READERS = {"Doctor": "doc", "Patient": "pat", "Clerk": "clerk"}
FACTS = ("a", "b", "c")


def policy(version: int, names: frozenset[str]) -> ir.Policy:
    """The policy with the rules of these names; a permit overrides those of the forbids that are there."""
    rules = [
        replace(rule, overrides=tuple(name for name in rule.overrides if name in names))
        for rule in POLICY.rules
        if rule.name in names
    ]
    replaces = version - 1 if version > 1 else None
    used = {"Chart", "Ward"} | {one.contract for rule in rules for one in rule.do}
    return replace(POLICY, version=version, replaces=replaces, rules=tuple(rules), uses=tuple(sorted(used)))


@define
class Replay:
    """One ledger with a record on it, driven by a trace."""

    draft: Draft
    version: int = 0
    rules: frozenset[str] = frozenset()
    events: tuple[Row, ...] = ()

    @classmethod
    def begin(cls) -> "Replay":
        """A ledger with the contracts, three readers and one record."""
        draft = Draft(EMPTY)
        orders.begin(draft, 0)
        attributes = [{"name": "open", "value": True}]
        nodes = [
            {"attributes": attributes, "kind": kind, "name": name, "parent": None} for kind, name in READERS.items()
        ]
        directory.enrol(draft, packages.NOTHING, {"nodes": nodes}, "/payload")
        replay = cls(draft)
        replay.deploy([*OTHERS, policy(1, frozenset())])
        replay.command("keep", None, {"patient": "pat"})
        return replay

    def deploy(self, modules: list[ir.Module]) -> None:
        """Put modules on the ledger."""
        packages.deploy(self.draft, {"modules": [ir.to_json(module) for module in modules]})
        self.version += 1

    def command(self, action: str, instance: int | None, given: dict[str, object]) -> None:
        """The patient's command."""
        arguments = [{"name": name, "value": one} for name, one in given.items()]
        payload = {"action": action, "arguments": arguments, "contract": "Chart", "instance": instance}
        orders.command(self.draft, payload, (MemberId("pat"),))

    def take(self, did: Row) -> str:
        """One step; the code where it is refused."""
        if did.act in ("init", "adopt"):
            self.rules = did.rules
            self.deploy([policy(self.version + 1, did.rules)])
        if did.act in ("init", "mark"):
            self.command("mark", 0, {f"to_{fact}": fact in did.facts for fact in FACTS})
        return self.read(did.request) if did.act == "read" else ""

    def read(self, request: Row) -> str:
        """A request to read; the code where it is refused."""
        reader = READERS[request.reader]
        asked = decide.Request("Chart", request.record, request.asked, request.purpose or None, (reader,))
        world = LedgerWorld(self.draft)
        compiled = packages.compiled_in(self.draft)
        try:
            found = decide.read(compiled.program, world, asked)
        except host.Refused as refused:
            return wire_code(refused)
        if found.verdicts:
            ruled = [(n > 0) - (n < 0) for _, n in compiled.decide(world, asked)]
            assert ruled == [SIGNS[verdict.outcome] for verdict in found.verdicts], "the compiled form differs"
        world.apply(found.changes)
        told = [event for event in found.changes.events if event.kind == "read"]
        assert [event.body["fields"] for event in told] == [[[v.field, v.outcome] for v in found.verdicts]], "CTR-S21"
        code = wire_code(found.refused) if found.refused else ""
        verdicts = tuple(verdict(one) for one in found.verdicts)
        self.events += (Row(reader=request.reader, purpose=request.purpose, asked=verdicts, code=code),)
        return code

    def state(self) -> Row:
        """The ledger as the model sees it."""
        world = LedgerWorld(self.draft)
        record = world.instance(0)
        assert record is not None, "the record was kept at the beginning"
        facts = frozenset(fact for fact, holds in zip(FACTS, record.values[1:], strict=True) if holds)
        audits = len(list(world.instances("Audit")))
        return Row(rules=self.rules, facts=facts, audits=audits, events=self.events)


SIGNS = {"allow": 1, "forbidden": -1, "not_permitted": 0}
"""What the compiled form answers: the number of a permit, minus that of a forbid, or nothing."""


def verdict(found: decide.Verdict) -> Row:
    """A verdict as the model sees it."""
    return Row(
        what=found.field, outcome=found.outcome, permits=frozenset(found.permits), forbids=frozenset(found.forbids),
        nearest=found.nearest or "", lacking=len(found.lacking),
    )  # fmt: skip
