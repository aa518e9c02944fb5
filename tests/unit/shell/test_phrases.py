"""Telling a value of a refusal: words of ours in the reader's language, everything else as it came."""

import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts_dsl.diagnostics import type_in_words
from contracts_dsl.host import Refused
from contracts_dsl.refusals import WORDS, text
from contracts_dsl.typesystem import parse_type
from refimpl.data.refusal import Code, kind_of
from refimpl.shell.messages import Language, placeholders
from refimpl.shell.phrases import LONGEST, catalogue, told
from refimpl.shell.refusals import sentence, texts

FOREIGN = "甲乙丙丁"
"""Signs that stand in no phrase."""
PIECES = st.sampled_from(
    [*FOREIGN, " ", ", ", " or ", ", got ", "?", "{", "}", "{0}", "list of ", "no ", "\n", "%s", "\\"]
)
VALUES = st.lists(PIECES, max_size=12).map("".join) | st.text(max_size=40)
FILLED = st.sampled_from(catalogue()).flatmap(
    lambda phrase: st.tuples(*[VALUES for _ in phrase.kinds]).map(lambda given: _filled(phrase, given))
)


def _filled(phrase, values):
    given = dict(zip(phrase.kinds, values, strict=True))
    return re.sub(r"\{(\w+)(:\w+)?\}", lambda found: given[found[1]], phrase.english)


def foreign(said):
    return Counter(sign for sign in said if sign in FOREIGN)


def test_a_text_of_ours_is_told_in_the_language_of_the_reader():
    assert told("text of at most 64 bytes", Language.ZH) == "至多64字节的文本"
    assert told("text of at most 64 bytes", Language.EN) == "text of at most 64 bytes"
    assert told("one of active, draft", Language.ZH) == "active、draft之一"
    assert told("hex of 32 or 64 bytes", Language.ZH) == "32或64字节的十六进制"
    assert told("an instance, got set purpose", Language.ZH) == "实例（给出的是{目的}）"


def test_a_kind_of_value_is_told_by_type_and_size():
    kinds = {None: "空值", True: "布尔值", -3: "整数-3", 2**53: "绝对值达到2^53的整数", "ab": "长度为2的文本",
             b"": "长度为0的字节串", (1, 2): "2项的列表", 0.5: "浮点数"}  # fmt: skip
    assert {value: told(kind_of(value), Language.ZH) for value in kinds} == kinds
    assert told(kind_of({}), Language.ZH) == "0个成员的对象"


@pytest.mark.parametrize(
    "came",
    ["", "city3-a", "42", "9f" * 32, "/body/nonce", "Patient", "integers 1..2", "张三", "no such file here", "a" * 500],
)
def test_what_is_no_text_of_ours_is_told_as_it_came(came):
    assert told(came, Language.ZH) == came


def test_a_text_longer_than_any_of_ours_is_not_searched():
    value = "one of " + "a, " * LONGEST + "a"
    assert told(value, Language.ZH) == value


@given(st.text() | VALUES | FILLED)
def test_telling_never_fails_and_loses_nothing_that_came_from_elsewhere(came):
    assert told(came, Language.EN) == came
    assert foreign(told(came, Language.ZH)) == foreign(came)


@given(
    st.sampled_from([code.value for code in Code]), st.data(),
    st.sampled_from(Language),
)  # fmt: skip
def test_every_refusal_can_be_told_whatever_its_values_are(code, data, language):
    names = sorted(placeholders(texts()[code][language]))
    anything = VALUES | FILLED | st.integers() | st.none() | st.booleans() | st.lists(VALUES, max_size=3) | st.floats()
    values = {name: data.draw(anything, name) for name in names}
    said = sentence(code, language, values)
    assert foreign(said) >= foreign("".join(str(value) for value in values.values()))


def test_a_name_is_never_translated():
    assert sentence("member.not_authorized", Language.ZH, {"member": "record"}) == "record无权进行此操作，或未签名"
    values = {"expected": "list", "got": "block"}
    assert sentence("tx.wrong_channel", Language.ZH, values) == "交易属于通道block，应为list"
    assert "提议者为text，应为验证节点" in sentence(
        "block.wrong_proposer", Language.ZH, {"expected": "a validator", "got": "text"}
    )


@pytest.mark.parametrize(
    ("language", "listed", "empty"), [(Language.ZH, "a、b", "无"), (Language.EN, "a, b", "nothing")]
)
def test_a_list_is_told_without_brackets(language, listed, empty):
    assert listed in sentence("tx.unknown_kind", language, {"kinds": ["a", "b"]})
    assert empty in sentence("tx.unknown_kind", language, {"kinds": []})
    assert empty in sentence("contract.bad_arguments", language, {"argument": "a", "type": "b", "value": None})


TYPES = [
    "int 0..7", "bool", "code", "hash", "money", "time", "purpose", "duration", "party", "party Hospital", "enum Level",
    "entity Region", "contract Visit", "state Visit", "set Scope", "set purpose", "money?", "party Hospital?",
]  # fmt: skip


@pytest.mark.parametrize("written", TYPES)
def test_a_type_is_told_as_the_language_of_contracts_tells_it(written):
    assert told(written, Language.ZH) == type_in_words(parse_type(written), "zh")


@pytest.mark.parametrize("value", [*WORDS, "3 values", *TYPES])
def test_the_language_of_contracts_tells_its_refusals_in_the_same_words(value):
    values = {"argument": "a", "type": value, "value": 1}
    assert text(Refused("bad_arguments", **values), "zh") == sentence("contract.bad_arguments", Language.ZH, values)
    assert value in text(Refused("bad_arguments", **values), "en")


def test_a_contract_tells_no_name_as_a_type():
    assert "time" in text(Refused("no_such_clause", state="time", action="code", actions=["money"]), "zh")
