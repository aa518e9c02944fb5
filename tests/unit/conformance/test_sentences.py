"""What the kit says of a node: both languages alike, every sentence used, and no English left in a Chinese report."""

import ast
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.history import Violation
from conformance.report.story import report
from conformance.sentences import SENTENCES, STANDINGS, say, standing
from conformance.targets import Target
from conformance.zoo import ZOO, load
from refimpl.shell.messages import placeholders
from tests.house.refusal_texts import HOLE, Reader
from tests.house.tree import ROOT, python_files, shown, syntax

load()
PROSE = re.compile(r"[A-Za-z]+ (?:[a-z]+ )+[a-z]+")
"""Three words of English or more, one after the other."""
FAMILIES = ("kind.", "stopped.", "ended.", "opaque.")
"""How keys begin that are put together from a name."""


def test_both_languages_say_the_same_with_the_same_values():
    for key, said in SENTENCES.items():
        assert set(said) == {"zh", "en"}, key
        assert placeholders(said["zh"]) == placeholders(said["en"]), key
        assert not PROSE.search(said["zh"]), key


def test_every_sentence_is_said_somewhere():
    files = [path for folder in ("conformance", "refimpl") for path in (ROOT / folder).rglob("*.py")]
    sources = "\n".join(path.read_text() for path in files)
    assert [key for key in SENTENCES if not key.startswith(FAMILIES) and sources.count(f'"{key}"') < 2] == []


@pytest.mark.parametrize("name", ["P01", "P05", "T13", "H07", "L08", "T12", "D12"])
def test_a_chinese_report_of_a_planted_bug_has_no_english_sentence_of_what_was_expected_or_came(name):
    plan, target = ZOO[name].witness, Target(name)
    history = target.play(plan, watched=True)
    broken = target.judge(history)
    assert broken
    told = [row for row in report(plan, history, broken, "zh", "-") if re.match(r"\s+(应为|实为)", row)]
    assert len(told) >= 2
    assert [row for row in told if PROSE.search(row)] == []


def test_a_sentence_is_kept_as_its_key_and_values_beside_its_english():
    came = say("certificate.voters", voters="[0]", weight=1)
    found = Violation("INV-S6", 3, (1,), say("certificate.weight", twice=8), came)
    data = json.loads(json.dumps(found.to_data()))
    assert data["expected"] == "distinct voters of weight above 8/3"
    assert data["said"]["expected"] == {"key": "certificate.weight", "values": {"twice": 8}}
    assert found.expected.in_words("zh") != found.expected.in_words("en") == data["expected"]


# --- where findings are made ---

FILES = [path for path in python_files("conformance", "refimpl") if "/templates/" not in shown(path)]
PLACES = {"Violation": (3, 5), "Failed": (1, 3), "WrongReason": (1, 3), "Weak": (1, 3), "Differs": (1, 3),
          "failed": (1, 3), "Failure": (1, 3), "Breach": (3, 5), "Misfit": (0, 2), "PlanError": (2, 4),
          "DeclarationError": (3, 5), "Stopped": (4, 5), "Unstarted": (0, 1), "Inconclusive": (0, 1),
          "Unsupported": (0, 1), "BadList": (1, 2)}  # fmt: skip
"""Call -> from which of its arguments up to which a person reads them."""
NOT_WORDS = re.compile(r"[a-z]+_[a-z_]+|TOML|hello|profile|node: silent\|byzantine")
"""Names: of members, of an operation, of a format, of the values that a member may have."""


def literals(node):
    """The texts that stand in an expression itself, not in what it calls."""
    match node:
        case ast.Constant(value=str() as text):
            yield text
        case ast.JoinedStr(values=parts) | ast.BoolOp(values=parts) | ast.Tuple(elts=parts):
            for part in parts:
                yield from literals(part)
        case ast.BinOp(left=one, right=other) | ast.IfExp(body=one, orelse=other):
            yield from (*literals(one), *literals(other))
        case ast.Call(func=ast.Attribute(value=inner)):
            yield from literals(inner)


def readable(function):
    """(line, expression) of what a person reads of the findings in a function; a name is followed to what it is set
    to."""
    set_to = {}
    for one in ast.walk(function):
        if isinstance(one, ast.Assign) and isinstance(one.targets[0], ast.Name):
            set_to.setdefault(one.targets[0].id, []).append(one.value)
    for call in [one for one in ast.walk(function) if isinstance(one, ast.Call)]:
        name = getattr(call.func, "id", getattr(call.func, "attr", ""))
        for argument in call.args[slice(*PLACES.get(name, (0, 0)))]:
            yield from ((call.lineno, value) for value in (argument, *set_to.get(getattr(argument, "id", ""), ())))


