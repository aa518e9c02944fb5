"""The kit's commands: `yilian explore` and `yilian selfcheck`.

Talk goes to stderr, data to stdout; found plans are kept as replay files.

It must not import the reference: targets are named.
"""

import errno
import json
import os
import sys
from pathlib import Path
from typing import Any, cast

import click
from attrs import asdict, evolve
from click.core import ParameterSource

from conformance.adversary.generate import PROFILES
from conformance.checkers.sometimes import demanded
from conformance.drivers.doorcheck import REFERENCES, Caught, bugs, hunt_all
from conformance.drivers.enumerate import ENUMERATIONS, ROUNDS
from conformance.drivers.explore import Campaign, Found, Tally, enumeration, explore, shrink_found
from conformance.drivers.merge import MERGED_SCHEMA, SCHEMA, merged
from conformance.drivers.selfcheck import selfcheck
from conformance.plan import Plan, PlanError, file_name
from conformance.plan_shapes import TIERS
from conformance.report.story import report
from conformance.report.words import Language, word
from conformance.sentences import say
from conformance.shrink import BUDGET
from conformance.targets import Target, contract
from conformance.trace import trace_digest

ENGINES = ("tendermint", "pbft", "hotstuff", "streamlet")
"""The engines of a reference campaign."""
TELLING = 2_000
"""Plans after which it means something that an event never happened."""
SELFCHECK_SCHEMA = "yilian/selfcheck/v1"
REPLAY_SCHEMA = "yilian/replay/v1"


@click.command("explore")
@click.option("--engine", default="tendermint", show_default=True, help="yilian engines")
@click.option("--runs", default=20_000, show_default=True, type=click.IntRange(1), help="plans to play / 计划数")
@click.option("--seed", default=0, show_default=True, help="plan i is a function of seed and i / 随机种子")
@click.option("--first", default=0, show_default=True, type=click.IntRange(0), help="first plan, to split a campaign")
@click.option("--nodes", default=4, show_default=True, type=click.IntRange(1, 10))
@click.option("--liars", default=None, type=click.IntRange(0, 10), help="default: the most the model allows")
@click.option("--heights", default=2, show_default=True, type=click.IntRange(1, 10))
@click.option("--profile", default="", type=click.Choice(["", *PROFILES]), help="how plans are drawn / 抽取方式")
@click.option("--tier", default="", type=click.Choice(["", *TIERS]), help="accountability: with too many liars / 层级")
@click.option("--zoo", default="", help="hunt a planted fault by id / 植入缺陷编号")
@click.option("--workers", default=0, type=click.IntRange(0), help="processes; 0: one a core")
@click.option("--stop-at", default=0, type=click.IntRange(0), help="stop once so many plans break something; 0: never")
@click.option("--out", "folder", type=click.Path(path_type=Path), default=Path("out"), show_default=True)
@click.option("--weights", default="", help="such as 1,1,1,3, one for each node / 各节点的权重")
@click.option("--enumerate", "enumerated", default="", type=click.Choice(["", *ENUMERATIONS]),
              help="every plan of a small scope, no chance / 穷举小范围内的全部计划")  # fmt: skip
@click.option("--rounds", default=ROUNDS, show_default=True, type=click.IntRange(1, 5), help="of an enumeration")
@click.option("--members", is_flag=True, help="whole nodes whose members come and go / 成员在运行中变更的完整节点")
@click.option("--reference", is_flag=True, help="every BFT engine in turn, --runs in all / 逐一运行各 BFT 引擎")
@click.option("--merge", "files", multiple=True, type=click.Path(path_type=Path, exists=True, dir_okay=False),
              help="add up what other machines printed with --json / 合并各机的 --json 结果")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help=f"{SCHEMA}; {MERGED_SCHEMA}")
