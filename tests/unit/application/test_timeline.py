"""What happened is told in order, in either language, by the titles people use, with nothing left out."""

import ast
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.application.timeline import LANGUAGES, SENTENCES, amount_of, line_of, timeline
from tests.house.tree import python_files, syntax

TITLES = {
    "county2": "县医院",
    "city3": "市三院",
    "hill_hc": "区卫健委",
    "Referral": "转诊单",
    "approve": "批准",
    "approved": "已批准",
}
NOON = 1_767_268_800  # 2026-01-01 12:00 UTC


def event(kind, at=NOON, **body):
    """An event as it stands in a receipt."""
    return {
        "at": at,
        "body": body,
        "contract": "Referral",
        "directory": "",
        "instance": 3,
        "kind": kind,
        "parties": [],
        "version": 2,
    }


@pytest.mark.parametrize(
    ("told", "zh", "en"),
    [
        (
            event("acted", by=["hill_hc"], action="approve", to="approved"),
            "区卫健委：批准，转为“已批准”",
            "区卫健委: 批准, now 已批准",
        ),
        (event("acted", by=["hill_hc"], action="amend", to=None), "区卫健委：amend", "区卫健委: amend"),
        (
            event("started", by=["county2", "patient1"], action="request", to=None),
            "县医院、patient1：request（发起）",
            "县医院 and patient1: request (begins)",
        ),
        (
            event("started", by=[], action="open", to=None),
            "合约自行：open（发起）",
            "the contract itself: open (begins)",
        ),
        (
            event("read", signers=["city3"], fields=[["labs", "allow"]], purpose="referral", code=None),
            "市三院：查阅labs，目的：referral",
            "市三院: read labs for referral",
        ),
        (
            event("read", signers=["city3", "hill_hc"], fields=[["labs", "allow"], ["hiv", "forbidden"]],
                  purpose=None, code="forbidden"),
            "市三院、区卫健委：查阅labs、hiv，被拒：forbidden",
            "市三院 and 区卫健委: read labs and hiv, refused: forbidden",
        ),
        (
            event("violation", debtors=["hill_hc"], name="late_approval", deadline=NOON),
            "区卫健委违规：late_approval（应于2026-01-01 12:00前办理），合约自行推进",
            "区卫健委 in breach: late_approval (due by 2026-01-01 12:00); the contract moves on by itself",
        ),
        (
            event(
                "paid",
                payer="county2",
                amount=90_001,
                shares=[["city3", 63_000], ["hill_hc", 4_500], ["county2", 22_501]],
            ),
            "县医院结算900.01元：市三院得630.00元、区卫健委得45.00元、县医院得225.01元",
            "县医院 settles 900.01 yuan: 630.00 yuan to 市三院 and 45.00 yuan to 区卫健委 and 225.01 yuan to 县医院",
        ),
        (
            {"kind": "recorded", "custodian": "county2", "record": "v/1"},
            "县医院登记病历摘要",
            "县医院 enters the commitment to a record",
        ),
        ({"kind": "dreamt", "x": 1}, "事件“dreamt”", "event dreamt"),
    ],
)
def test_an_event_becomes_a_sentence_in_both_languages(told, zh, en):
    assert (line_of(told, NOON, "zh", TITLES).text, line_of(told, NOON, "en", TITLES).text) == (zh, en)


def test_a_line_names_what_it_happened_to_and_when():
    line = line_of(event("elapsed", to=None), NOON + 60, "zh", TITLES)
    assert (line.subject, line.moment, line.kind) == ("转诊单 3", "2026-01-01 12:00", "elapsed")
    line = line_of(
        {"kind": "accessed", "reader": "city3", "record": "v/1", "purpose": "referral"}, NOON + 60, "zh", TITLES
    )
    assert (line.subject, line.moment) == ("v/1", "2026-01-01 12:01")


def test_a_deadline_is_told_at_its_own_time_and_not_at_that_of_the_block():
    late = [
        (NOON + 500, event("acted", at=NOON + 500, by=["x"], action="b", to=None)),
        (NOON + 900, event("elapsed", at=NOON, to=None)),
    ]
    assert [line.kind for line in timeline(late, "en", {})] == ["elapsed", "acted"]


@given(st.lists(st.integers(0, 3), max_size=12))
def test_nothing_is_left_out_and_equal_times_keep_the_order_of_the_chain(times):
    events = [(at, event("acted", at=at, by=[], action=str(n), to=None)) for n, at in enumerate(times)]
    lines = timeline(events, "en", {})
    assert [(line.at, line.text) for line in lines] == sorted(
        ((line.at, line.text) for line in (line_of(e, t, "en", {}) for t, e in events)), key=lambda pair: pair[0]
    )


@pytest.mark.parametrize(
    ("fen", "zh", "en"), [(0, "0.00元", "0.00 yuan"), (5, "0.05元", "0.05 yuan"), (-150, "-1.50元", "-1.50 yuan")]
)
def test_money_is_exact_to_the_fen(fen, zh, en):
    assert (amount_of(fen, "zh"), amount_of(fen, "en")) == (zh, en)


def placeholders(sentence):
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def test_both_languages_tell_the_same_values():
    for kind, sentences in SENTENCES.items():
        assert set(sentences) == set(LANGUAGES)
        assert placeholders(sentences["zh"]) == placeholders(sentences["en"]), kind


def test_every_event_the_interpreter_makes_has_a_sentence_over_the_values_it_carries():
    made = {
        (call.args[0].value, frozenset(word.arg for word in call.keywords))
        for path in python_files("contracts_dsl")
        for call in ast.walk(syntax(path))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "emit"
    }
    assert {"started", "acted", "violation", "paid"} <= {kind for kind, _ in made}
    for kind, carried in made:
        assert placeholders(SENTENCES[kind]["en"]) - {"to"} <= carried, kind  # `to` is found in what follows


def test_a_breach_is_told_with_the_state_in_which_the_next_event_finds_the_contract():
    breach = event("violation", debtors=["hill_hc"], name="late", deadline=NOON, state="requested")
    other = {**event("acted", by=["x"], action="b", to="booked", state="free"), "contract": "Slot"}
    after = event("acted", by=["y"], action="approve", to="approved", state="escalated")
    told = [line.text for line in timeline([(NOON, e) for e in (breach, other, after)], "en", {})]
    assert told[0].endswith("the contract moves on by itself, now escalated")
    alone = [line.text for line in timeline([(NOON, breach), (NOON, other)], "en", {})]
    assert alone[0].endswith("the contract moves on by itself")
