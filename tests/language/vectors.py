"""Vectors of contracts and of access: what an interpreter in another language must answer, step by step.

    python -m tests.language.vectors --write

Each line after the first is a case that stands by itself: a program (by the id of an earlier case), a whole ledger, one
step, and the changes it makes or its refusal. Every step that succeeds is followed by its twins, the same step with one
thing wrong, and by the code that each must give. `test_vectors.py` replays what is written here; nothing is taken from
a file. Times in the ledger are what `advance` left, so a step never depends on an earlier line.
"""

import hashlib
import json
import sys
from collections.abc import Iterator
from typing import Any

import msgspec
from attrs import define, field

from contracts_dsl import decide, interpret, ir, verify
from contracts_dsl.host import Command, Refused
from contracts_dsl.memory import DirectoryNode, MemoryWorld
from contracts_dsl.program import Program
from tests.house.clauses import clauses
from tests.house.tree import ROOT
from tests.language.packages import library
from tests.language.stage import CAST, DAY, HOUR, START, compiled
from tests.language.test_contracts_in_time import CALLS, LOAN
from tests.language.test_decisions import POLICY, RECORD

FOLDER = ROOT / "conformance" / "vectors" / "v1"
Case = dict[str, Any]


def plain(value: object) -> Any:
    """A value as JSON data."""
    return msgspec.json.decode(msgspec.json.encode(value))


def ledger(world: MemoryWorld) -> Any:
    """A world, whole, as a case carries it; the digest of its directory is given, since events repeat it."""
    nodes = [
        {"name": name, "kind": node.kind, "parent": node.parent,
         "attributes": [{"name": one, "value": value} for one, value in sorted(node.attributes.items())]}
        for name, node in sorted(world.directory.items())
    ]  # fmt: skip
    keys = [{"contract": name, "key": key, "instance": one} for (name, key), one in sorted(world.keys.items(), key=str)]
    index = [
        {"contract": name, "field": one, "value": value, "instances": ids}
        for (name, one, value), ids in sorted(world.index.items(), key=str) if ids
    ]  # fmt: skip
    return plain({
        "now": world.time, "directory": nodes, "directory_digest": world.directory_digest(),
        "instances": world.stored, "keys": keys, "index": index,
    })  # fmt: skip


def refusal(refused: Refused) -> Any:
    """A refusal as a case carries it."""
    return {"refused": {"code": refused.code, "values": plain(refused.values)}}


