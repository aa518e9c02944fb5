"""A protocol of one's own: what is declared, what the kit does with messages it cannot read, and what may be said then.

The nodes are the reference and the one in JavaScript, under a name that no profile has and with every message veiled.
"""

import json
import shutil
import sys
import tomllib
from itertools import product
from pathlib import Path
from random import Random

import pytest
from click.testing import CliRunner

from conformance.adversary.generate import draw_plan
from conformance.adversary.opaque import GARBLED
from conformance.conform import catalogue
from conformance.conform.catalogue import OPAQUE, chosen, highest
from conformance.conform.claims import Run, claim_of, settled
from conformance.conform.verdicts import Result, Verdict
from conformance.declaration import MEMBERS, DeclarationError, declared, from_data, to_data
from conformance.drivers.levels import Settings, bench_of
from conformance.opaque import OpaqueCluster
from conformance.plan import Byz, Plan
from conformance.reactor import Decided, Persist, Send
from refimpl.cli import main
from tests.house.tree import ROOT
from tests.sim.opaque_zoo import hunt, own

RENAMED = f"{sys.executable} {Path(__file__).with_name('renamed.py')}"
JAVASCRIPT = f"node {ROOT / 'conformance' / 'nodes' / 'js' / 'node.js'}"
REFERENCE = f"{sys.executable} -m conformance.zoo.serve reference"
DECLARED = """[profile."x/pulse"]
engine = "tendermint"
tick_ms = 1000

[profile."x/pulse".contract]
faults = "byzantine"
threshold = [1, 3]
finality = { kind = "immediate" }
safety_net = "asynchronous"
live_net = "partial"
links = "p2p"
delta = 1
timeout = [3, 1]
backoff = "linear"
span = 1
skew = -1
"""
KINDS = {"late", "cut", "byz", "twin", "shift", "crash", "swap", "dup", "skew"}
BROUGHT_OVER = {
    "plan": "yilian/plan/v1", "engine": "x/pulse", "faulty": [0], "gst": 7, "heights": 2, "atoms": [
        {"k": "byz", "r": 3, "ph": "message", "src": 0, "dst": 2, "act": "omit"},
        {"k": "byz", "r": 3, "ph": "message", "src": 0, "dst": 3, "act": "omit"},
        {"k": "late", "r": 1, "ph": "message", "src": 0, "dst": 1},
        {"k": "late", "r": 3, "ph": "message", "src": 0, "dst": 1}]}  # fmt: skip
"""A liar brings one member over, and gives nobody else the vote that it decides by."""


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    (tmp_path / "yilian.toml").write_text(DECLARED, encoding="utf-8")


def pulse():
    return declared(Path("yilian.toml"), "x/pulse")


def renamed(command, known="tendermint/1", name="x/pulse"):
    return f"{RENAMED} {name} {known} {command}"


def conform(*arguments, node=REFERENCE, lang="en"):
    asked = ["--lang", lang, "conform", "--cmd", renamed(node), "--workers", "1", *arguments]
    return CliRunner().invoke(main, asked)


# --- what is declared ---


@pytest.mark.clause("NOD-064")
def test_a_declaration_is_a_contract_and_can_be_kept_with_a_failure():
    profile = pulse()
    assert (profile.name, profile.engine, profile.tick, profile.spoken) == ("x/pulse", "tendermint", 1000, False)
    assert profile.contract.opaque
    assert profile.contract.most_liars(4) == 1
    assert from_data("x/pulse", json.loads(json.dumps(to_data(profile)))) == profile


@pytest.mark.clause("NOD-064")
@pytest.mark.parametrize("member", sorted(MEMBERS))
def test_every_member_of_the_contract_is_declared_and_is_what_it_may_be(member):
    given = tomllib.loads(DECLARED)["profile"]["x/pulse"]
    for contract in ({**given["contract"], member: "whatever"},
                     {name: value for name, value in given["contract"].items() if name != member}):  # fmt: skip
        with pytest.raises(DeclarationError) as caught:
            from_data("x/pulse", {**given, "contract": contract}, "yilian.toml")
        assert (caught.value.code, caught.value.at) == (
            "declaration.malformed", f"/profile/x/pulse/contract/{member}")  # fmt: skip


@pytest.mark.parametrize(("change", "at"), [
    (("engine =", "motor ="), "/profile/x/pulse/motor"),
    (("skew = -1", "skew = -1\nphases = []"), "/profile/x/pulse/contract/phases"),
    (("tick_ms = 1000", "tick_ms = 0"), "/profile/x/pulse/tick_ms"),
    (("threshold = [1, 3]", "threshold = [1, 3"), "at line 8"),
])  # fmt: skip
@pytest.mark.parametrize(("lang", "word"), [("en", "expected"), ("zh", "应为")])
def test_a_declaration_that_is_none_is_told_with_its_place_and_nothing_is_run(change, at, lang, word):
    Path("yilian.toml").write_text(DECLARED.replace(*change), encoding="utf-8")
    done = conform("--profile", "x/pulse", "--level", OPAQUE, lang=lang)
    assert done.exit_code == 2, done.output
    assert "declaration.malformed" in done.stderr
    assert word in done.stderr
    assert at in done.stderr
    assert not Path("out").joinpath("last.json").exists()


