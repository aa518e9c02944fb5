// Canonical values (spec/data.md, part 2): one encoding of every value, and a reader that accepts nothing else.

import { Refused, refuseUnless } from "./refusal.js";

const DEPTH = 128; // encoding.depth of spec/limits.toml
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const LONE = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/;

const bad = (expected) => new Refused("wire.not_canonical", expected, "other bytes");

// The canonical text of a value (DAT-001 to DAT-007).
export function encode(value, depth = DEPTH) {
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "number") {
    if (!Number.isSafeInteger(value)) throw bad("an integer within 2^53 - 1"); // DAT-003, DAT-004
    return String(value);
  }
  if (typeof value === "string") {
    if (LONE.test(value)) throw bad("a text without lone surrogates"); // DAT-006
    return JSON.stringify(value);
  }
  if (depth === 0) throw bad("shallower nesting"); // DAT-007
  if (Array.isArray(value)) return `[${value.map((one) => encode(one, depth - 1)).join(",")}]`;
  const members = Object.keys(value).sort().map((key) => {
    if (/[^\x00-\x7f]/.test(key)) throw bad("keys in ASCII"); // DAT-005
    return `${JSON.stringify(key)}:${encode(value[key], depth - 1)}`;
  });
  return `{${members.join(",")}}`;
}

// The value that bytes stand for: read, write again, compare (DAT-008).
export function decode(bytes, longest, depth = DEPTH) {
  refuseUnless(bytes.length <= longest, "wire.too_large", `at most ${longest} bytes`, bytes.length); // DAT-009
  let text, value;
  try {
    text = UTF8.decode(bytes);
    value = JSON.parse(text);
  } catch {
    throw bad("JSON in UTF-8");
  }
  if (encode(value, depth) !== text) throw bad("the one way to write this value");
  return value;
}

export const bytesOf = (value) => Buffer.from(encode(value), "utf8");
