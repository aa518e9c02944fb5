"""The rules S1 to S17, each on the smallest program that shows it."""

import pytest

from contracts_dsl.host import Command, Refused
from contracts_dsl.interpret import WHEN, advance, command
from tests.language.stage import DAY, HOUR, START, Stage

LOAN = """contract Loan version 1;
party lender: Hospital;
party borrower: Hospital where borrower != lender;
party witness: Hospital?;
data price: money;
data due: time?;
data note: int 0..9 = 0;
start { borrower may ask when price <= 500 yuan becomes asked; }
state asked {
  lender must answer(fee: int 0..99) within 24 hours when fee > 3 and price > 0 yuan
    then { set note = fee; } becomes lent
    else violation no_answer becomes ended;
  borrower must hurry within 12 hours else violation slow;
  witness must look within 6 hours else violation unseen;
  borrower may plan(at: time) then { set due = at; };
  borrower may again becomes asked;
  wait until due becomes ended;
}
state lent {
  lender and borrower may close then { pay price from borrower: 33.33% to lender, rest to borrower; } becomes ended;
  lender may close then { pay price from borrower: rest to lender; } becomes ended;
  wait 2 days becomes late;
}
state late { wait 1 days becomes ended; }
state ended;
"""


@pytest.fixture
def stage():
    return Stage(LOAN)


def ask(stage, **more):
    return stage.do("b", "Loan", "ask", lender="a", borrower="b", price=100_00, **more)


@pytest.mark.clause("CTR-S1")
def test_time_fires_the_least_timer_first(stage):
    first, second = ask(stage), ask(stage)
    stage.wait(30 * HOUR)
    fired = [(event.at, event.instance, event.body["clause"]) for event in stage.events("violation")]
    impossible = [(event.at, event.instance, event.body["clause"]) for event in stage.events("impossible")]
    assert fired == [
        (START + 12 * HOUR, first, 1), (START + 12 * HOUR, second, 1),
        (START + 24 * HOUR, first, 0), (START + 24 * HOUR, second, 0),
    ]  # fmt: skip
    assert impossible == [(START + 6 * HOUR, first, 2), (START + 6 * HOUR, second, 2)]


@pytest.mark.clause("CTR-S1")
def test_time_never_runs_backwards(stage):
    with pytest.raises(Refused) as refused:
        advance(stage.program, stage.world, START - 1)
    assert (refused.value.code, refused.value.values) == ("time_backwards", {"t": START - 1, "now": START})


@pytest.mark.clause("CTR-S1")
def test_what_time_did_stays_when_a_command_is_refused(stage):
    loan = ask(stage)
    stage.wait(25 * HOUR)
    assert stage.refusal("a", loan, "answer", fee=5).code == "no_such_clause"
    assert stage.state(loan) == "ended"


@pytest.mark.clause("CTR-S2")
def test_an_act_in_the_second_of_the_deadline_is_on_time(stage):
    punctual, late = ask(stage), ask(stage)
    stage.wait(24 * HOUR)
    stage.do("a", punctual, "answer", fee=5)
    stage.wait(1)
    assert (stage.state(punctual), stage.state(late)) == ("lent", "ended")


@pytest.mark.clause("CTR-S2")
def test_a_chain_of_timers_counts_from_each_deadline(stage):
    loan = ask(stage)
    stage.do("a", loan, "answer", fee=5)
    stage.wait(30 * DAY)
    assert [event.at - START for event in stage.events("elapsed")] == [2 * DAY, 3 * DAY]
    assert stage.instance(loan).entered == START + 3 * DAY


@pytest.mark.clause("CTR-S3")
def test_a_query_at_a_time_answers_as_after_advancing_to_it():
    whole, split = Stage(LOAN), Stage(LOAN)
    ask(whole), ask(split)
    whole.wait(10 * DAY)
    for step in (0, 1, 6 * HOUR, 12 * HOUR, 0, DAY):
        split.wait(step)
    split.wait(10 * DAY - (1 + 18 * HOUR + DAY))
    assert whole.snapshot() == split.snapshot()


@pytest.mark.clause("CTR-S3", "CTR-S4")
def test_a_clock_set_into_the_past_fires_before_the_next_command(stage):
    loan = ask(stage)
    stage.wait(HOUR)
    stage.do("b", loan, "plan", at=START - 5)
    assert stage.instance(loan).timers[0] == (START, 5)
    assert stage.refusal("b", loan, "again").code == "no_such_clause"
    assert stage.instance(loan).entered == START


