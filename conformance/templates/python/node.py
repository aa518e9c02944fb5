"""A node that understands the wire. Grow it: one kind of vector after the other, then `submit`, then a profile."""
import json
import sys

NODES = {}
HELLO = {"claims": [], "language": "python", "name": "my-node", "ops": ["init", "start", "reset", "vector", "bye"],
         "packs": [], "profiles": ["solo/1"], "protocol": 1, "suites": ["stub"], "version": "0.1.0"}


def err(code, text=""):
    """An answer about the conversation."""
    return {"err": {"code": code, "text": text}}


def answer(request):
    """The reply to one request, without its id."""
    op, node = request["op"], request.get("node")
    if op == "hello":
        return {"ok": HELLO} if 1 in request["protocol"] else err("not_supported", "protocol 1")
    if op in ("reset", "bye"):
        NODES.clear()
        return {"ok": {}}
    if op == "init":
        if node in NODES:
            return err("duplicate_node", node)
        NODES[node] = {"config": request["config"], "started": False}
        return {"ok": {}}
    if op == "start":
        if node not in NODES:
            return err("unknown_node", node)
        if NODES[node]["started"]:
            return err("bad_state", "started already")
        NODES[node]["started"] = True
        return {"ok": {"effects": []}}
    return err("not_supported", op)


for line in sys.stdin:
    request = json.loads(line)
    print(json.dumps({"id": request["id"], **answer(request)}), flush=True)
    if request["op"] == "bye":
        break
