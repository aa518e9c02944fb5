"""`yilian conform`: one node, all that it claims. Progress on stderr, the report on stdout, files where asked for.

Exit statuses: 0 the claim holds, 1 it does not, 2 called wrongly, 3 the node could not be examined, 70 the kit is
wrong, 130 interrupted, by Ctrl-C or SIGTERM: what was found until then is reported, and kept. It must not judge.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import click
from attrs import evolve

from conformance.cli import must_be_writable, write
from conformance.commands.since import changed_since
from conformance.conform.catalogue import LEVELS, Test, chosen, tests
from conformance.conform.claims import BadList, Run, claim_of, exit_status, known_failures, settled, several, with_known
from conformance.conform.examine import Unusable
from conformance.conform.verdicts import VIOLATED, Result, Verdict
from conformance.declaration import FILE, declared, is_own
from conformance.door import Hello, Unstarted
from conformance.drivers.levels import INTERRUPTED, Settings, bench_of, examined
from conformance.report.files import badge, junit, markdown
from conformance.report.page import page
from conformance.report.results import SCHEMA, as_data, replay_file
from conformance.report.verdicts import broken_off, summary
from conformance.report.words import Language, word
from conformance.sentences import in_words

KIT = "yilian"
LAST = "last.json"
MANY = 12
"""Clauses that are named one by one."""
UNUSABLE = 3
STOPPED = 130


@click.command("conform")
@click.option("--cmd", "command", default="", help="how the node is started / 启动节点的命令")
@click.option("--connect", "address", default="", help="unix:PATH | tcp:HOST:PORT")
@click.option("--level", type=click.Choice(LEVELS), help="default: the highest that the node claims / 级别")
@click.option("--profile", default="", help="consensus profile, such as tendermint/1 / 共识方案")
@click.option("--contract", "declaration", type=click.Path(path_type=Path), default=Path(FILE), show_default=True,
              help="what a profile x/... declares, TOML / 自有共识方案的声明")  # fmt: skip
@click.option("--pack", "packs", default="", help="packs of contracts, by commas / 合约包")
@click.option("--suite", default="stub", type=click.Choice(["stub", "intl"]), help="cryptographic suite / 密码套件")
@click.option("--only", multiple=True, help="id, glob, clause, level, pack or tag; may be repeated / 只运行")
@click.option("--failed-last", is_flag=True, help="those that failed in the last run kept in --out / 上次失败的测试")
@click.option("--changed-since", "since", default="", metavar="COMMIT",
              help="those of which a clause was edited since / 自某提交以来条款有修订的测试")  # fmt: skip
@click.option("--fail-fast", is_flag=True, help="stop at the first failure / 首次失败即停")
@click.option("--xfail", "list_file", type=click.Path(path_type=Path), help="known failures, TOML / 已知失败清单")
@click.option("--budget", default="", help="such as 300s or 5m; what is not run is INCONCLUSIVE / 时间预算")
@click.option("--workers", default=0, type=click.IntRange(0), help="nodes side by side; 0: one a core / 并行节点数")
@click.option("--effort", default=1, type=click.IntRange(1, 1000), help="times the usual number of drawn plans / 倍数")
@click.option("--debugger", is_flag=True, help="wait for the node for ever / 不限等待时间")
@click.option("--out", "folder", type=click.Path(path_type=Path), default=Path("out"), show_default=True)
@click.option("--json", "as_json", is_flag=True, help=SCHEMA)
@click.option("--junit", "junit_file", type=click.Path(path_type=Path), help="JUnit XML")
@click.option("--md", "md_file", type=click.Path(path_type=Path), help="Markdown")
@click.option("--html", "html_file", type=click.Path(path_type=Path), help="one page, offline / 单页报告")
@click.option("--badge", "badge_file", type=click.Path(path_type=Path), help="JSON of a badge / 徽章")
@click.option("--list", "only_list", is_flag=True, help="the tests, not run / 只列出测试")
@click.pass_context
def command(context: click.Context, /, **asked: Any) -> None:
    """Examine a node in any language. / 检验任何语言实现的节点。"""
    language = cast(Language, context.meta.get("yilian.language", "en"))
    everything = edited_since(asked["since"], tests(), language) if asked["since"] else tests()
    if not everything:
        return
    if asked["only_list"]:
        listed = chosen(everything, asked["level"] or "L3", only=asked["only"], packs=words(asked["packs"]),
                        profile=asked["profile"])  # fmt: skip
        for test in listed:
            click.echo(f"{test.id:72} {' '.join(test.clauses[:4])}")
        return
    if bool(asked["command"]) == bool(asked["address"]):
        raise click.UsageError("--cmd COMMAND | --connect ADDRESS")
    files = [asked[name] for name in ("junit_file", "md_file", "html_file", "badge_file") if asked[name] is not None]
    for path in (asked["folder"], *[file.parent for file in files]):
        must_be_writable(path)
    began = time.monotonic()
    try:
        hello, run, results = examine_all(asked, everything, language)
    except (Unusable, Unstarted) as end:
        for line in broken_off(end.args[0] if isinstance(end, Unusable) else end, language):
            click.echo(line, err=True)
        context.exit(UNUSABLE)
    seconds = time.monotonic() - began
    results = keep(results, run, asked["folder"])
    claim = claim_of(run, results)
    data = as_data(KIT, hello, run, claim, results, round(seconds * 1000))
    if run.complete or not asked["failed_last"]:
        write(asked["folder"] / LAST, json.dumps(data, ensure_ascii=False, sort_keys=True, indent=1) + "\n")
    texts: dict[str, Callable[[], str]] = {
        "junit_file": lambda: junit(results, run, language),
        "md_file": lambda: markdown(results, run, claim, language),
        "html_file": lambda: page(hello, run, claim, results, seconds, language),
        "badge_file": lambda: badge(claim, run),
    }  # fmt: skip
    for name, made in texts.items():
        if asked[name] is not None:
            write(asked[name], made())
    if asked["as_json"]:
        click.echo(json.dumps(data, ensure_ascii=False, sort_keys=True))
    else:
        for line in summary(hello, run, claim, results, seconds, language):
            click.echo(line)
    stopped = any(one.reason == INTERRUPTED for one in results)
    context.exit(STOPPED if stopped else exit_status(results, claim))


def examine_all(
    asked: dict[str, Any], everything: tuple[Test, ...], language: Language
) -> tuple[Hello, Run, list[Result]]:
    """The node's own words, what is run, and the results; raises `Unusable`, `Unstarted`, `click.UsageError`."""
    settings = Settings(asked["command"], asked["address"], "", asked["suite"], asked["effort"], asked["debugger"])
    bench = bench_of(settings)
    try:
        bench.ready()
        assert bench.hello is not None, "the door is open"
        hello = bench.hello
    finally:
        bench.drop()
    profile = asked["profile"] or several(hello)
    own = declared(asked["declaration"], profile) if is_own(profile) else None
    settings = evolve(settings, profile=profile, declared=own)
    level = settled(asked["level"] or "", hello, profile, own)
    if asked["level"] and level != asked["level"]:
        raise click.UsageError(f"--level {asked['level']}: {level} is the highest of {profile or '?'}")
    packs = words(asked["packs"]) or list(hello.packs)
    only = [*asked["only"], *(last_failed(asked["folder"]) if asked["failed_last"] else ())]
    fitting = chosen(everything, level, only=only, profile=profile, declared=own)
    listed = [one for one in fitting if not one.pack or one.pack in packs]
    if not listed:
        raise click.UsageError(f"--only {' '.join(only) or '?'}: no test of {level}")
    known = known_of(asked["list_file"], tests(), language)
    complete = not only and not asked["since"]
    run = Run(level, profile, tuple(packs), settings.suite, complete, asked["command"],
              f"{hello.name} {hello.version}", own)  # fmt: skip
    done: list[Result] = []
    shown = sys.stderr.isatty()

    def told(result: Result) -> None:
        done.append(result)
        if shown:
            line = f"{len(done)}/{len(listed)}  {result.verdict.value:16} {result.test[:60]:60}"
            click.echo(f"\r{line}", err=True, nl=False)

    workers = asked["workers"] or min(2, os.cpu_count() or 1)
    budget = seconds_of(asked["budget"])
    found = examined(settings, listed, workers=workers, budget=budget, told=told, fail_fast=asked["fail_fast"])
    if shown:
        click.echo("\r" + " " * 100 + "\r", err=True, nl=False)
    return hello, run, [with_known(result, known) for result in found]


