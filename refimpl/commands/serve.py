"""`yilian serve LEDGER --authority CA.der`: a member's ledger over HTTP, with the visual client at `/`.

With `--key FILE --as MEMBER` the node of a lone validator works and takes transactions; without, the ledger is shown.
Exit 0 when it was interrupted, which is how a service ends; 2 without the extra `[serve]`; 3 for what cannot be used. A
person must say `--expose` before anything but this machine can reach it.
"""

import ipaddress
import time
from importlib.util import find_spec
from pathlib import Path

import click

from refimpl.application.certificates import read_authority
from refimpl.crypto.recipes import KeyPair, verifier
from refimpl.data.ids import Suite, member_id
from refimpl.shell.faults import USAGE, Fault
from refimpl.shell.files import read_file
from refimpl.shell.keyfile import read_secret
from refimpl.shell.messages import Language, say

__all__ = ["command"]


@click.command("serve")
@click.argument("ledger", type=click.Path(path_type=Path))
@click.option("--authority", required=True, type=click.Path(path_type=Path), help="CA 证书 (DER) / the consortium's")
@click.option("--key", "key_file", type=click.Path(path_type=Path), help="密钥文件 / key file, 64 hex digits, 0600")
@click.option("--as", "name", help="以哪个成员运行节点 / the member whose node works")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=8765, show_default=True, help="0: 任选 / any free one")
@click.option("--expose", is_flag=True, help="允许其他机器访问 / let other machines reach it")
@click.pass_context
def command(
    context: click.Context, ledger: Path, authority: Path, key_file: Path | None, name: str | None, host: str,
    port: int, expose: bool,
) -> None:  # fmt: skip
    """Serve a ledger over HTTP. / 以 HTTP 提供账本，首页为可视化客户端。"""
    language = Language(context.meta.get("yilian.language", "en"))
    if any(find_spec(one) is None for one in ("starlette", "uvicorn")):
        raise Fault("extra.missing", status=USAGE, extra="serve")
    if (key_file is None) != (name is None):
        raise click.UsageError(say("serve.together", language), context)
    if not expose and not _is_loopback(host):
        raise click.UsageError(say("serve.exposed", language, host=host), context)
    from refimpl.service.gateway import Gateway
    from refimpl.service.node import Kept, Working, open_kept, open_working
    from refimpl.service.requests import Doorkeeper
    from refimpl.service.server import serve

    issuer, verify = read_authority(read_file(authority)), verifier(Suite.INTL)
    node: Kept | Working
    if key_file is not None and name is not None:
        key = KeyPair(Suite.INTL, read_secret(key_file))
        node = open_working(ledger, member_id(name), key, verify, int(time.time()))
    else:
        node = open_kept(ledger, verify)
    channel = node.ledger.genesis.channel
    mode = name or ("只供查阅" if language is Language.ZH else "to be read")

    def listening(bound: int) -> None:
        click.echo(say("serve.listening", language, channel=channel, host=host, port=bound, mode=mode), err=True)

    serve(Gateway(node, Doorkeeper(issuer, channel, verify)), node, host, port, listening)
    click.echo(say("serve.stopped", language), err=True)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
