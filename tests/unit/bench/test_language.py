"""Who compares the speed of reading shows first that the same is read; the line on the terminal names everybody."""

import pytest

from bench import language
from bench.__main__ import told
from bench.measure import QUICK, Unequal, contest_result
from contracts_dsl.parse import parse


def test_lark_reads_the_library_with_our_grammar_and_everybody_stands_on_one_line():
    result = contest_result(language.reading(QUICK), QUICK)
    line = told(result)
    assert line.startswith("parse, with places ")
    assert ", lark, plain tree " in line
    assert line.endswith(" of lark, plain tree gate 0.85 " + {True: "held", False: "MISSED"}[result["held"]])


def test_a_program_that_is_read_differently_is_not_timed(monkeypatch):
    monkeypatch.setattr(language, "parse", lambda name, data: parse(name, data.partition(b"contract")[0]))
    with pytest.raises(Unequal, match="is read differently"):
        language.reading(QUICK).prove()
