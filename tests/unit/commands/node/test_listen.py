"""`yilian node` on a socket and on standard input."""

import io
import json
import socket
import subprocess
import sys
import threading

import pytest

from refimpl.commands.node.conversation import Conversation
from refimpl.shell.faults import Fault
from refimpl.shell.pipes import forget, listen, serve

RESET, BYE = b'{"id":1,"op":"reset"}\n', b'{"id":2,"op":"bye"}\n'


@pytest.mark.clause("NOD-001", "NOD-023")
def test_lines_are_answered_until_bye():
    out = io.BytesIO()
    serve(Conversation(), io.BytesIO(RESET + BYE + RESET), out)
    assert [json.loads(line) for line in out.getvalue().splitlines()] == [{"id": 1, "ok": {}}, {"id": 2, "ok": {}}]


@pytest.mark.clause("NOD-001", "NOD-023")
def test_the_process_writes_nothing_but_frames_and_ends_with_zero():
    done = subprocess.run([sys.executable, "-m", "refimpl", "node"], input=RESET + BYE, capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b'{"id":1,"ok":{}}\n{"id":2,"ok":{}}\n', b"")


@pytest.mark.clause("NOD-008")
@pytest.mark.parametrize("kind", ["unix", "tcp"])
def test_each_connection_is_a_new_conversation(kind, tmp_path):
    address = f"unix:{tmp_path}/n" if kind == "unix" else "tcp:127.0.0.1:0"
    ready, names = threading.Event(), []
    made = []

    def conversation():
        made.append(Conversation())
        return made[-1]

    def told(name):
        names.append(name)
        ready.set()

    threading.Thread(target=listen, args=(address, conversation, told), daemon=True).start()
    assert ready.wait(10)
    for _ in range(2):
        with connected(names[0]) as link, link.makefile("rwb") as stream:
            stream.write(RESET)
            stream.flush()
            assert json.loads(stream.readline()) == {"id": 1, "ok": {}}
    assert len(made) == 2
    forget(names[0])


def connected(address):
    kind, _, place = address.partition(":")
    if kind == "unix":
        link = socket.socket(socket.AF_UNIX)
        link.connect(place)
        return link
    host, _, port = place.rpartition(":")
    return socket.create_connection((host, int(port)), 10)


@pytest.mark.parametrize("address", ["pigeon:1", "tcp:nowhere", "unix:/no/such/folder/at/all"])
def test_an_address_that_nobody_can_listen_at_is_refused_by_name(address):
    with pytest.raises(Fault) as fault:
        listen(address, Conversation, print)
    assert (fault.value.code, fault.value.values["address"]) == ("address.unusable", address)
