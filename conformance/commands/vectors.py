"""`yilian vectors export | check | run | confirm`: the published vectors and schemas, with their sums, out of the
package; and vectors in a folder, exported or kept, held against their sums, against the clauses that they cite, and
against a node.

It must not know what a case means.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, cast

import click

from conformance.cli import must_be_writable, write
from conformance.conform.examine import Unusable
from conformance.conform.schedule import KIND, Schedule, shown
from conformance.conform.session import Session
from conformance.conform.vectors import FOLDER, compare, read_cases
from conformance.conform.verdicts import Failed, Unsupported, Verdict
from conformance.door import Breach, Stopped, Unstarted
from conformance.drivers.levels import Settings, bench_of
from conformance.plan import PlanError
from conformance.report.verdicts import broken_off
from conformance.report.words import Language, word
from conformance.sentences import Text, in_words, say
from conformance.standard import Clause, clauses, place

SUMS: Final = "SHA256SUMS"
BESIDE: Final = ("errors.toml", "limits.toml", "ir.schema.json", "node.schema.json", "wire.schema.json")
PROGRAM: Final = "contract.program"
"""A case of this kind is a program that cases below it name."""


def _is_text(value: object) -> bool:
    return isinstance(value, str)


TEXT: Final = say("shape.a-text")
REQUIRED: Final[Mapping[str, tuple[Callable[[Any], bool], Text]]] = {
    "clauses": ((lambda v: isinstance(v, list) and all(map(_is_text, v))), say("vector.ids")),
    "expect": ((lambda v: isinstance(v, dict) and isinstance(v.get("refused", {}), dict)), say("vector.outcome")),
    "id": (_is_text, TEXT), "input": ((lambda v: isinstance(v, dict)), say("shape.an-object")),
    "kind": (_is_text, TEXT), "level": (_is_text, TEXT), "why": (_is_text, TEXT),
}  # fmt: skip
"""Member of every case -> what it must be."""
FOUND: Final = 1
USAGE: Final = 2
UNUSABLE: Final = 3


@click.group("vectors")
def command() -> None:
    """The published vectors. / 已发布的测试向量。"""


@command.command("export")
@click.argument("folder", type=click.Path(path_type=Path))
def export(folder: Path) -> None:
    """Write all vectors and schemas to a new folder. / 导出全部向量与模式。"""
    if folder.exists() and any(folder.iterdir()):
        raise click.BadParameter(f"{folder}: not empty / 目录非空")
    must_be_writable(folder)
    texts = dict(_all())
    for name, text in texts.items():
        write(folder / name, text)
    write(folder / SUMS, sums(texts))
    cases = sum(text.count("\n") - 1 for name, text in texts.items() if name.endswith(".jsonl"))
    click.echo(f"{len(texts)} files, {cases} cases")


@command.command("check")
@click.argument("folder", type=click.Path(path_type=Path))
@click.pass_context
def check(context: click.Context, folder: Path) -> None:
    """Hold vectors against their sums, their form and the clauses they cite. / 核对向量的校验和、形式与所引条款。"""
    listed, language = listed_in(folder), spoken(context)
    wrong = list(faults(folder, listed))
    for fault in wrong:
        click.echo(in_words(fault, language))
    if wrong:
        context.exit(UNUSABLE)
    old = [(name, clause) for name in files_of(listed) for clause in stale(folder / name)]
    for name, clause in old:
        count = len(citing(folder / name, clause))
        click.echo(word("vectors.stale", language, name=name, clause=clause, count=count, folder=folder))
    if old:
        context.exit(FOUND)
    click.echo(f"{len(listed.splitlines())} files")


@command.command("run")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--cmd", "node", default="", help="how the node is started / 启动节点的命令")
@click.option("--connect", "address", default="", help="unix:PATH | tcp:HOST:PORT")
@click.pass_context
def run(context: click.Context, folder: Path, node: str, address: str) -> None:
    """Put every case of a folder to a node. / 以目录中的全部用例检验节点。"""
    if bool(node) == bool(address):
        raise click.UsageError("--cmd COMMAND | --connect ADDRESS")
    listed, language = listed_in(folder), spoken(context)
    fault = next(faults(folder, listed), None)
    if fault is not None:
        click.echo(in_words(fault, language))
        context.exit(UNUSABLE)
    bench, right, count = bench_of(Settings(node, address)), 0, 0
    try:
        for case in (case for name in files_of(listed) for case in read_cases(folder / name)):
            count += 1
            try:
                answer(bench.session(), case)
                right += 1
            except Failed as failed:
                texts = {"expected": in_words(failed.expected, language), "actual": in_words(failed.actual, language)}
                found = word("differs", language, clause=failed.clause, **texts)
                click.echo(f"{failed.verdict.value}  {case['id']}  {found}")
            except Unsupported as missing:
                click.echo(f"{Verdict.UNSUPPORTED.value}  {case['id']}  {in_words(missing.args[0], language)}")
    except (Unusable, Unstarted, Breach, Stopped) as end:
        for line in broken_off(end.args[0] if isinstance(end, Unusable) else end, language):
            click.echo(line, err=True)
        context.exit(UNUSABLE)
    finally:
        bench.drop()
    click.echo(word("vectors.ran", language, right=right, count=count))
    context.exit(0 if right == count else FOUND)


@command.command("confirm")
@click.argument("clause")
@click.argument("folder", type=click.Path(path_type=Path))
@click.pass_context
def confirm(context: click.Context, clause: str, folder: Path) -> None:
    """Their cases were read again after the clause was edited. / 条款修订后，其用例已重读。"""
    known, listed = clauses().get(clause), listed_in(folder)
    if known is None:
        raise UnknownClause(clause)
    fault = next(faults(folder, listed), None)
    if fault is not None:
        click.echo(in_words(fault, spoken(context)))
        context.exit(UNUSABLE)
    named = [name for name in files_of(listed) if clause in stale(folder / name)]
    count = sum(len(citing(folder / name, clause)) for name in named)
    texts = {name: renewed((folder / name).read_text(encoding="utf-8"), known) for name in named}
    old = {line.partition("  ")[2]: line for line in listed.splitlines()}
    for name, text in texts.items():
        write(folder / name, text)
        old[name] = sums({name: text}).rstrip("\n")
    write(folder / SUMS, "".join(f"{old[name]}\n" for name in sorted(old)))
    click.echo(word("vectors.confirmed", spoken(context), clause=clause, files=len(named), cases=count))


class UnknownClause(Exception):
    """An id that the standard does not have."""

    def __init__(self, clause: str) -> None:
        super().__init__(clause)
        self.code, self.values, self.status = "clause.unknown", {"clause": clause}, USAGE


def spoken(context: click.Context) -> Language:
    """The reader's language."""
    return cast(Language, context.meta.get("yilian.language", "en"))


