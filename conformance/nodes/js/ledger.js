// Members, transactions, blocks and certificates (spec/data.md, parts 6 to 9): each is read, then judged.

import { bytesOf, decode } from "./canonical.js";
import { anything, ascending, check, count, hex, list, member, name, object, shaped, suite } from "./fields.js";
import { digest, root } from "./hashes.js";
import { Refused, refuseUnless } from "./refusal.js";
import { SIGNATURE_BYTES, checkKey, verifies } from "./signatures.js";

export const LIMITS = {
  transaction: 65536, deploy: 524288, signers: 16, depth: 120, block: 1048576, transactions: 1000, members: 128,
}; // spec/limits.toml
const UNCERTIFIED = new Set(["authority", "delegated", "nakamoto", "raft", "solo", "stake"]); // DAT-106
const KINDS = ["command", "deploy", "directory", "membership", "read", "record"];
const hash = hex(32);
const fromHex = (value) => Buffer.from(value, "hex");

// ---- members

const role = (one) => ["validator", "member", "auditor"].includes(one);
export const isMemberEntry = (value) => object(shaped(value, { member, pub: hash, role, weight: count }));

function readMembers(value) { // DAT-050
  check(list(value) && value.length >= 1 && value.length <= LIMITS.members, "1 to 128 members");
  value.forEach(isMemberEntry);
  check(value.every((one, at) => at === 0 || value[at - 1].member <= one.member), "members in order");
  return value;
}

export function judgeMembers(suite, members) { // DAT-025, DAT-051 to DAT-053, in the order of errors.toml
  for (const one of members) checkKey(suite, fromHex(one.pub));
  const distinct = (key) => new Set(members.map((one) => one[key])).size === members.length;
  refuseUnless(distinct("member"), "member.duplicate", "each member once");
  refuseUnless(distinct("pub"), "member.duplicate_key", "each key once");
  for (const one of members) {
    refuseUnless(one.role === "validator" ? one.weight > 0 : one.weight === 0, "member.bad_weight", "weight by role");
  }
  refuseUnless(members.some((one) => one.role === "validator"), "member.no_validator", "a validator");
}

export const membershipDigest = (members) => digest("yilian/membership/v1", bytesOf(members)).toString("hex"); // DAT-054
export const validators = (members) => new Map(members.filter((one) => one.role === "validator").map((one) => [one.member, one]));

// ---- genesis

export function checkGenesis(bytes, suites) { // DAT-080, DAT-081, DAT-024
  const genesis = shaped(decode(bytes, LIMITS.block), {
    channel: name, directory: list, engine: name, members: list, parameters: object, suite, time: count,
  });
  readMembers(genesis.members);
  refuseUnless(suites.includes(genesis.suite), "block.bad_genesis", suites.join(), genesis.suite);
  judgeMembers(genesis.suite, genesis.members);
  return genesis;
}
export const genesisId = (bytes) => digest("yilian/genesis/v1", bytes).toString("hex");

// ---- transactions

// From its bytes, alone or out of a block (DAT-060, DAT-061, DAT-064).
export function readTransaction(bytes) {
  const value = decode(bytes, LIMITS.deploy, LIMITS.depth);
  const longest = value?.body?.kind === "deploy" ? LIMITS.deploy : LIMITS.transaction;
  refuseUnless(bytes.length <= longest, "wire.too_large", longest, bytes.length);
  const { body, signatures } = shaped(value, { body: object, signatures: list });
  shaped(body, { channel: name, kind: name, nonce: count, payload: anything, signers: list, suite });
  const { signers } = body;
  check(signers.length >= 1 && signers.length <= LIMITS.signers && signers.every(member), "1 to 16 signers");
  check(ascending(signers.slice(1)) && new Set(signers).size === signers.length, "the sender, then others ascending");
  check(signatures.length === signers.length, "as many signatures as signers");
  check(signatures.every(hex(32, 64)), "signatures in hex");
  return value;
}

export const transactionId = (transaction) => digest("yilian/tx/v1", bytesOf(transaction.body)); // DAT-062

// `known` has channel, suite, pubs (member to key) and nonces (member to its next); it is told of the nonce taken.
function judgeTransaction(transaction, id, known) { // DAT-065 to DAT-070
  judgeSigned(transaction, id, known);
  const { nonce, signers: [sender] } = transaction.body, next = known.nonces.get(sender) ?? 0;
  refuseUnless(nonce >= next, "tx.nonce_used", next, nonce);
  refuseUnless(nonce <= next, "tx.nonce_gap", next, nonce);
  known.nonces.set(sender, next + 1);
}

// All but its nonce (DAT-065 to DAT-069).
export function judgeSigned({ body, signatures }, id, known) {
  refuseUnless(body.channel === known.channel, "tx.wrong_channel", known.channel, body.channel);
  refuseUnless(body.suite === known.suite, "tx.wrong_suite", known.suite, body.suite);
  refuseUnless(KINDS.includes(body.kind), "tx.unknown_kind", KINDS.join(), body.kind);
  for (const signer of body.signers) refuseUnless(known.pubs.has(signer), "tx.unknown_signer", "a member", signer);
  body.signers.forEach((signer, at) => {
    const good = verifies(body.suite, known.pubs.get(signer), id, fromHex(signatures[at]));
    refuseUnless(good, "tx.bad_signature", `a signature of ${signer}`); // DAT-063
  });
}

