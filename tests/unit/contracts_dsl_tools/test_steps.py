"""Steps of a test: what a rule or a call began can be found, named and acted on; what is not there fails the test."""

import pytest

from contracts_dsl.check import check
from contracts_dsl.testing import play_all
from contracts_dsl.translate import translate

PROGRAM = """schema Small version 1;
party Hospital { tier: int 1..3; }
party Doctor { on_duty: bool; }
purpose = emergency;
given a: Hospital(tier = 1);
given doc: Doctor(on_duty = true);
given pam: Doctor(on_duty = true);
contract File version 1;
party owner: Hospital;
data number: code;
start { owner may open becomes kept; }
state kept { owner may close becomes gone; }
state gone;
policy Access for File version 1;
fields all = name;
forbid nobody: Doctor reads all;
permit glass: Doctor reads all for emergency when reader.on_duty overrides nobody
  then { create Audit.open(reader_ = reader); };
contract Audit version 1;
party reader_: Doctor;
start { Access may open becomes pending; }
state pending { reader_ must justify within 1 days becomes closed else violation late becomes closed; }
state closed;
contract Flag version 1;
party owner: Hospital;
data up: bool;
start { owner may raise_ becomes raised; }
state raised;
"""
OPEN = 'a: f = File.open(owner = a, number = "1");'
READ = "doc reads f.all for emergency;"
FIND = "expect some x: Audit(x.reader_ == doc);"


def played(*steps, surface="en"):
    text = PROGRAM + 'test "t" {\n' + "\n".join((OPEN, *steps)) + "\n}\n"
    checked = check([("a.yl", translate("a.yl", text.encode(), surface).text.encode())])
    if checked.errors:
        return [finding.code for finding in checked.errors]
    [outcome] = play_all(checked.program, checked.scenarios)
    return outcome


@pytest.mark.clause("CTR-S25")
@pytest.mark.parametrize("surface", ["en", "zh"])
def test_what_a_rule_began_can_be_found_named_and_acted_on(surface):
    assert played(READ, FIND, "doc: x.justify(); expect x.state == closed;", surface=surface).passed


@pytest.mark.clause("CTR-S25")
def test_of_several_the_last_that_began_is_meant_and_a_condition_may_choose():
    first = "expect some x: Audit(x.reader_ == doc); doc: x.justify();"
    assert played(READ, first, READ, "expect some y: Audit(y.reader_ == doc); expect y.state == pending;").passed
    done = "expect some y: Audit(y.reader_ == doc and y.state == closed); expect y == x;"
    assert played(READ, first, READ, done).passed


@pytest.mark.clause("CTR-S25")
def test_what_nothing_fulfils_fails_the_test():
    outcome = played(READ, "expect some x: Audit(x.reader_ == pam);")
    assert (outcome.passed, outcome.expected, outcome.got) == (
        False, "some x: Audit (x.reader_ == pam)", "0/0"
    )  # fmt: skip
    assert not played(FIND).passed
    open_ = played(READ, "expect some x: Audit(x.reader_ == doc and x.state == closed);")
    assert (open_.passed, open_.got) == (False, "0/1")


@pytest.mark.clause("CTR-S25")
def test_only_a_whole_some_gives_a_name():
    assert played(READ, "expect some x: Audit(x.reader_ == doc) and f.state == kept;").passed
    inside = "expect some x: Audit(x.reader_ == doc) and f.state == kept;"
    assert played(READ, inside, "doc: x.justify();") == ["E201"]
    assert played(READ, "expect not some x: Audit(x.reader_ == pam);", "doc: x.justify();") == ["E201"]


@pytest.mark.clause("CTR-S25")
@pytest.mark.parametrize("taken", ["f", "doc", "Audit"])
def test_a_name_that_is_taken_is_not_given_again(taken):
    assert played(READ, f"expect some {taken}: Audit({taken}.reader_ == pam);") == ["E204"]


@pytest.mark.parametrize("step", [
    'expect not some x: File(x.owner == a and x.number == "none");',
    'a: Flag.raise_(owner = a, up = not some x: File(x.owner == a and x.number == "none"));',
])  # fmt: skip
def test_a_search_beyond_its_limit_fails_the_test_with_the_refusal(step):
    many = "".join(f'a: File.open(owner = a, number = "n{at}");\n' for at in range(257))
    outcome = played(many, step)
    assert (outcome.passed, outcome.got) == (False, "limit_exceeded {'limit': 'some_matches', 'max': 256}")
