// Tendermint (spec/consensus.md, parts 1 and 3; line numbers are those of arXiv 1807.04938, algorithm 1), for one member.
//
// It is told of messages, timers and heights; it asks its node, through `host`, for payloads and for what is valid, and
// has it send, record, wake and decide. It knows no transactions and no disk.

import { bytesOf, encode } from "./canonical.js";
import { inOrder } from "./messages.js";
import { refuseUnless } from "./refusal.js";

const [FIRST, GROWTH] = [3, 1]; // ticks of a phase in round 0, and more in each round (CON-009)
const AHEAD = 4096, ROUNDS = 1000, VARIANTS = 64; // consensus of spec/limits.toml
const PHASES = ["propose", "prevote", "precommit"];

const newRound = () => ({ propose: [], prevote: [], precommit: [], done: new Set() });
const same = (a, b) => a.from === b.from && encode(a.body) === encode(b.body);
const valueIn = (message) => message.body.value ?? null; // null is nil (NET-005)

export class Tendermint {
  constructor(self, weights, messages, host) {
    Object.assign(this, { self, messages, host, ahead: [], seen: 0, behind: false, running: false, height: 0 });
    this.renew(weights);
    this.rounds = this.previous = new Map();
    this.lastRound = 0;
    this.helped = new Map();
  }

  // Others are in force at the next height; what waits for it is read again, by their keys (CON-091).
  renew(weights) {
    this.weights = weights;
    this.names = [...weights.keys()].sort();
    this.total = [...weights.values()].reduce((sum, weight) => sum + weight, 0n);
    const waited = this.ahead;
    this.ahead = [];
    for (const message of waited) this.host.attempt(() => this.ahead.push(this.messages.read(bytesOf(message))));
  }

  // ---- weights

  weigh(members) {
    return [...new Set(members)].reduce((sum, one) => sum + this.weights.get(one), 0n);
  }
  isQuorum(weight) { return 3n * weight > 2n * this.total; } // CON-002
  hasCorrect(weight) { return 3n * weight > this.total; }
  quorumFor(votes, value) { return this.isQuorum(this.weigh(votes.filter((one) => valueIn(one) === value).map((one) => one.from))); }
  proposer(round) { return this.names[(this.height - 1 + round) % this.names.length]; } // CON-010
  at(round) {
    if (!this.rounds.has(round)) this.rounds.set(round, newRound());
    return this.rounds.get(round);
  }

  // ---- heights

  begin(height) {
    this.open(height);
    this.startRound(0);
    if (this.behind || height <= this.seen) this.ask(); // CON-027
    this.behind = false;
    const waited = this.ahead.filter((one) => one.height === height);
    this.ahead = [];
    for (const message of waited) if (this.running && this.height === height) this.host.attempt(() => this.listen(message));
    this.applyRules();
  }

  open(height) {
    Object.assign(this, {
      height, running: true, round: 0, step: "propose", locked: null, lockedRound: -1, valid: null, validRound: -1,
      previous: this.rounds, rounds: new Map(),
    });
  }

  // The member comes back with what it recorded at this height (CON-008).
  resume(height, records) {
    this.open(height);
    const mine = records.filter((one) => one.from === this.self);
    for (const message of records) this.note(message);
    if (mine.length === 0) this.startRound(0);
    for (const message of mine.sort((a, b) => a.round - b.round || PHASES.indexOf(a.kind) - PHASES.indexOf(b.kind))) {
      [this.round, this.step] = [message.round, message.kind];
      if (message.kind === "precommit" && valueIn(message) !== null) {
        this.locked = this.valid = valueIn(message);
        this.lockedRound = this.validRound = message.round;
      }
      this.host.send(message, "all");
    }
    if (mine.length > 0) this.host.wake(this.step, height, this.round, FIRST + GROWTH * this.round);
    this.ask();
    this.applyRules();
    this.behind = true;
  }

  // ---- hearing

  receive(message) {
    if (message.height === this.height + 1) {
      if (this.ahead.length < AHEAD && !this.ahead.some((one) => encode(one) === encode(message))) this.ahead.push(message); // CON-022
    } else if (message.height > this.height) this.hearOf(message.height);
    else if (message.height < this.height || !this.running) this.help(message);
    else {
      this.listen(message);
      this.applyRules();
    }
  }

