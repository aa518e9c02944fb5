"""The table of systems has no empty cell, names what is there, and is what its sources say."""

import pytest

from refimpl.scenarios.performance import SCENARIOS
from tests.house.systems import PAGE, ordered, page, rows
from tests.house.test_systems import marked
from tests.house.tree import ROOT


@pytest.mark.parametrize("row", ordered())
def test_every_row_has_a_contract_a_module_a_scenario_and_a_test(row):
    told = rows()[row]
    assert all(told[cell] for cell in ("zh", "en", "contract", "module", "scenario"))
    assert (ROOT / told["module"]).exists(), told["module"]
    assert told["scenario"] in SCENARIOS or told["scenario"].startswith("make ")
    assert row in {mark for _, _, mark in marked()}


def test_the_page_is_what_its_sources_say():
    assert PAGE.read_text(encoding="utf-8") == page()
