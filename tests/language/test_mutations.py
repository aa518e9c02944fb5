"""Every good program, on both surfaces, with tokens deleted, doubled and changed: never a crash, always a place."""

from collections import Counter

import pytest

from contracts_dsl import parse
from tests.language import mutate
from tests.language.test_programs import PROGRAMS

EVERY = 211
"""One mutant in so many; a prime, so that every kind of change is met. The long run takes all."""
SEEN: Counter = Counter()


@pytest.mark.clause("CTR-L8")
@pytest.mark.parametrize("path", mutate.programs(), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_good_program_with_a_token_changed_gets_coded_answers_with_a_place(path):
    seen = mutate.run(path, EVERY)
    assert sum(seen.values()) >= 2


def test_every_good_program_is_mutated():
    assert set(PROGRAMS) == set(mutate.programs())


def test_every_kind_of_change_is_made_and_a_name_in_a_wrong_place_reaches_the_checker():
    [path] = [one for one in mutate.programs() if one.parent.name == "library" and one.name == "visit.yl"]
    made = list(mutate.mutants(path, 1))
    assert {kind for kind, *_ in made} == set(mutate.KINDS)
    assert {kind for kind, *_ in mutate.mutants(path, EVERY)} == set(mutate.KINDS)
    for code, wanted in (("E112", "deleted"), ("E201", "exchanged")):
        assert any(mutate.judge(path, text) == code for kind, _, text in made[:400] if kind == wanted), code


def test_a_failure_names_the_mutant(monkeypatch):
    monkeypatch.setattr(parse, "read", None)
    with pytest.raises(AssertionError, match=r"visit\.yl: token 0 deleted"):
        mutate.run(next(one for one in mutate.programs() if one.name == "visit.yl"), EVERY)
