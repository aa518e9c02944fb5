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
from typing import Any

from contracts_dsl import ir
from contracts_dsl.check import check
from contracts_dsl.host import Command
from contracts_dsl.interpret import command
from contracts_dsl.memory import DirectoryNode
from tests.house.clauses import clauses
from tests.house.tree import ROOT
from tests.language import packages, spoilt
from tests.language.packages import library
from tests.language.stage import CAST, DAY, HOUR, START, compiled
from tests.language.test_contracts_in_time import ABSENT, CALLS, LOAN, SEARCH
from tests.language.test_decisions import ONE, POLICY, RECORD, TWO
from tests.language.vector_play import Play

FOLDER = ROOT / "conformance" / "vectors" / "v1"


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


def absent() -> Play:
    """What is absent: no `where` is asked of it, no call is given it, no search finds by it, no index holds it."""
    play = Play("absent", compiled(ABSENT), spoil=()).enrol(CAST)
    given = {"ward": "b", "levels": ("high", "low")}
    bed = play.do("b", "Bed", "open", ["CTR-S26", "CTR-S27"], "nobody lends, no number: not asked, not kept", **given)
    play.refuse("b", "Bed", "open", "bad_arguments", ["CTR-T1"], "a set out of order",
                **{**given, "levels": ("low", "high")})  # fmt: skip
    play.refuse("b", bed, "borrow", "where_false", ["CTR-S26"], "somebody is asked", other="a")
    play.do("b", bed, "borrow", ["CTR-S26"], "somebody who fulfils it", other="c")
    play.do("b", bed, "borrow", ["CTR-S26"], "and nobody again")
    play.do("b", bed, "note", ["CTR-S26"], "a creation without what is absent")
    play.refuse("b", bed, "find", "condition_false", ["CTR-S27"], "nothing is found by what is absent, not even itself")
    two = play.do("b", "Bed", "open", ["CTR-S27"], "a number, which is kept", number="9", **given)
    play.do("b", two, "find", ["CTR-S27"], "and found")
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
    play = Play("chart", compiled(RECORD, POLICY)).enrol(CAST)
    for size in (10, 700):
        given = (("patient", "pat"), ("home", "a"), ("size", size), ("level", "low"))
        play.world.apply(command(play.program, play.world, Command("Chart", "keep", given, ("a",))))
    own = play.read("pat", 0, "basic labs", None, "ok", ["CTR-S18"], "one's own record, a group and a field")
    play.read("pam", 0, "basic labs", None, "not_permitted", ["CTR-S18", "CTR-S19"], "somebody else's", own)
    play.read("b", 0, "basic", None, "not_permitted", ["CTR-S18"], "no rule names hospitals", own)
    play.read("pat", 0, "basic liver", None, "bad_arguments", ["CTR-S18"], "there is no such field", own)
    play.read("pat", 0, "basic", "sport", "bad_arguments", ["CTR-S18"], "there is no such purpose", own)
    treat = play.read("doc", 0, "deep", "care", "ok", ["CTR-S18", "CTR-S20"], "a permit without duty, so none arises")
    play.read("doc", 0, "deep", "study", "not_permitted", ["CTR-S19", "CTR-S21"], "refused, and on record", treat)
    play.read("doc", 0, "deep", None, "not_permitted", ["CTR-S18", "CTR-S19"], "for none", treat)
    study = play.read("doc pat", 0, "deep", "study", "ok", ["CTR-S18"], "with the patient's signature")
    play.read("doc pam", 0, "deep", "study", "not_permitted", ["CTR-S18"], "with somebody else's", study)
    glass = play.read("doc", 1, "labs", "care", "ok", ["CTR-S18", "CTR-S20"], "an override creates its audit")
    play.read("doc pat", 1, "labs", "study", "forbidden", ["CTR-S18", "CTR-S19"], "nothing overrides for study", glass)
    play.read("doc", 1, "name labs", "study", "not_permitted", ["CTR-S19"], "the first refused field gives the code",
              glass)  # fmt: skip
    return play