@pytest.mark.clause("CTR-S4")
def test_only_becomes_restarts_the_clocks(stage):
    loan = ask(stage)
    stage.wait(HOUR)
    stage.do("b", loan, "plan", at=START + 9 * DAY)
    assert stage.instance(loan).timers == ((START + 6 * HOUR, 2), (START + 12 * HOUR, 1), (START + DAY, 0),
                                           (START + 9 * DAY, 5))  # fmt: skip
    stage.do("b", loan, "again")
    assert [deadline - START for deadline, _ in stage.instance(loan).timers] == [
        7 * HOUR,
        13 * HOUR,
        25 * HOUR,
        9 * DAY,
    ]


@pytest.mark.clause("CTR-S4")
def test_no_clock_runs_until_what_is_absent(stage):
    assert 5 not in [clause for _, clause in stage.instance(ask(stage)).timers]


@pytest.mark.clause("CTR-S5")
def test_a_breach_names_its_debtors_and_the_dates(stage):
    ask(stage)
    stage.wait(DAY + 1)
    breach = stage.events("violation")[1]
    assert breach.body == {
        "name": "no_answer", "debtors": ["a"], "state": "asked", "clause": 0, "entry": START, "deadline": START + DAY,
    }  # fmt: skip


@pytest.mark.clause("CTR-S5")
def test_what_could_not_be_done_blames_nobody(stage):
    free = stage.do("b", "Loan", "ask", lender="a", borrower="b", price=0)
    stage.wait(DAY + 1)
    assert [(event.instance, event.body["name"]) for event in stage.events("impossible")] == [
        (free, "unseen"), (free, "no_answer"),
    ]  # fmt: skip
    assert stage.state(free) == "ended"


@pytest.mark.clause("CTR-S6")
def test_a_duty_that_fired_is_closed_until_the_state_is_entered_again(stage):
    loan = ask(stage)
    stage.wait(13 * HOUR)
    assert stage.refusal("b", loan, "hurry").code == "duty_closed"
    stage.do("b", loan, "again")
    stage.do("b", loan, "hurry")
    assert stage.refusal("b", loan, "hurry").code == "duty_closed"
    stage.wait(13 * HOUR)
    assert [event.body["name"] for event in stage.events("violation")] == ["slow"]


@pytest.mark.clause("CTR-S6")
def test_leaving_the_state_cancels_its_other_clocks(stage):
    loan = ask(stage)
    stage.do("a", loan, "answer", fee=5)
    stage.wait(HOUR * 20)
    assert stage.events("violation") == []


@pytest.mark.clause("CTR-S7")
@pytest.mark.parametrize(
    ("code", "signers", "target", "action", "arguments"),
    [
        ("unknown_name", "b", "Nothing", "ask", {}),
        ("unknown_name", "b", 99, "ask", {}),
        ("no_such_clause", "b", "Loan", "beg", {}),
        ("bad_arguments", "", "Loan", "ask", {"lender": "nobody", "borrower": "b", "price": 1}),
        ("bad_arguments", "", "Loan", "ask", {"lender": "pat", "borrower": "b", "price": 1}),
        ("bad_arguments", "", "Loan", "ask", {"lender": "a", "borrower": "b", "price": True}),
        ("bad_arguments", "", "Loan", "ask", {"lender": "a", "borrower": "b", "price": 10**14}),
        ("bad_arguments", "", "Loan", "ask", {"lender": "a", "borrower": "b", "price": 1, "other": 1}),
        ("bad_arguments", "", "Loan", "ask", {"lender": "a", "borrower": "b"}),
        ("bad_arguments", "", "Loan", "ask", {"lender": "a", "borrower": "b", "price": 1, "note": 10}),
        ("not_authorized", "a", "Loan", "ask", {"lender": "a", "borrower": "a", "price": 1} | {"borrower": "b"}),
        ("where_false", "a", "Loan", "ask", {"lender": "a", "borrower": "a", "price": 10**9}),
        ("condition_false", "b", "Loan", "ask", {"lender": "a", "borrower": "b", "price": 10**9}),
    ],
)
def test_the_first_check_that_fails_gives_the_code(stage, code, signers, target, action, arguments):
    ask(stage)
    if target == 99:
        with pytest.raises(Refused) as refused:
            from contracts_dsl.host import Command
            from contracts_dsl.interpret import command

            command(stage.program, stage.world, Command("Loan", action, (), ("b",), 99))
        assert refused.value.code == code
    else:
        assert stage.refusal(signers, target, action, **arguments).code == code


