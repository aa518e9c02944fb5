"""Coverage: each kind of point is reached by what reaches it, missed by what does not, and named with its place."""

import json

import pytest
from click.testing import CliRunner

from contracts_dsl.check import check
from contracts_dsl.cli import test as command
from contracts_dsl.coverage import play_watched
from tests.language.packages import library

PROGRAM = """schema Small version 1;
party Hospital { tier: int 1..3; }
given a: Hospital(tier = 1);
given b: Hospital(tier = 2);
contract Loan version 1;
party lender: Hospital;
party borrower: Hospital where borrower != lender;
start { borrower may ask when lender.tier <= 2 and borrower.tier >= 1 becomes asked; }
state asked {
  lender must answer(n: int 0..9) within 1 days when n > 0 becomes lent
    else violation no_answer becomes ended;
  wait 9 days becomes ended;
}
state lent { wait 5 days becomes ended; }
state ended;
policy Access for Loan version 1;
fields terms = price;
permit own: Hospital reads terms when reader == record.borrower;
forbid strangers: Hospital reads terms when reader != record.borrower and reader != record.lender;
view all = count group record.borrower.tier to Hospital when reader.tier >= 2 suppress 0;
"""
ASK = "b: l = Loan.ask(lender = a, borrower = b);"


def played(*steps):
    text = PROGRAM + 'test "t" {\n' + "\n".join(steps) + "\n}\n"
    checked = check([("loan.yl", text.encode())])
    assert not checked.errors, checked.errors
    outcomes, coverage = play_watched(checked)
    assert all(one.passed for one in outcomes), outcomes
    return coverage


def missing(coverage, kind):
    return {point.name for point in coverage.unreached if point.kind == kind}


def test_what_no_test_does_is_not_reached():
    coverage = played()
    assert coverage.unreached == coverage.points
    assert coverage.counts() == {
        "clause": (0, 2), "timeout": (0, 3), "condition": (0, 16), "rule": (0, 2), "view": (0, 1)
    }  # fmt: skip


@pytest.mark.parametrize(
    ("steps", "kind", "reached"),
    [
        ([ASK], "clause", {"Loan.start.ask"}),
        ([ASK, "a: l.answer(n = 3);"], "clause", {"Loan.start.ask", "Loan.asked.answer"}),
        ([ASK, "a: l.answer(n = 0) refused condition_false;"], "clause", {"Loan.start.ask"}),
        ([ASK, "wait 2 days;"], "timeout", {"Loan.asked.no_answer"}),
        ([ASK, "a: l.answer(n = 3);", "wait 6 days;"], "timeout", {"Loan.lent.wait 1"}),
        ([ASK, "b reads l.terms;"], "rule", {"Access.own"}),
        ([ASK, "a reads l.terms refused not_permitted;"], "rule", set()),
        (["given c: Hospital(tier = 3);", ASK, "c reads l.terms refused forbidden;"], "rule", {"Access.strangers"}),
        ([ASK, "b reads all(2) == 1;"], "view", {"Access.all"}),
        ([ASK, "b reads all(2) == 1;"], "condition", {
            "Loan.borrower where true", "Loan.start.ask when #1 true", "Loan.start.ask when #2 true",
            "Access.all when true",
        }),
        ([ASK, "a: l.answer(n = 0) refused condition_false;", "a: l.answer(n = 1);"], "condition", {
            "Loan.borrower where true", "Loan.start.ask when #1 true", "Loan.start.ask when #2 true",
            "Loan.asked.answer when true", "Loan.asked.answer when false",
        }),
        (["a: Loan.ask(lender = a, borrower = a) refused where_false;"], "condition", {"Loan.borrower where false"}),
    ],
)  # fmt: skip
def test_a_point_is_reached_by_what_reaches_it_alone(steps, kind, reached):
    everything = {point.name for point in played().points if point.kind == kind}
    assert everything - missing(played(*steps), kind) == reached


def test_a_missed_point_is_named_with_its_place():
    coverage = played(ASK)
    [answer] = [point for point in coverage.unreached if point.name == "Loan.asked.answer"]
    assert answer.place == (10, 3)
    [second] = [point for point in coverage.unreached if point.name == "Loan.start.ask when #2 false"]
    assert second.place == (8, PROGRAM.splitlines()[7].index("borrower.tier") + 1)


def test_watching_leaves_no_watcher_behind():
    checked = library("en")
    outcomes, coverage = play_watched(checked)
    assert checked.program.watch is None
    assert all(one.passed for one in outcomes)
    assert len(coverage.points) > 300


def test_both_surfaces_reach_the_same():
    english, chinese = (play_watched(library(surface))[1] for surface in ("en", "zh"))
    assert [(one.name, one.place[0]) for one in english.unreached] == [
        (one.name, one.place[0]) for one in chinese.unreached
    ]


def test_the_command_reports_counts_and_names_what_is_missing(tmp_path):
    (tmp_path / "loan.yl").write_text(PROGRAM + f'test "t" {{ {ASK} expect l.state == asked; }}\n')
    other = "contract Empty version 1;\nparty p: Hospital;\nstart { p may a becomes s; }\nstate s;\n"
    (tmp_path / "other.yl").write_text(other)
    found = CliRunner().invoke(command.command, [str(tmp_path / "loan.yl"), "--coverage", "--lang", "en"])
    assert (found.exit_code, "clauses: 1/2 (50%)" in found.stdout) == (0, True)
    assert f"not reached  {tmp_path / 'loan.yl'}:10:3  clauses  Loan.asked.answer" in found.stdout
    assert "Empty" not in found.stdout
    chinese = CliRunner().invoke(command.command, [str(tmp_path / "loan.yl"), "--coverage", "--lang", "zh"]).stdout
    assert "条件真假  Loan.起始.ask 当 #1 假" in chinese
    assert "到期  Loan.lent.等待 1" in chinese
    assert "条件真假  Loan.borrower 其中 假" in chinese
    data = json.loads(CliRunner().invoke(command.command, [str(tmp_path), "--coverage", "--json"]).stdout)
    assert data["coverage"]["counts"]["clause"] == [1, 3]
    assert "Empty.start.a" in [one["name"] for one in data["coverage"]["unreached"]]


# Sides that no test can reach, because a rule elsewhere keeps them from coming about; the guard stands all the same.
UNREACHABLE = {
    # An optional value that this state always has: the guard is what the checker asks for (CTR-T4).
    "DrugBox.shipped.receive when false",
    "Referral.booked.cancel when false",
    # Custody moves by an admission alone, and no two referrals of a patient are open at once.
    "Referral.booked.admit when false",
    "Referral.arrival.admit when false",
    "StepDown.offered.accept when false",
    # Whoever calls has just checked the same.
    "Visit.current.move when #1 false",
    "Visit.current.move when #2 false",
}


@pytest.mark.parametrize("surface", ["en", "zh"])
def test_the_tests_of_the_library_reach_all_that_can_be_reached(surface):
    _, coverage = play_watched(library(surface))
    missed = {one.name for one in coverage.unreached if not one.name.startswith("Escapes")}
    assert missed == UNREACHABLE
