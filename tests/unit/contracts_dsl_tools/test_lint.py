"""Lints: each found where it stands, silent where there is nothing, and mended only without changing a rule."""

import json
import re
import shutil

import pytest
from click.testing import CliRunner

from contracts_dsl import ir
from contracts_dsl.check import check
from contracts_dsl.cli import lint as command
from contracts_dsl.diagnostics import codes, render
from contracts_dsl.lint import edited, lint
from contracts_dsl.lint_names import skeleton
from contracts_dsl.translate import translate
from tests.language.packages import LIBRARY, library, read, sources

SCHEMA = "schema Small version 1;\nparty Hospital { tier: int 1..3; }\n"
QUIET = """contract Loan version 1;
party lender: Hospital;
party borrower: Hospital;
data back: bool = false;
start { borrower may ask becomes asked; }
state asked {
  lender must answer within 1 days becomes lent
    else violation no_answer becomes ended;
}
state lent {
  borrower must give_back within 14 days then { set back = true; } becomes ended
    else violation late becomes ended;
}
state ended;
check ends: reaches ended within 15 days;
given a: Hospital(tier = 1);
given b: Hospital(tier = 2);
test "lent" {
  b: l = Loan.ask(lender = a, borrower = b);
  a: l.answer();
  expect l.state == lent;
}
"""
CASES = [
    ("W601", "data back", "data spare: code?;\ndata back", "spare"),
    ("W601", "given a:", "given c: Hospital(tier = 1);\ngiven a:", "c"),
    ("W601", "  a: l.answer();\n", "  a: l.answer();\n  b: m = Loan.ask(lender = b, borrower = b);\n", "m"),
    ("W602", "state ended;", "state ended { lender may reopen becomes asked; }", "ended"),
    ("W603", "  lender must", "  lender and borrower must", "lender and borrower"),
    ("W604", "becomes lent\n    else violation no_answer becomes ended",
     "then { set back = false; } becomes lent\n    else violation no_answer becomes lent", "no_answer"),
    ("W604", "becomes lent\n    else violation no_answer becomes ended",
     "becomes lent\n    else violation no_answer", "no_answer"),
    ("W605", "given a:", "given Ioan: Hospital(tier = 1);\ngiven loan: Hospital(tier = 1);\ngiven a:", "loan"),
    ("W606", "check ends: reaches ended within 15 days;\n", "", "Loan"),
    ("W607", "  expect l.state == lent;\n", "", 'test "lent" {'),
    ("W608", "state ended;", "state ended;  # W602: it is the end", "W602"),
    ("W608", "state ended;", "# W604：逾期\nstate ended;", "W604"),
]  # fmt: skip


def advice(text, surface="en"):
    schema = translate("", SCHEMA.encode(), surface).text
    text = translate("", text.encode(), surface).text
    checked = check([("schema.yl", schema.encode()), ("loan.yl", text.encode())])
    assert not checked.errors, [render(finding, "en") for finding in checked.errors]
    return lint(checked.files), text


def test_a_program_that_leaves_no_question_gets_no_advice():
    assert advice(QUIET)[0] == ()


@pytest.mark.parametrize("surface", ["en", "zh"])
@pytest.mark.parametrize(("code", "old", "new", "marked"), CASES)
def test_each_lint_is_found_at_its_place_in_both_surfaces(code, old, new, marked, surface):
    changed = QUIET.replace(old, new)
    assert changed != QUIET
    found, text = advice(changed, surface)
    ours = [one.finding for one in found if one.finding.code == code]
    if surface == "zh":
        marked = marked.replace(" and ", " 且 ").replace('test "', '用例 "')
    assert marked in [text[slice(*finding.span)] for finding in ours]
    for finding in ours:
        shown = render(finding, surface)
        assert "^" in shown and "{" not in shown.split("\n")[-1]


def test_every_lint_code_of_the_catalogue_has_a_case():
    assert {code for code in codes() if code.startswith("W")} == {code for code, *_ in CASES}


ANSWERED = [
    ("state ended;", "state ended { lender may reopen becomes asked; }  # W602: as long as they like"),
    ("state ended;", "# W602: as long\n# as they like\nstate ended { lender may reopen becomes asked; }"),
    ("state ended;", "state ended { # W602：随意\n lender may reopen becomes asked; }"),
    ("  lender must answer", "  # W603: both\n  lender and borrower must answer"),
    ("check ends: reaches ended within 15 days;\n", "# W606: who knows\n"),
]


