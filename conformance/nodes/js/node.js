// node node.js: a node of the ledger that speaks the node protocol over standard input and output, one JSON object a line
// (spec/node-protocol.md, parts 1 and 2). It reads no clock, disk, network or chance: all of that is the kit's.

import { createInterface } from "node:readline";
import { answer, knows } from "./answers.js";
import { count, hex, list, member, name, object, suite, text } from "./fields.js";
import { Instance } from "./instance.js";
import { Refused } from "./refusal.js";

const PACKS = ["access", "admission", "anchor", "claim", "drug", "family", "identity", "opendata", "referral", "reporting", "sharing", "surgery"];
const SUITES = ["intl", "stub"], PROFILES = ["solo/1", "tendermint/1"], INSTANCES = 64;

class Trouble extends Error { // an answer about the conversation (NOD-005)
  constructor(code, told) {
    super(told.toWellFormed().slice(0, 200));
    this.code = code;
  }
}

const anyHex = (value) => text(value) && hex(value.length / 2)(value);
const handle = (value) => text(value) && /^[a-z][a-z0-9_]{0,15}$/.test(value);
const disk = (value) => list(value) && value.every((one) => object(one) && text(one.key) && anyHex(one.value));
const CONFIG = { genesis: anyHex, key: hex(32), params: object, profile: name, seed: hex(32), self: member, suite };
const config = (value) => object(value) && Object.entries(CONFIG).every(([one, fits]) => fits(value[one]));
const may = (fits) => (value) => value === undefined || fits(value);

const instances = new Map();

function make({ node: one, config: given }) { // NOD-011
  if (instances.has(one)) throw new Trouble("duplicate_node", one);
  if (!PROFILES.includes(given.profile)) throw new Trouble("not_supported", `profile ${given.profile}`);
  if (!SUITES.includes(given.suite)) throw new Trouble("not_supported", `suite ${given.suite}`);
  if (Object.keys(given.params).length > 0) throw new Trouble("not_supported", `parameter ${Object.keys(given.params)[0]}`);
  if (instances.size >= INSTANCES) throw new Trouble("bad_state", `${INSTANCES} instances stand`);
  const instance = new Instance(given);
  return instance;
}

function running({ node: one }) {
  const found = instances.get(one);
  if (found === undefined) throw new Trouble("unknown_node", one);
  if (!found.runs) throw new Trouble("bad_state", "neither started nor recovered");
  return found;
}

const bytes = (value) => Buffer.from(value, "hex");

// Operation -> the members of its request with their types, and the answer.
const OPERATIONS = {
  hello: [{ kit: text, protocol: list, schema: hex(32) }, ({ protocol }) => {
    if (!protocol.includes(1)) throw new Trouble("not_supported", "this node speaks major 1");
    return {
      claims: ["L0", "L1", "L2", "L3"], language: "javascript", name: "yilian-js", ops: Object.keys(OPERATIONS), packs: PACKS, profiles: PROFILES,
      protocol: 1, suites: SUITES, version: "0.1.0", window: 64,
    };
  }],
  init: [{ node: handle, config }, (request) => {
    instances.set(request.node, make(request));
    return {};
  }],
  start: [{ node: handle, now: count }, ({ node: one, now }) => {
    const found = instances.get(one);
    if (found === undefined) throw new Trouble("unknown_node", one);
    if (found.runs) throw new Trouble("bad_state", "it has started");
    found.runs = true;
    return { effects: found.start(now) };
  }],
  deliver: [{ node: handle, from: member, bytes: anyHex, now: count }, (request) => ({ effects: running(request).deliver(bytes(request.bytes), request.now) })],
  fire: [{ node: handle, timer: name, now: count }, (request) => {
    const found = running(request);
    if (!found.timers.has(request.timer)) throw new Trouble("bad_state", `no timer ${request.timer}`);
    return { effects: found.fire(request.timer, request.now) };
  }],
  submit: [{ node: handle, tx: anyHex, now: count }, (request) => running(request).submit(bytes(request.tx), request.now)],
  query: [{ node: handle, path: name, args: may(object) }, (request) => running(request).query(request.path, request.args)],
  crash: [{ node: handle }, ({ node: one }) => {
    if (!instances.delete(one)) throw new Trouble("unknown_node", one);
    return {};
  }],
  recover: [{ node: handle, config, disk, now: count }, (request) => {
    const instance = make(request), kept = new Map(request.disk.map((one) => [one.key, bytes(one.value)]));
    const effects = instance.recover(kept, request.now);
    instance.runs = true;
    instances.set(request.node, instance);
    return { effects };
  }],
  vector: [{ kind: name, input: object }, (request) => {
    if (!knows(request.kind)) throw new Trouble("not_supported", `kind ${request.kind}`);
    const { ok, refused } = answer(request);
    if (refused) throw new Refused(refused.code);
    return { output: ok };
  }],
  reset: [{}, () => {
    instances.clear();
    return {};
  }],
  bye: [{}, () => ({})],
};

function reply(line) {
  let request = {}, id = 0;
  try {
    request = JSON.parse(line);
    if (!object(request) || !count(request.id)) throw new Trouble("bad_request", "an object with an id");
    id = request.id;
    if (!Object.hasOwn(OPERATIONS, request.op)) throw new Trouble("not_supported", `unknown op: ${request.op}`);
    const [members, work] = OPERATIONS[request.op];
    for (const [one, fits] of Object.entries(members)) if (!fits(request[one])) throw new Trouble("bad_request", one);
    return { id, ok: work(request) };
  } catch (error) {
    if (error instanceof Refused) return { id, refused: { code: error.code } };
    if (error instanceof Trouble) return { id, err: { code: error.code, text: error.message } };
    if (error instanceof SyntaxError) return { id, err: { code: "bad_request", text: "no JSON" } };
    console.error(error.stack);
    return { id, err: { code: "internal", text: `${error.name} in ${request.op}` } };
  }
}

for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  const told = reply(line);
  process.stdout.write(`${JSON.stringify(told)}\n`);
  if (told.ok && line.includes('"op":"bye"')) break;
}
process.exit(0);
