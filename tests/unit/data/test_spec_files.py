"""`spec/errors.toml` and `spec/limits.toml` say what the constants in code say, and each refusal can say its
sentence."""

import ast
import string
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import contracts_dsl.limits
from refimpl.data import limits
from refimpl.data.refusal import Code

ROOT = Path(__file__).parents[3]
ERRORS = tomllib.loads((ROOT / "spec" / "errors.toml").read_text(encoding="utf-8"))
LIMITS = tomllib.loads((ROOT / "spec" / "limits.toml").read_text(encoding="utf-8"))
TEXTS = {f"{area}.{name}": entry for area, codes in ERRORS.items() for name, entry in codes.items()}


def placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}


def test_the_codes_are_the_same_in_the_same_order():
    assert list(TEXTS) == [code.value for code in Code]


def test_the_areas_stand_in_the_order_of_the_checks():
    areas = list(dict.fromkeys(code.area for code in Code))
    assert areas[:8] == ["wire", "net", "tx", "member", "contract", "access", "block", "consensus"]


def test_the_codes_of_the_language_stand_in_its_order():
    written = [
        "unknown_name retired no_such_clause not_callable bad_arguments not_authorized where_false duty_closed",
        "condition_false duplicate_key out_of_range limit_exceeded no_migration",
    ]
    listed = [code.value.removeprefix("contract.") for code in Code if code.area == "contract"]
    assert [name for name in listed if name != "bad_package"] == " ".join(written).split()


@pytest.mark.parametrize("code", TEXTS)
def test_each_code_has_its_sentence_in_both_languages_over_the_same_values(code):
    entry = TEXTS[code]
    assert set(entry) == {"en", "zh", "definite"}
    assert isinstance(entry["definite"], bool)
    assert entry["en"].isascii()
    assert any("\u4e00" <= character <= "\u9fff" for character in entry["zh"])
    assert placeholders(entry["en"]) == placeholders(entry["zh"])


def refusals() -> Iterator[tuple[str, str, set[str]]]:
    """(place, code, names of the values) of every refusal in the reference that names its code and values outright."""
    for path in sorted((ROOT / "refimpl").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args or any(word.arg is None for word in node.keywords):
                continue
            written = ast.unparse(node.args[0])
            if ast.unparse(node.func).rpartition(".")[2] in {"Refused", "refused"} and written.startswith("Code."):
                values = {word.arg for word in node.keywords if word.arg not in {None, "at"}}
                yield f"{path.relative_to(ROOT)}:{node.lineno}", written.removeprefix("Code."), values


def test_each_refusal_gives_the_values_that_its_sentence_names():
    silent = [
        f"{place}: {code} lacks {', '.join(sorted(lacking))}"
        for place, code, values in refusals()
        if (lacking := placeholders(TEXTS[Code[code].value]["en"]) - values)
    ]
    assert not silent, "\n".join(silent)


def test_each_limit_of_the_ledger_is_the_one_in_the_specification():
    written = {
        f"{section}_{name}".upper(): value
        for section, entries in LIMITS.items()
        if section != "contract"
        for name, value in entries.items()
    }
    assert written == {name: value for name, value in vars(limits).items() if name.isupper()}


def test_each_limit_of_the_language_is_the_one_in_the_specification():
    written = {f"{name}_MAX".upper(): value for name, value in LIMITS["contract"].items()}
    assert written == {name: value for name, value in vars(contracts_dsl.limits).items() if name.endswith("_MAX")}
