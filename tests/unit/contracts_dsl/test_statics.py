"""Static rules where one program shows both sides: what is accepted, and the smallest change that is not."""

import pytest

from contracts_dsl.check import check
from tests.language.stage import SCHEMA

PAYING = """contract Pay version 1;
party giver: Hospital;
party taker: Hospital;
start { giver may begin becomes on; taker may offer becomes offered; }
state offered { giver may agree becomes on; }
state on {
  taker may collect then { pay 5 yuan from giver: rest to taker; } becomes done;
  taker may pass(other: Hospital) then { set taker = other; };
}
state done;
"""


def found(text):
    return [finding.code for finding in check([("schema.yl", SCHEMA.encode()), ("x.yl", text.encode())]).diagnostics]


@pytest.mark.clause("CTR-T10")
@pytest.mark.parametrize(
    ("old", "new", "codes"),
    [
        ("", "", []),
        ("set taker = other", "set giver = other", ["E404"]),
        ("giver may agree", "taker may agree", ["E404"]),
        ("taker may collect then", "taker may collect when giver signed then", []),
        ("from giver", "from taker", []),
        ("{ giver may begin becomes on; ", "{ taker may begin becomes on; ", ["E404"]),
        ("taker may collect then", "giver and taker may collect then", []),
    ],
)
def test_a_payer_has_signed_on_every_way_to_the_payment(old, new, codes):
    assert found(PAYING.replace(old, new)) == codes


@pytest.mark.clause("CTR-T4")
@pytest.mark.parametrize(
    ("condition", "codes"),
    [
        ('has p.nickname and p.nickname == "A"', []),
        ('p.nickname == "A"', []),
        ("has d and d > now", []),
        ("d > now and has d", ["E302"]),
        ("has d or d > now", ["E302"]),
        ("not has d and d > now", ["E302"]),
        ("(has d and d > now) or now == now", []),
        ("has d and (d > now or d < now)", []),
    ],
)
def test_what_may_be_absent_is_used_only_where_it_is_known_to_be_there(condition, codes):
    head = "contract C version 1;\nparty p: Patient;\ndata d: time?;\n"
    text = f"{head}start {{ p may go when {condition} becomes s; }}\nstate s;\n"
    assert found(text) == codes


@pytest.mark.clause("CTR-L3")
@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("contract `count` version 1;\nparty p: Patient;\nstart { p may go becomes s; }\nstate s;\n", []),
        ("contract `count`may version 1;\n", ["E103", "E112"]),
        ("contract `may``count` version 1;\n", ["E103", "E103"]),
        ("合约 「计数」可 版本 1;\n", ["E103", "E112"]),
        ("合约 `计数` 版本 1;\n", ["E110"]),
    ],
)
def test_an_escape_stands_apart_and_in_the_marks_of_its_surface(text, codes):
    assert [code for code in found(text) if code != "E410"] == codes


@pytest.mark.clause("CTR-T1", "CTR-T3")
@pytest.mark.parametrize(
    ("condition", "codes"),
    [
        ("l in {low, high}", []),
        ("low in {low, high}", ["E201"]),
        ("u in {care}", []),
        ("l in {nowhere}", ["E201"]),
        ("l in {care}", ["E201"]),
        ("h in {low}", ["E301"]),
        ("now in {low}", ["E301"]),
    ],
)
def test_a_set_that_is_written_out_has_the_type_of_what_is_sought_in_it(condition, codes):
    head = "contract C version 1;\nparty h: Hospital;\ndata l: Level;\ndata u: purpose;\n"
    text = f"{head}start {{ h may go when {condition} becomes s; }}\nstate s;\n"
    assert [code for code in found(text) if not code.startswith("W")] == codes