  listen(message) { // a message of the present height
    refuseUnless(message.round <= this.round + ROUNDS, "net.too_far_ahead", this.round + ROUNDS, message.round); // CON-021
    if (message.kind === "decided") this.takeDecision(message);
    else if (message.kind === "sync") for (const one of this.heard()) this.host.send(one, [message.from]); // CON-007
    else if (this.note(message)) this.host.send(message, "all"); // CON-006
  }

  hearOf(height) { // CON-027, CON-094
    if (height <= this.seen) return;
    this.seen = height;
    if (this.running && !this.messages.speaks) this.ask();
  }

  hasHeardOf(height) { return this.seen >= height || this.ahead.some((one) => one.height === height); }

  heard() {
    return [...this.rounds].sort(([a], [b]) => a - b).flatMap(([, log]) => PHASES.flatMap((kind) => log[kind]));
  }

  // Whether a statement is new; a contradiction becomes evidence (CON-011, CON-019, CON-022).
  note(message) {
    const { kind, round, from, body } = message;
    if (kind === "propose") {
      refuseUnless(from === this.proposer(round), "consensus.wrong_proposer", this.proposer(round), from); // CON-010
      const payload = Buffer.from(body.payload, "hex");
      refuseUnless(this.host.nameOf(payload) === body.value, "consensus.wrong_block", "the id of the block", body.value); // CON-020
      refuseUnless(body.valid_round < round, "consensus.bad_valid_round", round - 1, body.valid_round); // CON-024
    }
    const log = this.at(round)[kind], mine = log.filter((one) => one.from === from);
    if (mine.some((one) => same(one, message)) || mine.length >= VARIANTS) return false;
    if (mine.length > 0) this.host.accuse(mine[0], message);
    log.push(message);
    return true;
  }

  takeDecision(message) { // CON-016
    const { height, round, body } = message;
    const payload = Buffer.from(body.payload, "hex");
    refuseUnless(this.host.nameOf(payload) === body.value, "consensus.wrong_block", "the id of the block", body.value);
    const voters = body.votes.map((one) => one.member), members = voters.every((one) => this.weights.has(one));
    refuseUnless(inOrder(body.votes) && members && this.isQuorum(this.weigh(voters)), "consensus.no_quorum", "votes of a quorum", voters.length);
    for (const vote of body.votes) this.messages.verifyVote("precommit", height, round, body.value, vote);
    refuseUnless(this.opinion(body).valid, "consensus.wrong_block", "a block that may stand here", body.value);
    this.behind = true;
    this.host.send(message, "all"); // CON-006
    this.finish(round, payload, body.votes);
  }

  help(message) { // CON-007
    const { from, kind, height, round } = message;
    if (from === this.self || kind === "decided") return;
    const last = this.running ? this.height - 1 : this.height;
    const log = (this.running ? this.previous : this.rounds).get(round);
    const known = PHASES.includes(kind) && log?.[kind].some((one) => same(one, message));
    const late = kind === "precommit" && round <= this.lastRound;
    const [atHeight, atRound] = this.helped.get(from) ?? [0, -1];
    const fresh = height > atHeight || (height === atHeight && round > atRound);
    const behind = (height < last || !(late || known)) && fresh;
    if (kind !== "sync" && !behind) return;
    if (kind !== "sync") this.helped.set(from, [height, round]);
    this.host.supply(height, from);
  }

  ask() {
    this.host.send(this.messages.signed("sync", this.height, this.round, {}), "all");
  }

  // ---- speaking

  say(kind, body) { // CON-004, CON-005
    if (!this.messages.speaks) return; // CON-093
    const message = this.messages.signed(kind, this.height, this.round, body);
    this.host.record(message);
    this.host.send(message, "all");
    this.note(message);
  }

  vote(kind, value) {
    this.step = kind;
    this.say(kind, value === null ? {} : { value });
  }

