"""`yilian rehearse FOLDER`: everything that `yilian serve` needs, of a made-up alliance: ledger, certificates, keys.

With `--ledger FILE` the certificates and keys are those of the members of a ledger that `yilian run` left. The keys are
those that everybody knows: to try, to teach, to test. The folder appears whole or not at all.
"""

import time
from pathlib import Path

import click

from refimpl.commands.verify import stored_in
from refimpl.node.archive import Archive
from refimpl.scenarios.rehearsal import papers, told_ledger
from refimpl.shell.faults import Fault
from refimpl.shell.files import delivered
from refimpl.shell.messages import Language, say
from refimpl.store.sqlite import create

__all__ = ["command"]


@click.command("rehearse")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--ledger", type=click.Path(path_type=Path), help="只为此账本的成员出证书 / papers for its members")
@click.pass_context
def command(context: click.Context, folder: Path, ledger: Path | None) -> None:
    """A ledger, certificates and keys to try `serve` with. / 生成演练用的账本、证书与密钥。"""
    if folder.exists():
        raise Fault("file.occupied", path=str(folder))
    now = int(time.time())
    disk = told_ledger(now) if ledger is None else stored_in(ledger)
    chain = Archive(disk)
    members = chain.members(chain.height + 1)
    with delivered(folder) as scratch:
        if ledger is None:
            store = create(scratch / "ledger.sqlite")
            store.apply(sorted(disk.items()), sync=True)
            store.close()
        for name, content, mode in papers(members, now):
            (scratch / name).write_bytes(content)
            (scratch / name).chmod(mode)
    language = Language(context.meta.get("yilian.language", "en"))
    click.echo(say("rehearse.done", language, members=len(members), folder=folder), err=True)