@pytest.mark.clause("CTR-S7")
def test_of_several_clauses_the_first_without_refusal_acts(stage):
    loan = ask(stage)
    stage.do("a", loan, "answer", fee=5)
    stage.do("a", loan, "close")
    assert stage.world.positions == {"a": 100_00, "b": -100_00}


@pytest.mark.clause("CTR-S7")
def test_of_several_refusals_the_one_that_came_latest_is_given():
    stage = Stage("""contract Two version 1;
party owner: Hospital;
data left: int 0..9 = 1;
start { owner may begin becomes on; }
state on {
  owner may act(n: int 0..9) when n < left becomes off;
  owner and owner2 may act becomes off;
  owner may act(n: int 0..9) then { set left = left - n - 1; } becomes off;
}
state off;
party owner2: Hospital;
""")
    two = stage.do("a", "Two", "begin", owner="a", owner2="b")
    assert stage.refusal("a", two, "act", n=5).code == "out_of_range"
    assert stage.refusal("c", two, "act", n=5).code == "not_authorized"


@pytest.mark.clause("CTR-S7")
def test_of_equal_refusals_that_of_the_first_clause_is_given():
    stage = Stage("""contract Two version 1;
party first: Hospital;
party second: Hospital;
start { first may begin becomes on; }
state on { first may act becomes off; second may act becomes off; }
state off;
""")
    two = stage.do("a", "Two", "begin", first="a", second="b")
    assert stage.refusal("c", two, "act").values["missing"] == ["first"]


@pytest.mark.clause("CTR-S8")
def test_a_start_gives_what_has_no_default(stage):
    loan = ask(stage, note=7, witness="c")
    plain = ask(stage)
    assert (stage.value(loan, "note"), stage.value(loan, "witness")) == (7, "c")
    assert (stage.value(plain, "note"), stage.value(plain, "witness"), stage.value(plain, "due")) == (0, None, None)


@pytest.mark.clause("CTR-S9")
def test_an_absent_actor_cannot_act(stage):
    loan = ask(stage)
    assert stage.refusal("a b c", loan, "look").code == "not_authorized"
    seen = ask(stage, witness="c")
    stage.do("pat c", seen, "look")
    assert stage.instance(seen).closed == (2,)


CALLS = """contract Box version 1;
party owner: Hospital;
data code_of: code;
data seen: bool = false;
key code_of;
start { owner may make becomes kept; }
state kept {
  Mover may move(target: Hospital) then { set owner = target; set seen = target signed; };
  owner may drop becomes gone;
}
state gone;

contract Mover version 1;
party from_owner: Hospital;
party to_owner: Hospital where to_owner.tier > from_owner.tier;
data box: Box;
data step: int 0..3 = 0;
start { from_owner may offer becomes offered; }
state offered {
  to_owner may take then {
    set step = 1;
    box.move(target = to_owner);
    create Receipt.write(box = box, mover = from_owner, by = to_owner);
  } becomes done;
  from_owner may twice then { box.move(target = to_owner); set step = step + 9; } becomes done;
  from_owner may swap(other: Hospital) then { set to_owner = other; };
}
state done;

contract Receipt version 1;
party mover: Hospital;
party by: Hospital;
data box: Box;
data holder: party?;
start { Mover may write then { set holder = box.owner; } becomes written; }
state written;
"""


@pytest.fixture
def moving():
    stage = Stage(CALLS)
    box = stage.do("a", "Box", "make", owner="a", code_of="X1")
    mover = stage.do("a", "Mover", "offer", from_owner="a", to_owner="b", box=box)
    return stage, box, mover


@pytest.mark.clause("CTR-S10")
def test_a_clause_for_a_contract_is_only_called(moving):
    stage, box, _ = moving
    assert stage.refusal("a", box, "move", target="b").code == "not_callable"
    assert stage.refusal("a", "Receipt", "write", mover="a", by="b", box=box).code == "not_callable"


