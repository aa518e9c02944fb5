// Contracts over the state map: the world of the interpreter read from its entries, and changes written to them
// (spec/contract.md, CTR-D04 to CTR-D06).

import { bytesOf } from "./canonical.js";
import { keyOf, textOf } from "./draft.js";
import { digest } from "./hashes.js";
import { link } from "./program.js";

const padded = (number, width) => String(number).padStart(width, "0");
const instanceKey = (id) => keyOf("instance", padded(id, 10));
const timerKey = (deadline, id, clause) => keyOf("timer", padded(deadline, 12), padded(id, 10), padded(clause, 3));
const indexPrefix = (contract, field, value) => keyOf("index", named("index", [contract, field, value]), "");
const takenKey = (contract, key) => keyOf("key", named("key", [contract, key]));
export const nodeKey = (name) => keyOf("node", name);
export const moduleKey = ({ name, version }) => keyOf("module", name, padded(version, 6));
export const retiredKey = (name) => keyOf("retired", name); // CTR-D11
const named = (kind, value) => digest(`yilian/${kind}/v1`, bytesOf(value)).toString("hex"); // CTR-D06

export const directoryDigest = (draft) => { // CTR-D06
  const rows = draft.keys("node/").map((key) => [textOf(key).slice("node/".length), ...draft.read(key)]);
  return named("directory", rows);
};

const programs = new Map(); // modules as text -> the program that they make
export function programIn(draft) {
  const texts = draft.keys("module/").map((key) => draft.get(key).toString("utf8"));
  const retired = draft.keys("retired/").map((key) => textOf(key).slice("retired/".length)), name = [...texts, ...retired].join("\n");
  if (!programs.has(name)) {
    if (programs.size > 16) programs.clear();
    programs.set(name, link(texts.map((text) => JSON.parse(text)), retired));
  }
  return programs.get(name);
}

export class LedgerWorld {
  constructor(draft) {
    this.draft = draft;
  }

  get now() { return this.draft.read("clock"); }
  get next() { return this.draft.read("next") ?? 0; }
  instance(id) { return this.draft.read(instanceKey(id)); }
  instances(contract) { return this.draft.keys(keyOf("of", contract, "")).map((key) => Number(key.slice(-10))); }
  find(contract, field, value) { return this.draft.keys(indexPrefix(contract, field, value)).map((key) => Number(key.slice(-10))); }
  keyHolder(contract, key) { return this.draft.read(takenKey(contract, key)) ?? null; }
  directoryDigest() { return this.draft.read("directory") ?? ""; }

  timersBefore(t) {
    const all = this.draft.keys("timer/").map((key) => key.split("/").slice(1).map(Number));
    return all.filter(([deadline]) => deadline < t).map(([deadline, instance, clause]) => ({ deadline, instance, clause }));
  }

  node(name) {
    const found = this.draft.read(nodeKey(name));
    return found && { kind: found[0], parent: found[1], attributes: new Map(found[2]) };
  }

  apply(changes) { // CTR-D05
    const { draft } = this;
    if (this.now !== changes.now) draft.write("clock", changes.now);
    for (const instance of changes.instances) {
      const { id, contract, timers } = instance, old = this.instance(id);
      for (const [deadline, clause] of old?.timers ?? []) draft.put(timerKey(deadline, id, clause), undefined);
      for (const [deadline, clause] of timers) draft.write(timerKey(deadline, id, clause), 1);
      draft.write(instanceKey(id), instance);
      if (old) continue;
      draft.write(keyOf("of", contract, padded(id, 10)), 1);
      draft.write("next", id + 1);
    }
    for (const { contract, key, instance } of changes.keys) draft.write(takenKey(contract, key), instance);
    for (const { contract, field, value, instance } of changes.indexed) {
      draft.write(indexPrefix(contract, field, value) + padded(instance, 10), 1);
    }
    for (const { payer, payee, amount } of changes.transfers) {
      this.move(payer, -amount);
      this.move(payee, amount);
    }
  }

  move(member, amount) {
    const key = keyOf("position", member);
    this.draft.write(key, String(BigInt(this.draft.read(key) ?? 0) + BigInt(amount)));
  }
}
