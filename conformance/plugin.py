"""The pytest plug-in `yilian`: every conformance test of a node as a test of one's own suite.

    pytest --yilian-cmd './node' --yilian-level L1

Tests appear as `yilian::L1.check.nonce-used`, with a marker for each clause, so that `-k`, `-m`, `-x`, `--lf` and
xdist work as always; a process of the node serves all tests of one worker. The terminal ends with the clauses that were
shown. `--yilian-lang` says in which language, else the environment as for the commands. It must not judge.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from conformance.conform.catalogue import LEVELS, Test, chosen, tests
from conformance.conform.claims import Run, settled, several
from conformance.conform.examine import Bench, Unusable, examine
from conformance.conform.verdicts import BLOCKING, Result, Verdict
from conformance.door import Door, Unstarted
from conformance.drivers.levels import Settings, bench_of
from conformance.drivers.reader import language_of_reader
from conformance.report.verdicts import broken_off, result_lines
from conformance.report.words import Language, word
from conformance.sentences import in_words, say
from conformance.standard import clauses

LANGUAGES = ("zh", "en")
OPTIONS = {
    "cmd": "how the node is started / 启动节点的命令",
    "level": "smoke, L0, L1, L2 or L3; default: the highest that the node claims / 级别，默认为节点所声明的最高级别",
    "profile": "consensus profile / 共识方案",
    "only": "id, glob, clause, level, pack or tag; by commas / 编号、通配、条款、级别、组合或标签，以逗号分隔",
    "lang": "zh or en; default: as the environment says / zh 或 en，默认随环境",
}  # fmt: skip
SHOWN = pytest.StashKey[dict[str, str]]()
BENCH = pytest.StashKey[Bench]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--yilian-cmd` and what goes with it."""
    group = parser.getgroup("yilian", "conformance of a node")
    for name, told in OPTIONS.items():
        group.addoption(f"--yilian-{name}", default="", help=told, choices=LANGUAGES if name == "lang" else None)


def pytest_configure(config: pytest.Config) -> None:
    """The marker of a clause."""
    config.addinivalue_line("markers", "clause(*ids): the clauses of spec/ that this test holds / 本测试所检验的条款")
    config.stash[SHOWN] = {}


def reader(config: pytest.Config) -> Language:
    """The language of whoever reads."""
    return language_of_reader(config.getoption("yilian_lang"))


def bench_for(config: pytest.Config) -> Bench:
    """The node of this process of pytest: started once, `reset` for every test."""
    if BENCH not in config.stash:
        settings = Settings(config.getoption("yilian_cmd"), profile=config.getoption("yilian_profile"))
        config.stash[BENCH] = bench_of(settings)
    return config.stash[BENCH]


def pytest_collection(session: pytest.Session) -> None:
    """The node's tests are collected beside those of files."""
    if session.config.getoption("yilian_cmd"):
        session.config.pluginmanager.register(_Collecting(), "yilian-collecting")