@pytest.mark.parametrize(("old", "new"), ANSWERED)
def test_advice_that_its_author_has_answered_on_the_line_is_not_given_again(old, new):
    text = QUIET.replace(old, new)
    if "W606" in new:
        text = new + text.replace(new, "")
    found, _ = advice(text)
    assert [one.finding.code for one in found if one.finding.code != "W604"] == []


@pytest.mark.parametrize("comment", ["# W602", "# W602:", "# W602 because", "# see W602: why", "# w602: why"])
def test_an_answer_needs_code_colon_and_reason(comment):
    found, _ = advice(QUIET.replace("state ended;", f"state ended {{ lender may reopen becomes asked; }} {comment}\n"))
    assert "W602" in [one.finding.code for one in found]


def test_an_answer_settles_its_own_code_on_its_own_line_alone():
    rest = "{ lender may reopen becomes asked; }"
    found, _ = advice(QUIET.replace("state ended;", f"# W603: why\nstate ended {rest}"))
    assert {"W608", "W602"} <= {one.finding.code for one in found}
    two = "# W602: why\n\nstate over { lender may end becomes ended; }\nstate ended { lender may halt becomes over; }"
    found, _ = advice(QUIET.replace("state ended;", two))
    assert [one.finding.values.get("state") for one in found if one.finding.code == "W602"] == ["ended"]


def test_what_looks_like_an_answer_in_a_string_is_none():
    found, _ = advice(QUIET.replace('test "lent"', 'test "# W602: lent"'))
    assert found == ()


UNTIMED = QUIET.replace("check ends: reaches ended within 15 days;\n", "")
ENDS = [
    (UNTIMED, 15),
    # A way that comes back can be gone again and again.
    (UNTIMED.replace("  borrower must", "  lender may ask_again becomes asked;\n  borrower must"), None),
    (UNTIMED.replace("true; } becomes ended", "true; } becomes lent"), None),
    # A clock that stops when the duty is done in place leads nowhere.
    (UNTIMED.replace("then { set back = true; } becomes ended", "then { set back = true; }"), None),
    (UNTIMED.replace("14 days", "13 hours"), 2),
]
TERM = """contract Term version 1;
party owner: Hospital;
data end: time;
data other: time;
start { owner may open when end > now and end <= now + 30 days becomes alive; }
state alive { owner may close becomes ended; wait until end becomes ended; }
state ended;
"""
ENDS += [
    (TERM, 30),
    (TERM.replace("and end <= now + 30 days", ""), None),
    (TERM.replace("end <= now + 30 days", "(end <= now + 30 days or other == now)"), None),
    (TERM.replace("and end <= now", "and end <= other"), None),
    (TERM.replace("close becomes", "extend then { set end = now; } ; owner may close becomes"), None),
    (TERM.replace("becomes alive; }", "becomes alive; owner may start_ becomes alive; }"), None),
]


@pytest.mark.parametrize(("text", "days"), ENDS)
def test_an_end_is_asked_for_where_it_can_be_promised_with_the_days_it_takes(text, days):
    found, _ = advice(text)
    asked = [one.finding for one in found if one.finding.code == "W606"]
    assert [one.values["days"] for one in asked] == ([] if days is None else [days])
    if asked:
        promise = render(asked[0], "en").split("write: ")[1]
        assert "W606" not in [
            one.finding.code for one in advice(text.replace("state ended;", f"state ended;\n{promise}"))[0]
        ]


def test_a_performance_that_would_do_nothing_is_not_asked_for():
    changed = QUIET.replace("no_answer becomes ended", "no_answer becomes lent")
    assert advice(changed)[0] == ()


def test_unused_names_are_removed_until_none_is_left_and_the_rules_stay():
    changed = QUIET.replace("given a:", "given c: Hospital(tier = 1);\ngiven a:")
    changed = changed.replace("  a: l.answer();\n", "  a: l.answer();\n  b: m = Loan.ask(lender = b, borrower = b);\n")
    found, text = advice(changed)
    mended = edited(text, [edit for one in found for edit in one.edits])
    assert mended == QUIET.replace("  a: l.answer();\n", "  a: l.answer();\n  b: Loan.ask(lender = b, borrower = b);\n")