@click.pass_context
def command(
    context: click.Context, engine: str, runs: int, seed: int, first: int, nodes: int, liars: int | None, heights: int,
    profile: str, tier: str, zoo: str, workers: int, stop_at: int, folder: Path, weights: str, enumerated: str,
    rounds: int, members: bool, reference: bool, files: tuple[Path, ...], as_json: bool,
) -> None:  # fmt: skip
    """Play thousands of drawn plans and judge each. / 成千上万地抽取故障计划并逐一裁决。"""
    if members and (engine not in ENGINES or enumerated):
        raise click.BadParameter(f"--members: --engine {' | '.join(ENGINES)}")
    if liars is not None and liars >= nodes:
        raise click.BadParameter(f"--liars {liars}, --nodes {nodes}")
    language = cast(Language, context.meta.get("yilian.language", "en"))
    if files:
        show_all(context, [read_campaign(path) for path in files], language, as_json=as_json)
        return
    campaign = Campaign(engine, seed, runs, first, nodes, liars, heights, profile, zoo, tier, enumerated, rounds,
                        weights_of(weights, nodes), members)  # fmt: skip
    must_be_writable(folder)
    if enumerated:
        whole = len(enumeration(enumerated, engine, nodes, rounds))
        campaign = evolve(campaign, runs=max(0, min(runs, whole - first) if limited(context) else whole - first))
    many = workers or os.cpu_count() or 1
    if reference:
        done = []
        for part in references(campaign):
            done.append(play_campaign(part, many, stop_at, folder))
            if done[-1][1]:
                break
        show_all(context, [data for data, _ in done], language, as_json=as_json)
        if done[-1][1]:
            context.exit(130)
        return
    Target(zoo).violations(campaign.plan(first))  # an unknown engine or id is refused before anything starts
    data, interrupted = play_campaign(campaign, many, stop_at, folder)
    if as_json:
        click.echo(json.dumps(data, ensure_ascii=False, sort_keys=True))
    else:
        show(campaign, data, language)
    if data["broken"] or interrupted:
        context.exit(130 if interrupted else 1)


def limited(context: click.Context) -> bool:
    """Whether somebody asked for a number of plans."""
    return context.get_parameter_source("runs") is not ParameterSource.DEFAULT


def weights_of(text: str, nodes: int) -> tuple[int, ...]:
    """The weights that a person writes; raises `click.BadParameter`."""
    if not text:
        return ()
    parts = text.split(",")
    if len(parts) != nodes or not all(part.isascii() and part.isdigit() and int(part) > 0 for part in parts):
        raise click.BadParameter(f"--weights {text}, --nodes {nodes}")
    return tuple(int(part) for part in parts)


