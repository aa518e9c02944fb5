"""The command `yilian`: a table of subcommands, loaded when named, and the one place where a refusal becomes a message.

Exit statuses: 0 ok; 1 findings, refused, failed or violated; 2 called wrongly or an extra is missing; 3 what was
given cannot be used; 70 our own error, with a line that replays it; 130 interrupted, by Ctrl-C or SIGTERM. stdout
carries data and nothing else.

It may know every part, but only by name: importing this module loads click and no layer, so that `yilian --version` and
completion answer at once. A subcommand is a click command anywhere in the project; it reads the language of the
reader from `click.get_current_context().meta["yilian.language"]` ("zh" or "en") and may leave a better line for
replaying itself in `meta["yilian.replay"]`.
"""

import errno
import importlib
import os
import shlex
import signal
import threading
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, NamedTuple, NoReturn

import click

from refimpl import __version__
from refimpl.shell.faults import FOUND, INTERRUPTED, OURS, UNUSABLE, USAGE
from refimpl.shell.messages import Language, language_of, say

LANGUAGE: Final = "yilian.language"
"""Key of `Context.meta`: the language of the reader, "zh" or "en"."""
REPLAY: Final = "yilian.replay"
"""Key of `Context.meta`: a command line that repeats the run, set by a subcommand that knows a better one than its
own."""


class Entry(NamedTuple):
    """Where a subcommand is, and what it does in one line of each language."""

    place: str
    zh: str
    en: str


COMMANDS: Final[Mapping[str, Entry]] = {
    "audit": Entry("refimpl.commands.audit:command", "卫健委监管本辖区的全部交易", "what a commission supervises"),
    "check": Entry("contracts_dsl.cli.check:command", "检查合约包", "check a package of contracts"),
    "conform": Entry(
        "conformance.commands.conform:command", "检验任何语言实现的节点", "examine a node in any language"
    ),
    "doc": Entry("contracts_dsl.cli.doc:command", "生成供法律人员阅读的文档", "write what a lawyer reads of contracts"),
    "engines": Entry("refimpl.commands.engines:command", "列出共识引擎及其承诺", "list the consensus engines"),
    "explain": Entry("contracts_dsl.cli.explain:command", "解释诊断或拒绝的编码", "explain a diagnostic or refusal"),
    "explore": Entry("conformance.cli:command", "抽取并裁决大量故障计划", "play and judge thousands of fault plans"),
    "fmt": Entry("contracts_dsl.cli.fmt:command", "统一合约文件的版式", "lay contract files out by rule"),
    "lint": Entry("contracts_dsl.cli.lint:command", "对合约文件给出建议", "advise on contract files"),
    "matrix": Entry(
        "conformance.commands.matrix:command",
        "以每种抽取方式捕获每个植入的缺陷",
        "hunt every planted error with every way to draw plans",
    ),
    "new": Entry("conformance.commands.new:command", "新建一个节点项目", "begin a node of your own"),
    "node": Entry("refimpl.commands.node.command:command", "以节点协议应答测试套件", "answer a test kit as a node"),
    "play": Entry("contracts_dsl.cli.play:command", "按种子或脚本逐步运行合约", "step a package by a seed or a script"),
    "rehearse": Entry(
        "refimpl.commands.rehearse:command", "生成演练用的账本、证书与密钥", "a ledger and keys to try with"
    ),
    "repl": Entry("contracts_dsl.cli.repl:command", "交互地逐步运行合约", "step a package as you type"),
    "replay": Entry("refimpl.commands.replay:command", "逐位重放已保存的计划", "run a saved plan again, bit for bit"),
    "run": Entry("refimpl.commands.run:command", "运行场景，其中一个节点说谎", "run a scenario with one node lying"),
    "selfcheck": Entry(
        "conformance.cli:selfcheck_command",
        "核对本套件能否捕获所有植入的缺陷",
        "show that the suite finds every planted error",
    ),
    "serve": Entry("refimpl.commands.serve:command", "以 HTTP 提供账本与可视化客户端", "serve a ledger and its client"),
    "synthesize": Entry(
        "refimpl.commands.synthesize:command", "按种子生成虚构的中文数据", "make up Chinese data from a seed"
    ),
    "test": Entry("contracts_dsl.cli.test:command", "运行合约文件中的用例", "run the tests in contract files"),
    "trace": Entry("refimpl.commands.trace:command", "追溯谁登记、谁查阅", "who recorded and who saw"),
    "translate": Entry("contracts_dsl.cli.translate:command", "中英文逐字互译", "translate a contract word by word"),
    "vectors": Entry(
        "conformance.commands.vectors:command",
        "导出、核对测试向量，或以之检验节点",
        "export or check vectors, or put them to a node",
    ),
    "verify": Entry("refimpl.commands.verify:command", "从创世块起核验账本", "check a ledger from its genesis"),
}
"""Name -> where the command is ("module:attribute") and its one line. Only commands that exist stand here."""

UNUSABLE_CODES: Final = frozenset({
    "address", "consensus.not_alone", "consensus.unknown_engine", "fhir", "file", "key", "plan", "scenario", "serve",
    "store", "wire",
})  # fmt: skip
"""Areas of codes, and single codes, that say: what was given is not of its kind (exit 3). All others are findings
(exit 1)."""


