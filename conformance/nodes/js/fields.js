// Fields of canonical objects: exactly those that an object has, each of its type and in its range (DAT-010 to DAT-013).

import { refuseUnless } from "./refusal.js";

const check = (holds, expected, got) => refuseUnless(holds, "wire.bad_field", expected, got);

export const isInteger = Number.isSafeInteger;
export const count = (value) => isInteger(value) && value >= 0; // DAT-013
export const text = (value) => typeof value === "string";
export const member = (value) => text(value) && /^[a-z0-9][a-z0-9.-]{0,63}$/.test(value); // DAT-010
export const name = (value) => text(value) && /^[a-z0-9][a-z0-9._/-]{0,127}$/.test(value); // DAT-011
export const hex = (...lengths) => (value) =>
  text(value) && lengths.includes(value.length / 2) && /^[0-9a-f]*$/.test(value); // DAT-012
export const suite = (value) => ["intl", "gm", "stub"].includes(value); // DAT-016
export const object = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
export const list = (value) => Array.isArray(value);
export const anything = () => true;

// An object with exactly these fields; the object itself, for what is checked next.
export function shaped(value, fields) {
  const keys = Object.keys(fields).sort();
  check(object(value) && Object.keys(value).sort().join() === keys.join(), keys.join(", "));
  for (const key of keys) check(fields[key](value[key]), `a proper ${key}`, JSON.stringify(value[key]));
  return value;
}

export const ascending = (names) => names.every((one, at) => at === 0 || names[at - 1] < one);
export { check };
