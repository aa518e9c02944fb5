"""A copy leaves the person behind: by a rule for every field, and never in a small group."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.application.deidentify import Rule, deidentified, rules_digest
from refimpl.crypto.recipes import digest
from refimpl.data.encoding import encode
from refimpl.data.refusal import Refused

RULES = (Rule("name", "drop"), Rule("born", "band", 10, singles_out=True), Rule("icd", "prefix", 3),
         Rule("area", "keep", singles_out=True))  # fmt: skip
rows = st.lists(st.fixed_dictionaries({
    "name": st.text("赵钱孙李", min_size=1, max_size=3), "born": st.integers(1930, 1960),
    "icd": st.sampled_from(["I21.0", "I21.1", "E11.9"]), "area": st.sampled_from(["hill", "lake"]),
}), max_size=30)  # fmt: skip


@pytest.mark.clause("APP-027")
@given(rows, st.integers(1, 6))
def test_nobody_stands_in_a_group_smaller_than_was_declared(listed, least):
    copy = deidentified(listed, RULES, least)
    sizes = Counter((row["born"], row["area"]) for row in copy.rows)
    assert all(size >= max(least, copy.likeness) for size in sizes.values())
    assert copy.likeness == min(sizes.values(), default=0)
    assert len(copy.rows) + copy.left_behind == len(listed)
    assert all(set(row) == {"born", "icd", "area"} for row in copy.rows)
    assert all(row["born"] % 10 == 0 and len(str(row["icd"])) == 3 for row in copy.rows)


@pytest.mark.clause("APP-027")
@given(rows, st.randoms(use_true_random=False))
def test_the_order_of_the_copy_tells_nothing_of_the_order_of_the_people(listed, random):
    shuffled = list(listed)
    random.shuffle(shuffled)
    assert deidentified(listed, RULES, 2).to_bytes() == deidentified(shuffled, RULES, 2).to_bytes()


@pytest.mark.clause("APP-027")
def test_the_rules_are_named_by_what_they_say():
    listed = [{"field": one.field, "how": one.how, "singles_out": one.singles_out, "width": one.width}
              for one in sorted(RULES, key=lambda rule: rule.field)]  # fmt: skip
    assert rules_digest(RULES) == digest("yilian/deidentification/v1", encode(listed))
    assert rules_digest(RULES[::-1]) == rules_digest(RULES) != rules_digest(RULES[1:])


@pytest.mark.clause("APP-027")
@pytest.mark.parametrize("row", [{"phone": "139"}, {"born": "1950"}, {"icd": 21}, {"born": True}])
def test_a_field_without_a_rule_or_of_another_kind_stops_the_copy_and_is_not_quoted(row):
    with pytest.raises(Refused) as caught:
        deidentified([row], RULES, 1)
    assert (caught.value.code, caught.value.at) == ("wire.bad_field", f"/0/{next(iter(row))}")
    assert "139" not in str(caught.value)
