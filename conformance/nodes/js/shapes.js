// The shapes of the IR (spec/contract.md, part 5; spec/ir.schema.json): every object closed, every default left out.

import { encode } from "./canonical.js";
import { bad, isInteger } from "./types.js";

const text = (value) => typeof value === "string" || bad("a text", value);
const number = (value) => isInteger(value) || bad("a number", value);
const truth = (value) => typeof value === "boolean" || bad("true or false", value);
const one = (...words) => (value) => words.includes(value) || bad(words.join(" or "), value);
const maybe = (shape) => (value) => value === null || shape(value);
const list = (shape) => (value) => (Array.isArray(value) ? value.forEach((item) => shape(item)) : bad("a list", value));
const texts = list(text);

// An object with these members, and perhaps some of those, which then are not what leaving them out means.
function object(fields, optional = {}) {
  return (value) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) bad("an object", value);
    for (const key of Object.keys(value)) if (!Object.hasOwn(fields, key) && !Object.hasOwn(optional, key)) bad("no member of this name", key);
    for (const [key, shape] of Object.entries(fields)) Object.hasOwn(value, key) ? shape(value[key]) : bad(`a member ${key}`);
    for (const [key, shape] of Object.entries(optional)) if (Object.hasOwn(value, key)) shape(value[key]);
  };
}

function tagged(tag, shapes) {
  return (value) => {
    const shape = typeof value === "object" && value !== null && Object.hasOwn(shapes, value[tag]) ? shapes[value[tag]] : null;
    shape === null ? bad(`one of ${Object.keys(shapes).join(", ")}`, value?.[tag]) : shape({ ...value, [tag]: undefined });
  };
}
const without = () => true; // the tag, which chose the shape

const filled = (shape, empty) => (value) => (shape(value), encode(value) !== encode(empty) || bad("no default written out", value));
const STEPS = ["party", "data", "param", "some", "reader", "record", "purpose", "now", "state", "attr"];
const OPS = ["and", "or", "not", "eq", "ne", "lt", "le", "gt", "ge", "in", "has", "signed", "add", "sub", "scale", "pct", "some", "path", "lit"];
const step = (value) => (Array.isArray(value) && value.length === 2 ? (one(...STEPS)(value[0]), text(value[1])) : bad("a step", value));
const literal = (value) => typeof value === "boolean" || isInteger(value) || typeof value === "string" || texts(value);

const expression = (value) => expr(value);
const expr = object({ op: one(...OPS), type: text }, {
  args: filled(list(expression), []), path: filled(list(step), []), value: filled(literal, null), by: filled(number, 0),
  name: filled(text, ""), of: filled(text, ""), find: object({ field: text, value: expression }),
});
const typed = list(object({ name: text, type: text }));
const args = list(object({ name: text, value: expr }));
const create = { op: without, contract: text, action: text, args };
const effects = list(tagged("op", {
  set: object({ op: without, name: text, value: expr }),
  pay: object({ op: without, amount: expr, from: expr, shares: list(object({ to: expr, bp: maybe(number) })) }),
  create: object(create),
  call: object({ op: without, on: expr, action: text, args }),
}));
const limit = object({}, { within: number, until: text });
const acting = { kind: without, actors: texts, action: text, params: typed, when: maybe(expr), do: effects, to: maybe(text) };
const may = object({ ...acting, caller: maybe(text) });
const breach = object({ name: text, do: effects, to: maybe(text) });
const clauses = list(tagged("kind", {
  may, must: object({ ...acting, limit, else: breach }), wait: object({ kind: without, limit, do: effects, to: text }),
}));
const reads = object({ form: without, name: text, reader: text, groups: texts, purposes: maybe(texts), when: maybe(expr) });
const always = object({ form: without, name: text, condition: expr });
const follows = object({ form: without, name: text, action: text, earlier: text });
const checks = list(tagged("form", {
  always, never: always, always_after: follows, never_after: follows, always_reads: reads, never_reads: reads,
  reaches: object({ form: without, name: text, states: texts, within: number }),
}));
const kinds = list(object({ name: text, tree: truth, attributes: typed }));
const module = { ir: one(1), kind: without, name: text, version: number, uses: texts };

const readModule = tagged("kind", {
  schema: object({ ...module, enums: list(object({ name: text, members: texts })), purposes: texts, entities: kinds, parties: kinds }),
  contract: object({
    ...module, replaces: maybe(number), parties: list(object({ name: text, type: text, where: maybe(expr) })),
    data: list(object({ name: text, type: text, init: maybe(expr) })), key: texts,
    start: list(tagged("kind", { may })), states: list(object({ name: text, replaces: texts, clauses })), checks,
  }),
  policy: object({
    ...module, replaces: maybe(number), of: text, groups: list(object({ name: text, fields: texts })),
    rules: list(object({
      kind: one("permit", "forbid"), name: text, reader: text, groups: texts, purposes: maybe(texts), when: maybe(expr),
      overrides: texts, do: list(tagged("op", { create: object(create) })),
    })),
    views: list(object({
      name: text, show: list(object({ op: one("count", "sum"), path: maybe(expr) })), where: maybe(expr),
      group: list(expr), rollup: maybe(expr), to: text, when: maybe(expr), k: number,
    })),
    checks,
  }),
});

// Return the module if it has the shape of one (CTR-T15); refuse it as `contract.bad_package`.
export function shapedModule(value) {
  readModule(value);
  return value;
}
