"""The rules S18 to S24: who may read, what reading obliges to, what totals show, how versions follow each other."""

import pytest

from contracts_dsl import ir
from contracts_dsl.decide import Request, decide
from contracts_dsl.host import Refused
from contracts_dsl.memory import DirectoryNode
from contracts_dsl.migrate import deploy
from contracts_dsl.views import TreeNode, suppressed
from tests.language.stage import DAY, START, Stage, compiled

RECORD = """contract Chart version 1;
party patient: Patient;
party home: Hospital;
data size: int 0..1000;
data level: Level;
start { home may keep becomes kept; }
state kept { home may close becomes closed; }
state closed;

contract Audit version 1;
party who: Doctor;
party whose: Patient;
start { Access may open becomes open; }
state open { who must explain(why: hash) within 24 hours becomes done else violation unexplained becomes done; }
state done;
"""
POLICY = """policy Access for Chart version 1;
fields basic = name, phone;
fields deep = labs, images;
permit own: Patient reads basic, deep when reader == record.patient;
permit treat: Doctor reads basic, deep for care when reader.hospital == record.home and record.state == kept;
permit care: Doctor reads basic for care when reader.on_duty;
permit glass: Doctor reads deep for care when reader.on_duty overrides sealed
  then { create Audit.open(who = reader, whose = record.patient); };
permit with_patient: Doctor reads deep for study when record.patient signed;
forbid sealed: Doctor reads deep when record.size > 500;
view sizes = count, sum record.size where record.state == kept group record.level rollup record.home.place
  to Doctor when record.home.place in reader.hospital.place or reader.on_duty suppress 3;
view plain = count group record.level to Patient suppress 0;
"""


@pytest.fixture
def stage():
    return Stage(RECORD, POLICY)


def keep(stage, home="a", size=1, level="low", patient="pat"):
    return stage.do(home, "Chart", "keep", patient=patient, home=home, size=size, level=level)


@pytest.mark.clause("CTR-S18")
def test_nothing_is_allowed_unless_a_permit_says_so(stage):
    chart = keep(stage)
    assert stage.read("pam", chart, "name").refused.code == "not_permitted"
    assert stage.read("a", chart, "name").refused.code == "not_permitted"
    assert stage.read("pat", chart, "name", "labs").refused is None


@pytest.mark.clause("CTR-S18")
def test_a_permit_counts_for_its_purposes_alone(stage):
    chart = keep(stage)
    assert stage.read("doc", chart, "name", purpose="care").refused is None
    assert stage.read("doc", chart, "name", purpose="study").refused.code == "not_permitted"
    assert stage.read("doc", chart, "name").refused.code == "not_permitted"


@pytest.mark.clause("CTR-S18", "CTR-S20")
def test_a_permit_beats_the_forbids_that_it_overrides(stage):
    chart = keep(stage, size=501)
    found = stage.read("doc", chart, "labs", purpose="care")
    assert (found.refused, [verdict.permits for verdict in found.verdicts]) == (None, [("glass",)])
    assert stage.state(chart + 1) == "open"
    stage.wait(DAY + 1)
    assert stage.events("violation")[0].body["name"] == "unexplained"


@pytest.mark.clause("CTR-S19")
def test_a_matching_forbid_is_named(stage):
    chart = keep(stage, size=501)
    stage.world.directory["doc"].attributes["on_duty"] = False
    refused = stage.read("doc", chart, "name", "labs", purpose="care").refused
    assert (refused.code, refused.values["rules"]) == ("forbidden", ["sealed"])


@pytest.mark.clause("CTR-S19")
def test_the_nearest_permit_and_what_it_lacks_are_named(stage):
    chart = keep(stage, home="b")
    stage.do("b", chart, "close")
    stage.world.directory["doc"].attributes["on_duty"] = False
    [verdict] = decide(stage.program, stage.world, Request("Chart", chart, ("labs",), "care", ("doc",)))
    assert (verdict.outcome, verdict.nearest, verdict.lacking) == ("not_permitted", "glass", ("reader.on_duty",))


