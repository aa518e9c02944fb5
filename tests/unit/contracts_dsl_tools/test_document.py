"""The document: whole, in two languages, self-contained, small, the same bytes for the same program."""

import re
import subprocess
import sys
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from click.testing import CliRunner

from contracts_dsl import ir
from contracts_dsl.cli import doc
from contracts_dsl.document.diagram import diagram, order
from contracts_dsl.document.page import page
from contracts_dsl.document.prose import conditions, duration, type_name
from tests.language.packages import LIBRARY, library, native

VOID = {"meta", "input", "br"}


class Outline(HTMLParser):
    """Collects ids, links and tags, and insists that every element is closed in its turn."""

    def __init__(self, text):
        super().__init__()
        self.open, self.ids, self.links, self.outside = [], [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.ids += [found["id"]] if "id" in found else []
        self.links += [found["href"]] if "href" in found else []
        self.outside += [found[name] for name in ("src", "action", "data", "srcset") if name in found]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        assert tag in ("rect", "path")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def whole(checked=None, language="zh"):
    return page(checked or library("zh"), None, language)


def cell(text):
    return re.sub(r"<[^>]+>", "", text)


@pytest.mark.parametrize("checked", [library("en"), library("zh"), native()], ids=["en", "zh", "native"])
def test_the_page_is_one_small_file_that_needs_no_other(checked):
    text = whole(checked)
    outline = Outline(text)
    assert len(text.encode()) < 1_000_000
    assert "http:" not in text and "https:" not in text and "@import" not in text and "<script" not in text
    assert outline.outside == []
    assert all(link.removeprefix("#") in outline.ids for link in outline.links)
    assert len(set(outline.ids)) == len(outline.ids)


def test_every_module_clause_breach_and_rule_is_on_the_page():
    text = whole()
    for module in library("zh").modules:
        assert f'<h2 id="{module.name}">' in text
        section = text.split(f'<h2 id="{module.name}">')[1].split("<h2")[0]
        names = []
        if isinstance(module, ir.Contract):
            clauses = [*module.start, *(clause for state in module.states for clause in state.clauses)]
            names = [clause.action for clause in clauses if not isinstance(clause, ir.Wait)]
            names += [clause.otherwise.name for clause in clauses if isinstance(clause, ir.Must)]
            names += [one.name for one in (*module.parties, *module.data, *module.states, *module.checks)]
        elif isinstance(module, ir.Policy):
            names = [one.name for one in (*module.groups, *module.rules, *module.views, *module.checks)]
        assert [name for name in names if f">{name}<" not in section] == []


def test_both_languages_are_there_and_one_is_shown_first():
    for language, other in (("zh", "en"), ("en", "zh")):
        text = whole(language=language)
        assert f'id="{language}" checked' in text
        assert f'id="{other}" checked' not in text
        assert text.count('<span lang="zh">') == text.count('<span lang="en">') > 500


def test_the_same_program_gives_the_same_bytes():
    code = (
        "from tests.language.packages import library; from contracts_dsl.document.page import page; "
        "import hashlib; print(hashlib.sha256(page(library('en'), None, 'en').encode()).hexdigest())"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(seen) == 1


def test_the_ladder_names_who_how_long_else_what_and_what_follows():
    text = whole().split('<h2 id="Referral">')[1].split("<h2")[0]
    [row] = [row.split("</tr>")[0] for row in text.split("<tr>") if ">late_approval<" in row.split("</tr>")[0]]
    cells = [cell(re.sub(r'<span lang="zh">.*?</span>', "", one)) for one in re.findall(r"<t[hd].*?</t[hd]>", row)]
    assert cells == ["requested", "regulator", "approve", "within 48 hours", "late_approval", "escalated"]
    assert 'href="#Referral-ladder-escalated"' in row
    assert 'id="Referral-ladder-escalated"' in text


def test_the_matrix_says_yes_no_and_never_in_words():
    text = whole().split('<h2 id="RecordAccess">')[1].split("<h2")[0]
    rows = [row.split("</tr>")[0] for row in text.split("<tr>")]
    row = next(row for row in rows if row.startswith('<th scope="row"><code>sensitive'))
    english = cell(re.sub(r'<span lang="zh">.*?</span>', "", row))
    assert "✓ may: own" in english and "✗ never: guarded" in english and english.rstrip().endswith("no")


def contract(name):
    return next(module for module in library("en").modules if module.name == name)


def test_the_diagram_has_one_box_a_state_and_one_arrow_a_change():
    referral = contract("Referral")
    drawn = diagram(referral, "en")
    changes = [clause.to for clause in referral.start]
    for state in referral.states:
        changes += [clause.to for clause in state.clauses]
        changes += [clause.otherwise.to for clause in state.clauses if isinstance(clause, ir.Must)]
    assert drawn.count("<rect") == len(referral.states) + 1
    assert drawn.count('class="line') == len([to for to in changes if to is not None])
    assert set(order(referral)) == {state.name for state in referral.states}


CONTRACTS = [module for module in library("en").modules if isinstance(module, ir.Contract)]


@pytest.mark.parametrize("module", CONTRACTS, ids=lambda module: module.name)
def test_no_two_arrows_of_different_ends_share_a_piece_of_a_lane(module):
    spans = {}
    for path in re.findall(r'class="line \w+" d="M\d+ ([\d.]+)H(\d+)V([\d.]+)', diagram(module, "en")):
        row, lane, target = (float(number) for number in path)
        spans.setdefault(lane, []).append((min(row, target), max(row, target)))
    for taken in spans.values():
        taken.sort()
        assert all(one[1] < other[0] for one, other in pairwise(taken))


def test_conditions_are_said_in_words_of_each_language():
    request = contract("Referral").start[0].when
    english, chinese = (cell(conditions(request, language).replace("<li>", "\n")) for language in ("en", "zh"))
    assert "fee is at most 20000 yuan" in english and "there is no Referral r with" in english
    assert "fee 不超过 20000元" in chinese and "不存在 Referral r" in chinese
    assert [duration(seconds, "en") for seconds in (60, 7200, 172_800, 864_000)] == [
        "1 minute", "2 hours", "48 hours", "10 days",
    ]  # fmt: skip


def test_names_are_escaped_and_notes_are_kept():
    text = page(library("en"), None, "en")
    assert "one box, one trace code, one sale" in text
    assert "&lt;" not in cell(text)


def test_the_command_writes_the_file_and_documents_what_was_named(tmp_path):
    out = tmp_path / "rules.html"
    found = CliRunner().invoke(doc.command, [str(LIBRARY / "drug.zh.yl"), "--out", str(out)])
    assert (found.exit_code, [one.name for one in tmp_path.iterdir()]) == (0, ["rules.html"])
    text = out.read_text(encoding="utf-8")
    assert '<h2 id="DrugBox">' in text and '<h2 id="Referral">' not in text
    assert 'id="zh" checked' in text
    assert CliRunner().invoke(doc.command, [str(LIBRARY), "--out", str(tmp_path / "no" / "x.html")]).exit_code == 3


def test_a_set_of_purposes_is_named_in_both_languages():
    assert type_name("set purpose", "zh") == "目的的集合"
    assert type_name("set purpose?", "en") == "set of purposes, if any"
