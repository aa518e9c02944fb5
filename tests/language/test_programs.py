"""Good programs check, run and translate; bad programs say what is wrong, where, in their own language."""

from collections import defaultdict

import msgspec
import pytest

from contracts_dsl import ir, tables, verify
from contracts_dsl import parse as parsing
from contracts_dsl.check import check
from contracts_dsl.diagnostics import codes, render
from contracts_dsl.lexer import tokenize, words
from contracts_dsl.lint import lint
from contracts_dsl.parse import parse
from contracts_dsl.testing import play
from contracts_dsl.translate import translate
from tests.house.clauses import clauses, code_citations
from tests.house.clauses import test_citations as citations_of_tests
from tests.language.packages import BAD, GOOD, LIBRARY, NATIVE, library, native, read, sources

ENGLISH = [*sources(LIBRARY, "en"), *sources(GOOD, "en")]
PROGRAMS = [*ENGLISH, *sources(LIBRARY, "zh"), *sources(GOOD, "zh"), *sources(NATIVE, "zh")]
BAD_PROGRAMS = [path for path in sorted(BAD.glob("*.yl")) if not path.name.startswith("world")]
SCENARIOS = [
    pytest.param(checked, scenario, id=f"{name}: {scenario.title}")
    for name, checked in (("en", library("en")), ("zh", library("zh")), ("native", native()))
    for scenario in checked.scenarios
]


@pytest.mark.parametrize("surface", ["en", "zh"])
def test_the_library_is_well_formed(surface):
    assert [render(finding, surface) for finding in library(surface).diagnostics] == []
    assert len(library(surface).scenarios) >= 15


@pytest.mark.parametrize(("checked", "scenario"), SCENARIOS)
def test_every_test_beside_the_rules_passes(checked, scenario):
    outcome = play(checked.program, scenario)
    assert (outcome.expected, outcome.got) == (None, None), scenario.source.line(
        scenario.source.position(outcome.span[0])[0]
    )


def test_every_word_and_every_construct_of_the_grammar_stands_in_a_good_program(monkeypatch):
    """Of each rule every symbol, optional ones included, is used; nothing is in the language that no sample needs."""
    table, reduced = tables.load(), set()
    numbers = {id(production): number for number, production in enumerate(table.productions)}
    reduce = parsing._Run._reduce

    def noted(run, production, at):
        reduced.add(numbers[id(production)])
        reduce(run, production, at)

    monkeypatch.setattr(parsing._Run, "_reduce", noted)
    monkeypatch.setattr(parsing, "load", lambda: table)
    words_used = {kind for path in ENGLISH for kind in tokenize(parse("", path.read_bytes()).source).kinds}
    assert words("en").word.keys() <= words_used
    symbols, used = defaultdict(set), defaultdict(set)
    for number, rule in enumerate(tables.expanded().rules):
        construct, expansion = str(rule.alias or rule.origin.name), {symbol.name for symbol in rule.expansion}
        symbols[construct] |= expansion
        used[construct] |= expansion if number in reduced else set()
    unused = {construct: symbols[construct] - used[construct] for construct in symbols if not construct.startswith("_")}
    assert {construct: left for construct, left in unused.items() if left} == {}
    assert len(symbols) > 80


def test_every_rule_of_the_language_is_cited_where_it_is_kept_and_where_it_is_tested():
    rules = {clause.id for clause in clauses() if clause.id.startswith(("CTR-L", "CTR-T", "CTR-S"))}
    assert len(rules) >= 48
    assert rules - {citation.clause for citation in code_citations()} == set()
    assert rules - {citation.clause for citation in citations_of_tests()} == set()


@pytest.mark.clause("CTR-L7")
def test_both_surfaces_are_one_program():
    english = {module.name: ir.digest(module) for module in library("en").modules}
    chinese = {module.name: ir.digest(module) for module in library("zh").modules}
    assert english == chinese


@pytest.mark.clause("CTR-L7", "CTR-L3")
@pytest.mark.parametrize("path", ENGLISH, ids=lambda path: path.stem)
def test_translating_gives_the_twin_byte_for_byte(path):
    twin = path.with_name(f"{path.stem}.zh.yl")
    assert translate(path.name, path.read_bytes(), "zh").text.encode() == twin.read_bytes()
    assert translate(twin.name, twin.read_bytes(), "en").text.encode() == path.read_bytes()


