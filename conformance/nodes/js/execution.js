// What a decided block does to the state, transaction by transaction, and the receipts that say so (spec/data.md, part
// 10; spec/contract.md, part 7; spec/application.md, APP-007 to APP-009).

import { read } from "./access.js";
import { changeMembers, isFree } from "./admission.js";
import { bytesOf } from "./canonical.js";
import { advance, command } from "./contracts.js";
import { deploy } from "./deployment.js";
import { Draft, keyOf } from "./draft.js";
import { check, count, hex, list, member, name, object, shaped, text } from "./fields.js";
import { LedgerWorld, directoryDigest, moduleKey, nodeKey, programIn, retiredKey } from "./ledger-world.js";
import { Refused, refuseUnless } from "./refusal.js";
import { LIMITS, conforms, isInteger, parseType } from "./types.js";

const MODULES = 64, NODES = 256, NAME_BYTES = 128, TEXT_BYTES = 256, LISTED = 256, KIND_BYTES = 64; // spec/limits.toml

// The state before block 1 (DAT-080).
export function openGenesis(genesis) {
  const draft = new Draft(new Map());
  draft.write("clock", genesis.time);
  for (const payload of genesis.directory) enrol(draft, payload);
  return draft;
}

// The draft of the state after a block, and its receipts (DAT-110, DAT-111). `rules` is what the genesis says of changes
// of the members.
export function execute(state, { header, transactions }, idOf, members, rules) {
  const draft = new Draft(state), receipts = [];
  letTimeAct(draft, header.time, receipts);
  for (const transaction of transactions) {
    letTimeAct(draft, header.time, receipts);
    receipts.push(carryOut(draft, transaction.body, idOf(transaction), members, { ...header, rules }));
  }
  return { draft, receipts };
}

function letTimeAct(draft, time, receipts) {
  const world = new LedgerWorld(draft), changes = advance(programIn(draft), world, time);
  world.apply(changes);
  if (changes.events.length > 0) receipts.push({ events: changes.events, kind: "time" });
}

export const nonceOf = (draft, sender) => draft.read(keyOf("nonce", sender)) ?? 0; // DAT-112

function carryOut(draft, body, id, members, here) {
  const { kind } = body, [sender] = body.signers;
  draft.write(keyOf("nonce", sender), nonceOf(draft, sender) + 1); // DAT-071
  draft.mark();
  try {
    if (kind === "read") return { kind, tx: id, ...decided(draft, body, here.time) };
    return { kind, tx: id, events: KINDS[kind](draft, body, members, here), status: "applied" };
  } catch (refused) {
    if (!(refused instanceof Refused)) throw refused;
    draft.back();
    return { kind, tx: id, code: refused.code, status: "refused" };
  }
}

const bytesIn = (value) => Buffer.byteLength(value, "utf8");
const textUpTo = (most) => (value) => text(value) && bytesIn(value) <= most;

const KINDS = {
  command(draft, { payload, signers }) { // CTR-D02
    shaped(payload, { action: textUpTo(TEXT_BYTES), arguments: list, contract: textUpTo(TEXT_BYTES), instance: (id) => id === null || isInteger(id) });
    check(payload.instance === null || payload.instance >= 0, "an instance", payload.instance);
    check(payload.arguments.length <= LIMITS.fields, `at most ${LIMITS.fields} arguments`, payload.arguments.length);
    const given = payload.arguments.map((one) => {
      shaped(one, { name: textUpTo(TEXT_BYTES), value: argument });
      return [one.name, one.value];
    });
    const world = new LedgerWorld(draft), order = { ...payload, arguments: given, signers };
    return applied(world, command(programIn(draft), world, order));
  },

  deploy(draft, { payload, signers }, members) { // CTR-D03, CTR-D11
    mustBeApproved(signers, members);
    const retires = object(payload) && "retired" in payload;
    shaped(payload, retires ? { modules: list, retired: list } : { modules: list });
    const retired = retires ? payload.retired : [], least = retired.length > 0 ? 0 : 1;
    check(retired.length <= MODULES && retired.every(textUpTo(NAME_BYTES)), "up to 64 names", retired.length);
    check(retired.every((one, at) => at === 0 || Buffer.from(retired[at - 1]).compare(Buffer.from(one)) < 0), "ascending names");
    check(payload.modules.length >= least && payload.modules.length <= MODULES, "1 to 64 modules", payload.modules.length);
    const world = new LedgerWorld(draft), { program, changes } = deploy(programIn(draft).modules, payload.modules, world);
    if (payload.modules.some((one) => one.kind === "schema")) {
      for (const key of draft.keys("node/")) {
        const fits = typesFit(program, world, world.node(Buffer.from(key.slice("node/".length), "latin1").toString("utf8")));
        refuseUnless(fits, "contract.bad_package", "types that what is enrolled has", key); // CTR-D07
      }
    }
    for (const one of retired) refuseUnless(program.contracts.has(one), "contract.unknown_name", "a contract", one);
    for (const module of payload.modules) {
      draft.write(moduleKey(module), module);
      if (draft.get(retiredKey(module.name)) !== undefined) draft.put(retiredKey(module.name), undefined);
    }
    for (const one of retired) draft.write(retiredKey(one), true);
    return applied(world, changes);
  },

  directory(draft, { payload, signers }, members) {
    mustBeApproved(signers, members);
    enrol(draft, payload);
    return [];
  },

  membership(draft, body, members, { height, rules }) {
    if (!(rules.open && isFree(draft, body, members))) mustBeApproved(body.signers, members);
    return changeMembers(draft, body, members, height + 1, rules);
  },

  record(draft, { payload, signers }, members, { time }) {
    check(object(payload) && Object.keys(payload).length === 1, "one of entry, access");
    return "entry" in payload ? entered(draft, payload.entry, signers, time) : accessed(draft, shaped(payload, { access: object }).access, signers, time);
  },
};

