// One member of one channel, behind the node protocol (spec/node-protocol.md, parts 2 to 4): every input gives effects.

import { bytesOf, decode, encode } from "./canonical.js";
import { Chain } from "./chain.js";
import { keyBytes } from "./draft.js";
import { count, hex, object, shaped } from "./fields.js";
import { proveState } from "./hashes.js";
import { blockId, readBlock, validators } from "./ledger.js";
import { Messages } from "./messages.js";
import { Refused, refuseUnless } from "./refusal.js";
import { Tendermint } from "./tendermint.js";

const TICK = 1000, ITEMS = 1000; // tick_ms of the profiles, protocol.state_items
const OPENING = Buffer.from('{"body":{"channel":'); // NET-012
const hexed = (writes) => writes.map(([key, value]) => (value === null ? { key } : { key, value: value.toString("hex") }));

export class Instance {
  constructor({ genesis, key, profile, self, suite }) {
    this.chain = new Chain(Buffer.from(genesis, "hex"), suite);
    Object.assign(this, { self, solo: profile === "solo/1", effects: [], timers: new Map(), idle: true, records: [], accused: [], now: 0, opinions: new Map() });
    const weights = this.weights();
    refuseUnless(!this.solo || weights.size === 1, "consensus.not_alone", "one validator", weights.size); // CON-030
    this.messages = new Messages({ ...this.chain.genesis, engine: "tendermint" }, self, Buffer.from(key, "hex"));
    this.opening = this.chain.open();
    if (!this.solo) this.engine = new Tendermint(self, weights, this.messages, this);
  }

  weights() {
    return new Map([...validators(this.chain.members)].map(([one, { weight }]) => [one, BigInt(weight)]));
  }

  renew() { // the members in force (DAT-076)
    this.messages.renew(this.chain.members, this.chain.since);
    this.engine?.renew(this.weights());
  }

  // ---- inputs; each returns the effects of it

  enter(now) {
    [this.now, this.effects] = [now, []];
  }

  start(now) {
    this.enter(now);
    this.persist([...this.opening, ...this.forgotten()]);
    return this.settle();
  }

  recover(disk, now) {
    if (disk.size === 0) return this.start(now);
    this.enter(now);
    this.chain.load(disk);
    this.renew();
    const records = disk.get("records");
    refuseUnless(records !== undefined || this.solo, "store.corrupt", "records", "none");
    if (this.solo) return this.settle();
    try {
      this.records = decode(records, 2 ** 26);
      this.records.forEach((one) => this.messages.read(bytesOf(one)));
    } catch {
      throw new Refused("store.corrupt", "records that are messages", "others");
    }
    this.engine.height = this.chain.tip.height;
    this.idle = false;
    this.engine.resume(this.chain.tip.height + 1, this.records);
    return this.effects;
  }

  submit(bytes, now) {
    this.enter(now);
    const { id, fresh } = this.chain.admit(bytes);
    if (fresh && !this.solo) this.effects.push({ effect: "send", to: "all", bytes: bytes.toString("hex") });
    return { tx_id: id, effects: this.settle() };
  }

  deliver(bytes, now) {
    this.enter(now);
    if (bytes.subarray(0, OPENING.length).equals(OPENING)) return this.submit(bytes, now).effects;
    refuseUnless(!this.solo, "net.unknown_kind", "no messages", "one");
    const message = this.messages.read(bytes);
    this.engine.receive(message);
    if (this.idle && message.height > this.chain.tip.height) this.begin(); // NET-015
    return this.effects;
  }

  fire(name, now) {
    this.enter(now);
    const timer = this.timers.get(name);
    this.timers.delete(name);
    if (name === "deadline") return this.settle();
    this.engine.expire(...timer);
    return this.effects;
  }

  settle() {
    if (this.idle && this.hasWork()) this.begin();
    return this.effects;
  }

  hasWork() { // NET-015, NOD-062, NOD-063
    if (!this.messages.speaks) return this.engine?.hasHeardOf(this.chain.tip.height + 1) ?? false; // CON-093
    const due = this.chain.deadline(), second = Math.floor(this.now / TICK);
    if (due !== null && due >= second) this.setTimer("deadline", (due + 1) * TICK, []);
    const heard = this.engine?.ahead.some((one) => one.height === this.chain.tip.height + 1) ?? false;
    return heard || (due !== null && due < second) || this.chain.ready().length > 0;
  }

  begin() {
    this.idle = false;
    if (this.solo) return this.decide(this.chain.tip.height + 1, 0, this.payload(), null); // NOD-061
    return this.engine.begin(this.chain.tip.height + 1);
  }

  // ---- what the engine asks for

  payload() { return this.chain.propose(this.self, Math.floor(this.now / TICK)); }

  // Of the payloads of this height, each judged when it is first seen: {name, valid, timely}.
  opinion(payload) {
    const known = payload.toString("latin1");
    if (!this.opinions.has(known)) this.opinions.set(known, this.judge(payload));
    return this.opinions.get(known);
  }

  nameOf(payload) { return this.opinion(payload).name; } // none of bytes that are no block

  judge(payload) {
    let name = "";
    try {
      name = blockId(readBlock(payload).header);
      const block = this.chain.judged(payload);
      return { name, valid: true, timely: this.chain.isTimely(block, Math.floor(this.now / TICK)) };
    } catch (refused) {
      if (!(refused instanceof Refused)) throw refused;
      return { name, valid: false, timely: false };
    }
  }

