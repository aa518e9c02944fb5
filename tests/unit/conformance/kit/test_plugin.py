"""The pytest plug-in, in a pytest of its own: items, markers, fixtures, the summary, and two workers."""

import sys

import pytest

from tests.house.tree import ROOT

pytest_plugins = ["pytester"]
ZOO = f"{sys.executable} -m conformance.zoo.serve"


@pytest.fixture
def run(pytester, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("LC_ALL", "C.UTF-8")

    def call(node, *arguments):
        plugin = () if "yilian" in {name for name, _ in pytester._request.config.pluginmanager.list_name_plugin()} \
            else ("-p", "conformance.plugin")  # fmt: skip
        return pytester.runpytest_subprocess("-p", "no:cacheprovider", *plugin, "--yilian-cmd", f"{ZOO} {node}",
                                             *arguments)  # fmt: skip

    return call


def test_each_conformance_test_is_an_item_and_the_clauses_are_summed_up(run):
    done = run("reference", "--yilian-level", "smoke", "-v")
    done.assert_outcomes(passed=4)
    done.stdout.fnmatch_lines(["*smoke::instances PASSED*", "*clauses shown"])


def test_a_failure_is_told_with_its_law(run):
    done = run("W08", "--yilian-level", "L1", "--yilian-only", "L1.check.nonce-used,L1.check.size")
    done.assert_outcomes(passed=1, failed=1)
    done.stdout.fnmatch_lines(["*WRONG_REASON  L1.check.nonce-used*", "*the text*", "not shown: *DAT-070*"])


@pytest.mark.parametrize("chosen", ["option", "environment"])
def test_a_failure_is_told_in_chinese_where_the_reader_reads_it(run, monkeypatch, chosen):
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8" if chosen == "environment" else "C.UTF-8")
    option = ("--yilian-lang", "zh") if chosen == "option" else ()
    done = run("W08", "--yilian-level", "L1", "--yilian-only", "L1.check.nonce-used", *option)
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(["*WRONG_REASON*nonce-used*", "*条款 *", "  应为 *", "  实为 *", "未检验：*DAT-070*"])
    assert not [line for line in done.outlines if line.startswith(("  expected", "  actual", "not shown"))]


def test_a_wrong_call_is_answered_in_the_language_of_the_reader(run):
    done = run("reference", "--yilian-level", "L9", "--yilian-lang", "zh")
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines(["*--yilian-level L9: 以下之一：smoke, L0, L1, L2, L3*"])


def test_two_workers_share_the_items(run):
    done = run("reference", "--yilian-level", "L1", "--yilian-only", "L1.pool.*,smoke", "-n", "2")
    done.assert_outcomes(passed=7)


def test_a_node_that_is_none_is_a_wrong_call(run, pytester):
    done = run("no-such-id", "--yilian-level", "smoke")
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines(["*the node stopped*"])


def test_fixtures_ask_the_node_and_play_plans(run, pytester):
    pytester.makepyfile("""
        from conformance.plan import Late, Plan

        def test_ask(yilian_node):
            assert yilian_node.ask("reset").kind == "ok"

        def test_world(yilian_world):
            late = Late(r=0, ph="propose", src=0, dst=3)
            history = yilian_world(Plan(engine="tendermint", atoms=(late,)))
            assert history.why == "done"
            assert history.triggered["late"] == 1
    """)
    done = run("reference", "--yilian-level", "smoke", "--yilian-only", "smoke.hello")
    done.assert_outcomes(passed=3)