@pytest.mark.clause("CTR-S10", "CTR-S11")
def test_a_call_acts_on_the_callee_and_sees_the_signers_of_the_command(moving):
    stage, box, mover = moving
    stage.do("b", mover, "take")
    assert (stage.value(box, "owner"), stage.value(box, "seen")) == ("b", True)
    receipt = stage.instance(mover + 1)
    assert (receipt.contract, stage.value(receipt.id, "holder")) == ("Receipt", "b")


@pytest.mark.clause("CTR-S7", "CTR-S13")
def test_a_refusal_after_a_call_undoes_the_call(moving):
    stage, box, mover = moving
    refused = stage.refusal("a", mover, "twice")
    assert (refused.code, refused.values["value"], stage.value(box, "owner")) == ("out_of_range", 9, "a")


@pytest.mark.clause("CTR-S7")
def test_a_refusal_in_a_callee_refuses_the_command(moving):
    stage, box, mover = moving
    stage.do("a", box, "drop")
    assert stage.refusal("b", mover, "take").code == "no_such_clause"


@pytest.mark.clause("CTR-S11", "CTR-S15")
def test_a_party_that_is_set_must_fulfil_its_where(moving):
    stage, _, mover = moving
    stage.do("a", mover, "swap", other="c")
    assert stage.refusal("a", mover, "swap", other="a").code == "where_false"
    stage.world.directory["c"].attributes["tier"] = 1
    stage.do("c", mover, "take")


@pytest.mark.clause("CTR-S15")
def test_an_event_carries_the_digest_of_the_directory(moving):
    stage, _, mover = moving
    before = stage.events("started")[-1].directory
    stage.world.directory["c"].attributes["tier"] = 1
    stage.do("a", mover, "swap", other="b")
    after = stage.events("acted")[-1].directory
    assert (before != after, after == stage.world.directory_digest()) == (True, True)


@pytest.mark.clause("CTR-S12")
@pytest.mark.parametrize(("price", "share"), [(1, 0), (3, 0), (4, 1), (100_00, 3333), (99_99, 3332)])
def test_shares_are_floored_and_the_rest_takes_the_remainder(stage, price, share):
    loan = stage.do("b", "Loan", "ask", lender="a", borrower="b", price=price)
    stage.do("a", loan, "answer", fee=5)
    stage.do("a b", loan, "close")
    assert stage.world.positions["a"] == share
    assert sum(stage.world.positions.values()) == 0
    assert stage.events("paid")[0].body["shares"] == [["a", share], ["b", price - share]]


@pytest.mark.clause("CTR-S14")
def test_a_key_is_taken_for_ever(moving):
    stage, box, _ = moving
    stage.do("a", box, "drop")
    assert stage.refusal("b", "Box", "make", owner="b", code_of="X1").values["id"] == box
    stage.do("b", "Box", "make", owner="b", code_of="X2")


SEARCH = """contract Note version 1;
party patient: Patient;
data level: Level;
start { patient may write becomes live; }
state live { patient may end becomes dead; }
state dead;

contract Visit version 1;
party patient: Patient;
party hospital: Hospital;
start {
  hospital may open when some n: Note(n.patient == patient and n.state == live and n.level == high) becomes on;
  hospital may visit when patient.place in hospital.place becomes on;
  hospital may greet when patient.nickname == patient.nickname and not (patient.nickname == "Q") becomes on;
  hospital may name when has patient.nickname and patient.nickname == "P" becomes on;
}
state on;
"""


@pytest.mark.clause("CTR-S16")
def test_some_looks_at_instances_in_any_state():
    stage = Stage(SEARCH)
    assert stage.refusal("a", "Visit", "open", hospital="a", patient="pat").code == "condition_false"
    stage.do("pam", "Note", "write", patient="pam", level="high")
    stage.do("pat", "Note", "write", patient="pat", level="low")
    assert stage.refusal("a", "Visit", "open", hospital="a", patient="pat").code == "condition_false"
    note = stage.do("pat", "Note", "write", patient="pat", level="high")
    stage.do("a", "Visit", "open", hospital="a", patient="pat")
    stage.do("pat", note, "end")
    assert stage.refusal("a", "Visit", "open", hospital="a", patient="pat").code == "condition_false"