@define
class Play:
    """A program being played; `cases` grow step by step."""

    name: str
    modules: tuple[ir.Module, ...]
    kind: str = "contract.step"
    spoil: tuple[Any, ...] = field(factory=lambda: SPOILT)
    """What is done to the program for its twins."""
    program: Program = field(init=False)
    world: MemoryWorld = field(factory=lambda: MemoryWorld(time=START))
    cases: list[Case] = field(factory=list)

    def __attrs_post_init__(self) -> None:
        self.program = verify.load(self.modules)
        self._program_cases()

    def enrol(self, directory: dict[str, DirectoryNode]) -> "Play":
        for name, node in directory.items():
            self.world.enrol(name, DirectoryNode(node.kind, dict(node.attributes), node.parent))
        return self

    def _program_cases(self) -> None:
        """The program with the ids of its modules, and twins of it that do not stand."""
        given = [ir.to_json(module) for module in self.modules]
        ids = [{"name": module.name, "version": module.version, "id": ir.digest(module)} for module in self.modules]
        self._add(
            self.name, ["CTR-T15", "CTR-S24"], {"modules": given}, {"ok": {"ids": ids}},
            "a package that stands, and the digests that are the ids of its modules", kind="contract.program",
        )  # fmt: skip
        for at, (clause, why, spoil) in enumerate(self.spoil):
            spoilt = json.loads(json.dumps(given))
            if not spoil(spoilt):
                continue
            try:
                verify.load([ir.from_json(one) for one in spoilt])
            except ir.IrError:
                self._add(
                    f"{self.name}.spoilt{at}", [clause], {"modules": spoilt}, {"refused": {"code": "bad_package"}}, why,
                    kind="contract.program", twin_of=self.name,
                )  # fmt: skip
            else:
                raise AssertionError(f"{self.name}: {why} was accepted")

    def _add(
        self, name: str, cited: list[str], given: Any, expect: Any, why: str, *, kind: str | None = None,
        twin_of: str | None = None,
    ) -> None:  # fmt: skip
        case = {"id": name, "kind": kind or self.kind, "level": "L1", "clauses": cited, "input": given,
                "expect": expect, "why": why}  # fmt: skip
        self.cases.append(case | ({"twin_of": twin_of} if twin_of else {}))

    def _step(self, step: dict[str, Any]) -> Any:
        return {"program": self.name, "ledger": ledger(self.world), **plain(step)}

    # ---- time

    def wait(self, seconds: int, cited: list[str], why: str) -> None:
        """Let time pass, and a twin that goes backwards."""
        goal, name = self.world.time + seconds, f"{self.name}.{len(self.cases)}"
        changes = interpret.advance(self.program, self.world, goal)
        self._add(name, cited, self._step({"advance": goal}), {"ok": plain(changes)}, why)
        try:
            interpret.advance(self.program, self.world, self.world.time - 1)
        except Refused as refused:
            given = self._step({"advance": self.world.time - 1})
            self._add(f"{name}.back", ["CTR-S1"], given, refusal(refused), "time does not run backwards", twin_of=name)
        self.world.apply(changes)

    # ---- commands

    def do(self, signers: str, target: str | int, action: str, cited: list[str], why: str, /, **given: Any) -> int:
        """A command that succeeds, with its twins; the id of the instance that was begun or acted on."""
        self.world.apply(interpret.advance(self.program, self.world, self.world.time))
        instance = target if isinstance(target, int) else None
        contract = self.world.stored[target].contract if isinstance(target, int) else target
        order = Command(contract, action, tuple(given.items()), tuple(signers.split()), instance)
        name = f"{self.name}.{len(self.cases)}"
        changes = interpret.command(self.program, self.world, order)
        self._add(name, cited, self._step({"command": order}), {"ok": plain(changes)}, why)
        for twin, clause, expected, reason in twins(order):
            self._refused(f"{name}.{expected}", twin, [clause], expected, reason, name)
        begun = self.world.next_instance()
        self.world.apply(changes)
        return begun if instance is None else instance

    def refuse(
        self, signers: str, target: str | int, action: str, expected: str, cited: list[str], why: str, /, **given: Any
    ) -> None:
        """A command that is refused for what the ledger or its arguments are."""
        self.world.apply(interpret.advance(self.program, self.world, self.world.time))
        instance = target if isinstance(target, int) else None
        contract = self.world.stored[target].contract if isinstance(target, int) else target
        order = Command(contract, action, tuple(given.items()), tuple(signers.split()), instance)
        self._refused(f"{self.name}.{len(self.cases)}", order, cited, expected, why, None)

    def _refused(
        self, name: str, order: Command, cited: list[str], expected: str, why: str, twin_of: str | None
    ) -> None:
        try:
            interpret.command(self.program, self.world, order)
        except Refused as refused:
            assert refused.code == expected, (name, refused)
            self._add(name, cited, self._step({"command": order}), refusal(refused), why, twin_of=twin_of)
            return
        raise AssertionError(f"{name} was not refused")

    # ---- requests

    def read(
        self, signers: str, record: int, fields: str, purpose: str | None, expected: str, cited: list[str], why: str,
        twin_of: str | None = None,
    ) -> str:  # fmt: skip
        """A request with its verdicts and what it leaves behind; its id, for twins."""
        contract = self.world.stored[record].contract
        request = decide.Request(contract, record, tuple(fields.split()), purpose, tuple(signers.split()))
        given = {"contract": contract, "record": record, "fields": fields.split(), "purpose": purpose,
                 "signers": signers.split()}  # fmt: skip
        name = f"{self.name}.{len(self.cases)}"
        try:
            found = decide.read(self.program, self.world, request)
        except Refused as refused:
            assert refused.code == expected, (why, refused)
            self._add(name, cited, self._step({"read": given}), refusal(refused), why, twin_of=twin_of)
            return name
        code = found.refused.code if found.refused is not None else "ok"
        assert code == expected, (why, found)
        verdicts = [
            {"field": one.field, "outcome": one.outcome, "permits": one.permits, "forbids": one.forbids,
             "nearest": one.nearest} for one in found.verdicts
        ]  # fmt: skip
        expect = {"verdicts": verdicts, "changes": found.changes, "code": None if code == "ok" else code}
        self._add(name, cited, self._step({"read": given}), {"ok": plain(expect)}, why, twin_of=twin_of)
        return name