def views() -> Play:
    """Totals: roll-up, small cells and those that would give them away, who may see them."""
    play = Play("sizes", compiled(RECORD, POLICY), spoil=()).enrol(CAST)
    charts = [("a", "low")] * 4 + [("b", "low")] * 3 + [("a", "high")] + [("b", "high")] * 5
    for size, (home, level) in enumerate(charts):
        given = (("patient", "pat"), ("home", home), ("size", size), ("level", level))
        play.world.apply(command(play.program, play.world, Command("Chart", "keep", given, (home,))))
    play.world.apply(command(play.program, play.world, Command("Chart", "close", (), ("a",), 0)))
    sizes = ("Access", "sizes")
    whole = play.view("doc", *sizes, ("low", "land"), (6, 21), ["CTR-S22"], "all that is kept, added up at the root")
    play.view("pat", *sizes, ("low", "land"), "not_permitted", ["CTR-S22"], "the view is for doctors", whole)
    play.view("", *sizes, ("low", "land"), "bad_arguments", ["CTR-S22"], "nobody asks", whole)
    play.view("doc", *sizes, ("low",), "bad_arguments", ["CTR-S22"], "a cell without its node", whole)
    play.view("doc", *sizes, ("deep", "land"), "bad_arguments", ["CTR-S22"], "there is no such level", whole)
    play.view("doc", "Access", "weights", ("low", "land"), "unknown_name", ["CTR-S22"], "no such view", whole)
    part = play.view("doc", *sizes, ("low", "town"), (3, 6), ["CTR-S22", "CTR-S23"], "a cell of its own, just enough")
    play.view("doc", *sizes, ("high", "town"), "suppressed", ["CTR-S23"], "too small", part)
    play.view("doc", *sizes, ("high", "hill"), "suppressed", ["CTR-S23"], "it would give the small one away", part)
    play.view("doc", *sizes, ("high", "land"), (6, 57), ["CTR-S23"], "both are hidden, their sum is shown")
    idle = CAST["doc"]
    play.world.enrol("doc", DirectoryNode(idle.kind, {**idle.attributes, "on_duty": False}, idle.parent))
    play.view("doc", *sizes, ("low", "town"), (3, 6), ["CTR-S22"], "off duty, of the hospital in the town")
    play.view("doc", *sizes, ("low", "hill"), "not_permitted", ["CTR-S22"], "off duty, and from elsewhere")
    play.view("doc", *sizes, ("high", "hill"), "not_permitted", ["CTR-S22"], "told before anything is counted")
    plain = play.view("pat", "Access", "plain", ("low",), (7,), ["CTR-S22"], "no roll-up; what is closed counts too")
    play.view("doc", "Access", "plain", ("low",), "not_permitted", ["CTR-S22"], "that view is for patients", plain)
    return play


def rules() -> Play:
    """Programs that break one static rule each, beside those that break none."""
    modules, changes = spoilt.programs()["contracts"]
    play = Play("contracts", modules, spoil=changed(changes))
    modules, changes = spoilt.programs()["policies"]
    play.cases += Play("policies", modules, spoil=changed(changes)).cases
    return play


def changed(changes: tuple[spoilt.Spoilt, ...]) -> tuple[Any, ...]:
    """Changes as a play takes them: a function that changes the IR in place."""

    def doing(change: spoilt.Spoilt) -> Any:
        def spoil(given: list[Any]) -> bool:
            given[:] = spoilt.altered(tuple(ir.from_json(one) for one in given), change)
            return True

        return spoil

    return tuple((change.clause, change.why, doing(change)) for change in changes)


def versions() -> Play:
    """A version that replaces another: who moves where, with what; who would be stranded; what may not change."""
    play = Play("stay", compiled(ONE), spoil=()).enrol(CAST)
    stay = play.do("a", "Stay", "admit", ["CTR-S14"], "under the first version", home="a", bed="1")
    gone = play.do("a", "Stay", "admit", ["CTR-S14"], "another, to be ended", home="a", bed="2")
    play.do("a", gone, "discharge", ["CTR-S6"], "ended before the second version")
    play.do("a", stay, "wash", ["CTR-S6"], "a duty that is done, and stays so")
    play.wait(100, ["CTR-S3"], "nothing is due")

    def second(*replaced: tuple[str, str]) -> tuple[ir.Module, ...]:
        text = TWO
        for old, new in replaced:
            assert old in text
            text = text.replace(old, new)
        return tuple(module for module in compiled(text) if module.name != "Small")

    refused: tuple[tuple[str, tuple[tuple[str, str], ...], str], ...] = (
        ("no_migration", ((" replaces lying", ""),), "a living instance would have no state to go to"),
        ("bad_package", (("version 2 replaces 1", "version 1"), (" replaces lying", "")), "a version that there is"),
        ("bad_package", (("key bed;", ""),), "the key is gone"),
        ("bad_package", ((" = 3", ""),), "a new field without a default"),
        ("bad_package", (("data bed: code;", "data bed: hash;"),), "a field of another type"),
    )
    for expected, replaced, why in refused:
        play.refuse_deploy(second(*replaced), expected, ["CTR-S24"], why)
    play.deploy(second(), ["CTR-S24"], "the living one moves, with its entry, its values and its closed duty")
    play.refuse("b", "Stay", "admit", "duplicate_key", ["CTR-S14"], "a bed that was taken under the first version",
                home="b", bed="2")  # fmt: skip
    play.do("b", "Stay", "admit", ["CTR-S24"], "new instances follow the new version", home="b", bed="3")
    play.refuse("a", stay, "wash", "duty_closed", ["CTR-S6", "CTR-S24"], "it was done under the first version")
    play.wait(3 * DAY, ["CTR-S5", "CTR-S24"], "its other duty counts from the old entry, by the new length")
    play.retire(["Stay"])
    play.refuse("b", "Stay", "admit", "retired", ["CTR-S7"], "it takes no new instances", home="b", bed="4")
    play.do("b", 2, "discharge", ["CTR-S7"], "those that there are go on")
    return play


