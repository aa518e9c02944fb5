"""Lints: each found where it stands, silent where there is nothing, and mended only without changing a rule."""

import json
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
from tests.language.packages import LIBRARY, library

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
    ("W604", "no_answer becomes ended", "no_answer becomes lent", "no_answer"),
    ("W604", "becomes lent\n    else violation no_answer becomes ended",
     "becomes lent\n    else violation no_answer", "no_answer"),
    ("W605", "given a:", "given Ioan: Hospital(tier = 1);\ngiven loan: Hospital(tier = 1);\ngiven a:", "loan"),
    ("W606", "check ends: reaches ended within 15 days;\n", "", "Loan"),
    ("W607", "  expect l.state == lent;\n", "", 'test "lent" {'),
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
def test_advice_on_the_library_is_the_same_in_both_surfaces(surface):
    found = [one.finding for one in lint(library(surface).files)]
    other = [one.finding for one in lint(library("en").files)]
    assert [(one.code, one.source.position(one.span[0])[0]) for one in found] == [
        (one.code, one.source.position(one.span[0])[0]) for one in other
    ]
    assert len(found) > 5


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
    found = run(tmp_path, "--fix", "--json")
    data = json.loads(found.stdout)
    assert (found.exit_code, data["fixed"] >= 2) == (1, True)
    left = [one for one in data["findings"] if one["code"] == "W601"]
    assert [one["values"]["name"] for one in left if one["file"].endswith(("family.yl", "alliance.yl"))] == []
    files = [(path.name, path.read_bytes()) for path in sorted(tmp_path.glob("*.yl")) if ".zh." not in path.name]
    after = check(files)
    assert not after.errors
    ids = {module.name: ir.digest(module) for module in library("en").modules if module.name != "Escapes"}
    assert {module.name: ir.digest(module) for module in after.modules} == ids


def test_a_package_with_errors_shows_them_and_is_left_alone(package):
    spoilt = QUIET.replace("becomes asked", "becomes nowhere")
    (package / "loan.yl").write_text(spoilt)
    found = run(package, "--fix")
    assert (found.exit_code, "E202" in found.stdout) == (1, True)
    assert (package / "loan.yl").read_text() == spoilt
