"""Frames through the door: what checking every line both ways costs beside a plain pipe with Python's own JSON.

The node is a loop that answers without thinking, so that the kit is what is measured.
"""

import json
import subprocess
import sys
from collections.abc import Callable

from bench.measure import Contender, Contest, Method, Unequal
from conformance.door import Door, Guards, Process

NODE = """
import sys
effects = '[{"effect":"persist","sync":true,"writes":[{"key":"consensus/1/0/prevote/m0","value":"7b22"}]},' \\
          '{"bytes":"' + "7b22" * 75 + '","effect":"send","to":"all"}]'
for line in sys.stdin:
    at = line.index('"id":') + 5
    sys.stdout.write('{"id":%s,"ok":{"effects":%s}}\\n' % (line[at:line.index(",", at)], effects))
    sys.stdout.flush()
"""
COMMAND = [sys.executable, "-S", "-c", NODE]
FIELDS = {"bytes": "7b226b" * 50, "from": "m1", "now": 1_767_225_602_000}
BATCH = 16


def checked(window: int) -> Callable[[], object]:
    """So many requests through the door, as many under way as the window allows."""
    door = Door(Process(COMMAND, Guards()))

    def run() -> object:
        door.record.clear()
        replies = []
        for first in range(0, BATCH, window):
            nodes = range(first, first + window)
            replies += door.ask_many([("deliver", {**FIELDS, "node": f"n{node}"}) for node in nodes])
        return replies[-1].value["effects"]

    return run


def plain() -> Callable[[], object]:
    """The same over a pipe, one by one, nothing checked and nothing kept."""
    node = subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert node.stdin is not None, "piped"
    assert node.stdout is not None, "piped"
    into, out = node.stdin, node.stdout

    def run() -> object:
        for number in range(BATCH):
            into.write(json.dumps({"id": number + 1, "op": "deliver", **FIELDS, "node": f"n{number}"}).encode() + b"\n")
            into.flush()
            reply = json.loads(out.readline())
        return reply["ok"]["effects"]

    return run


def frames(method: Method) -> Contest:
    """Requests and their replies, each reply with two effects."""
    contenders = [
        Contender("door, window 16", checked(16), BATCH), Contender("plain pipe", plain(), BATCH),
        Contender("door, window 4", checked(4), BATCH), Contender("door, window 1", checked(1), BATCH),
    ]  # fmt: skip

    def prove() -> None:
        told = [contender.run() for contender in contenders]
        if any(one != told[0] for one in told):
            raise Unequal("the replies differ")

    return Contest(
        "requests", tuple(contenders), "json over a pipe, one by one: nothing is checked and nothing kept", prove,
        gate=0.5, counts={"messages_a_request": 2}, every_core=True,
        note="every frame is checked against the schema, both ways; a window pays for the checks",
    )  # fmt: skip


ITEMS = {"door.frames": frames}
