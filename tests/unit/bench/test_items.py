"""Every item of the bench can be made, and its contenders do the same: no measure falls behind the code unseen."""

import pytest

from bench.measure import QUICK, Contest
from bench.registry import items


@pytest.mark.parametrize("name", [name for name in items() if not name.startswith("startup.")])
def test_the_contenders_of_an_item_do_the_same(name):
    prepared = items()[name](QUICK)
    if isinstance(prepared, Contest):
        prepared.prove()
    else:
        assert prepared.found.keys() >= prepared.allowed.keys()