  startRound(round) { // lines 11 to 21
    [this.round, this.step] = [round, "propose"];
    if (this.proposer(round) !== this.self) return this.wake("propose");
    const payload = this.valid === null ? this.host.payload() : this.payloadOf(this.valid); // CON-014
    return this.say("propose", { payload: payload.toString("hex"), valid_round: this.validRound, value: this.host.nameOf(payload) });
  }

  payloadOf(value) {
    const found = this.heard().find((one) => one.kind === "propose" && one.body.value === value);
    return Buffer.from(found.body.payload, "hex");
  }

  wake(phase) {
    this.host.wake(phase, this.height, this.round, FIRST + GROWTH * this.round);
  }

  expire(phase, height, round) { // CON-026
    if (!this.running || height !== this.height || round !== this.round) return;
    if (!this.messages.speaks) this.ask(); // CON-094
    if (phase === "propose" && this.step === "propose") this.vote("prevote", null);
    else if (phase === "prevote" && this.step === "prevote") this.vote("precommit", null);
    else if (phase === "precommit") this.startRound(round + 1);
    this.applyRules();
  }

  finish(round, payload, votes) {
    [this.running, this.lastRound] = [false, round];
    this.host.decide(this.height, round, payload, votes);
  }

  // ---- the rules "upon", until nothing more happens

  applyRules() {
    while (this.running && (this.decide() || this.skip() || this.answer() || this.seePolka() || this.awaitVotes()));
  }

  decide() { // line 49
    for (const [round, { propose, precommit }] of this.rounds) {
      const decided = propose.find(({ body }) => this.quorumFor(precommit, body.value) && this.opinion(body).valid);
      if (decided === undefined) continue;
      const votes = precommit.filter((one) => valueIn(one) === decided.body.value).map((one) => ({ member: one.from, signature: one.sig }));
      this.finish(round, Buffer.from(decided.body.payload, "hex"), votes.sort((a, b) => (a.member < b.member ? -1 : 1)));
      return true;
    }
    return false;
  }

  opinion({ payload }) { return this.host.opinion(Buffer.from(payload, "hex")); }

  skip() { // line 55 (CON-017)
    const above = [...this.rounds.keys()].filter((round) => round > this.round).sort((a, b) => b - a);
    const drawn = above.find((round) => this.hasCorrect(this.weigh(PHASES.flatMap((kind) => this.at(round)[kind]).map((one) => one.from))));
    if (drawn === undefined) return false;
    this.startRound(drawn);
    return true;
  }

  answer() { // lines 22 and 28 (CON-012, CON-013, CON-018)
    if (this.step !== "propose") return false;
    for (const { body } of this.at(this.round).propose) {
      const { value, valid_round: proof } = body;
      if (proof >= 0 && !this.quorumFor(this.at(proof).prevote, value)) continue;
      const { valid, timely } = this.opinion(body);
      const free = proof === -1 ? timely && (this.lockedRound === -1 || this.locked === value) : this.lockedRound <= proof || this.locked === value;
      this.vote("prevote", valid && free ? value : null);
      return true;
    }
    return false;
  }

  seePolka() { // lines 36 and 44 (CON-015, CON-025)
    const log = this.at(this.round);
    if (this.step === "propose") return false;
    if (this.step === "prevote" && this.quorumFor(log.prevote, null)) {
      this.vote("precommit", null);
      return true;
    }
    if (log.done.has("polka")) return false;
    const seen = log.propose.find(({ body }) => this.quorumFor(log.prevote, body.value) && this.opinion(body).valid);
    if (seen === undefined) return false;
    log.done.add("polka");
    [this.valid, this.validRound] = [seen.body.value, this.round];
    if (this.step === "prevote") {
      [this.locked, this.lockedRound] = [this.valid, this.round];
      this.host.record(seen);
      this.vote("precommit", this.valid);
    }
    return true;
  }

  awaitVotes() { // lines 34 and 47 (CON-025)
    const log = this.at(this.round);
    for (const [phase, open] of [["prevote", this.step === "prevote"], ["precommit", true]]) {
      if (!open || log.done.has(phase) || !this.isQuorum(this.weigh(log[phase].map((one) => one.from)))) continue;
      log.done.add(phase);
      this.wake(phase);
      return true;
    }
    return false;
  }
}