@pytest.mark.clause("CTR-L7")
@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.name)
def test_translating_there_and_back_changes_no_byte(path):
    to, back = ("en", "zh") if path.name.endswith(".zh.yl") else ("zh", "en")
    there = translate(path.name, path.read_bytes(), to)
    assert translate(path.name, there.text.encode(), back).text.encode() == path.read_bytes()
    assert tree(parse("a", there.text.encode())) == tree(parse("b", path.read_bytes()))


def tree(parsed):
    """The modules without their places; of a word in a path, without how its surface writes it."""

    def bare(node):
        if isinstance(node, dict):
            layout = {"span", "text"} if node.get("word") else {"span"}
            return {key: bare(value) for key, value in node.items() if key not in layout}
        return [bare(one) for one in node] if isinstance(node, list | tuple) else node

    assert parsed.modules
    return bare(msgspec.to_builtins(parsed.modules))


def expected_code(path):
    return path.read_text(encoding="utf-8", errors="replace").split()[2]


def said_of(path):
    """What the checker says of a bad program, or, if it has no fault, what there is to advise."""
    world = BAD / ("world.zh.yl" if path.name.endswith(".zh.yl") else "world.yl")
    checked = check(read(world, path))
    advice = [one.finding for one in lint(checked.files)] if not checked.errors else []
    return checked.diagnostics or [finding for finding in advice if finding.source.name == path.name]


@pytest.mark.clause("CTR-L1", "CTR-L3", "CTR-L4", "CTR-L5", "CTR-L6", "CTR-L8")
@pytest.mark.clause("CTR-T1", "CTR-T2", "CTR-T3", "CTR-T4", "CTR-T5", "CTR-T6", "CTR-T7", "CTR-T8", "CTR-T9")
@pytest.mark.clause("CTR-T10", "CTR-T11", "CTR-T12", "CTR-T13", "CTR-T14")
@pytest.mark.parametrize("path", BAD_PROGRAMS, ids=lambda path: path.name)
def test_a_bad_program_says_what_is_wrong_and_where(path):
    language = "zh" if path.name.endswith(".zh.yl") else "en"
    findings = said_of(path)
    assert {finding.code for finding in findings} == {expected_code(path)}
    shown = "\n\n".join(render(finding, language) for finding in findings) + "\n"
    assert shown == path.with_suffix(".txt").read_text(encoding="utf-8")


def test_every_code_has_a_bad_program_in_each_surface():
    for surface in ("en", "zh"):
        shown = {expected_code(path) for path in BAD_PROGRAMS if path.name.endswith(".zh.yl") == (surface == "zh")}
        assert shown == set(codes())


@pytest.mark.clause("CTR-T15")
@pytest.mark.parametrize("module", library("en").modules, ids=lambda module: module.name)
def test_a_module_survives_its_bytes(module):
    assert ir.decode(ir.encode(module)) == module
    assert ir.from_json(ir.to_json(module)) == module


@pytest.mark.clause("CTR-T15")
@pytest.mark.parametrize(
    "change",
    [
        lambda data: data + b" ",
        lambda data: data.replace(b'"ir":1', b'"ir":2'),
        lambda data: data.replace(b'{"', b'{ "', 1),
        lambda data: data.replace(b'"kind":"contract"', b'"extra":0,"kind":"contract"'),
        lambda data: data.replace(b'"op":"path"', b'"by":0,"op":"path"', 1),
        lambda data: data[:-1],
        lambda data: b"\xff" + data,
        lambda data: b"[" * 100_000,
    ],
)
def test_any_other_bytes_are_no_module(change):
    data = ir.encode(next(module for module in library("en").modules if module.name == "Visit"))
    assert change(data) != data
    with pytest.raises(ir.IrError):
        ir.decode(change(data))


def test_what_the_checker_accepts_the_verifier_accepts():
    for checked in (library("en"), library("zh"), native()):
        verify.load(checked.modules)