class _Collecting:
    """Adds the items once the files are collected."""

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(
        self, session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        """One item a conformance test."""
        bench = bench_for(config)
        try:
            bench.ready()
        except (Unusable, Unstarted) as end:
            cause = end.args[0] if isinstance(end, Unusable) else end
            raise pytest.UsageError("\n".join(broken_off(cause, reader(config)))) from None
        assert bench.hello is not None, "the door is open"
        bench.profile = bench.profile or several(bench.hello)
        asked = config.getoption("yilian_level")
        if asked and asked not in LEVELS:
            known = say("shape.one-of", names=", ".join(LEVELS))
            raise pytest.UsageError(f"--yilian-level {asked}: {in_words(known, reader(config))}")
        level = settled(asked, bench.hello, bench.profile, bench.declared)
        only = [word for word in config.getoption("yilian_only").split(",") if word]
        home = Home.from_parent(session, name="yilian", nodeid="yilian")
        for test in chosen(tests(), level, only=only, profile=bench.profile, declared=bench.declared):
            if not test.pack or test.pack in bench.hello.packs:
                items.append(Question.from_parent(home, name=test.id, test=test))


class Home(pytest.Collector):
    """What the items stand under."""

    def collect(self) -> Iterator[pytest.Item]:
        """Nothing more: items are added when all is collected."""
        return iter(())


class Question(pytest.Item):
    """One conformance test."""

    def __init__(self, *, test: Test, **others: Any) -> None:
        super().__init__(**others)
        self.test = test
        self.add_marker(pytest.mark.clause(*test.clauses))
        for tag in (test.level, *test.tags):
            self.extra_keyword_matches.add(tag)

    def runtest(self) -> None:
        """Ask, and fail or skip as the verdict says."""
        result = examine(bench_for(self.config), self.test)
        for clause in self.test.clauses:
            known = self.config.stash[SHOWN]
            known[clause] = "shown" if result.verdict is Verdict.PASS else known.get(clause, "not shown")
        self.user_properties.append(("yilian_verdict", result.verdict.value))
        self.user_properties.append(("yilian_clauses", " ".join(self.test.clauses)))
        why = in_words(result.reason, reader(self.config))
        if result.verdict is Verdict.HARNESS_ERROR:
            raise AssertionError(word("kit.wrong", reader(self.config), why=why))
        if self.test.binds and result.verdict in BLOCKING:
            raise Answer(result)
        if result.verdict not in (Verdict.PASS, Verdict.WEAK):
            pytest.skip(f"{result.verdict.value}: {why}")

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> str:
        """The failure as `yilian conform` tells it."""
        if isinstance(excinfo.value, Answer):
            run = Run(self.test.level, "", (), "stub", False, self.config.getoption("yilian_cmd"))
            return "\n".join(result_lines(excinfo.value.result, run, reader(self.config)))
        if isinstance(excinfo.value, Unusable):
            return "\n".join(broken_off(excinfo.value.args[0], reader(self.config)))
        return str(super().repr_failure(excinfo))

    def reportinfo(self) -> tuple[str, None, str]:
        """How it is named."""
        return "yilian", None, self.test.id


class Answer(Exception):
    """A node does not hold what the test is about."""

    def __init__(self, result: Result) -> None:
        super().__init__(result.test)
        self.result = result


def pytest_unconfigure(config: pytest.Config) -> None:
    """The process ends with the run."""
    if BENCH in config.stash:
        config.stash[BENCH].drop()


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Which clauses of the levels were shown: those of workers come with their reports."""
    shown: dict[str, str] = {}
    for outcome in ("passed", "failed", "skipped"):
        for report in terminalreporter.stats.get(outcome, ()):
            about = dict(getattr(report, "user_properties", ()))
            for clause in about.get("yilian_clauses", "").split():
                passed = about["yilian_verdict"] == Verdict.PASS.value
                shown[clause] = "shown" if passed else shown.get(clause, "not shown")
    if shown:
        binding = sorted(clause for clause in shown if clause in clauses() and clauses()[clause].binds)
        missing = [clause for clause in binding if shown[clause] != "shown"]
        terminalreporter.section("yilian")
        language = reader(config)
        counts = {"shown": len(binding) - len(missing), "all": len(binding)}
        terminalreporter.write_line(word("clauses.shown", language, **counts))
        if missing:
            terminalreporter.write_line(word("clauses.missing", language, clauses=" ".join(missing)))


# --- fixtures for tests of one's own ---


@pytest.fixture
def yilian_node(request: pytest.FixtureRequest) -> Iterator[Door]:
    """The door of the node that `--yilian-cmd` names, after a `reset`; skips without one."""
    if not request.config.getoption("yilian_cmd"):
        pytest.skip(in_words(say("unstarted.no-command"), reader(request.config)) + " (--yilian-cmd)")
    bench = bench_for(request.config)
    door = bench.ready()
    door.reset()
    yield door


@pytest.fixture
def yilian_world(request: pytest.FixtureRequest, yilian_node: Door) -> Any:
    """`yilian_world(plan)`: the history of a run of the node under a plan; it raises if an invariant is broken."""
    bench = bench_for(request.config)
    assert bench.hello is not None, "the door is open"
    bench.profile = bench.profile or several(bench.hello)
    return lambda plan: bench.session().hold(plan)
