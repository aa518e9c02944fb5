// Whether modules make a program: every static rule, on the IR (CTR-T1 to CTR-T15). What is refused is
// `contract.bad_package`, and nothing of it is deployed (CTR-D03).

import { bytesOf } from "./canonical.js";
import { link } from "./program.js";
import { shapedModule } from "./shapes.js";
import { LIMITS, byCodePoint, parseType } from "./types.js";
import { need } from "./typing.js";
import { callGraph, contractRules, policyRules } from "./verify-rules.js";
import { distinct, namesOf, typed } from "./verify-types.js";

export function loadProgram(values, retired = []) {
  const modules = values.map(shapedModule);
  modules.forEach(bytesOf); // what has no canonical form is no module
  const names = modules.map((one) => `${one.name} ${one.version}`);
  need(new Set(names).size === names.length, "one module of each name and version");
  oneMeaning(modules);
  modules.forEach(parts);
  const program = link(modules, retired), inForce = modules.filter((one) => isInForce(modules, one));
  for (const module of inForce) {
    const known = [program.schemas, program.contracts, program.policies];
    for (const name of module.uses) need(known.some((map) => map.has(name)), "a module that is deployed", name);
    typed[module.kind](program, module);
  }
  callGraph(program);
  for (const module of inForce) {
    if (module.kind === "contract") contractRules(program, program.versions.get(`${module.name} ${module.version}`));
    if (module.kind === "policy") policyRules(program, module);
  }
  return program;
}

// By what something can still happen: the highest versions, and contracts that no other version replaces (CTR-S24).
function isInForce(modules, module) {
  const others = modules.filter((one) => one.name === module.name);
  if (others.every((one) => one.version <= module.version)) return true;
  return module.kind === "contract" && !others.some((one) => one.kind === "contract" && one.replaces === module.version);
}

// ---- names and shapes (CTR-T6, CTR-T14)

function oneMeaning(modules) { // of a name, over the whole program
  const meanings = new Map();
  const mean = (name, what) => {
    need((meanings.get(name) ?? what) === what, `one meaning of ${name}`, what);
    meanings.set(name, what);
  };
  for (const module of modules) {
    mean(module.name, module.kind);
    if (module.kind !== "schema") continue;
    for (const kind of ["enums", "entities", "parties"]) for (const one of module[kind]) mean(one.name, `${kind} of ${module.name}`);
  }
}

function parts(module) {
  distinct([module.name]);
  distinct(module.uses);
  need(module.uses.every((one, at, all) => at === 0 || byCodePoint(all[at - 1], one) < 0), "uses in order");
  need(module.version >= 1, "a version", module.version);
  if (module.kind === "schema") {
    const kinds = [...module.entities, ...module.parties];
    for (const one of module.enums) distinct(one.members);
    distinct(module.purposes);
    distinct(namesOf([...module.enums, ...kinds]));
    for (const one of kinds) distinct(namesOf(one.attributes));
    need(!module.parties.some((one) => one.tree), "no tree of parties");
    return;
  }
  need(module.replaces === null || (1 <= module.replaces && module.replaces < module.version), "an earlier version to replace");
  distinct(namesOf(module.checks));
  if (module.kind === "policy") {
    distinct(namesOf([...module.groups, ...module.rules]));
    distinct(namesOf(module.views));
    for (const group of module.groups) distinct(group.fields);
    return;
  }
  const clauses = [...module.start, ...module.states.flatMap((state) => state.clauses)];
  for (const { type } of [...module.parties, ...module.data, ...clauses.flatMap((one) => one.params ?? [])]) {
    need(parseType(type) !== null, "a type", type);
  }
  const fields = namesOf([...module.parties, ...module.data]);
  distinct([...fields, ...namesOf(module.states)]);
  need(fields.length <= LIMITS.fields && module.states.length <= LIMITS.states, "a contract within the limits");
  need(module.states.every((one) => one.clauses.length <= LIMITS.clauses), "states within the limits");
  distinct(module.key);
  need(module.start.length > 0 && module.key.every((one) => fields.includes(one)), "a start, and a key of fields");
}