@pytest.mark.parametrize(("lang", "words"), [("en", "is declared in"), ("zh", "中声明")])
def test_a_profile_of_ones_own_that_nobody_declared_is_no_profile(lang, words):
    for option in ((), ("--contract", "elsewhere.toml")):
        done = conform("--profile", "x/other", *option, lang=lang)
        assert done.exit_code == 2, done.output
        assert "declaration.absent" in done.stderr
        assert words in done.stderr


def test_a_name_of_ones_own_is_a_name():
    for name in ("x/", "x/../up", "x/A", "x/" + "a" * 64):
        with pytest.raises(DeclarationError) as caught:
            from_data(name, tomllib.loads(DECLARED)["profile"]["x/pulse"])
        assert caught.value.code == "declaration.malformed"


# --- what may be said ---


def result(test, verdict):
    return Result(test.id, test.level, test.clauses, verdict, test.binds)


@pytest.mark.clause("NOD-065")
def test_what_is_shown_of_a_protocol_that_nobody_can_read_is_never_l3():
    profile = pulse()
    assert highest("x/pulse", profile) == OPAQUE
    listed = chosen(catalogue.tests(), OPAQUE, profile="x/pulse", declared=profile)
    assert {test.level for test in listed} == {"smoke", "L0", "L1", "L2", OPAQUE}
    done = [result(test, Verdict.PASS if test.binds else Verdict.UNSUPPORTED) for test in listed]
    claim = claim_of(Run(OPAQUE, "x/pulse", (), "stub", True), done)
    assert (claim.level, claim.holds, claim.below) == (OPAQUE, True, OPAQUE)
    ill = [result(test, Verdict.FAIL) if test.id == f"{OPAQUE}.twins" else one
           for test, one in zip(listed, done, strict=True)]  # fmt: skip
    assert claim_of(Run(OPAQUE, "x/pulse", (), "stub", True), ill).below == "L2"
    done = conform("--profile", "x/pulse", "--level", "L3")
    assert done.exit_code == 2
    assert f"{OPAQUE} is the highest of x/pulse" in done.stderr


@pytest.mark.clause("NOD-065")
def test_no_node_of_a_known_protocol_stands_on_the_level_below_l3():
    assert not [test for test in chosen(catalogue.tests(), "L3", profile="tendermint/1") if test.level == OPAQUE]
    failed = [Result("L3.liar.twins", "L3", (), Verdict.FAIL)]
    assert claim_of(Run("L3", "tendermint/1", (), "stub", True), failed).below == "L2"


def test_the_level_of_a_run_is_the_highest_that_is_claimed_and_can_be_reached():
    hello = bench_hello(claims=("L0", OPAQUE))
    assert settled("", hello, "x/pulse", pulse()) == OPAQUE
    assert settled("", hello, "tendermint/1") == "L2"
    assert settled("", bench_hello(claims=("L3",)), "x/pulse", pulse()) == OPAQUE
    assert settled("", bench_hello(claims=()), "x/pulse", pulse()) == "smoke"
    crash = from_data("x/c", {**to_data(pulse()), "contract": {**to_data(pulse())["contract"], "faults": "crash"}})
    assert settled("", hello, "x/c", crash) == "L2"


def bench_hello(claims):
    class Told:
        """The claims of a hello."""

    told = Told()
    told.claims = claims
    return told


# --- messages that nobody can read ---


class Quiet:
    """A door that is never asked."""

    def reset(self):
        """As after hello."""


class Voice:
    """An instance: node and variant."""

    def __init__(self, node, variant=0):
        self.node, self.variant = node, variant


class Final:
    """A decision at a height."""

    def __init__(self, height):
        self.height = height


@pytest.fixture
def cluster():
    return OpaqueCluster(Quiet(), pulse(), Plan(engine="x/pulse"))


@pytest.mark.clause("NOD-065")
def test_a_message_is_known_by_its_number_at_its_senders_height(cluster):
    one, two = Voice(1), Voice(2)
    cluster.noted(one, [Send(b"a"), Send(b"b"), Decided(Final(1)), Send(b"c")])
    cluster.noted(two, [Send(b"d")])
    places = {data: cluster.read(data)[:4] for data in (b"a", b"b", b"c", b"d")}
    assert places == {b"a": ("message", 1, 0, 1), b"b": ("message", 1, 1, 1), b"c": ("message", 2, 0, 1),
                      b"d": ("message", 1, 0, 2)}  # fmt: skip
    assert cluster.read(b"never sent").kind == "damaged"


@pytest.mark.clause("NOD-064", "NOD-065")
def test_what_another_sent_before_is_passed_on_and_what_one_said_before_is_said_again(cluster):
    one, two = Voice(1), Voice(2)
    cluster.noted(one, [Send(b"a")])
    cluster.noted(two, [Send(b"a"), Send(b"b")])
    assert cluster.read(b"a").signer == 1
    assert cluster.read(b"b").round == 0
    cluster.noted(one, [Send(b"a"), Send(b"c")])
    assert cluster.read(b"c").round == 1