def bare(source):
    """(line, text) of what findings in a source say in words of their own."""
    functions = [one for one in ast.walk(ast.parse(source)) if isinstance(one, ast.FunctionDef)]
    read = (one for function in functions for one in readable(function))
    told = ((line, text) for line, value in read for text in literals(value))
    return [(line, text) for line, text in told if re.search("[A-Za-z]{2}", NOT_WORDS.sub("", text))]


def test_no_finding_says_anything_in_english_alone():
    assert [(path.name, *found) for path in FILES for found in bare(path.read_text(encoding="utf-8"))] == []


def test_english_alone_is_seen_wherever_it_is_put_together():
    seen = '''
def run():
    told = f"{n} blocks" if n else "none"
    raise Failed("DAT-001", say("none"), told)
    raise solo.failed("DAT-001", "one of " + names, say("none"))
    raise Failed("DAT-001", f"state_root {root}", reply["code"])
'''
    assert [text for _, text in bare(seen)] == [" blocks", "none", "one of "]


def spoken(path):
    """(line, key, names of the values) of every sentence that a file says by its whole key."""
    source = path.read_text(encoding="utf-8")
    if not re.search(r"^from conformance\.sentences import .*\bsay\b", source, re.MULTILINE):
        return
    for call in [one for one in ast.walk(ast.parse(source)) if isinstance(one, ast.Call)]:
        if getattr(call.func, "id", "") != "say" or None in {one.arg for one in call.keywords}:
            continue
        branches = call.args[0], getattr(call.args[0], "body", None), getattr(call.args[0], "orelse", None)
        for key in [one.value for one in branches if isinstance(one, ast.Constant)]:
            yield call.lineno, key, {one.arg for one in call.keywords}


def test_every_sentence_that_is_said_is_there_and_is_given_its_values():
    said = [(path.name, *one) for path in FILES for one in spoken(path)]
    assert len(said) > 200
    assert [one for one in said if one[2] not in SENTENCES] == []
    assert [one for one in said if not placeholders(SENTENCES[one[2]]["en"]) <= one[3]] == []


# --- where a node stands ---


def standings():
    """(engine, text) of every way in which an engine says where it stands, a number for what it fills in."""
    files = (ROOT / "refimpl" / "consensus").glob("*.py")
    reader = Reader({path.stem: (path.stem, syntax(path)) for path in files})
    for scope in reader.methods["where"]:
        yield from ((scope.module.place, HOLE.sub("7", told)) for told in reader.returned(scope))


def test_where_an_engine_stands_is_told_in_chinese():
    told = [(engine, text, standing(text, "zh")) for engine, text in standings()]
    assert len({engine for engine, _, _ in told}) >= 7
    assert [one for one in told if re.search("[A-Za-z]", one[2])] == []
    assert standing("height 3 decided, view 4, locked on nothing", "zh") == "已决定高度 3，第 4 视图，未锁定"
    assert standing("height 3 round 1 step prevote locked -1", "zh") == "高度 3 第 1 轮，步骤为预投票，锁定轮次 -1"


def test_every_pattern_of_where_an_engine_stands_is_used():
    left = [text for _, text in standings()] + ["idle"]
    for text in left:
        left += [part for found in fitting(text) for name, part in found.groupdict().items() if name == "rest"]
    assert [pattern for pattern in STANDINGS if not any(re.fullmatch(pattern, text) for text in left)] == []


def fitting(text):
    return [found for pattern in STANDINGS if (found := re.fullmatch(pattern, text))][:1]


PARTS = st.sampled_from(["height 1 decided, ", "甲", "wants view 1", " prepared ", "{x}"])


@given(st.text() | st.lists(PARTS).map("".join))
def test_what_another_node_says_of_where_it_stands_loses_nothing(text):
    assert standing(text, "en") == text
    assert standing(text, "zh").count("甲") == text.count("甲")


def test_a_stuck_node_of_the_reference_is_told_in_chinese():
    found = say("stuck", places=(say("stuck.at", node=2, place="height 1 view 3 prepared nothing"),))
    assert found.in_words("zh") == "节点 2 自述：“高度 1，第 3 视图，未准备任何值”"
    assert found.in_words("en") == "node 2: height 1 view 3 prepared nothing"
    assert found.to_data()["values"]["places"][0]["values"]["place"] == "height 1 view 3 prepared nothing"
