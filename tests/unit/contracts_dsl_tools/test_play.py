"""Stepping: what a step changed is shown, a refused one changes nothing, a seed decides a walk, a walk is a script."""

import subprocess
import sys

import pytest
from click.testing import CliRunner

from contracts_dsl.cli import play as play_command
from contracts_dsl.cli import repl as repl_command
from contracts_dsl.play import session
from contracts_dsl.wander import Draw, Wanderer
from tests.language.packages import LIBRARY, library

ASK = 'county2 and patient1: v = Visit.open(holder = county2, patient = patient1, number = "V-1");'
REFER = (
    "county2 and patient1: r = Referral.request(origin = county2, receiver = city3, patient = patient1, "
    'regulator = hill_hc, upper = city_hc, visit = v, evidence = "index", fee = 900 yuan);'
)


def run(command, *arguments, **more):
    return CliRunner().invoke(command, [str(one) for one in arguments], **more)


def steps(text):
    return list(session(library("en"), "en").run(text))


def test_a_step_shows_the_fields_the_state_and_the_clocks_it_changed():
    opened, referred, waited = steps(f"{ASK} {REFER} wait 49 hours")
    assert opened.lines[0] == "v (Visit) begins -> current"
    assert "  holder = county2" in opened.lines
    assert "  timer late_approval: 2026-01-03 00:00:00" in referred.lines
    assert "  fee = 900.00" in referred.lines
    assert waited.lines == (
        "time 2026-01-01 00:00:00 -> 2026-01-03 01:00:00",
        "violation late_approval: hill_hc (2026-01-03 00:00:00)",
        "r (Referral) requested -> escalated",
        "  timer late_escalation: 2026-01-04 00:00:00",
    )


def test_payments_show_as_positions():
    text = f"""{ASK} {REFER} city3: s = Slot.offer(hospital = city3, number = "c", starts = now + 3 days);
    hill_hc: r.approve(); patient1: r.book(choice = s); city3: r.admit(); city3: r.report(digest = "d");
    county2 and city3: r.settle();"""
    last = steps(text)[-1]
    assert "position city3: 0.00 -> 630.00" in last.lines
    assert "position county2: 0.00 -> -675.00" in last.lines


def test_a_refused_step_says_why_changes_nothing_and_ends_the_text():
    run_ = session(library("en"), "en")
    list(run_.run(ASK))
    before = (run_.stage.world.stored[:], dict(run_.stage.bound), dict(run_.reader.bound))
    [turn] = run_.run("city3: v.discharge(); county2: v.discharge();")
    assert turn.failed
    assert turn.lines == ("refused not_authorized: discharge needs the signature of holder",)
    assert (run_.stage.world.stored, run_.stage.bound, run_.reader.bound) == before
    [again] = run_.run("county2: v.discharge()")
    assert not again.failed


def test_a_name_bound_by_a_refused_step_is_free_again():
    run_ = session(library("en"), "en")
    list(run_.run(ASK))
    [refused] = run_.run(ASK.replace("v =", "w ="))
    assert (refused.failed, refused.lines[0][:21]) == (True, "refused duplicate_key")
    [done] = run_.run(ASK.replace("v =", "w =").replace("V-1", "V-2"))
    assert not done.failed


def test_what_is_not_understood_is_shown_with_its_place_in_the_typed_text():
    [turn] = steps("county2 opens a visit")
    assert turn.failed
    assert turn.lines[0].endswith("-:1:9")
    assert turn.lines[1:3] == ("1 | county2 opens a visit", "  |         " + turn.lines[2][12:])
    assert turn.lines[2][12:].startswith("^^^^^")
    [unknown] = steps("nobody: Visit.open()")
    assert unknown.lines[0].endswith("-:1:1")


def test_an_instance_that_nobody_named_gets_a_name_that_works():
    text = f"""{ASK} county2: h = HealthRecord.register(custodian = county2, patient = patient1, visit = v,
      number = "R", digest = "d"); city_doctor reads h.sensitive for emergency;
      city_doctor: glassaudit2.justify(reason = "why");"""
    turns = steps(text)
    assert [turn.failed for turn in turns] == [False] * 4
    assert "psychiatric: allow (break_glass)" in turns[2].lines
    assert turns[3].lines[0] == "glassaudit2 (GlassAudit) pending -> justified"


def test_a_refused_reading_names_the_nearest_rule_and_leaves_its_trace():
    run_ = session(library("en"), "en")
    list(
        run_.run(f"""{ASK} county2: h = HealthRecord.register(custodian = county2, patient = patient1, visit = v,
      number = "R", digest = "d");""")
    )
    [turn] = run_.run("fund reads h.sensitive for insurance")
    assert turn.failed
    assert "hiv: forbidden (insurer_blind)" in turn.lines
    assert run_.stage.world.events[-1].kind == "read"


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_walk_played_again_as_a_script_ends_in_the_same_world(seed):
    run_ = session(library("en"), "en")
    walk = [turn.text for turn in Wanderer(run_, Draw(seed), frozenset(["Visit", "Slot", "HealthRecord"])).steps(25)]
    assert len(walk) == 25
    again = session(library("en"), "en")
    turns = list(again.run("\n".join(walk)))
    assert [turn.text for turn in turns] == walk
    assert again.stage.world == run_.stage.world