class Yilian(click.Group):
    """The group whose subcommands are imported when they are named."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does, with the whole command line kept as the line that replays it."""
        ctx.meta[REPLAY] = shlex.join(["yilian", *args])
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of the table, sorted."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The subcommand, imported now, with `--lang` added, or its own `--lang` listened to."""
        if cmd_name not in COMMANDS:
            return None
        command = loaded(COMMANDS[cmd_name].place)
        own = next((parameter for parameter in command.params if "--lang" in parameter.opts), None)
        if own is None:
            command.params.append(language_option())
        elif own.callback is None:
            own.callback = remembered
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with an unknown name answered in the reader's language."""
        name = args[0] if args else ""
        if name not in COMMANDS and not name.startswith("-"):
            known = " ".join(sorted(COMMANDS))
            raise click.UsageError(say("command.unknown", reader(ctx), name=name, known=known), ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """One line a command from the table: help loads none of them."""
        language = reader(ctx)
        lines = [(name, entry.zh if language is Language.ZH else entry.en) for name, entry in sorted(COMMANDS.items())]
        if lines:
            with formatter.section("命令" if language is Language.ZH else "Commands"):
                formatter.write_dl(lines)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the subcommand; whatever it raises becomes a message on stderr and an exit status."""
        try:
            with ended_in_order():
                return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit):
            raise
        except (KeyboardInterrupt, click.Abort):
            stop(ctx, INTERRUPTED, say("interrupted", reader(ctx)))
        except Exception as error:
            if isinstance(error, OSError) and error.errno == errno.EPIPE:
                raise  # the reader of our output has seen enough; click ends quietly
            if is_refusal(error):
                stop(ctx, status_of(error), told(error, reader(ctx)))
            stop(ctx, OURS, our_own(ctx, error))


@contextmanager
def ended_in_order() -> Iterator[None]:
    """While this lasts, SIGTERM ends a command as Ctrl-C does: what was found is said, nothing is left half-written."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def loaded(place: str) -> click.Command:
    """The command at `module:attribute`."""
    module, _, attribute = place.partition(":")
    command = getattr(importlib.import_module(module), attribute)
    assert isinstance(command, click.Command)
    return command


def reader(ctx: click.Context) -> Language:
    """The language of whoever reads."""
    return Language(ctx.meta.get(LANGUAGE) or language_of(None, os.environ))


def stop(ctx: click.Context, status: int, message: str) -> NoReturn:
    """Say it on stderr and leave with the status."""
    click.echo(message, err=True)
    ctx.exit(status)


def is_refusal(error: Exception) -> bool:
    """Whether an exception carries a code and values: `Fault`, and the `Refused` of the ledger and of the language."""
    return isinstance(getattr(error, "code", None), str) and isinstance(getattr(error, "values", None), Mapping)


def status_of(error: Any) -> int:
    """The exit status a refusal asks for; its own, where it has one as `Fault` has."""
    if isinstance(getattr(error, "status", None), int):
        return int(error.status)
    code = str(error.code)
    return UNUSABLE if {code, code.partition(".")[0]} & UNUSABLE_CODES else FOUND


def told(error: Any, language: Language) -> str:
    """`code: sentence (at pointer)` of a refusal, from the table of the shell or the list of spec/errors.toml."""
    from refimpl.shell.refusals import sentence

    place = getattr(error, "at", "")
    return f"{error.code}: {sentence(str(error.code), language, error.values)}" + (f" ({place})" if place else "")


def our_own(ctx: click.Context, error: Exception) -> str:
    """What to report of an error of ours: its kind and place, never its text, which may quote a record.

    With YILIAN_TRACEBACK set, the whole traceback goes before it.
    """
    if os.environ.get("YILIAN_TRACEBACK"):
        traceback.print_exception(error)
    frame = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{type(error).__name__}, {frame.filename.rpartition(os.sep)[2]}:{frame.lineno}"
    return say("ours", reader(ctx), error=where, replay=ctx.meta[REPLAY])


def language_option() -> click.Option:
    """`--lang`, which any command takes before or after its own name."""

    def chosen(ctx: click.Context, parameter: click.Parameter, value: str | None) -> None:
        if value is not None or LANGUAGE not in ctx.meta:
            ctx.meta[LANGUAGE] = str(language_of(value, os.environ))
        if value is not None and ctx.parent is None:  # for subcommands with a `--lang` of their own
            ctx.default_map = {name: {"lang": value} for name in COMMANDS}

    return click.Option(
        ["--lang"],
        type=click.Choice([str(language) for language in Language]),
        callback=chosen,
        expose_value=False,
        is_eager=True,
        help="zh | en",
    )


def remembered(ctx: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """Callback of a subcommand's own `--lang`: refusals are said in that language too."""
    if value is not None:
        ctx.meta[LANGUAGE] = value
    return value


def show_version(ctx: click.Context, parameter: click.Parameter, value: object) -> None:
    """Print name and version."""
    if value:
        click.echo(f"yilian {__version__}")
        ctx.exit()


main: Final = Yilian(
    "yilian",
    params=[
        language_option(),
        click.Option(
            ["--version"], is_flag=True, expose_value=False, is_eager=True, callback=show_version, help="x.y.z"
        ),
    ],
    help="医联：医疗联合体账本的可执行标准 / yilian: an executable standard for medical-alliance ledgers",
    context_settings={"help_option_names": ["-h", "--help"]},
)
"""What the console script calls."""

__all__ = ["COMMANDS", "LANGUAGE", "REPLAY", "USAGE", "Entry", "Yilian", "main"]