def edited_since(commit: str, everything: Sequence[Test], language: Language) -> tuple[Test, ...]:
    """The tests of which a clause was edited since a commit, and a word about how many clauses were; raises `NoGit` and
    `NoRevision`."""
    edited = changed_since(commit)
    found = tuple(test for test in everything if edited & set(test.clauses))
    told = " ".join(sorted(edited)[:MANY]) + (" .." if len(edited) > MANY else "")
    click.echo(word("since", language, clauses=len(edited), tests=len(found), commit=commit, names=told), err=True)
    return found


def words(text: str) -> list[str]:
    """Names by commas."""
    return [word.strip() for word in text.split(",") if word.strip()]


def seconds_of(text: str) -> float:
    """A budget in seconds; 0 for none."""
    if not text:
        return 0
    number, unit = (text[:-1], text[-1]) if text[-1] in "sm" else (text, "s")
    if not number.isdecimal() or int(number) == 0:
        raise click.BadParameter(f"--budget {text}: 300s, 5m")
    return int(number) * (60 if unit == "m" else 1)


def known_of(path: Path | None, everything: Sequence[Test], language: Language) -> dict[str, Any]:
    """The known failures of a file; an entry that is none is a usage error."""
    if path is None:
        return {}
    try:
        return dict(known_failures(path.read_text(encoding="utf-8"), everything, datetime.now(UTC).date().isoformat()))
    except OSError as error:
        raise click.BadParameter(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise click.BadParameter(f"{path}: {error.reason}") from None
    except BadList as bad:
        raise click.BadParameter(f"{path}: {bad.args[0]} {in_words(bad.args[1], language)}") from None


def last_failed(folder: Path) -> list[str]:
    """The tests that did not pass in the last run kept there."""
    try:
        data = json.loads((folder / LAST).read_text(encoding="utf-8"))
        return [test["id"] for test in data["tests"] if test["verdict"] not in ("PASS", "XFAIL")] or ["(none failed)"]
    except (OSError, ValueError, KeyError, TypeError):
        raise click.BadParameter(f"--failed-last: {folder / LAST}") from None


def keep(results: Sequence[Result], run: Run, folder: Path) -> list[Result]:
    """The results, each failure with the file that replays it."""
    kept = []
    for result in results:
        if result.failure is not None and result.verdict in {*VIOLATED, Verdict.XFAIL}:
            path = folder / f"{result.test}.json"
            write(path, replay_file(result, run))
            result = evolve(result, failure=evolve(result.failure, file=str(path)))
        kept.append(result)
    return kept