def test_walks_reach_strict_beginnings_and_every_kind_of_step():
    walk = ""
    for seed in (3, 5):
        contracts = frozenset(["Visit", "Slot", "Referral", "HealthRecord"])
        wanderer = Wanderer(session(library("en"), "en"), Draw(seed), contracts)
        walk += " ".join(turn.text for turn in wanderer.steps(120))
    for part in ("Referral.request(", "HealthRecord.register(", "wait ", "reads ", ".approve("):
        assert part in walk


def test_a_walk_asks_for_what_it_may_read_and_for_what_it_may_not():
    run_ = session(library("en"), "en")
    wanderer = Wanderer(run_, Draw(3), frozenset(["Visit", "HealthRecord", "BasicFile"]))
    readings = [turn for turn in wanderer.steps(60) if " reads " in turn.text]
    assert {turn.text.endswith(" refused;") for turn in readings} == {True, False}
    assert all(("allow" in line) != turn.text.endswith(" refused;") for turn in readings for line in turn.lines[:1])


def test_money_is_conserved_whatever_the_walk():
    run_ = session(library("en"), "en")
    list(Wanderer(run_, Draw(5), frozenset(["Loan"])).steps(40))
    assert sum(run_.stage.world.positions.values()) == 0
    assert any(run_.stage.world.positions.values())


def test_the_seed_is_printed_first_and_decides_everything():
    one, two, other = (run(play_command.command, LIBRARY / "sharing.zh.yl", "--seed", seed) for seed in (7, 7, 8))
    assert one.stdout.startswith("seed 7\n1  ")
    assert one.stdout == two.stdout
    assert one.stdout.split("\n")[1:] != other.stdout.split("\n")[1:]
    assert "借" not in one.stdout and "等待" in one.stdout


def test_a_walk_that_can_do_nothing_says_so():
    found = run(play_command.command, LIBRARY / "alliance.zh.yl", "--seed", 1)
    assert (found.exit_code, found.stdout, "未再找到" in found.stderr) == (0, "seed 1\n", True)


def test_a_walk_does_not_depend_on_the_hash_seed():
    def walk(hash_seed):
        code = f"from contracts_dsl.cli.play import command; command(['{LIBRARY}/sharing.yl', '--steps', '12'])"
        return subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": hash_seed}, capture_output=True, check=True
        ).stdout  # fmt: skip

    assert walk("1") == walk("2")


def test_a_script_that_is_refused_ends_with_one(tmp_path):
    script = tmp_path / "steps.txt"
    script.write_text(f"{ASK}\n# nobody else may\ncity3: v.discharge();\n")
    found = run(play_command.command, LIBRARY / "visit.yl", "--script", script, "--lang", "zh")
    assert (found.exit_code, "被拒 not_authorized" in found.stdout) == (1, True)
    script.write_text(f"{ASK}\ncounty2: v.discharge();\nexpect v.state == ended;\n")
    found = run(play_command.command, LIBRARY / "visit.yl", "--script", script)
    assert (found.exit_code, found.stdout.count("\n3  expect v.state == ended;")) == (0, 1)


@pytest.mark.parametrize(
    ("language", "told"),
    [("zh", "to_hospital：应为当事方 Hospital，得到无"), ("en", "to_hospital: expected party Hospital, got nothing")],
)
def test_an_argument_that_is_missing_is_told_in_one_language(tmp_path, language, told):
    script = tmp_path / "steps.txt"
    box = 'DrugBox.produce(producer = maker1, holder = maker1, trace = "83000001", lot = "L1", expiry = now + 700 days)'
    script.write_text(f"maker1: b = {box};\nmaker1: b.deliver();\n")
    found = run(play_command.command, LIBRARY / "drug.yl", "--script", script, "--lang", language)
    assert (found.exit_code, told in found.stdout) == (1, True), found.stdout


def test_the_repl_reads_a_pipe_line_by_line_and_goes_on_after_a_refusal():
    typed = f"{ASK}\ncity3: v.discharge();\ncounty2:\n  v.discharge();\n?\n"
    found = run(repl_command.command, LIBRARY / "visit.yl", input=typed)
    assert found.exit_code == 1
    assert "refused not_authorized" in found.stdout
    assert "> county2: v.discharge();\n     v (Visit) current -> ended" in found.stdout
    assert found.stdout.rstrip().endswith("number = V-1")
    assert run(repl_command.command, LIBRARY / "visit.yl", input=ASK).exit_code == 0


def test_the_repl_takes_chinese_steps_where_the_package_is_chinese():
    typed = "县医院二 且 患者甲: 就诊.开始()；\nV\n"
    found = run(repl_command.command, LIBRARY / "visit.zh.yl", input=typed)
    assert "E201 未知的名称" in found.stdout
    typed = "county2 且 patient1: v = Visit.open(holder = county2, patient = patient1, number = “V-1”)；\n等待 1 日；\n"
    found = run(repl_command.command, LIBRARY / "visit.zh.yl", input=typed)
    assert (found.exit_code, "v (Visit) 开始 -> current" in found.stdout) == (0, True)


ODD = ["}", "test", "\x00", "x = ", "a: b.c(", "合约", '"', "expect 1 == 1 }", "given x: Y;"]


@pytest.mark.parametrize("typed", ODD)
def test_nothing_that_is_typed_ends_the_session(typed):
    run_ = session(library("en"), "en")
    assert all(turn.failed for turn in run_.run(typed))
    assert not any(turn.failed for turn in run_.run(ASK))