def twins(order: Command) -> Iterator[tuple[Command, str, str, str]]:
    """The same command with one thing wrong: (command, clause, code, why)."""

    def but(**changed: Any) -> Command:
        return msgspec.structs.replace(order, **changed)

    yield but(signers=()), "CTR-S9", "not_authorized", "nobody signed"
    yield but(action="dance"), "CTR-S7", "no_such_clause", "there is no such action"
    stray = (*order.arguments, ("stray", 1))
    yield but(arguments=stray), "CTR-S7", "bad_arguments", "an argument that nobody asked for"
    if order.instance is not None:
        yield but(instance=9_999), "CTR-S7", "unknown_name", "there is no such instance"
    else:
        yield but(contract="Nowhere"), "CTR-S7", "unknown_name", "there is no such contract"


def _replace_op(given: list[Any], old: str, new: str) -> bool:
    """Change the first expression with an operator; whether there was one."""
    waiting: list[Any] = list(given)
    while waiting:
        one = waiting.pop(0)
        if isinstance(one, dict):
            if one.get("op") == old and "args" in one:
                one["op"] = new
                return True
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
    return False


def _contract(given: list[Any]) -> Any:
    return next(one for one in given if one["kind"] == "contract")


def _strayed(given: list[Any]) -> bool:
    _contract(given)["stray"] = 1
    return True


def _unreached(given: list[Any]) -> bool:
    _contract(given)["states"].append({"name": "nowhere", "replaces": [], "clauses": []})
    return True


def _typed(given: list[Any]) -> bool:
    return _replace_op(given, "le", "and")


def _versioned(given: list[Any]) -> bool:
    _contract(given)["version"] = 0
    return True


def _twice(given: list[Any]) -> bool:
    given.append(given[-1])
    return True


SPOILT = (
    ("CTR-T15", "a member that no shape has", _strayed),
    ("CTR-T6", "a state that nothing leads to", _unreached),
    ("CTR-T1", "a conjunction of amounts", _typed),
    ("CTR-S24", "a version below one", _versioned),
    ("CTR-S24", "the same module twice", _twice),
)


# ---- what is played


def loan() -> Play:
    """Duties, waits, deadlines, ranges, payments."""
    play = Play("loan", compiled(LOAN)).enrol(CAST)
    begin = {"lender": "a", "borrower": "b", "price": 100_01}
    play.refuse("a", "Loan", "ask", "where_false", ["CTR-S7", "CTR-S15"], "the borrower is the lender",
                **{**begin, "borrower": "a", "lender": "a"})  # fmt: skip
    play.refuse("b", "Loan", "ask", "condition_false", ["CTR-S7"], "more than may be lent", **{**begin, "price": 10**7})
    play.refuse("b", "Loan", "ask", "bad_arguments", ["CTR-S8"], "no price is given", lender="a", borrower="b")
    first = play.do("b", "Loan", "ask", ["CTR-S7", "CTR-S8", "CTR-S4"], "a loan is asked for; its clocks run", **begin)
    second = play.do("b a", "Loan", "ask", ["CTR-S9"], "a further signature does no harm", **begin)
    play.refuse("a", first, "answer", "condition_false", ["CTR-S7"], "the fee is too small", fee=3)
    play.refuse("a", first, "answer", "bad_arguments", ["CTR-S7"], "the fee is out of its range", fee=100)
    play.wait(6 * HOUR, ["CTR-S2"], "in the second of the deadline nothing has fired")
    play.wait(1, ["CTR-S5"], "a duty of a party that is absent was impossible")
    play.do("a", first, "answer", ["CTR-S6", "CTR-S11"], "the duty is done and the next state entered", fee=7)
    play.do("b", second, "hurry", ["CTR-S6"], "a duty that leads nowhere is closed and the others go on")
    play.refuse("b", second, "hurry", "duty_closed", ["CTR-S6"], "it was done already")
    play.do("a b", first, "close", ["CTR-S12", "CTR-S13"], "a third of an odd amount: the rest takes the remainder")
    play.wait(18 * HOUR, ["CTR-S5", "CTR-S1"], "the other duty was not done: a violation with its debtor")
    third = play.do("b", "Loan", "ask", ["CTR-S8"], "with an optional datum", **begin, due=START + 9 * DAY)
    play.do("b", third, "plan", ["CTR-S4"], "the clock of `until` follows its datum", at=play.world.time - 5)
    play.wait(0, ["CTR-S3", "CTR-S4"], "a time in the past fires at once, at the entry of the state")
    fourth = play.do("b", "Loan", "ask", ["CTR-S4"], "and once more", **begin)
    play.do("b", fourth, "again", ["CTR-S4"], "entering the same state restarts its clocks")
    play.refuse("a", fourth, "answer", "out_of_range", ["CTR-S13"], "a fee beyond the range of the note", fee=99)
    play.do("a", fourth, "answer", ["CTR-S7"], "answered", fee=9)
    play.wait(5 * DAY, ["CTR-S1", "CTR-S2"], "two waits, the second counted from the deadline of the first")
    return play


