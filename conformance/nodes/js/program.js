// A program: the modules that are deployed, by name, with what is looked up again and again (spec/contract.md).

import { bytesOf } from "./canonical.js";
import { digest } from "./hashes.js";
import { parseType } from "./types.js";

export const moduleId = (module) => digest("yilian/ir/v1", bytesOf(module)).toString("hex"); // part 5

// Everything that a clause may lead to: [by time alone, effects, next state].
export function outcomes(clause) {
  if (clause.kind === "wait") return [[true, clause.do, clause.to]];
  const done = [false, clause.do, clause.to];
  return clause.kind === "must" ? [done, [true, clause.else.do, clause.else.to]] : [done];
}

export function conjuncts(condition) {
  if (condition === null) return [];
  return condition.op === "and" ? condition.args.flatMap(conjuncts) : [condition];
}

// A version of a contract with its tables.
function contractOf(module) {
  const declared = [...module.parties, ...module.data];
  const clauses = [...module.start, ...module.states.flatMap((state) => state.clauses)];
  return {
    module, clauses,
    fields: declared.map((one) => one.name),
    types: new Map(declared.map((one) => [one.name, parseType(one.type)])),
    at: new Map(declared.map((one, at) => [one.name, at])),
    initial: new Map(module.data.filter((one) => one.init !== null).map((one) => [one.name, one.init.value ?? null])),
    states: new Map(module.states.map((state) => [state.name, state])),
    set: new Set(clauses.flatMap(outcomes).flatMap(([, effects]) => effects).filter((one) => one.op === "set").map((one) => one.name)),
  };
}

// Of each name the highest version counts; instances of an older contract end under their own (CTR-S24).
export function link(modules, retired = []) {
  const sorted = [...modules].sort((a, b) => a.version - b.version);
  const program = {
    modules, retired: new Set(retired), schemas: new Map(), contracts: new Map(), policies: new Map(), versions: new Map(),
    enums: new Map(), purposes: [], kinds: new Map(), parties: new Set(), policyOf: new Map(), fixed: new Map(),
  };
  for (const module of sorted) {
    if (module.kind === "schema") program.schemas.set(module.name, module);
    else if (module.kind === "policy") program.policies.set(module.name, module);
    else {
      const contract = contractOf(module);
      program.contracts.set(module.name, contract);
      program.versions.set(`${module.name} ${module.version}`, contract);
    }
  }
  for (const schema of program.schemas.values()) {
    for (const one of schema.enums) program.enums.set(one.name, one.members);
    for (const one of schema.purposes) if (!program.purposes.includes(one)) program.purposes.push(one);
    for (const one of [...schema.entities, ...schema.parties]) program.kinds.set(one.name, one);
    for (const one of schema.parties) program.parties.add(one.name);
  }
  for (const policy of program.policies.values()) program.policyOf.set(policy.of, policy);
  // What `some` may look up: fields that every version has and no clause of any version sets (CTR-T5).
  for (const { module, fields, set } of program.versions.values()) {
    const free = fields.filter((field) => !set.has(field)), before = program.fixed.get(module.name);
    program.fixed.set(module.name, before ? before.filter((field) => free.includes(field)) : free);
  }
  return program;
}

export const versionOf = (program, { contract, version }) => program.versions.get(`${contract} ${version}`);
export const attributeType = (program, kind, name) => {
  const found = program.kinds.get(kind)?.attributes.find((one) => one.name === name);
  return found ? parseType(found.type) : null;
};