def listed_in(folder: Path) -> str:
    """The sums of a folder."""
    listed = folder / SUMS
    if not listed.is_file():
        raise click.BadParameter(f"{folder}: no {SUMS} / 缺少 {SUMS}")
    return listed.read_text(encoding="utf-8", errors="replace")


def files_of(listed: str) -> list[str]:
    """The files of cases among those of a list of sums."""
    names = (line.partition("  ")[2] for line in listed.splitlines())
    return [name for name in names if name.endswith(".jsonl")]


def stale(path: Path) -> list[str]:
    """The clauses that a file cites and whose sentences are others in this standard, or are gone."""
    with path.open(encoding="utf-8") as lines:
        cited = json.loads(next(lines))["_info"]["clauses"]
    return sorted(name for name, digest in cited.items() if name not in clauses() or clauses()[name].digest != digest)


def citing(path: Path, clause: str) -> list[str]:
    """The ids of the cases that cite a clause."""
    _, *lines = path.read_text(encoding="utf-8").split("\n")
    return [case["id"] for case in map(json.loads, filter(None, lines)) if clause in case["clauses"]]


def renewed(text: str, known: Clause) -> str:
    """The file with the digest that the sentence has now."""
    head, rest = text.split("\n", 1)
    info = json.loads(head)
    info["_info"]["clauses"][known.id] = known.digest
    return json.dumps(info, ensure_ascii=False, sort_keys=True, separators=(",", ":")) + "\n" + rest