def calls() -> Play:
    """Calls, creations, keys, signatures that are not inherited, ranges of stored values."""
    play = Play("calls", compiled(CALLS)).enrol(CAST)
    box = play.do("a", "Box", "make", ["CTR-S14"], "a box is made and its code taken for ever", owner="a", code_of="X1")
    play.refuse("b", "Box", "make", "duplicate_key", ["CTR-S14"], "the code is taken", owner="b", code_of="X1")
    play.refuse("a", box, "move", "not_callable", ["CTR-S10"], "only Mover may call this", target="b")
    play.refuse("a", "Receipt", "write", "not_callable", ["CTR-S10"], "only Mover may begin this",
                mover="a", by="b", box=box)  # fmt: skip
    given = {"from_owner": "a", "to_owner": "b", "box": box}
    play.refuse("a", "Mover", "offer", "bad_arguments", ["CTR-S7"], "a reference to nothing", **{**given, "box": 99})
    mover = play.do("a", "Mover", "offer", ["CTR-S7", "CTR-S8"], "a reference to a box", **given)
    play.refuse("a", mover, "twice", "out_of_range", ["CTR-S13", "CTR-S7"], "beyond its range: the call is undone too")
    play.refuse("a", mover, "swap", "where_false", ["CTR-S11"], "the `where` of a party that is set", other="a")
    play.do("b", mover, "take", ["CTR-S10", "CTR-S11"], "a call, then a creation that sees what the call did")
    play.do("b", box, "drop", ["CTR-S9"], "the new owner acts")
    play.refuse("a", "Box", "make", "duplicate_key", ["CTR-S14"], "the code of a box that is gone",
                owner="a", code_of="X1")  # fmt: skip
    return play


def referral() -> Play:
    """A referral of the library from request to settlement."""
    checked = library("en")
    play = Play("referral", checked.modules, spoil=())
    for node in checked.scenarios[0].cast:
        play.world.enrol(node.name, DirectoryNode(node.kind, dict(node.attributes), node.parent))
    two = "county2 patient1"
    visit = play.do(two, "Visit", "open", ["CTR-S9"], "two sign", holder="county2", patient="patient1", number="V-1")
    slot = play.do("city3", "Slot", "offer", ["CTR-S14"], "a slot is offered", hospital="city3", number="c-1",
                   starts=START + 3 * DAY)  # fmt: skip
    given = {"origin": "county2", "receiver": "city3", "patient": "patient1", "regulator": "hill_hc",
             "upper": "city_hc", "visit": visit, "evidence": "0" * 64, "fee": 900_00}  # fmt: skip
    one = play.do(two, "Referral", "request", ["CTR-S16", "CTR-S17"], "no other referral is open", **given)
    play.refuse(two, "Referral", "request", "condition_false", ["CTR-S16"], "one is open now", **given)
    play.do("hill_hc", one, "approve", ["CTR-S6"], "approved in time")
    play.do("patient1", one, "book", ["CTR-S11"], "the slot is booked by a call", choice=slot)
    play.do("city3", one, "admit", ["CTR-S10", "CTR-S11"], "custody moves by a call")
    play.do("city3", one, "report", ["CTR-S6"], "feedback", digest="f" * 64)
    play.do("county2 city3", one, "settle", ["CTR-S12"], "the fee is divided and adds up")
    return play


