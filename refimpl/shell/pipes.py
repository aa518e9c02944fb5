"""Lines in, lines out: standard input and output, or a socket that listens.

Why apart: a conversation is a pure object that answers a line; only here does it meet a process. It must not know what
a line says.
"""

import socket
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import BinaryIO, Protocol

from refimpl.shell.faults import USAGE, Fault

__all__ = ["Answering", "listen", "serve"]


class Answering(Protocol):
    """A conversation: `over` once nothing more is to be read."""

    over: bool

    def answer(self, line: bytes) -> bytes:
        """The reply to one line, with its LF."""
        ...


def serve(answering: Answering, incoming: BinaryIO, outgoing: BinaryIO) -> None:
    """Answer line by line until the end of the input, or until it is over."""
    for line in incoming:
        outgoing.write(answering.answer(line))
        outgoing.flush()
        if answering.over:
            return


def listen(address: str, make: Callable[[], Answering], ready: Callable[[str], None]) -> None:
    """Serve one connection after the other at `unix:PATH` or `tcp:HOST:PORT`, each a new conversation, until
    interrupted (NOD-008).

    `ready` is told the address once somebody can connect (port 0 becomes a real one). Raises `Fault`
    `address.unusable`.
    """
    with closing(_bound(address)) as listener:
        listener.listen()
        ready(_name_of(listener, address))
        while True:
            connection, _ = listener.accept()
            with connection, connection.makefile("rwb") as stream:
                serve(make(), stream, stream)  # type: ignore[arg-type]  # BufferedRWPair reads and writes


def _bound(address: str) -> socket.socket:
    kind, _, place = address.partition(":")
    try:
        if kind == "unix":
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(place)
            return listener
        host, _, port = place.rpartition(":")
        if kind == "tcp" and host and port.isdecimal():
            return socket.create_server((host, int(port)))
    except OSError as error:
        raise Fault("address.unusable", status=USAGE, address=address, reason=error.strerror or "") from None
    raise Fault("address.unusable", status=USAGE, address=address, reason="unix:PATH, tcp:HOST:PORT")


def _name_of(listener: socket.socket, address: str) -> str:
    return address if address.startswith("unix:") else "tcp:{}:{}".format(*listener.getsockname()[:2])


def forget(address: str) -> None:
    """Remove the file of a Unix socket that nobody listens to any more."""
    if address.startswith("unix:"):
        Path(address.removeprefix("unix:")).unlink(missing_ok=True)
