// The types of expressions, each recomputed, so that evaluation meets only what it can decide (CTR-T1 to CTR-T5).

import { encode } from "./canonical.js";
import { attributeType, conjuncts } from "./program.js";
import {
  LIMITS, ORDERED, assignable, bad, comparable, element, intType, isInteger, isSet, isWord, parseType, present,
} from "./types.js";

export const need = (holds, expected, got) => { if (!holds) bad(expected, got); };

const ARITY = {
  and: [2, LIMITS.nodes], or: [2, LIMITS.nodes], not: [1, 1], eq: [2, 2], ne: [2, 2], lt: [2, 2], le: [2, 2], gt: [2, 2],
  ge: [2, 2], in: [2, 2], has: [1, 1], signed: [1, 1], add: [2, 2], sub: [2, 2], scale: [1, 1], pct: [1, 1], some: [1, 1],
  path: [0, 0], lit: [0, 0],
};
const argsOf = (e) => e.args ?? [], pathOf = (e) => e.path ?? [];
export const size = (e) => 1 + argsOf(e).reduce((sum, arg) => sum + size(arg), 0);
export const mentions = (e, [kind, name]) =>
  (e.op === "path" && e.path[0][0] === kind && e.path[0][1] === name) || argsOf(e).some((arg) => mentions(arg, [kind, name]));
const keyOf = (path) => JSON.stringify(path);

// Whether an expression may stand for numbers beyond 2^53, its least and greatest value are computed exactly.
function interval(e) {
  if (e.op === "lit") return isInteger(e.value) ? [BigInt(e.value), BigInt(e.value)] : [0n, 0n];
  if (e.op === "path") {
    const type = parseType(e.type);
    return type !== null && ORDERED.includes(type.kind) ? [BigInt(type.low), BigInt(type.high)] : [0n, 0n];
  }
  if (!["add", "sub", "scale", "pct"].includes(e.op)) return [0n, 0n];
  const [low, high] = interval(e.args[0]), by = BigInt(e.by ?? 0);
  if (e.op === "scale") return [low * by, high * by];
  if (e.op === "pct") return [floorDiv(low * by, 10000n), floorDiv(high * by, 10000n)];
  const [otherLow, otherHigh] = interval(e.args[1]);
  return e.op === "add" ? [low + otherLow, high + otherHigh] : [low - otherHigh, high - otherLow];
}
export const floorDiv = (a, b) => (a < 0n && a % b !== 0n ? a / b - 1n : a / b);

// What the roots of paths mean at one place of a module, and which optional paths are known to be there.
export class Scope {
  constructor(program, more = {}) {
    Object.assign(this, {
      program, fields: new Map(), contract: null, parameters: new Map(), bound: null, record: null, reader: null,
      there: new Set(), ...more,
    });
  }

  with(more) {
    return new Scope(this.program, { ...this, ...more });
  }

  knowing(condition) { // CTR-T4
    const has = conjuncts(condition).filter((one) => one.op === "has" && argsOf(one).length === 1);
    return this.with({ there: new Set([...this.there, ...has.map((one) => keyOf(pathOf(one.args[0])))]) });
  }

  stored(e, target) {
    const found = this.whole(e);
    need(assignable(found, target), target.text, found.text);
  }

  condition(e) {
    if (e !== null) this.stored(e, parseType("bool"));
  }

  whole(e) {
    need(size(e) <= LIMITS.nodes, `at most ${LIMITS.nodes} nodes`); // CTR-T14
    return this.type(e);
  }

  type(e) {
    const [least, most] = ARITY[e.op], count = argsOf(e).length;
    need(least <= count && count <= most, `operands of ${e.op}`, count);
    need((e.value === undefined) === (e.op !== "lit"), "a value in `lit` alone");
    need(pathOf(e).length > 0 === (e.op === "path"), "a path in `path` alone");
    need(e.by === undefined || e.op === "scale" || e.op === "pct", "`by` in `scale` and `pct` alone");
    const some = e.op === "some";
    need((e.find !== undefined) === some && (e.name !== undefined) === some && (e.of !== undefined) === some, "`some` whole");
    const found = this.computed(e);
    need(found.text === e.type, found.text, e.type);
    return found;
  }

  is(e, text) {
    const found = this.type(e);
    need(assignable(found, parseType(text)), text, found.text);
  }

  computed(e) {
    switch (e.op) {
      case "lit": return this.literal(e);
      case "path": return this.path(e.path);
      case "and":
        e.args.reduce((place, arg) => (place.is(arg, "bool"), place.knowing(arg)), this);
        return parseType("bool");
      case "or": case "not":
        for (const arg of e.args) this.is(arg, "bool");
        return parseType("bool");
      case "has": {
        const [of] = e.args;
        need(of.op === "path" && pathOf(of).length > 0 && this.walk(of.path).optional && of.type.endsWith("?"), "an optional path");
        return parseType("bool");
      }
      case "signed":
        this.is(e.args[0], "party");
        return parseType("bool");
      case "some": return this.some(e);
      case "add": case "sub": case "scale": case "pct": return this.number(e);
      default: return this.comparison(e);
    }
  }

