"""A node under a name of its own: `renamed.py x/NAME PROFILE COMMAND..` starts a node and stands before it.

The profile is called by the other name, both ways, and every message is veiled, so that nothing of it can be read: to
the kit this is a protocol of which it knows nothing. Run as a process.
"""

import json
import subprocess
import sys

VEIL = 0x5A


def veiled(text):
    """Bytes in hex, each changed in the same way; twice is nothing."""
    return bytes(byte ^ VEIL for byte in bytes.fromhex(text)).hex()


def asked(frame, own, known):
    """A request as the node behind takes it."""
    if frame.get("config", {}).get("profile") == own:
        frame["config"]["profile"] = known
    if frame["op"] == "deliver":
        frame["bytes"] = veiled(frame["bytes"])
    return frame


def told(frame, own, known):
    """A reply as the kit takes it."""
    ok = frame.get("ok", {})
    if "profiles" in ok:
        ok["profiles"] = ["solo/1", own]
    for effect in ok.get("effects", ()):
        if effect["effect"] == "send":
            effect["bytes"] = veiled(effect["bytes"])
    return frame


def main(own, known, *command):
    """Between the two, until the kit has said goodbye."""
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as node:
        for line in sys.stdin.buffer:
            node.stdin.write(json.dumps(asked(json.loads(line), own, known)).encode() + b"\n")
            node.stdin.flush()
            reply = told(json.loads(node.stdout.readline()), own, known)
            sys.stdout.write(json.dumps(reply) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
