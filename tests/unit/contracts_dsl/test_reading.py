"""From bytes to a tree: the lexical rules, the table of the grammar, and a message for every state of the parser."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts_dsl import ir, tables
from contracts_dsl.check import check
from contracts_dsl.diagnostics import codes, phrase, render, say
from contracts_dsl.lexer import Words, tokenize, words
from contracts_dsl.limits import NESTING_MAX, SOURCE_BYTES_MAX
from contracts_dsl.parse import parse
from contracts_dsl.source import Source, width
from contracts_dsl.syntax_errors import Fault, explain

HEAD = "contract C version 1;\n"


def found(text):
    data = text if isinstance(text, bytes) else text.encode()
    return [finding.code for finding in parse("x.yl", data).diagnostics]


@pytest.mark.clause("CTR-L1")
@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"contract \xff", "E001"),
        (b"\xef\xbb\xbfcontract C version 1;", "E001"),
        (b"contract C\0 version 1;", "E001"),
        (unicodedata.normalize("NFD", "contract C version 1; # é").encode(), "E002"),
        (b"", "E004"),
        (b"data x: int 0..1;", "E004"),
    ],
)
def test_bytes_that_are_no_program_are_refused(data, code):
    assert found(data) == [code]


@pytest.mark.clause("CTR-L1")
def test_a_source_may_be_as_large_as_the_limit_and_no_larger():
    text = HEAD + "#" * (SOURCE_BYTES_MAX - len(HEAD) - 1) + "\n"
    assert found(text) == []
    assert found(text + " ") == ["E003"]


@pytest.mark.clause("CTR-L1")
def test_brackets_nest_as_deep_as_the_limit_and_no_deeper():
    def nested(depth):
        return HEAD + f"check c: never {'(' * depth}x == y{')' * depth};"

    assert found(nested(NESTING_MAX)) == []
    assert found(nested(NESTING_MAX + 1)) == ["E003"]
    assert found(HEAD + f"check c: never {'not ' * 5000} x == y;") == ["E003"]


@pytest.mark.clause("CTR-L1")
@pytest.mark.parametrize(("name", "codes_found"), [("n" * 64, []), ("n" * 65, ["E003"]), ("é", ["E112"])])
def test_a_name_is_of_letters_and_ideographs_within_the_limit(name, codes_found):
    assert found(f"contract {name} version 1;") == codes_found


@pytest.mark.clause("CTR-L2")
def test_the_words_of_the_other_surface_are_names():
    for language, other in (("en", "zh"), ("zh", "en")):
        module = words(language).word["SCHEMA"]
        for word in words(other).terminal:
            tokens = tokenize(Source("x", f"{module} {word}"))
            assert tokens.kinds == ["SCHEMA", "NAME", "$END"], word


@pytest.mark.clause("CTR-L2")
def test_the_surfaces_have_the_same_seventy_three_words_and_share_none():
    english, chinese = words("en"), words("zh")
    assert len(english.word) == len(chinese.word) == 73 <= 76
    assert set(english.word) == set(chinese.word)
    assert set(english.terminal) & set(chinese.terminal) == set()


@pytest.mark.clause("CTR-L5")
def test_full_width_signs_are_read_as_their_plain_twins():
    plain = parse("x", '合约 甲 版本 1; 起始 { 乙 可 做(丙: 编码?) 转为 丁; } 用例 "x" {}'.encode())
    wide = parse("x", "合约 甲 版本 1； 起始　｛ 乙 可 做（丙： 编码？） 转为 丁； ｝ 用例 “x” ｛｝".encode())
    assert plain.diagnostics == wide.diagnostics == ()
    assert [type(item) for item in plain.modules[0].items] == [type(item) for item in wide.modules[0].items]


@pytest.mark.clause("CTR-L8")
def test_all_faults_of_a_file_are_reported_at_once():
    text = HEAD + (
        "party lender Hospital;\ndata x: int 0..1;\nstate a { lender must go becomes b; }\n"
        "state b { wait 2 months becomes a; lender may = x; }\nkey ;\n"
    )
    lines = [(one.code, one.source.position(one.span[0])[0]) for one in parse("x", text.encode()).diagnostics]
    assert lines == [("E112", 2), ("E101", 4), ("E108", 5), ("E112", 5), ("E112", 6)]


def test_the_stored_table_is_that_of_the_grammar_and_has_no_conflict():
    assert tables.encode(tables.build()) == tables.stored().read_bytes()


def shortest_ways() -> dict[int, tuple[int, ...]]:
    """For every state of the automaton, a shortest stack of states that ends in it."""
    table = tables.load()
    ways = {0: (0,)}
    queue = [0]
    for state in queue:
        moves = [to for to in table.actions[state].values() if to >= 0] + list(table.gotos[state].values())
        for to in moves:
            if to not in ways:
                ways[to] = (*ways[state], to)
                queue.append(to)
    return ways


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_state_says_something_of_its_own_about_every_token(language):
    """No pair of state and token falls to a message without a construct, an expectation, or a way to say it."""
    table, vocabulary = tables.load(), words(language)
    signs = {"NAME": "n1", "INT": "7", "DEC": "1.50", "PERCENT": "5%", "STRING": '"s"', "CMP": "==", "PM": "+",
             "STAR": "*", "RANGE": "..", "OPT": "?", "_S": ";", "_C": ":", "_K": ",", "_P": "(", "_Q": ")", "_L": "{",
             "_R": "}", "_E": "=", "_D": "."}  # fmt: skip
    every = {**signs, **vocabulary.word}
    prepared = {kind: tokens_of(vocabulary, kind, text) for kind, text in every.items()}
    unfinished = {state: way for state, way in shortest_ways().items() if state != table.accepting}
    for state, way in unfinished.items():
        for kind in every.keys() - table.actions[state].keys():
            finding = explain(Fault(prepared[kind], table, way, 1))
            assert say(finding.code, "text", language, finding.values), (state, kind)
            if finding.code == "E112":
                assert finding.values["where"] and finding.values["expected"], (state, kind)


def tokens_of(vocabulary: Words, kind, text):
    module = vocabulary.word["SCHEMA"]
    tokens = tokenize(Source("x", f"{module} {text}"))
    assert tokens.kinds[1] == kind
    return tokens


def test_every_code_and_phrase_speaks_both_languages():
    from contracts_dsl.diagnostics import _catalogue

    for code in codes():
        for part, pair in _catalogue()[code].items():
            fields = [set(re.findall(r"(?<!\{)\{(\w+)\}", text)) for text in pair]
            assert len(pair) == 2 and all(pair), (code, part)
            assert fields[0] == fields[1] or code in ("E108", "E114", "E410", "E501"), (code, part)
    assert phrase("help", "zh") == "帮助"


def test_types_are_named_in_the_language_of_the_message():
    for language in ("en", "zh"):
        vocabulary = words(language).word
        kinds = [kind for kind in vocabulary if kind.startswith("T_")]
        for terminal in [*kinds, "PURPOSE", "PARTY", "ENUM", "ENTITY", "CONTRACT", "STATE"]:
            assert phrase(f"type_{terminal.removeprefix('T_').lower()}", language) == vocabulary[terminal]
    text = HEAD + (
        "party p: H;\ndata a: {purpose} = 5;\ndata b: int 1..3 = true;\ndata c: time = 1 yuan;\ndata d: party = 7;\n"
        "start { p may go becomes s; }\nstate s;\nschema S version 1; party H { x: int 1..3?; } purpose = care;\n"
    )
    said = {language: [say(one.code, "text", language, one.values) for one in check([("x", text.encode())]).diagnostics]
            for language in ("en", "zh")}  # fmt: skip
    assert said["en"] == [
        "expected {purpose}, got the number 5", "expected int 1..3, got bool", "expected time, got money",
        "expected party, got the number 7",
    ]  # fmt: skip
    assert said["zh"] == [
        "应为{目的}，得到整数5", "应为整数 1..3，得到布尔", "应为时刻，得到金额", "应为当事方，得到整数7",
    ]  # fmt: skip


def test_an_empty_file_is_told_that_it_ends():
    [finding] = parse("x.yl", b"").diagnostics
    assert say("E004", "text", "en", finding.values).endswith("got the end of the file")


def test_carets_stand_under_wide_characters():
    [finding] = parse("x.yl", "合约 甲 版本 1;\n当事方 医院甲：医院。\n".encode()).diagnostics
    line, carets = render(finding, "zh").split("\n")[1:3]
    assert width(line[: line.index("。")]) == width(carets[: carets.index("^")])
    assert carets.count("^") == 2


@given(st.binary(max_size=400))
def test_any_bytes_give_diagnostics_and_nothing_else(data):
    parsed = parse("x", data)
    assert parsed.diagnostics or parsed.modules
    for finding in parsed.diagnostics:
        assert render(finding, "zh") and render(finding, "en")


WORDS = [*words("en").terminal, *words("zh").terminal, "a", "甲", "`count`", "「计数」", "5", "5%", "1.50", '"s"', "==",
         "=",         "+", "*", "..", ".", "?", ";", ":", ",", "(", ")", "{", "}", "。", "＝", "/", "２"]  # fmt: skip


@given(st.sampled_from(["schema S version 1;", "合约 甲 版本 1;", "policy P for C version 1;"]),
       st.lists(st.sampled_from(WORDS), max_size=40))  # fmt: skip
def test_any_tokens_give_diagnostics_and_nothing_else(head, tokens):
    checked = check([("x.yl", " ".join([head, *tokens]).encode())])
    for finding in checked.diagnostics:
        assert render(finding, "zh") and render(finding, "en")
        assert 0 <= finding.span[0] <= finding.span[1] <= len(finding.source.text)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_module_or_an_ir_error(data):
    with pytest.raises(ir.IrError):
        ir.decode(data)