def search() -> Play:
    """`some` in any state, up to its limit; places within places; values that are absent."""
    play = Play("search", compiled(SEARCH), spoil=()).enrol(CAST)
    both = {"patient": "pat", "hospital": "a"}
    play.refuse("a", "Visit", "open", "condition_false", ["CTR-S16"], "there is no note", **both)
    play.do("pam", "Note", "write", ["CTR-S14"], "a note of somebody else", patient="pam", level="high")
    play.refuse("a", "Visit", "open", "condition_false", ["CTR-S16"], "it is somebody else's", **both)
    note = play.do("pat", "Note", "write", ["CTR-S14"], "a note of the patient's own", patient="pat", level="high")
    play.do("a", "Visit", "open", ["CTR-S16"], "some note fulfils the condition", **both)
    play.do("pat", note, "end", ["CTR-S6"], "the note has ended")
    play.refuse("a", "Visit", "open", "condition_false", ["CTR-S16"], "in another state it does not", **both)
    play.do("c", "Visit", "visit", ["CTR-S17"], "a place is within the one above it", patient="pat", hospital="c")
    play.refuse("b", "Visit", "visit", "condition_false", ["CTR-S17"], "not within one beside it",
                patient="pat", hospital="b")  # fmt: skip
    play.do("a", "Visit", "greet", ["CTR-S17"], "what is absent equals what is absent, and nothing else", **both)
    play.refuse("a", "Visit", "name", "condition_false", ["CTR-S17"], "it is absent", **both)
    for _ in range(255):
        given = (("patient", "pat"), ("level", "low"))
        play.world.apply(command(play.program, play.world, Command("Note", "write", given, ("pat",))))
    play.refuse("a", "Visit", "open", "condition_false", ["CTR-S16"], "the last of 256 is looked at as well", **both)
    given = (("patient", "pat"), ("level", "high"))
    play.world.apply(command(play.program, play.world, Command("Note", "write", given, ("pat",))))
    play.refuse("a", "Visit", "open", "limit_exceeded", ["CTR-S16"], "one more, and it cannot be decided", **both)
    return play


def course() -> Play:
    """A multiple of an amount, a duty until a day, a purpose that is a value."""
    files = packages.read(packages.LIBRARY / "alliance.yl", packages.GOOD / "course.yl")
    checked = check(files)
    play = Play("course", checked.modules, spoil=())
    for node in checked.scenarios[0].cast:
        play.world.enrol(node.name, DirectoryNode(node.kind, dict(node.attributes), node.parent))
    three = "centre1 patient1 fund"
    given = {"centre": "centre1", "patient": "patient1", "insurer": "fund", "vaccine": "HBV", "fee": 80_00,
             "due": START + 30 * DAY}  # fmt: skip
    play.refuse(three, "Course", "agree", "condition_false", ["CTR-S13"], "three times that is too much",
                **{**given, "fee": 1000_01})  # fmt: skip
    play.refuse(three, "Course", "agree", "bad_arguments", ["CTR-S7"], "a purpose that is none", **given, use="sport")
    one = play.do(three, "Course", "agree", ["CTR-S8"], "a purpose by default", **given)
    two = play.do(three, "Course", "agree", ["CTR-S4"], "until another day, for research",
                  **{**given, "vaccine": "HPV", "due": START + 40 * DAY, "use": "research"})  # fmt: skip
    play.wait(30 * DAY, ["CTR-S2"], "on the day itself it is not late")
    play.do("centre1", one, "finish", ["CTR-S12"], "three fees are paid")
    read = play.read("scholar", two, "doses", "research", "ok", ["CTR-S18"], "for the purpose that was agreed to")
    play.read("scholar", one, "doses", "research", "not_permitted", ["CTR-S19"], "agreed to for treatment", read)
    play.wait(10 * DAY + 1, ["CTR-S5"], "the day has passed")
    return play


PLAYS = {
    "contract/loan": loan, "contract/absent": absent, "contract/calls": calls, "contract/referral": referral,
    "contract/search": search,
    "contract/course": course, "contract/versions": versions, "contract/rules": rules, "access/chart": access,
    "access/views": views,
}  # fmt: skip


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