export const knownOf = ({ channel, suite, members, nonces }) => ({
  channel, suite, pubs: new Map(members.map((one) => [one.member, fromHex(one.pub)])), nonces: new Map(nonces),
});

export function checkTransaction(bytes, context) {
  const transaction = readTransaction(bytes), id = transactionId(transaction);
  judgeTransaction(transaction, id, knownOf(context));
  return { id: id.toString("hex") };
}

// ---- blocks

const HEADER = {
  channel: name, height: count, membership: hash, previous: hash, proposer: member, receipts_root: hash,
  size: (value) => count(value) && value <= LIMITS.transactions, state_root: hash, suite, time: count, transactions_root: hash,
};

export function readBlock(bytes) { // DAT-082, DAT-084
  const block = shaped(decode(bytes, LIMITS.block), { header: object, transactions: list });
  shaped(block.header, HEADER);
  check(block.transactions.length <= LIMITS.transactions, "at most 1000 transactions");
  block.transactions.forEach((one) => readTransaction(bytesOf(one)));
  return block;
}

// Against its tip: what the block before left (DAT-085 to DAT-095, DAT-099, in this order).
export function checkBlock(bytes, { tip, members, nonces }) {
  const block = readBlock(bytes), { header, transactions } = block;
  const fits = (code, expected, got) => refuseUnless(got === expected, code, expected, got);
  fits("block.wrong_channel", tip.channel, header.channel);
  fits("block.wrong_suite", tip.suite, header.suite);
  fits("block.wrong_height", tip.height + 1, header.height);
  fits("block.wrong_previous", tip.id, header.previous);
  refuseUnless(header.time >= tip.time, "block.time_backwards", `at least ${tip.time}`, header.time);
  fits("block.wrong_membership", membershipDigest(members), header.membership);
  refuseUnless(validators(members).has(header.proposer), "block.wrong_proposer", "a validator", header.proposer);
  fits("block.wrong_state_root", tip.state_root, header.state_root);
  fits("block.wrong_receipts_root", tip.receipts_root, header.receipts_root);
  fits("block.wrong_transactions_root", transactions.length, header.size);
  fits("block.wrong_transactions_root", root(transactions.map(bytesOf)).toString("hex"), header.transactions_root);
  const ids = transactions.map(transactionId);
  const distinct = new Set(ids.map((id) => id.toString("hex"))).size === ids.length;
  refuseUnless(distinct, "block.duplicate_transaction", "each transaction once");
  const known = knownOf({ channel: tip.channel, suite: tip.suite, members, nonces });
  transactions.forEach((transaction, at) => {
    try {
      judgeTransaction(transaction, ids[at], known);
    } catch (refused) {
      if (!(refused instanceof Refused)) throw refused;
      throw new Refused("block.bad_transaction", "transactions that may be executed", refused.message);
    }
  });
  return block;
}
export const blockId = (header) => digest("yilian/block/v1", bytesOf(header)).toString("hex"); // DAT-083

// ---- certificates

// About a decided block of a channel (DAT-100 to DAT-106). `bytes` null: there is no certificate.
export function checkCertificate(bytes, { channel, suite: inForce, height, block, engine, kind, members }) {
  if (bytes === null) {
    refuseUnless(UNCERTIFIED.has(engine), "consensus.missing_certificate", "a certificate", "none");
    return {};
  }
  const given = shaped(decode(bytes, LIMITS.block), {
    block: hash, channel: name, height: count, kind: name, profile: name, round: count, signatures: list, suite,
  });
  check(given.signatures.length <= LIMITS.members, "at most 128 signatures");
  for (const one of given.signatures) shaped(one, { member, signature: hex(32, 64) });
  check(ascending(given.signatures.map((one) => one.member)), "signers in order, nobody twice");
  const fits = (code, expected, got) => refuseUnless(got === expected, code, expected, got);
  fits("consensus.wrong_channel", channel, given.channel);
  fits("consensus.wrong_suite", inForce, given.suite);
  fits("consensus.wrong_height", height, given.height);
  fits("consensus.wrong_block", block, given.block);
  fits("consensus.wrong_kind", `${engine} ${kind}`, `${given.profile} ${given.kind}`);
  const able = validators(members);
  for (const one of given.signatures) {
    refuseUnless(able.has(one.member), "consensus.unknown_signer", "a validator", one.member);
  }
  for (const one of given.signatures) {
    const vote = { // DAT-101
      body: { value: given.block }, channel, from: one.member, height, kind, round: given.round, suite: inForce,
    };
    const message = digest(`yilian/${engine}/${kind}/v1`, bytesOf(vote));
    const good = verifies(inForce, fromHex(able.get(one.member).pub), message, fromHex(one.signature));
    refuseUnless(good, "consensus.bad_signature", `a signature of ${one.member}`);
  }
  const weight = (names) => names.reduce((sum, one) => sum + BigInt(able.get(one).weight), 0n); // DAT-105
  const signed = weight(given.signatures.map((one) => one.member)), total = weight([...able.keys()]);
  refuseUnless(3n * signed > 2n * total, "consensus.no_quorum", "more than two thirds", `${signed} of ${total}`);
  return {};
}

export const receiptsRoot = (receipts) => root(receipts.map(bytesOf)).toString("hex"); // DAT-111