@pytest.mark.clause("CTR-S19")
def test_the_first_refused_field_gives_the_code_and_nothing_else_is_owed(stage):
    chart = keep(stage, home="b")
    found = stage.read("doc", chart, "deep", "name", purpose="study")
    assert [(verdict.field, verdict.outcome) for verdict in found.verdicts] == [
        ("labs", "not_permitted"), ("images", "not_permitted"), ("name", "not_permitted"),
    ]  # fmt: skip
    assert found.refused.values["field"] == "labs"
    assert stage.world.next_instance() == chart + 1


@pytest.mark.clause("CTR-S20")
def test_a_permit_without_duty_makes_reading_free_of_it(stage):
    chart = keep(stage)
    found = stage.read("doc", chart, "labs", purpose="care")
    assert [verdict.permits for verdict in found.verdicts] == [("treat", "glass")]
    assert stage.world.next_instance() == chart + 1


@pytest.mark.clause("CTR-S20")
def test_a_duty_arises_once_for_a_request(stage):
    chart = keep(stage, home="b")
    assert stage.read("doc", chart, "labs", "images", purpose="care").refused is None
    assert stage.world.next_instance() == chart + 2


@pytest.mark.clause("CTR-S21")
def test_every_request_leaves_an_access_event(stage):
    chart = keep(stage)
    stage.read("pat", chart, "name")
    stage.read("pam", chart, "name", purpose="care")
    told = [(e.body["reader"], e.body["purpose"], e.body["fields"], e.body["code"]) for e in stage.events("read")]
    assert told == [
        ("pat", None, [["name", "allow"]], None), ("pam", "care", [["name", "not_permitted"]], "not_permitted"),
    ]  # fmt: skip


@pytest.mark.clause("CTR-S21")
def test_a_limit_that_keeps_a_rule_from_being_decided_refuses():
    policy = """policy Look for Chart version 1;
fields basic = name;
permit all: Doctor reads basic;
forbid opposed: Doctor reads basic when some o: Objection(o.patient == record.patient and o.level == high);
"""
    objection = """contract Objection version 1;
party patient: Patient;
data level: Level;
start { patient may object becomes on; }
state on;
"""
    stage = Stage(RECORD.split("contract Audit")[0], objection, policy)
    chart = keep(stage)
    for _ in range(257):
        stage.do("pat", "Objection", "object", patient="pat", level="low")
    assert stage.read("doc", chart, "name").refused.code == "limit_exceeded"
    assert stage.events("read")[-1].body["code"] == "limit_exceeded"


@pytest.mark.parametrize(
    ("record", "fields", "purpose", "code"),
    [(99, ("name",), None, "unknown_name"), (0, ("weight",), None, "bad_arguments"),
     (0, ("name",), "fun", "bad_arguments")],
)  # fmt: skip
def test_a_request_that_names_nothing_is_refused(stage, record, fields, purpose, code):
    keep(stage)
    with pytest.raises(Refused) as refused:
        decide(stage.program, stage.world, Request("Chart", record, fields, purpose, ("doc",)))
    assert refused.value.code == code


# ---- views


@pytest.mark.clause("CTR-S22")
def test_a_cell_counts_what_is_at_or_below_its_node(stage):
    for at in range(7):
        keep(stage, home="a" if at < 4 else "b", size=at)
    keep(stage, level="high")
    stage.do("a", 0, "close")
    assert stage.cell("doc", "Access", "sizes", "low", "land") == (6, 21)
    assert stage.cell("doc", "Access", "sizes", "low", "town") == (3, 6)
    assert stage.cell("pat", "Access", "plain", "high") == (1,)
    assert stage.cell("pat", "Access", "plain", "low") == (7,)