def answer(session: Session, case: Mapping[str, Any]) -> None:
    """Raise `Failed` or `Unsupported` unless a node answers a case as it says."""
    if case["kind"] == KIND:
        dialogue(session, case)
        return
    reply = session.ask("vector", input=case["input"], kind=case["kind"])
    compare(case, reply.kind, reply.value, session.exchange())


def dialogue(session: Session, case: Mapping[str, Any]) -> None:
    """The same for a schedule: a valid one is answered so, its twin is not, and differs where it says."""
    schedule = Schedule.from_data(case["input"])
    differs = schedule.differs(session.door)
    if differs is not None and differs[1] == {"err": "not_supported"}:
        raise Unsupported(f"{schedule.profile}, {schedule.suite}: {schedule.steps[differs[0]][0]['op']}")
    at = "" if differs is None else f"/steps/{differs[0]}/reply"
    expected = case["expect"].get("refused", {}).get("at", "")
    if at != expected:
        number = int((at or expected).split("/")[2])
        right = shown(schedule.steps[number][1])
        found = say("vector.same") if differs is None else shown(differs[1])
        wanted = say("vector.not", reply=right) if expected == f"/steps/{number}/reply" else right
        clause = case["clauses"][0] if case["clauses"] else "NOD-021"
        raise Failed(clause, say("vector.step", at=at or expected, reply=wanted), found)


def _all() -> Iterator[tuple[str, str]]:
    """Name -> text of everything that is exported."""
    for path in sorted(FOLDER.glob("*/*.jsonl")):
        yield f"v1/{path.parent.name}/{path.name}", path.read_text(encoding="utf-8")
    yield "README.md", (FOLDER.parent / "README.md").read_text(encoding="utf-8")
    for name in BESIDE:
        yield name, (place() / name).read_text(encoding="utf-8")


def sums(texts: dict[str, str]) -> str:
    """A line a file, as `sha256sum --check` reads it."""
    return "".join(f"{sha256(text.encode()).hexdigest()}  {name}\n" for name, text in sorted(texts.items()))


def faults(folder: Path, listed: str) -> Iterator[Text]:
    """What does not hold: a sum, a file that is missing, a case without its form."""
    for line in listed.splitlines():
        digest, _, name = line.partition("  ")
        path = folder / name
        if not path.is_file():
            yield say("vector.missing", name=name)
        elif sha256(path.read_bytes()).hexdigest() != digest:
            yield say("vector.sum", name=name, digest=digest[:16])
        elif name.endswith(".jsonl"):
            yield from _form(name, path.read_bytes())


def _form(name: str, data: bytes) -> Iterator[Text]:
    """What is wrong with a file of cases, line by line, whatever its bytes are."""
    head, *lines = data.split(b"\n")
    info = _parsed(head).get("_info")
    if not isinstance(info, dict) or not _are_digests(info.get("clauses")):
        yield say("vector.at-line", name=name, number=1, fault=say("vector.info"))
    programs: list[str] = []
    for number, line in enumerate(lines, 2):
        if line:
            for fault in _faults_of(_parsed(line), programs):
                yield say("vector.at-line", name=name, number=number, fault=fault)


def _faults_of(case: dict[str, Any], programs: list[str]) -> Iterator[Text]:
    """What is wrong with one case after these programs, to which its own is added."""
    missing = REQUIRED.keys() - case.keys()
    if missing:
        yield say("vector.missing-members", names=", ".join(sorted(missing)))
        return
    for key, (holds, expected) in REQUIRED.items():
        if not holds(case[key]):
            yield say("vector.fault", at=f"/{key}", expected=expected, found=shown(case[key]))
            return
    if case["kind"] == PROGRAM:
        programs.append(case["id"])
    elif "program" in case["input"] and case["input"]["program"] not in programs:
        found = shown(case["input"]["program"])
        yield say("vector.fault", at="/input/program", expected=say("vector.program"), found=found)
    if case["kind"] == KIND:
        try:
            Schedule.from_data(case["input"])
        except PlanError as error:
            yield say("vector.fault", at=f"/input{error.at}", expected=error.expected, found=error.found)


def _parsed(line: bytes) -> dict[str, Any]:
    """The object of a line; nothing if it is none."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _are_digests(value: object) -> bool:
    """Whether this is a table from clause to digest."""
    return isinstance(value, dict) and all(isinstance(one, str) for one in value.values())