@pytest.mark.clause("CTR-S16")
def test_some_looks_at_no_more_instances_than_its_limit():
    stage = Stage(SEARCH)
    for _ in range(256):
        stage.do("pat", "Note", "write", patient="pat", level="low")
    assert stage.refusal("a", "Visit", "open", hospital="a", patient="pat").code == "condition_false"
    stage.do("pat", "Note", "write", patient="pat", level="high")
    refused = stage.refusal("a", "Visit", "open", hospital="a", patient="pat")
    assert (refused.code, refused.values) == ("limit_exceeded", {"limit": "some_matches", "max": 256})


@pytest.mark.clause("CTR-S17")
def test_in_means_the_node_or_one_above_it():
    stage = Stage(SEARCH)
    stage.do("c", "Visit", "visit", hospital="c", patient="pat")
    stage.do("a", "Visit", "visit", hospital="a", patient="pat")
    assert stage.refusal("b", "Visit", "visit", hospital="b", patient="pat").code == "condition_false"


@pytest.mark.clause("CTR-S17")
def test_absent_equals_absent_alone():
    stage = Stage(SEARCH)
    stage.do("a", "Visit", "greet", hospital="a", patient="pat")
    stage.do("a", "Visit", "name", hospital="a", patient="pam")
    assert stage.refusal("a", "Visit", "name", hospital="a", patient="pat").code == "condition_false"


ABSENT = """contract Bed version 1;
party ward: Hospital;
party lender: Hospital? where lender.tier > ward.tier;
data number: code?;
data steps: int 0..9 = 0;
data levels: {Level};
start { ward may open becomes free; }
state free {
  ward may borrow(other: Hospital?) then { set lender = other; set steps = 1; };
  ward may note then { create Slip.write(ward = ward, number = number); };
  ward may find when some b: Bed(b.number == number) becomes found;
  ward may seek when some b: Bed(b.number == number and b.steps == 9) becomes found;
}
state found;

contract Slip version 1;
party ward: Hospital;
data number: code?;
start { Bed may write becomes written; }
state written;
"""


@pytest.mark.clause("CTR-S26")
def test_a_where_is_asked_of_nobody_who_is_absent():
    stage = Stage(ABSENT)
    bed = stage.do("b", "Bed", "open", ward="b", levels=())
    assert stage.value(bed, "lender") is None
    assert stage.refusal("b", bed, "borrow", other="a").code == "where_false"
    stage.do("b", bed, "borrow", other="c")
    stage.do("b", bed, "borrow")
    assert stage.value(bed, "lender") is None


@pytest.mark.clause("CTR-S26")
def test_an_argument_that_is_absent_is_not_given():
    stage = Stage(ABSENT)
    bed = stage.do("b", "Bed", "open", ward="b", levels=())
    stage.do("b", bed, "note")
    assert stage.events("started")[-1].body["arguments"] == [["ward", "b"]]


@pytest.mark.clause("CTR-S26")
def test_a_limit_in_a_condition_refuses_at_that_condition():
    stage = Stage(ABSENT)
    for _ in range(258):
        bed = stage.do("b", "Bed", "open", ward="b", number="9", levels=())
    with pytest.raises(Refused) as caught:
        command(stage.program, stage.world, Command("Bed", "seek", (), ("b",), bed))
    assert (caught.value.code, caught.value.check) == ("limit_exceeded", WHEN)


@pytest.mark.clause("CTR-S27")
def test_the_index_holds_what_stays_and_is_there():
    stage = Stage(ABSENT)
    stage.do("b", "Bed", "open", ward="b", lender="c", number="9", levels=("low",))
    stage.do("b", "Bed", "open", ward="b", levels=())
    held = {(field, value): ids for (name, field, value), ids in stage.world.index.items() if name == "Bed"}
    assert held == {("ward", "b"): [0, 1], ("number", "9"): [0]}


@pytest.mark.clause("CTR-S27")
def test_nothing_is_found_by_what_is_absent():
    stage = Stage(ABSENT)
    bed = stage.do("b", "Bed", "open", ward="b", levels=())
    assert stage.refusal("b", bed, "find").code == "condition_false"
    stage.do("b", stage.do("b", "Bed", "open", ward="b", number="9", levels=()), "find")
