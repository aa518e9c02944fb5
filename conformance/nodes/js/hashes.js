// Digests, Merkle trees and the state map (spec/data.md, parts 3 to 5).

import { createHash } from "node:crypto";
import { count, hex, list, object, shaped, text } from "./fields.js";
import { refuseUnless } from "./refusal.js";

const HASHES = 64, STEPS = 2040, KEY_BYTES = 255, VALUE_BYTES = 2097152; // proof and state of spec/limits.toml

export const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash("sha256")).digest();
const byte = (...numbers) => Buffer.from(numbers);

export const digest = (tag, bytes) => sha256(Buffer.from(tag, "ascii"), byte(0), bytes); // DAT-020

// ---- trees

const inner = (left, right) => sha256(byte(1), left, right); // DAT-030
const leafHash = (leaf) => sha256(byte(0), leaf);

function half(size) { // the largest power of two below size
  let k = 1;
  while (2 * k < size) k *= 2;
  return k;
}

export function root(leaves) { // DAT-031
  if (leaves.length === 0) return sha256();
  if (leaves.length === 1) return leafHash(leaves[0]);
  const k = half(leaves.length);
  return inner(root(leaves.slice(0, k)), root(leaves.slice(k)));
}

const proves = (holds) => refuseUnless(holds, "wire.bad_proof", "a proof of this", "another");

// RFC 9162, 2.1.3.2 (DAT-032, DAT-034).
export function verifyInclusion(leaf, index, size, proof, expected) {
  proves(proof.length <= HASHES && count(index) && index < size);
  let [fn, sn, hash] = [index, size - 1, leafHash(leaf)];
  for (const one of proof) {
    proves(sn !== 0);
    if (fn % 2 === 1 || fn === sn) {
      hash = inner(one, hash);
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [fn / 2, Math.floor(sn / 2)];
    } else hash = inner(hash, one);
    [fn, sn] = [Math.floor(fn / 2), Math.floor(sn / 2)];
  }
  proves(sn === 0 && hash.equals(expected));
}

// RFC 9162, 2.1.4.2 (DAT-033, DAT-034).
export function verifyConsistency(first, second, proof, firstRoot, secondRoot) {
  proves(proof.length <= HASHES && 0 < first && first <= second);
  if (first === second) return proves(proof.length === 0 && firstRoot.equals(secondRoot));
  const path = half(first + 1) === first ? [firstRoot, ...proof] : [...proof];
  proves(path.length > 0);
  let [fn, sn] = [first - 1, second - 1];
  while (fn % 2 === 1) [fn, sn] = [Math.floor(fn / 2), Math.floor(sn / 2)];
  let [fr, sr] = [path[0], path[0]];
  for (const one of path.slice(1)) {
    proves(sn !== 0);
    if (fn % 2 === 1 || fn === sn) {
      [fr, sr] = [inner(one, fr), inner(one, sr)];
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [fn / 2, Math.floor(sn / 2)];
    } else sr = inner(sr, one);
    [fn, sn] = [Math.floor(fn / 2), Math.floor(sn / 2)];
  }
  proves(sn === 0 && fr.equals(firstRoot) && sr.equals(secondRoot));
}

// ---- the state map

const bit = (key, p) => (p >> 3 < key.length ? (key[p >> 3] >> (7 - (p & 7))) & 1 : 0);
const stateLeaf = (key, valueHash) => sha256(byte(2, key.length), key, valueHash); // DAT-042
const branch = (p, left, right) => sha256(byte(3, p >> 8, p & 255), left, right); // DAT-043

function firstDifference(a, b) {
  let p = 0;
  while (p >> 3 < a.length && a[p >> 3] === b[p >> 3]) p += 8;
  while (bit(a, p) === bit(b, p)) p += 1;
  return p;
}

// Entries are [key, value] (DAT-040 to DAT-044).
export function stateRoot(entries) {
  for (const [key, value] of entries) {
    const fits = key.length >= 1 && key.length <= KEY_BYTES && !key.includes(0) && value.length <= VALUE_BYTES;
    refuseUnless(fits, "contract.limit_exceeded", "a key and value within the limits");
  }
  if (entries.length === 0) return digest("yilian/state/v1", Buffer.alloc(0));
  const keys = new Set(entries.map(([key]) => key.toString("latin1")));
  refuseUnless(keys.size === entries.length, "wire.bad_field", "each key once");
  return rootUnder([...entries].sort(([a], [b]) => Buffer.compare(a, b)), 0, entries.length);
}

// The root over the sorted entries from `start` to before `end`: those whose bit is 0 come first.
function rootUnder(entries, start, end) {
  if (end - start === 1) return stateLeaf(entries[start][0], sha256(entries[start][1]));
  const p = firstDifference(entries[start][0], entries[end - 1][0]);
  let [low, high] = [start, end - 1]; // the first whose bit is 1 is in here
  while (low < high) {
    const middle = (low + high) >> 1;
    if (bit(entries[middle][0], p)) high = middle;
    else low = middle + 1;
  }
  return branch(p, rootUnder(entries, start, low), rootUnder(entries, low, end));
}

// The proof of presence or absence of a key (DAT-046).
export function proveState(entries, key) {
  if (entries.length === 0) return { steps: [] };
  const steps = [];
  let part = [...entries].sort(([a], [b]) => Buffer.compare(a, b));
  while (part.length > 1) {
    const p = firstDifference(part[0][0], part[part.length - 1][0]), side = bit(key, p);
    steps.push([p, stateRoot(part.filter(([one]) => bit(one, p) !== side)).toString("hex")]);
    part = part.filter(([one]) => bit(one, p) === side);
  }
  const [[leaf, value]] = part;
  return { leaf: { key: leaf.toString("hex"), value_hash: sha256(value).toString("hex") }, steps };
}

function readProof(proof) { // DAT-046
  const hash = hex(32);
  const step = (one) => list(one) && one.length === 2 && count(one[0]) && one[0] < STEPS && hash(one[1]);
  const steps = (value) => list(value) && value.length <= STEPS && value.every(step);
  const key = (value) => text(value) && hex(value.length / 2)(value) && value.length <= 2 * KEY_BYTES;
  shaped(proof, object(proof) && "leaf" in proof ? { leaf: object, steps } : { steps });
  if (proof.leaf) shaped(proof.leaf, { key, value_hash: hash });
  return proof;
}

// `value` null asks for a proof of absence (DAT-047, DAT-048).
export function verifyState(key, value, proof, expected) {
  const { leaf, steps } = readProof(proof);
  if (leaf === undefined) {
    return proves(value === null && steps.length === 0 && expected.equals(stateRoot([])));
  }
  const leafKey = Buffer.from(leaf.key, "hex"), valueHash = Buffer.from(leaf.value_hash, "hex");
  proves(value === null ? !leafKey.equals(key) : leafKey.equals(key) && valueHash.equals(sha256(value)));
  let hash = stateLeaf(leafKey, valueHash);
  for (const [p, sibling] of [...steps].reverse()) {
    const other = Buffer.from(sibling, "hex");
    hash = bit(key, p) ? branch(p, other, hash) : branch(p, hash, other);
  }
  proves(hash.equals(expected));
}
