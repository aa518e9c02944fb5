"""`yilian node`: the reference behind the node protocol, on standard input and output or on a socket.

It must not judge, and holds no code of the kit: what is asked is answered.
"""

import sys

import click

from refimpl.commands.node.conversation import Conversation
from refimpl.shell.pipes import forget, listen, serve


@click.command("node")
@click.option("--listen", "address", help="unix:PATH | tcp:HOST:PORT")
def command(address: str | None) -> None:
    """Answer a test kit, line by line. / 逐行应答测试套件。"""
    if address is None:
        serve(Conversation(), sys.stdin.buffer, sys.stdout.buffer)
        return
    try:
        listen(address, Conversation, lambda name: click.echo(name, err=True))
    finally:
        forget(address)
