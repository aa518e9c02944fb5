"""A node that misbehaves as its first argument says, once it is asked for what `deliver` asks. Run as a process."""

import json
import os
import sys
import time

HELLO = {"claims": [], "name": "rascal", "ops": [], "packs": [], "profiles": [], "protocol": 1, "suites": [],
         "version": "0"}  # fmt: skip


def lines(frame, way):
    """What is written instead of the answer."""
    identifier = frame["id"]
    right = json.dumps({"id": identifier, "ok": {"effects": []}})
    ill = {
        "garbage": "now delivering",
        "float": f'{{"id":{identifier},"ok":{{"effects":[{{"effect":"set_timer","timer":"a","at":1.5}}]}}}}',
        "duplicate": f'{{"id":{identifier},"id":{identifier},"ok":{{"effects":[]}}}}',
        "wrong_id": json.dumps({"id": identifier + 7, "ok": {"effects": []}}),
        "twice": right + "\n" + right,
        "unknown_member": json.dumps({"id": identifier, "ok": {"effects": [], "note": 1}}),
        "nan": f'{{"id":{identifier},"ok":{{"effects":[],"x_a":NaN}}}}',
        "not_utf8": None,
        "internal": json.dumps({"id": identifier, "err": {"code": "internal", "text": "list index"}}),
        "spaced": f'{{ "ok" : {{ "effects" : [ ] }} , "id" : {identifier} }}',
    }
    return ill[way]


def misbehave(frame, way):
    if way == "hang":
        time.sleep(3600)
    elif way == "die":
        print("cannot go on", file=sys.stderr, flush=True)
        os._exit(7)
    elif way == "flood":
        while True:
            sys.stdout.write('{"id":0,"ok":{}}\n')
    elif way == "endless_line":
        while True:
            sys.stdout.write("x" * 65536)
    elif way == "hoard":
        kept = []
        while True:
            kept.append(bytearray(1 << 20))
    elif way == "not_utf8":
        sys.stdout.buffer.write(b'{"id":2,"ok":\xff}\n')
        sys.stdout.flush()
    elif way == "chatter":
        sys.stderr.write("noise\n" * 200_000)
        print(json.dumps({"id": frame["id"], "ok": {"effects": []}}), flush=True)
    else:
        print(lines(frame, way), flush=True)


def main():
    way = sys.argv[1]
    for line in sys.stdin:
        frame = json.loads(line)
        if frame["op"] == "hello":
            print(json.dumps({"id": frame["id"], "ok": HELLO}), flush=True)
        elif frame["op"] == "vector":
            print(json.dumps({"id": frame["id"], "err": {"code": "not_supported"}}), flush=True)
        elif frame["op"] == "deliver":
            misbehave(frame, way)
        else:
            print(json.dumps({"id": frame["id"], "ok": {}}), flush=True)
        if frame["op"] == "bye":
            return


if __name__ == "__main__":
    main()
