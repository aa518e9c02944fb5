// A node that understands the wire. Grow it: one kind of vector after the other, then `submit`, then a profile.
const lines = require("node:readline").createInterface({ input: process.stdin });
const nodes = new Map();
const hello = { claims: [], language: "js", name: "my-node", ops: ["init", "start", "reset", "vector", "bye"],
  packs: [], profiles: ["solo/1"], protocol: 1, suites: ["stub"], version: "0.1.0" };
const err = (code, text) => ({ err: { code, text } });

function answer({ op, node, config, protocol }) {
  if (op === "hello") return protocol.includes(1) ? { ok: hello } : err("not_supported", "protocol 1");
  if (op === "reset" || op === "bye") {
    nodes.clear();
    return { ok: {} };
  }
  if (op === "init") {
    if (nodes.has(node)) return err("duplicate_node", node);
    nodes.set(node, { config, started: false });
    return { ok: {} };
  }
  if (op === "start") {
    if (!nodes.has(node)) return err("unknown_node", node);
    if (nodes.get(node).started) return err("bad_state", "started already");
    nodes.get(node).started = true;
    return { ok: { effects: [] } };
  }
  return err("not_supported", op);
}

lines.on("line", (line) => {
  const request = JSON.parse(line);
  process.stdout.write(JSON.stringify({ id: request.id, ...answer(request) }) + "\n");
  if (request.op === "bye") lines.close();
});