  comparison(e) {
    const [left, right] = e.args.map((arg) => this.type(arg));
    if (e.op === "in") {
      const tree = right.kind === "entity" && this.program.kinds.get(right.name)?.tree === true;
      need(!right.optional && (right.kind === "set" || tree), "a set or tree", right.text);
      need(assignable(left, right.kind === "set" ? element(right) : right), "a member", left.text);
      return parseType("bool");
    }
    need(comparable(left, right), left.text, right.text);
    const ordered = ORDERED.includes(left.kind) && !left.optional && !right.optional;
    need(e.op === "eq" || e.op === "ne" || ordered, "ordered values", left.text);
    return parseType("bool");
  }

  number(e) { // CTR-T2
    const types = e.args.map((arg) => this.type(arg)), kinds = types.map((type) => type.kind).join();
    need(!types.some((type) => type.optional), "numbers that are there");
    const allowed = e.args.length === 2 ? ["int,int", "money,money", "time,duration"] : ["int", "money"];
    need(allowed.includes(kinds), "numbers of one kind", kinds);
    need((e.by ?? 0) >= 0, "a factor", e.by);
    const [low, high] = interval(e), most = BigInt(LIMITS.integer);
    need(-most <= low && high <= most, "values within the integers");
    return types[0].kind === "int" ? intType(Number(low), Number(high)) : types[0];
  }

  some(e) { // CTR-T5
    const target = this.program.contracts.get(e.of), { field, value } = e.find;
    need(this.bound === null, "no `some` within `some`");
    need(target !== undefined, "a contract", e.of);
    this.with({ bound: [e.name, e.of] }).is(e.args[0], "bool");
    need(this.program.fixed.get(e.of).includes(field), "a field that is never set", field);
    need(target.types.get(field).kind !== "set", "a field that can be looked up", field);
    need(!mentions(value, ["some", e.name]), "a value from outside");
    const own = ["party", "data"].map((kind) => keyOf([["some", e.name], [kind, field]]));
    const found = conjuncts(e.args[0]).filter((one) => one.op === "eq").flatMap(({ args: [a, b] }) => [[a, b], [b, a]]);
    const same = ([path, other]) => own.includes(keyOf(pathOf(path))) && encode(other) === encode(value);
    need(found.some(same), "an index that is one of the conjuncts", field);
    return parseType("bool");
  }

  literal(e) {
    const type = parseType(e.type), { value } = e;
    need(type !== null && !type.optional, "a type of a literal", e.type);
    const most = { int: LIMITS.integer, money: LIMITS.money, duration: LIMITS.duration }[type.kind];
    const fits = () => {
      if (type.kind === "bool") return typeof value === "boolean";
      if (most !== undefined) {
        const own = type.kind !== "int" || (type.low === value && type.high === value);
        return isInteger(value) && 0 <= value && value <= most && own;
      }
      if (type.kind === "set") return isSet(value) && value.every((one) => isWord(one, element(type), this.program));
      if (type.kind === "state") return this.program.contracts.get(type.name)?.states.has(value) === true;
      return typeof value === "string" && isWord(value, type, this.program);
    };
    need(fits(), `a literal of ${e.type}`, value);
    return type;
  }

  // ---- paths

  path(path) {
    const found = this.walk(path);
    return this.there.has(keyOf(path)) ? present(found) : found;
  }

  walk(path) {
    let found = this.root(path[0]);
    path.slice(1).forEach((step, at) => {
      need(!found.optional || this.there.has(keyOf(path.slice(0, at + 1))), "a step from what is there", step[1]);
      found = this.step(found, step);
    });
    return found;
  }

  root([kind, name]) {
    if (kind === "party" || kind === "data") {
      const found = this.fields.get(`${kind} ${name}`);
      need(found !== undefined, "a field", name);
      return found;
    }
    need(kind === "param" || kind === "some" || name === "", `no name with ${kind}`, name);
    const found = {
      param: () => this.parameters.get(name),
      some: () => (this.bound?.[0] === name ? parseType(`contract ${this.bound[1]}`) : undefined),
      now: () => parseType("time"),
      state: () => this.contract && parseType(`state ${this.contract}`),
      record: () => this.record && parseType(`contract ${this.record}`),
      reader: () => this.reader && parseType(`party ${this.reader}`),
      purpose: () => this.reader && parseType("purpose"),
    }[kind]?.();
    need(found, "a root that means something here", kind);
    return found;
  }

  step(at, [kind, name]) {
    let found = null;
    if (at.kind === "contract") {
      const contract = this.program.contracts.get(at.name);
      const of = contract.module.parties.some((one) => one.name === name) ? "party" : "data";
      if (kind === "state") found = name === "" ? parseType(`state ${at.name}`) : null;
      else if (kind === of) found = contract.types.get(name) ?? null;
    } else if (kind === "attr" && (at.kind === "party" || at.kind === "entity")) {
      found = attributeType(this.program, at.name, name);
    }
    need(found !== null, `a part of ${at.text}`, name);
    return found;
  }
}
