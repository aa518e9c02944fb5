"""The laws of a ledger bite: the right one keeps them, each planted bug breaks its own."""

import pytest

from conformance.zoo import ZOO, load
from conformance.zoo.laws import LAWS, PARTS
from refimpl.node.ledger import Ledger

load()


@pytest.mark.clause("DAT-110", "DAT-099", "DAT-092", "INV-S4", "INV-S9")
@pytest.mark.parametrize("law", LAWS.values())
def test_the_right_ledger_keeps_every_law(law):
    law(Ledger)


@pytest.mark.parametrize("name", list(LAWS))
def test_a_planted_bug_of_the_ledger_breaks_its_law_and_no_other(name):
    for of, law in LAWS.items():
        if of == name:
            with pytest.raises(AssertionError):
                law(ZOO[name].make)
        else:
            law(ZOO[name].make)


@pytest.mark.clause("DAT-030", "DAT-040", "INV-S2", "INV-S5")
@pytest.mark.parametrize("name", list(PARTS))
def test_a_planted_part_breaks_its_law_and_the_right_one_keeps_it(name):
    law, right = PARTS[name]
    law(right)
    with pytest.raises(AssertionError):
        law(ZOO[name].make)


def test_every_bug_of_the_ledger_has_a_law():
    assert {*LAWS, *PARTS} == {name for name, entry in ZOO.items() if entry.of == "ledger"}