@pytest.mark.clause("CTR-S22")
def test_who_may_not_see_a_cell_is_told_so_before_it_is_counted(stage):
    stage.world.directory["doc"].attributes["on_duty"] = False
    for reader, node, code in (("pat", "town", "not_permitted"), ("doc", "hill", "not_permitted"),
                               ("doc", "town", "suppressed")):  # fmt: skip
        with pytest.raises(Refused) as refused:
            stage.cell(reader, "Access", "sizes", "low", node)
        assert refused.value.code == code


@pytest.mark.clause("CTR-S23")
def test_a_small_cell_hides_and_so_does_what_would_give_it_away(stage):
    for at in range(7):
        keep(stage, home="a" if at < 5 else "b")
    for node in ("hill", "town"):
        with pytest.raises(Refused) as refused:
            stage.cell("doc", "Access", "sizes", "low", node)
        assert (refused.value.code, refused.value.values) == ("suppressed", {"k": 3})
    assert stage.cell("doc", "Access", "sizes", "low", "land") == (7, 7)


def tree(**counts):
    """A root with children of these sizes; `own` is what is bound to the root itself."""
    own = counts.pop("own", 0)
    nodes = {name: TreeNode(count, count) for name, count in counts.items()}
    nodes["root"] = TreeNode(sum(counts.values()) + own, own, sorted(counts), True)
    return nodes


@pytest.mark.clause("CTR-S23")
@pytest.mark.parametrize(
    ("counts", "hidden"),
    [
        ({"x": 9, "y": 9}, ""),
        ({"x": 2, "y": 9, "z": 8}, "x z"),
        ({"x": 1, "y": 1, "z": 8, "w": 9}, "x y z"),
        ({"x": 4, "y": 4, "z": 9}, "x y"),
        ({"x": 2, "y": 9, "own": 6}, "x"),
        ({"x": 6, "y": 9, "own": 2}, "x"),
        ({"x": 2}, "root x"),
        ({"x": 5, "own": 0}, ""),
    ],
)
def test_the_smallest_cells_hide_until_no_small_one_can_be_computed(counts, hidden):
    assert suppressed(tree(**counts), 5) == set(hidden.split())


@pytest.mark.clause("CTR-S23")
def test_a_cell_without_instances_tells_nothing(stage):
    assert stage.cell("pat", "Access", "plain", "high") == (0,)
    with pytest.raises(Refused) as refused:
        stage.cell("doc", "Access", "sizes", "high", "town")
    assert refused.value.code == "suppressed"


# ---- versions

ONE = """contract Stay version 1;
party home: Hospital;
data bed: code;
key bed;
start { home may admit becomes lying; }
state lying {
  home must inspect within 2 days becomes lying else violation unchecked;
  home must wash within 1 days else violation unwashed;
  home may discharge becomes gone;
}
state gone;
"""
TWO = """contract Stay version 2 replaces 1;
party home: Hospital;
party next: Hospital?;
data bed: code;
data floor: int 0..9 = 3;
key bed;
start { home may admit becomes resting; }
state resting replaces lying {
  home must wash within 1 days else violation unwashed;
  home must inspect within 3 days becomes resting else violation unchecked;
  home may discharge becomes gone;
}
state gone;
"""


def upgraded(stage, *texts):
    arriving = [module for module in compiled(*texts) if module.name != "Small"]
    stage.program, changes = deploy(stage.modules, arriving, stage.world)
    stage.world.apply(changes)
    return stage


@pytest.mark.clause("CTR-S24")
def test_living_instances_move_to_the_version_that_replaces_theirs():
    stage = Stage(ONE)
    stay, gone = (stage.do("a", "Stay", "admit", home="a", bed=bed) for bed in ("1", "2"))
    stage.do("a", gone, "discharge")
    stage.do("a", stay, "wash")
    stage.wait(100)
    upgraded(stage, TWO)
    moved = stage.instance(stay)
    assert (moved.version, moved.state, moved.entered, moved.closed) == (2, "resting", START, (0,))
    assert (stage.value(stay, "floor"), stage.value(stay, "bed"), stage.value(stay, "next")) == (3, "1", None)
    assert moved.timers == ((START + 3 * DAY, 1),)
    assert stage.instance(gone).version == 1
    assert stage.refusal("b", "Stay", "admit", home="b", bed="2").code == "duplicate_key"
    assert stage.instance(stage.do("b", "Stay", "admit", home="b", bed="3")).version == 2