// A request to read: allowed or denied, it is told and kept (CTR-D08 to CTR-D10).
function decided(draft, { payload, signers }, time) {
  const word = textUpTo(TEXT_BYTES);
  shaped(payload, { fields: list, instance: count, purpose: (one) => one === null || word(one) });
  const { fields, instance, purpose } = payload, world = new LedgerWorld(draft), [reader] = signers;
  check(fields.length >= 1 && fields.length <= LIMITS.fields && fields.every(word), "1 to 64 names", fields.length);
  const contract = world.instance(instance)?.contract;
  refuseUnless(contract !== undefined, "contract.unknown_name", "an instance", instance);
  const { changes, code } = read(programIn(draft), world, { contract, record: instance, fields, purpose, signers });
  const events = applied(world, changes);
  keepAccess(draft, { at: time, code, fields, instance, purpose, reader });
  return code === null ? { events, status: "applied" } : { code, events, status: "refused" };
}

const argument = (value) =>
  value === null || typeof value === "boolean" || isInteger(value) || text(value) ||
  (list(value) && value.length <= LISTED && value.every(textUpTo(TEXT_BYTES)));

function applied(world, changes) {
  world.apply(changes);
  return changes.events;
}

function mustBeApproved(signers, members) { // DAT-072
  const weigh = (list) => list.reduce((sum, one) => sum + BigInt(one.weight), 0n);
  const signed = weigh(members.filter((one) => signers.includes(one.member))), total = weigh(members);
  refuseUnless(3n * signed > 2n * total, "member.too_few_approvals", "more than two thirds", `${signed} of ${total}`);
}

// ---- the directory (CTR-D01, CTR-D07)

const isNodeName = (value) => text(value) && value !== "" && !value.includes("\0") && bytesIn(value) <= NAME_BYTES;
const attribute = (value) =>
  typeof value === "boolean" || isInteger(value) || text(value) ||
  (list(value) && value.length <= NAME_BYTES && value.every(textUpTo(NAME_BYTES)));

export function enrol(draft, payload) {
  const { nodes } = shaped(payload, { nodes: list });
  check(nodes.length >= 1 && nodes.length <= NODES, "1 to 256 nodes", nodes.length);
  for (const node of nodes) {
    shaped(node, { attributes: list, kind: isNodeName, name: isNodeName, parent: (one) => one === null || isNodeName(one) });
    check(node.attributes.length <= NAME_BYTES, "fewer attributes", node.attributes.length);
    for (const one of node.attributes) shaped(one, { name: isNodeName, value: attribute });
    check(new Set(node.attributes.map((one) => one.name)).size === node.attributes.length, "each attribute once");
  }
  for (const node of nodes) {
    const known = draft.read(nodeKey(node.name));
    refuseUnless(known === undefined || known[0] === node.kind, "member.bad_attribute", "the kind it has", node.kind);
    const order = (a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name));
    const pairs = [...node.attributes].sort(order).map((one) => [one.name, one.value]);
    draft.write(nodeKey(node.name), [node.kind, node.parent, pairs]);
    hasAnEnd(draft, node.name);
  }
  const world = new LedgerWorld(draft), program = programIn(draft);
  for (const { name: one } of nodes) {
    refuseUnless(typesFit(program, world, world.node(one)), "member.bad_attribute", "the types of its schema", one);
  }
  draft.write("directory", directoryDigest(draft));
}

function hasAnEnd(draft, start) {
  const seen = [start];
  for (let [, parent] = draft.read(nodeKey(start)); parent !== null;) {
    seen.push(parent);
    const above = draft.read(nodeKey(parent));
    const ends = above !== undefined && seen.length <= LIMITS.treeDepth && new Set(seen).size === seen.length;
    refuseUnless(ends, "member.bad_attribute", "an enrolled parent and a way up that ends", parent);
    [, parent] = above;
  }
}

const typesFit = (program, world, { kind, attributes }) =>
  (program.kinds.get(kind)?.attributes ?? []).every(({ name: one, type }) =>
    conforms(attributes.get(one) ?? null, parseType(type), program, world));

// ---- the index of records (APP-007 to APP-009)

const recordKey = (custodian, record) => keyOf("record", custodian, record);

function entered(draft, value, signers, time) {
  shaped(value, { commitment: hex(32), custodian: member, kind: textUpTo(KIND_BYTES), record: name });
  const { commitment, custodian, kind, record } = value, key = recordKey(custodian, record);
  refuseUnless(signers.includes(custodian), "member.not_authorized", custodian);
  refuseUnless(draft.get(key) === undefined, "tx.known", "another record", record);
  draft.write(key, { at: time, commitment, kind });
  return [{ custodian, kind: "recorded", record }];
}

function accessed(draft, value, signers, time) {
  shaped(value, { custodian: member, purpose: textUpTo(KIND_BYTES), reader: member, record: name });
  const { custodian, purpose, reader, record } = value;
  refuseUnless(signers.includes(reader), "member.not_authorized", reader);
  refuseUnless(draft.get(recordKey(custodian, record)) !== undefined, "query.not_found", "a record", record);
  keepAccess(draft, { at: time, custodian, purpose, reader, record });
  return [{ kind: "accessed", purpose, reader, record }];
}

function keepAccess(draft, row) {
  const taken = draft.read("accesses") ?? 0;
  draft.write("accesses", taken + 1);
  draft.write(keyOf("access", String(taken).padStart(10, "0")), row);
}

export const encodedReceipts = (receipts) => receipts.map(bytesOf);
