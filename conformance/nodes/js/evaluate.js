// The value of an expression at a place and time (spec/contract.md, CTR-S13 to CTR-S17). Total: what is absent is null.

import { encode } from "./canonical.js";
import { versionOf } from "./program.js";
import { Refused } from "./refusal.js";
import { LIMITS } from "./types.js";
import { floorDiv } from "./typing.js";

// A place has program, world, now, signers, and where they mean something: instance, parameters, bound, record, reader,
// purpose, cell (path as text to value).
export const holds = (condition, place) => condition === null || evaluate(condition, place) === true;

export function evaluate(e, place) {
  const args = e.args ?? [], first = () => evaluate(args[0], place);
  switch (e.op) {
    case "lit": return e.value;
    case "path": return place.cell?.has(JSON.stringify(e.path)) ? place.cell.get(JSON.stringify(e.path)) : follow(e.path, place);
    case "and": return args.every((arg) => evaluate(arg, place) === true);
    case "or": return args.some((arg) => evaluate(arg, place) === true);
    case "not": return first() !== true;
    case "has": return first() !== null;
    case "signed": return place.signers.includes(first());
    case "some": return some(e, place);
    case "scale": return scaled(first(), (x) => x * (e.by ?? 0));
    case "pct": return scaled(first(), (x) => percent(x, e.by ?? 0));
    default: return binary(e.op, first(), evaluate(args[1], place), place.world);
  }
}

const scaled = (value, by) => (Number.isInteger(value) ? by(value) : null);
export const percent = (x, points) => Number(floorDiv(BigInt(x) * BigInt(points), 10000n)); // CTR-S12, CTR-S13

function binary(op, left, right, world) { // CTR-S17
  if (op === "eq") return encode(left) === encode(right);
  if (op === "ne") return encode(left) !== encode(right);
  if (op === "in") return within(left, right, world);
  const there = Number.isInteger(left) && Number.isInteger(right);
  switch (op) {
    case "lt": return there && left < right;
    case "le": return there && left <= right;
    case "gt": return there && left > right;
    case "ge": return there && left >= right;
    case "add": return there ? left + right : null;
    default: return there ? left - right : null;
  }
}

export function lineOf(world, name) { // a node and those above it
  const line = [];
  for (let node = name; node !== null && node !== undefined && line.length < LIMITS.treeDepth; node = world.node(node)?.parent) line.push(node);
  return line;
}

const within = (left, right, world) =>
  (Array.isArray(right) ? right.includes(left) : typeof left === "string" && lineOf(world, left).includes(right));

function some(e, place) { // CTR-S16
  const value = evaluate(e.find.value, place);
  if (value === null || Array.isArray(value)) return false;
  const found = place.world.find(e.of, e.find.field, value);
  const fulfils = (id) => holds(e.args[0], { ...place, bound: [e.name, id] });
  if (found.slice(0, LIMITS.someMatches).some(fulfils)) return true;
  if (found.length > LIMITS.someMatches) throw new Refused("contract.limit_exceeded", LIMITS.someMatches, found.length);
  return false;
}

function follow(path, place) {
  const [root, ...steps] = path;
  return steps.reduce((value, [kind, name]) => {
    if (value === null) return null;
    if (kind === "attr") return place.world.node(value)?.attributes.get(name) ?? null;
    return ofInstance(kind, name, place.world.instance(value), place.program);
  }, rootOf(root, place));
}

function rootOf([kind, name], place) {
  switch (kind) {
    case "param": return place.parameters?.get(name) ?? null;
    case "some": return place.bound?.[0] === name ? place.bound[1] : null;
    case "now": return place.now;
    case "record": return place.record ?? null;
    case "reader": return place.reader ?? null;
    case "purpose": return place.purpose ?? null;
    default: return ofInstance(kind, name, place.instance, place.program);
  }
}

function ofInstance(kind, name, instance, program) {
  if (!instance) return null;
  return kind === "state" ? instance.state : fieldOf(program, instance, name);
}

// What a version does not have yet has the default of the newest (CTR-S24).
export function fieldOf(program, instance, name) {
  const at = versionOf(program, instance).at.get(name);
  return at !== undefined ? instance.values[at] : program.contracts.get(instance.contract).initial.get(name) ?? null;
}