@pytest.mark.clause("CTR-S24")
def test_old_instances_end_under_their_own_rules_where_nothing_replaces_them():
    stage = Stage(ONE)
    stay = stage.do("a", "Stay", "admit", home="a", bed="1")
    two = TWO.replace(" replaces 1", "").replace(" replaces lying", "")
    upgraded(stage, two)
    assert (stage.instance(stay).version, stage.state(stay)) == (1, "lying")
    stage.do("a", stay, "inspect")
    assert stage.instance(stage.do("b", "Stay", "admit", home="b", bed="3")).version == 2


@pytest.mark.clause("CTR-S24")
def test_nobody_is_stranded_by_a_new_version():
    stage = Stage(ONE)
    with pytest.raises(Refused) as refused:
        upgraded(stage, TWO.replace(" replaces lying", ""))
    assert (refused.value.code, refused.value.values) == ("no_migration", {"state": "lying", "n": 1})


@pytest.mark.clause("CTR-S24")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (TWO.replace("version 2 replaces 1", "version 1").replace(" replaces lying", ""), "a version above 1"),
        (TWO.replace("key bed;", ""), "the key bed"),
        (TWO.replace(" = 3", ""), "a default for floor"),
        (TWO.replace("data bed: code;", "data bed: hash;"), "bed as wide as code"),
        (TWO.replace("data bed: code;", "data bed: code;\ndata note: hash?;"), None),
    ],
)  # fmt: skip
def test_a_new_version_keeps_what_others_rely_on(text, expected):
    stage = Stage(ONE)
    if expected is None:
        upgraded(stage, text)
        return
    with pytest.raises(ir.IrError, match=expected):
        upgraded(stage, text)


@pytest.mark.clause("CTR-S24")
@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("enum Level = low, high;", "enum Level = low;", "every member of Level"),
        ("purpose = care, study;", "purpose = care;", "every purpose"),
        ("on_duty: bool;", "", "on_duty still there"),
        ("nickname: code?;", "nickname: code?; age: int 0..150;", "a default for age"),
        ("tier: int 1..3;", "tier: int 1..2;", "tier as wide"),
    ],
)
def test_a_schema_only_grows(old, new, expected):
    from contracts_dsl.check import check
    from tests.language.stage import SCHEMA

    text = SCHEMA.replace("version 1", "version 2").replace(old, new)
    [arriving] = check([("two.yl", text.encode())]).modules
    stage = Stage(ONE)
    with pytest.raises(ir.IrError, match=expected):
        deploy(stage.modules, [arriving], stage.world)


@pytest.mark.clause("CTR-S24")
def test_a_retired_contract_takes_no_new_instances():
    from contracts_dsl import verify

    stage = Stage(ONE)
    stay = stage.do("a", "Stay", "admit", home="a", bed="1")
    stage.program = verify.load(stage.modules, retired=["Stay"])
    assert stage.refusal("a", "Stay", "admit", home="a", bed="2").code == "retired"
    stage.do("a", stay, "discharge")


def test_a_wider_directory_is_read_with_defaults():
    stage = Stage(ONE)
    stage.do("a", "Stay", "admit", home="a", bed="1")
    two = TWO.replace(" replaces 1", "").replace(" replaces lying", "")
    reader = """contract Look version 1;
party home: Hospital;
data stay: Stay;
start { home may look when stay.floor == 3 and not has stay.next becomes seen; }
state seen;
"""
    upgraded(stage, two, reader)
    stage.do("b", "Look", "look", home="b", stay=0)
    stage.world.enrol("d", DirectoryNode("Hospital", {"tier": 1, "place": "town"}))
    stage.do("d", "Look", "look", home="d", stay=0)