def references(campaign: Campaign) -> list[Campaign]:
    """The same number of plans, to one, for each engine that bears lies in any network."""
    count = len(ENGINES)
    shares = [campaign.runs // count + (i < campaign.runs % count) for i in range(count)]
    return [evolve(campaign, engine=name, runs=share) for name, share in zip(ENGINES, shares, strict=True) if share]


def play_campaign(campaign: Campaign, workers: int, stop_at: int, folder: Path) -> tuple[dict[str, Any], bool]:
    """What a campaign came to, and whether somebody stopped it; found plans are shrunk and kept."""
    last = campaign.first + campaign.runs - 1
    click.echo(f"{campaign.engine} seed {campaign.seed}, plans {campaign.first}..{last}", err=True)
    heard, interrupted = [(Tally(), 0.0)], False
    try:
        explore(campaign, workers, lambda tally, seconds: tell(heard, tally, seconds), stop_at)
    except KeyboardInterrupt:
        interrupted = True
        click.echo("", err=True)
    tally, seconds = heard[-1]
    kept = [keep(campaign, found, clause, folder) for clause, found in first_of_each(tally)]
    return summary(campaign, tally, seconds, [one for one in kept if one is not None]), interrupted


def read_campaign(path: Path) -> dict[str, Any]:
    """What `--json` printed into a file; raises `PlanError` `plan.not_json`."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        raise PlanError("plan.not_json", "", say("plan.campaign"), path) from None
    return value if isinstance(value, dict) else {}


def show_all(context: click.Context, campaigns: list[dict[str, Any]], language: Language, *, as_json: bool) -> None:
    """Many campaigns as one object, or as a line each with a line for all."""
    data = merged(campaigns)
    if as_json:
        click.echo(json.dumps(data, ensure_ascii=False, sort_keys=True))
    else:
        for part in data["campaigns"]:
            click.echo(word("campaign", language, **{name: part[name] for name in ("engine", "first", "runs", "seed")}))
        rate = round(data["runs"] / data["seconds"]) if data["seconds"] else 0
        click.echo(word("explored", language, runs=data["runs"], rate=rate, decisions=data["decisions"]))
        told = ", ".join(f"{clause} {count}" for clause, count in data["broken"].items())
        click.echo(word("broken", language, classes=told or "-"))
        for found in data["found"]:
            click.echo(f"{found['clause']}  {found['engine']}  yilian replay {found['file']}")
    if data["broken"]:
        context.exit(1)


class Unwritable(Exception):
    """A place where found plans cannot be kept."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(path, reason)
        self.code, self.values = "file.unwritable", {"path": str(path), "reason": reason}


def must_be_writable(folder: Path) -> None:
    """Raise `Unwritable` before anything is played rather than after it; makes nothing."""
    nearest = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    if not nearest.is_dir():
        raise Unwritable(folder, f"{nearest}: {os.strerror(errno.ENOTDIR)}")
    if not os.access(nearest, os.W_OK):
        raise Unwritable(folder, f"{nearest}: {os.strerror(errno.EACCES)}")


def write(path: Path, text: str) -> None:
    """Put the text at `path`, whole or not at all; raises `Unwritable`."""
    beside = path.with_suffix(".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        raise Unwritable(path, error.strerror or "") from None
    finally:
        beside.unlink(missing_ok=True)


def tell(heard: list[tuple[Tally, float]], tally: Tally, seconds: float) -> None:
    """Remember the tally, and show progress where somebody watches."""
    heard.append((tally, seconds))
    if sys.stderr.isatty():
        rate = tally.runs / seconds if seconds else 0
        click.echo(f"\r{tally.runs} plans, {rate:.0f}/s, {len(tally.found)} found ", err=True, nl=False)


def first_of_each(tally: Tally) -> list[tuple[str, Found]]:
    """The first plan found for each broken class, in the order of the classes' first appearance."""
    first: dict[str, Found] = {}
    for found in tally.found:
        for clause in found.classes:
            first.setdefault(clause, found)
    return list(first.items())


def keep(campaign: Campaign, found: Found, clause: str, folder: Path) -> dict[str, Any] | None:
    """Shrink a found plan and write its replay file; None where the kill rule does not hold."""
    shrunk = shrink_found(campaign, found, clause, BUDGET)
    if shrunk is None:
        return None
    target = Target(campaign.zoo)
    history = target.play(shrunk.plan)
    path = folder / "found" / file_name(shrunk.plan, clause)
    replay = {
        "plan": shrunk.plan.to_data(), "schema": REPLAY_SCHEMA, "trace": trace_digest(history), "violates": clause,
        "zoo": campaign.zoo,
    }  # fmt: skip
    write(path, json.dumps(replay, sort_keys=True, indent=1) + "\n")
    return {"clause": clause, "file": str(path), "from": found.plan.size, "number": found.number,
            "plan": shrunk.plan.to_data(), "runs": shrunk.executions, "size": shrunk.plan.size,
            "complete": shrunk.complete}  # fmt: skip


def summary(campaign: Campaign, tally: Tally, seconds: float, kept: list[dict[str, Any]]) -> dict[str, Any]:
    """The object that `--json` prints."""
    by_class: dict[str, int] = {}
    for found in tally.found:
        for clause in found.classes:
            by_class[clause] = by_class.get(clause, 0) + 1
    return {
        "schema": SCHEMA, "engine": campaign.engine, "zoo": campaign.zoo, "seed": campaign.seed,
        "first": campaign.first, "runs": tally.runs, "complete": tally.runs == campaign.runs, "planned": campaign.runs,
        "nodes": campaign.nodes, "liars": campaign.liars, "heights": campaign.heights, "profile": campaign.profile,
        "tier": campaign.tier, "weights": list(campaign.weights), "enumerated": campaign.enumerated,
        "rounds": campaign.rounds,
        "decisions": tally.heights, "seconds": round(seconds, 2),
        "plans_per_second": round(tally.runs / seconds, 1) if seconds else 0, "triggered": dict(tally.triggered),
        "sometimes": dict(tally.sometimes), "never": never(campaign, tally),
        "broken": by_class, "found": kept,
    }  # fmt: skip


def never(campaign: Campaign, tally: Tally) -> list[str]:
    """What a campaign of some length should have seen happen and did not (INV-V5); of a short one, nothing is said."""
    demands = demanded(contract(campaign.engine)) if tally.runs >= TELLING and not campaign.zoo else ()
    return [name for name in demands if not tally.sometimes.get(name)]


def show(campaign: Campaign, data: dict[str, Any], language: Language) -> None:
    """The summary, then each kept plan as a person reads it."""
    fired = "  ".join(f"{kind} {count}" for kind, count in sorted(data["triggered"].items()))
    rate = data["plans_per_second"]
    click.echo(word("explored", language, runs=data["runs"], rate=rate, decisions=data["decisions"]))
    click.echo(word("fired", language, kinds=fired or "-"))
    told = "  ".join(f"{name} {count}" for name, count in sorted(data["sometimes"].items()))
    click.echo(word("sometimes", language, events=told or "-"))
    if data["never"]:
        click.echo(word("never", language, events=", ".join(data["never"])))
    click.echo(word("broken", language, classes=", ".join(f"{k} {v}" for k, v in data["broken"].items()) or "-"))
    target = Target(campaign.zoo)
    for kept in data["found"]:
        plan = Plan.from_data(kept["plan"])
        history = target.play(plan, watched=True)
        broken = tuple(v for v in target.judge(history) if v.clause == kept["clause"])
        before = word("size", language, size=kept["size"], before=kept["from"], runs=kept["runs"])
        click.echo()
        for row in report(plan, history, broken, language, f"yilian replay {kept['file']}", before):
            click.echo(row)


@click.command("selfcheck")
@click.option("--door", is_flag=True, help="planted bugs as processes / 以进程运行植入缺陷")
@click.option("--bug", "names", multiple=True, help="with --door: these only / 仅此编号")
@click.option("--workers", default=0, type=click.IntRange(0), help="processes; 0: one a core")
@click.option("--json", "as_json", is_flag=True, help=SELFCHECK_SCHEMA)
@click.pass_context
def selfcheck_command(
    context: click.Context, door: bool, names: tuple[str, ...], workers: int, as_json: bool
) -> None:  # fmt: skip
    """Hunt every planted bug and the controls. / 逐一捕获植入的缺陷并核对对照组。"""
    language = cast(Language, context.meta.get("yilian.language", "en"))
    if door or names:
        context.exit(hunt_through_the_door(names, language, as_json=as_json))
    kills = []
    for kill in selfcheck(workers or os.cpu_count() or 1):
        kills.append(kill)
        if not as_json:
            click.echo(word("killed" if kill.killed else "survived", language, **asdict(kill)))
        elif sys.stderr.isatty():
            click.echo(f"\r{kill.id} ", err=True, nl=False)
    if as_json:
        listed = [{**asdict(kill), "killed": kill.killed} for kill in kills]
        click.echo(json.dumps({"schema": SELFCHECK_SCHEMA, "zoo": listed}, sort_keys=True))
    if not all(kill.killed for kill in kills):
        context.exit(1)


def hunt_through_the_door(names: tuple[str, ...], language: Language, *, as_json: bool) -> int:
    """Every planted bug as a process, and the reference, which must be clean; the exit status."""
    known = bugs()
    strange = [name for name in names if name not in known and name not in REFERENCES]
    if strange:
        raise click.BadParameter(f"--bug {strange[0]}: {' '.join((*known, *REFERENCES))}")
    found = []
    for caught in hunt_all(names or (*known, *REFERENCES)):
        found.append(caught)
        if not as_json:
            click.echo(word(told_of(caught), language, **asdict(caught), ought=" ".join(caught.own)))
        elif sys.stderr.isatty():
            click.echo(f"\r{caught.id}   ", err=True, nl=False)
    planted = [one for one in found if one.id not in REFERENCES]
    counts = {"caught": sum(one.right for one in planted), "planted": len(planted)}
    if as_json:
        listed = [{**asdict(one), "expected": list(one.expected), "own": list(one.own), "right": one.right}
                  for one in found]  # fmt: skip
        click.echo(json.dumps({"schema": SELFCHECK_SCHEMA, **counts, "zoo": listed}, sort_keys=True))
    else:
        click.echo(word("zoo.sum", language, **counts))
    return 0 if all(one.right for one in found) else 1


def told_of(caught: Caught) -> str:
    """The word for what became of a hunt."""
    if caught.id in REFERENCES:
        return "zoo.clean" if caught.right else "zoo.alarm"
    if caught.right:
        return "zoo.caught"
    return "zoo.other" if caught.verdict else "zoo.escaped"
