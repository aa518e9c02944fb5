// Messages between members (spec/network.md, part 1): one form, signed by their sender.

import { bytesOf, decode } from "./canonical.js";
import { ascending, check, count, hex, isInteger, list, member, name, object, shaped, suite } from "./fields.js";
import { digest } from "./hashes.js";
import { refuseUnless } from "./refusal.js";
import { publicOf, sign, verifies } from "./signatures.js";

const MOST = 4194304; // net.message_bytes
const hash = hex(32), bytes = (value) => typeof value === "string" && hex(value.length / 2)(value);

function votes(value) {
  check(list(value), "votes", value);
  for (const one of value) shaped(one, { member, signature: hex(32, 64) });
  return true;
}

// Kind -> its body (NET-004).
const BODIES = {
  propose: (body) => shaped(body, { payload: bytes, valid_round: (r) => isInteger(r) && r >= -1, value: hash }),
  prevote: (body) => shaped(body, "value" in body ? { value: hash } : {}),
  precommit: (body) => shaped(body, "value" in body ? { value: hash } : {}),
  decided: (body) => shaped(body, { payload: bytes, value: hash, votes }),
  sync: (body) => shaped(body, {}),
};

// Speaks for one member of a channel, and reads what others say.
export class Messages {
  constructor({ channel, suite: inForce, engine, members }, self, secret) {
    Object.assign(this, { channel, suite: inForce, engine, self, secret });
    this.renew(members);
  }

  // The keys in force from a height on, and whether the one that is here is among them (CON-091, CON-093).
  renew(members, since = 1) {
    const validators = members.filter((one) => one.role === "validator");
    this.pubs = new Map(validators.map((one) => [one.member, Buffer.from(one.pub, "hex")]));
    this.force = [{ since, pubs: this.pubs }, ...(this.force ?? []).filter((one) => one.since < since)];
    this.speaks = this.pubs.get(this.self)?.equals(publicOf(this.suite, this.secret)) ?? false;
  }

  digest(message) { // NET-002
    return digest(`yilian/${this.engine}/${message.kind}/v1`, bytesOf(message));
  }

  signed(kind, height, round, body) {
    const message = { body, channel: this.channel, from: this.self, height, kind, round, suite: this.suite };
    return { ...message, sig: sign(this.suite, this.secret, this.digest(message)).toString("hex") };
  }

  read(data) { // NET-001, NET-003
    const value = decode(data, MOST);
    shaped(value, {
      body: object, channel: name, from: member, height: (h) => count(h) && h >= 1, kind: name, round: count, sig: hex(32, 64), suite,
    });
    if (Object.hasOwn(BODIES, value.kind)) BODIES[value.kind](value.body);
    refuseUnless(Object.hasOwn(BODIES, value.kind), "net.unknown_kind", Object.keys(BODIES).join(), value.kind);
    refuseUnless(value.channel === this.channel, "net.wrong_channel", this.channel, value.channel);
    refuseUnless(value.suite === this.suite, "net.wrong_suite", this.suite, value.suite);
    const able = [this.at(value.height), this.pubs].filter((pubs) => pubs.has(value.from)); // of a past height: asks for help
    refuseUnless(able.length > 0, "net.unknown_sender", "a validator", value.from);
    refuseUnless(able.some((pubs) => this.holds(value, pubs)), "net.bad_signature", `a signature of ${value.from}`);
    return value;
  }

  at(height) { return (this.force.find((one) => one.since <= height) ?? this.force.at(-1)).pubs; }

  holds({ sig, ...message }, pubs) {
    return verifies(this.suite, pubs.get(message.from), this.digest(message), Buffer.from(sig, "hex"));
  }

  // A vote of a member for a value, as a `decided` message or a certificate holds it.
  verifyVote(kind, height, round, value, { member: from, signature }) {
    refuseUnless(this.pubs.has(from), "consensus.no_quorum", "votes of validators", from);
    const vote = { body: { value }, channel: this.channel, from, height, kind, round, sig: signature, suite: this.suite };
    refuseUnless(this.holds(vote, this.pubs), "net.bad_signature", `a signature of ${from}`);
  }
}

export const inOrder = (given) => ascending(given.map((one) => one.member));
export const encoded = bytesOf;
