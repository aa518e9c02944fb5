// The types of the contract language (spec/contract.md, part 5): their text, their ranges, and which values are of them.

import { Refused } from "./refusal.js";

export const LIMITS = {
  name: 64, integer: 2 ** 53 - 1, money: 1e13, time: 253402300799, duration: 316224000000, states: 64, clauses: 32,
  nodes: 256, callDepth: 4, treeDepth: 8, setMembers: 64, someMatches: 256, fields: 128, effects: 32, signers: 64,
}; // section contract of spec/limits.toml

const NAME = "[A-Za-z_\\u4e00-\\u9fff][0-9A-Za-z_\\u4e00-\\u9fff]*";
const WHOLE_NAME = new RegExp(`^${NAME}$`);
const NAMED = new RegExp(`^(party|enum|entity|contract|state|set) (${NAME})$`);
const INT = /^int (-?[0-9]{1,16})\.\.(-?[0-9]{1,16})$/;
const PLAIN = ["bool", "code", "hash", "money", "time", "purpose", "duration", "party"];
const CODE = /^[A-Za-z0-9.:_-]{1,64}$/, HASH = /^[0-9a-f]{64}$/;

export const isName = (text) => WHOLE_NAME.test(text) && text.length <= LIMITS.name; // CTR-L1
export const isInteger = (value) => Number.isSafeInteger(value);
export const ORDERED = ["int", "money", "time"];

// What a text means as a type: {kind, name, low, high, optional, text}; null if nothing.
const known = new Map();
export function parseType(text) {
  if (!known.has(text)) known.set(text, read(text));
  return known.get(text);
}

function read(text) {
  const optional = text.endsWith("?"), bare = optional ? text.slice(0, -1) : text;
  const type = (kind, name = "", low = 0, high = 0) => ({ kind, name, low, high, optional, text });
  if (PLAIN.includes(bare)) return type(bare, "", 0, bare === "money" ? LIMITS.money : LIMITS.time);
  const int = INT.exec(bare);
  if (int) {
    const [low, high] = [Number(int[1]), Number(int[2])];
    const written = `int ${low}..${high}` === bare && !Object.is(low, -0) && !Object.is(high, -0);
    return written && isInteger(low) && isInteger(high) && low <= high ? type("int", "", low, high) : null;
  }
  const named = NAMED.exec(bare);
  return named ? type(named[1], named[2]) : null;
}

export const present = (type) => (type.optional ? parseType(type.text.slice(0, -1)) : type);
export const intType = (low, high) => parseType(`int ${low}..${high}`);
export const element = (set) => parseType(set.name === "purpose" ? "purpose" : `enum ${set.name}`);

// Whether `==` may stand between two types, and whether a value of one may be stored as the other (CTR-T1, CTR-S13).
export function comparable(left, right) {
  if (left.kind !== right.kind || left.kind === "duration") return false;
  if (left.kind === "party") return !left.name || !right.name || left.name === right.name;
  return left.name === right.name;
}

export function assignable(source, target) {
  if (source.kind !== target.kind || (source.optional && !target.optional)) return false;
  if (target.kind === "party") return !target.name || source.name === target.name;
  return source.name === target.name;
}

export const alwaysFits = (source, target) => // CTR-T8
  assignable(source, target) && (source.kind !== "int" || (target.low <= source.low && source.high <= target.high));

// Texts in the order of their characters' numbers, as sets, names and keys are ordered everywhere.
export function byCodePoint(a, b) {
  return Buffer.compare(Buffer.from(a, "utf8"), Buffer.from(b, "utf8"));
}

export const isSet = (value) =>
  Array.isArray(value) && value.length <= LIMITS.setMembers && value.every((one) => typeof one === "string") &&
  value.every((one, at) => at === 0 || byCodePoint(value[at - 1], one) < 0);

// A word of a type whose words do not depend on the directory.
export function isWord(value, type, program) {
  switch (type.kind) {
    case "code": return CODE.test(value);
    case "hash": return HASH.test(value);
    case "purpose": return program.purposes.includes(value);
    case "enum": return (program.enums.get(type.name) ?? []).includes(value);
    default: return false;
  }
}

// Whether an argument is of a type, in its range, and names something that exists (CTR-S7).
export function conforms(value, type, program, world) {
  if (value === null) return type.optional;
  switch (type.kind) {
    case "bool": return typeof value === "boolean";
    case "int": case "money": case "time": return isInteger(value) && type.low <= value && value <= type.high;
    case "contract": return isInteger(value) && world.instance(value)?.contract === type.name;
    case "set": return isSet(value) && value.every((one) => conforms(one, element(type), program, world));
    case "entity": return typeof value === "string" && world.node(value)?.kind === type.name;
    case "party": {
      const kind = typeof value === "string" ? world.node(value)?.kind : undefined;
      return program.parties.has(kind) && (type.name === "" || type.name === kind);
    }
    default: return typeof value === "string" && isWord(value, type, program);
  }
}

export function bad(expected, got) {
  throw new Refused("contract.bad_package", expected, got);
}