PAIRS = [("l1", "ll"), ("O1", "0I"), ("modern", "modem"), ("己方", "已方"), ("轉診", "转诊")]


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_names_that_look_alike_have_one_skeleton(one, other):
    assert skeleton(one) == skeleton(other)
    assert skeleton(one) != skeleton("Hospital")


def test_what_is_not_seen_is_found_and_goes_from_comments_alone():
    text = QUIET.replace("data back", "# in\u202dvisible\ndata back").replace('"lent"', '"le\u200bnt # \u200b"')
    found, _ = advice(text)
    spans = [(one.finding.code, one.finding.values["name"], len(one.edits)) for one in found]
    assert spans == [("W605", "U+202D", 1), ("W605", "U+200B", 0), ("W605", "U+200B", 0)]
    mended = edited(text, [edit for one in found for edit in one.edits])
    assert "# invisible" in mended


@pytest.mark.parametrize("surface", ["en", "zh"])
def test_the_library_leaves_no_question_open(surface):
    checked = library(surface)
    assert [render(one.finding, "en") for one in lint(checked.files) if "escapes" not in one.finding.source.name] == []
    bare = [(name, re.sub(rb"# *W6\d\d:.*", b"#", data)) for name, data in read(*sources(LIBRARY, surface))]
    open_ = [one.finding.code for one in lint(check(bare).files)]
    assert sorted(set(open_)) == ["W602", "W603", "W604"]


def run(*arguments):
    return CliRunner().invoke(command.command, [str(one) for one in arguments])


@pytest.fixture
def package(tmp_path):
    (tmp_path / "schema.yl").write_text(SCHEMA)
    (tmp_path / "loan.yl").write_text(QUIET)
    return tmp_path


def test_findings_end_with_one_and_none_with_zero(package):
    assert run(package).exit_code == 0
    (package / "loan.yl").write_text(QUIET.replace("check ends: reaches ended within 15 days;\n", ""))
    found = run(package / "loan.yl", "--json")
    data = json.loads(found.stdout)
    assert (found.exit_code, data["schema"], data["ok"]) == (1, "yilian/lint/v1", False)
    assert [(one["code"], one["line"], one["column"]) for one in data["findings"]] == [("W606", 1, 10)]
    assert run(package / "schema.yl").exit_code == 0
    assert run(package, "--allow", "W606").exit_code == 0
    assert "没有核验所保证的终结" in run(package, "--lang", "zh").stdout


def test_fix_mends_what_it_can_and_no_digest_changes(tmp_path):
    for path in LIBRARY.glob("*.yl"):
        shutil.copy(path, tmp_path)
    unused = 'w = Visit.open(holder = county2, patient = patient1, number = "V-002");'
    for name, old, new in (
        ("visit.yl", "  county2: v.discharge();", f"  county2 and patient1: {unused}\n  county2: v.discharge();"),
        ("alliance.yl", "given north:", "given spare: Insurer(region = north);\ngiven north:"),
    ):
        text = (tmp_path / name).read_text(encoding="utf-8")
        (tmp_path / name).write_text(text.replace(old, new), encoding="utf-8")
    found = run(tmp_path, "--fix", "--json")
    data = json.loads(found.stdout)
    assert (found.exit_code, data["fixed"], data["findings"]) == (0, 2, [])
    files = [(path.name, path.read_bytes()) for path in sorted(tmp_path.glob("*.yl")) if ".zh." not in path.name]
    after = check(files)
    assert not after.errors
    before = {module.name: ir.digest(module) for module in library("en").modules}
    assert all(before[module.name] == ir.digest(module) for module in after.modules)
    assert len(after.modules) > 20


def test_a_package_with_errors_shows_them_and_is_left_alone(package):
    spoilt = QUIET.replace("becomes asked", "becomes nowhere")
    (package / "loan.yl").write_text(spoilt)
    found = run(package, "--fix")
    assert (found.exit_code, "E202" in found.stdout) == (1, True)
    assert (package / "loan.yl").read_text() == spoilt