def access() -> Play:
    """Decisions: default refusal, forbids, overrides with their duty, purposes, signatures."""
    play = Play("chart", compiled(RECORD, POLICY), kind="access.decide").enrol(CAST)
    for size in (10, 700):
        given = (("patient", "pat"), ("home", "a"), ("size", size), ("level", "low"))
        play.world.apply(interpret.command(play.program, play.world, Command("Chart", "keep", given, ("a",))))
    own = play.read("pat", 0, "basic labs", None, "ok", ["CTR-S18"], "one's own record, a group and a field")
    play.read("pam", 0, "basic labs", None, "not_permitted", ["CTR-S18", "CTR-S19"], "somebody else's", own)
    play.read("b", 0, "basic", None, "not_permitted", ["CTR-S18"], "no rule names hospitals", own)
    play.read("pat", 0, "basic liver", None, "bad_arguments", ["CTR-S18"], "there is no such field", own)
    play.read("pat", 0, "basic", "sport", "bad_arguments", ["CTR-S18"], "there is no such purpose", own)
    treat = play.read("doc", 0, "deep", "care", "ok", ["CTR-S18", "CTR-S20"], "a permit without duty, so none arises")
    play.read("doc", 0, "deep", "study", "not_permitted", ["CTR-S18", "CTR-S19"], "for another purpose", treat)
    play.read("doc", 0, "deep", None, "not_permitted", ["CTR-S18", "CTR-S19"], "for none", treat)
    study = play.read("doc pat", 0, "deep", "study", "ok", ["CTR-S18"], "with the patient's signature")
    play.read("doc pam", 0, "deep", "study", "not_permitted", ["CTR-S18"], "with somebody else's", study)
    glass = play.read("doc", 1, "labs", "care", "ok", ["CTR-S18", "CTR-S20"], "an override creates its audit")
    play.read("doc pat", 1, "labs", "study", "forbidden", ["CTR-S18", "CTR-S19"], "nothing overrides for study", glass)
    play.read("doc", 1, "name labs", "study", "not_permitted", ["CTR-S19"], "the first refused field gives the code",
              glass)  # fmt: skip
    return play


PLAYS = {"contract/loan": loan, "contract/calls": calls, "contract/referral": referral, "access/chart": access}


def lines(name: str) -> list[str]:
    """A file of vectors, line by line."""
    play = PLAYS[name]()
    texts = {clause.id: clause.digest for clause in clauses()}
    cited = sorted({clause for case in play.cases for clause in case["clauses"]})
    info = {"_info": {
        "schema": "yilian/vectors/v1", "spec": "spec/contract.md", "generator": "tests/language/test_vectors.py",
        "source": "tests/language/vectors.py", "clauses": {clause: texts[clause] for clause in cited},
        "note": "a step is applied to `ledger` as it stands; `values` of a refusal explain and may differ",
    }}  # fmt: skip
    return [json.dumps(one, ensure_ascii=False, sort_keys=True, separators=(",", ":")) for one in (info, *play.cases)]


def text(name: str) -> str:
    """A file of vectors."""
    return "\n".join(lines(name)) + "\n"


def sums() -> str:
    """The list of digests, in the form of sha256sum."""
    return "".join(f"{hashlib.sha256(text(name).encode()).hexdigest()}  {name}.jsonl\n" for name in sorted(PLAYS))


if __name__ == "__main__" and sys.argv[1:] == ["--write"]:
    for name in PLAYS:
        place = FOLDER / f"{name}.jsonl"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text(name), encoding="utf-8")
    (FOLDER / "language.sha256").write_text(sums(), encoding="utf-8")