  attempt(work) { // what waited is refused now as it would have been on arrival
    try {
      work();
    } catch (refused) {
      if (!(refused instanceof Refused)) throw refused;
    }
  }

  send(message, to) {
    if (!this.messages.speaks && !["decided", "sync"].includes(message.kind)) return; // CON-093
    this.effects.push({ effect: "send", to, bytes: bytesOf(message).toString("hex") });
  }

  record(message) {
    if (this.records.some((one) => encode(one) === encode(message))) return;
    this.records.push(message);
    this.persist([["records", bytesOf(this.records)]]);
  }

  forgotten() { // CON-028
    this.records = [];
    return this.solo ? [] : [["records", bytesOf([])]];
  }

  persist(writes) {
    this.effects.push({ effect: "persist", sync: true, writes: hexed(writes) });
  }

  wake(phase, height, round, ticks) {
    this.setTimer(`${phase}/${height}/${round}`, this.now + ticks * TICK, [phase, height, round]);
  }

  setTimer(name, at, about) {
    this.timers.set(name, about);
    this.effects.push({ effect: "set_timer", timer: name, at });
  }

  accuse(first, second) {
    const messages = [first, second].map((one) => bytesOf(one).toString("hex"));
    const effect = { effect: "evidence", against: second.from, kind: "equivocation", messages };
    this.accused.push(effect);
    this.effects.push(effect);
  }

  supply(height, to) { // CON-007
    const decided = this.chain.blocks.get(height);
    if (decided === undefined) return;
    const { block: value, signatures: votes } = decided.cert;
    this.send(this.messages.signed("decided", height, decided.round, { payload: decided.bytes.toString("hex"), value, votes }), [to]);
  }

  decide(height, round, payload, votes) { // NET-014
    const { channel, suite } = this.chain.genesis;
    const cert = votes === null ? null : {
      block: this.nameOf(payload), channel, height, kind: "precommit", profile: "tendermint", round, signatures: votes, suite,
    };
    const before = this.chain.members, writes = this.chain.commit(payload, cert, round);
    if (this.chain.members !== before) {
      this.renew();
      if (this.engine !== undefined) this.engine.behind = true; // CON-094
    }
    this.opinions.clear();
    this.persist([...writes, ...this.forgotten()]);
    for (const name of this.timers.keys()) {
      this.timers.delete(name);
      this.effects.push({ effect: "cancel", timer: name });
    }
    const told = { effect: "decide", height, block: payload.toString("hex"), state_root: this.chain.tip.state_root };
    this.effects.push(cert === null ? told : { ...told, cert: bytesOf(cert).toString("hex") });
    this.idle = true;
    this.settle();
  }

  // ---- queries (part 4)

  query(path, args = {}) {
    refuseUnless(Object.hasOwn(QUERIES, path), "query.unknown", Object.keys(QUERIES).join(), path);
    const [required, optional, answer] = QUERIES[path];
    const given = Object.fromEntries(Object.entries(optional).filter(([name]) => object(args) && Object.hasOwn(args, name)));
    shaped(args, { ...required, ...given }); // NOD-048
    return { height: this.chain.tip.height, value: answer(this, args) };
  }
}

const anyHex = (value) => typeof value === "string" && hex(value.length / 2)(value);
const found = (value, what) => (refuseUnless(value !== undefined, "query.not_found", what, "none"), value);
const entries = ({ chain }) => [...chain.state].map(([key, value]) => [keyBytes(key), value]);

// Path -> members that `args` must have, those it may have, and the answer.
const QUERIES = {
  tip: [{}, {}, ({ chain: { tip } }) => tip],
  block: [{ height: count }, {}, ({ chain }, { height }) => {
    const { bytes, cert } = found(chain.blocks.get(height), "a block");
    return { block: bytes.toString("hex"), ...(cert === null ? {} : { cert: bytesOf(cert).toString("hex") }) };
  }],
  receipt: [{ tx_id: hex(32) }, {}, ({ chain }, { tx_id: id }) => found(chain.receiptOf(id), "a transaction")],
  state: [{}, { after: anyHex, limit: count, prefix: anyHex }, (instance, { after, limit = ITEMS, prefix = "" }) => {
    const all = entries(instance).map(([key, value]) => ({ key: key.toString("hex"), value: value.toString("hex") }));
    const behind = all.filter(({ key }) => key.startsWith(prefix) && (after === undefined || key > after)).sort((a, b) => (a.key < b.key ? -1 : 1));
    const most = Math.min(limit, ITEMS);
    return { items: behind.slice(0, most), more: behind.length > most, state_root: instance.chain.tip.state_root };
  }],
  proof: [{ key: anyHex }, {}, (instance, { key }) => {
    const bytes = Buffer.from(key, "hex"), value = instance.chain.state.get(bytes.toString("latin1"));
    return { proof: proveState(entries(instance), bytes), ...(value === undefined ? {} : { value: value.toString("hex") }) };
  }],
  members: [{}, {}, ({ chain }) => ({ members: chain.members })],
  evidence: [{}, {}, ({ accused }) => ({ evidence: accused })],
};
