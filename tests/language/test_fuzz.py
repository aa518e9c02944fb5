"""Forty thousand arbitrary inputs into the readers of the language, in four parts. `make fuzz` has ten million."""

import pytest

from contracts_dsl import parse
from tests.language import fuzz

INPUTS, PARTS = 40_000, 4


@pytest.mark.clause("CTR-L8", "CTR-T15", "CTR-L7")
@pytest.mark.parametrize("part", range(PARTS))
def test_arbitrary_bytes_tokens_and_modules_get_coded_answers_only(part):
    count = INPUTS // PARTS
    seen = fuzz.run(count, part * count, workers=1)
    assert sum(seen[kind] for kind in fuzz.KINDS) == count
    # The inputs reach every phase: texts and modules that stand, and faults of each.
    assert min(seen[came] for came in ("well formed", "IR loaded", "E001", "E112", "E201", "E301")) > 0


def test_an_exception_names_its_input(monkeypatch):
    def fails(*_):
        raise KeyError("gone")

    monkeypatch.setattr(parse, "read", fails)
    with pytest.raises(AssertionError, match="input 1, bytes"):
        fuzz.run(20, 0, workers=1)
