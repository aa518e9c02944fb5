"""`yilian check`, `test` and `translate` with files that are no contracts: coded, placed, and no traceback."""

import pytest

from tests.house.tree import ROOT

LIBRARY = ROOT / "contracts_dsl" / "library"
VISIT = (LIBRARY / "visit.yl").read_text(encoding="utf-8")
WRONG = """contract Bed version 1;
party hospital: Hospital;
data beds: int 0..100;
start { hospital may open when beds > "many" becomes free; }
state free;
"""


@pytest.mark.parametrize(("language", "word"), [("zh", "应为"), ("en", "expected")])
def test_a_type_error_is_a_finding_with_code_place_and_what_was_expected(yilian, tmp_path, language, word):
    (tmp_path / "alliance.yl").write_bytes((LIBRARY / "alliance.yl").read_bytes())
    (tmp_path / "bed.yl").write_text(WRONG)
    done = yilian("--lang", language, "check", tmp_path)
    told = done.stdout + done.stderr
    assert done.exit_code == 1, told
    assert "bed.yl:4:" in told
    assert word in told
    assert "Traceback" not in told


@pytest.mark.parametrize("command", ["check", "test"])
@pytest.mark.parametrize("content", [b"", b"\xff\xfe", bytes(range(256)), b"contract", b"{" * 50_000, "合约".encode()])
def test_bytes_that_are_no_contract_are_findings(yilian, tmp_path, command, content):
    (tmp_path / "x.yl").write_bytes(content)
    done = yilian(command, tmp_path / "x.yl")
    assert done.exit_code == 1, done.output
    assert "Traceback" not in done.output


@pytest.mark.parametrize("command", [("check",), ("test",), ("translate", "--to", "zh")])
def test_a_file_that_is_not_there_cannot_be_used(yilian, tmp_path, command):
    done = yilian(*command, tmp_path / "none.yl")
    assert done.exit_code == 3, done.output
    assert str(tmp_path / "none.yl") in done.stderr


def test_what_was_translated_there_and_back_is_what_it_was(yilian, tmp_path):
    (tmp_path / "en.yl").write_text(VISIT, encoding="utf-8")
    there = yilian("translate", "--to", "zh", tmp_path / "en.yl")
    assert "合约" in there.stdout
    (tmp_path / "zh.yl").write_text(there.stdout, encoding="utf-8")
    assert yilian("translate", "--to", "en", tmp_path / "zh.yl").stdout == VISIT