@pytest.mark.clause("NOD-065")
def test_a_twin_counts_for_itself(cluster):
    cluster.noted(Voice(0), [Send(b"a"), Send(b"b")])
    cluster.noted(Voice(0, 1), [Send(b"a"), Send(b"b'")])
    assert cluster.read(b"b")[:4] == cluster.read(b"b'")[:4] == ("message", 1, 1, 0)


def test_what_is_written_is_known_by_what_is_said_next(cluster):
    cluster.noted(Voice(1), [Persist((("k", b"v"),), True), Send(b"a"), Persist((("k", b"w"),), True)])
    assert cluster.read_record(b"v") == cluster.read(b"a")
    assert cluster.read_record(b"w") is None
    assert cluster.read_record(None) is None


def test_what_clients_handed_in_is_nobodys(cluster):
    cluster.handed.add(b"tx")
    cluster.noted(Voice(1), [Send(b"tx")])
    assert cluster.read(b"tx").kind == "tx"


@pytest.mark.clause("NOD-065")
def test_plans_for_it_keep_to_its_contract_and_make_no_liar_say_what_it_would_not():
    contract = pulse().contract
    timely = from_data("x/t", {**to_data(pulse()), "contract": {**to_data(pulse())["contract"], "skew": 0}}).contract
    for one, number in product((contract, timely), range(300)):
        plan = draw_plan(Random(number), one, n=4, heights=2)
        one.admit(plan)
        said = [atom.act for atom in plan.atoms if isinstance(atom, Byz)]
        assert {atom.k for atom in plan.atoms} <= KINDS
        assert all(act in ("omit", *GARBLED) or set(act) == {"stale"} for act in said)
        assert plan == Plan.from_data(plan.to_data())


# --- nodes ---


@pytest.mark.clause("NOD-064", "NOD-065")
@pytest.mark.parametrize("node", [REFERENCE, pytest.param(JAVASCRIPT, marks=pytest.mark.skipif(
    shutil.which("node") is None, reason="no node here"))])  # fmt: skip
def test_a_correct_node_under_a_name_of_its_own_holds_and_what_is_not_shown_is_listed(node):
    only = ("L2.happy.four", "L2.members.in-a-network", f"{OPAQUE}.twins", f"{OPAQUE}.not-shown.*")
    done = conform(*[word for name in only for word in ("--only", name)], "--json", "--level", OPAQUE, node=node)
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    shown = {test["id"]: test for test in told["tests"]}
    unshown = {name: shown.pop(name) for name in list(shown) if "not-shown" in name}
    assert {test["verdict"] for test in shown.values()} == {"PASS"}
    assert shown[f"{OPAQUE}.twins"]["triggered"]["twin"] > 0
    assert len(unshown) == 5
    assert all(test["verdict"] == "UNSUPPORTED" and test["reason"].startswith("needs a profile")
               for test in unshown.values())  # fmt: skip


@pytest.mark.clause("CON-006")
@pytest.mark.parametrize("node", [REFERENCE, pytest.param(JAVASCRIPT, marks=pytest.mark.skipif(
    shutil.which("node") is None, reason="no node here"))])  # fmt: skip
def test_whoever_a_liar_brings_over_brings_over_those_who_lack_the_same_vote(node):
    bench = bench_of(Settings(renamed(node), profile="x/pulse", declared=pulse()))
    try:
        history = bench.session().hold(Plan.from_data(BROUGHT_OVER))
    finally:
        bench.drop()
    assert history.why == "done"


@pytest.mark.clause("NOD-065")
@pytest.mark.parametrize(("name", "law"), [
    ("P01", "INV-S1"), ("P01b", "INV-S1"), ("P06", "INV-S1"), ("P14", "INV-S1"), ("T06", "INV-V1"), ("T13", "INV-V1"),
])  # fmt: skip
def test_twins_alone_find_planted_bugs_where_nothing_can_be_read(name, law):
    _, clause, test, _ = hunt(name)
    assert clause.partition(".")[0] == law
    assert test.startswith(OPAQUE)


def test_a_failure_is_replayed_without_the_declaration_and_in_both_languages():
    node = f"{sys.executable} -m conformance.zoo.serve P01"
    done = conform("--only", f"{OPAQUE}.split-0", "--level", OPAQUE, node=node)
    assert done.exit_code == 1, done.output
    assert "INV-S1" in done.stdout
    assert "message" in done.stdout
    Path("yilian.toml").unlink()
    file = f"out/{OPAQUE}.split-0.json"
    assert json.loads(Path(file).read_text(encoding="utf-8"))["declared"] == to_data(own("tendermint"))
    again = CliRunner().invoke(main, ["--lang", "zh", "replay", file, "--cmd", renamed(node)])
    assert again.exit_code == 1, again.output
    assert "消息" in again.stdout
    fine = CliRunner().invoke(main, ["replay", file, "--cmd", renamed(REFERENCE)])
    assert fine.exit_code == 0, fine.output
