// New versions: what may follow what, and how living instances move to the rules that replace theirs (CTR-S24).

import { timersOf, Step } from "./contracts.js";
import { Overlay } from "./overlay.js";
import { versionOf } from "./program.js";
import { Refused } from "./refusal.js";
import { shapedModule } from "./shapes.js";
import { assignable, parseType } from "./types.js";
import { need } from "./typing.js";
import { loadProgram } from "./verify-program.js";

// The program after a deployment, and the moves it makes.
export function deploy(deployed, arriving, world, retired = []) {
  for (const module of arriving.map(shapedModule)) {
    for (const old of deployed.filter((one) => one.name === module.name)) follows(old, module);
  }
  const program = loadProgram([...deployed, ...arriving], retired), step = new Step(program, new Overlay(world), world.now);
  for (const module of arriving) {
    const old = module.kind === "contract" && program.versions.get(`${module.name} ${module.replaces}`);
    if (old) moveAll(step, old, versionOf(program, { contract: module.name, version: module.version }));
  }
  return { program, changes: step.overlay.changes(step.now) };
}

function follows(old, module) {
  need(old.kind === module.kind, `a ${old.kind}`, module.kind);
  need(old.version < module.version, `a version above ${old.version}`, module.version);
  if (old.kind === "policy") need(old.of === module.of, `a policy for ${old.of}`, module.of);
  if (old.kind === "schema") schemaGrows(old, module);
  if (old.kind === "contract") {
    need(old.key.join() === module.key.join(), `the key ${old.key}`, module.key);
    const declared = (one) => [...one.parties, ...one.data];
    widens(declared(old), declared(module), module.data.filter((one) => one.init !== null).map((one) => one.name));
  }
}

function schemaGrows(old, module) {
  for (const { name, members } of old.enums) {
    const now = module.enums.find((one) => one.name === name)?.members ?? [];
    need(members.every((one) => now.includes(one)), `every member of ${name}`);
  }
  need(old.purposes.every((one) => module.purposes.includes(one)), "every purpose");
  for (const kind of ["entities", "parties"]) {
    for (const before of old[kind]) {
      const now = module[kind].find((one) => one.name === before.name);
      need(now?.tree === before.tree, `${before.name} as it was`);
      widens(before.attributes, now.attributes, []);
    }
  }
}

function widens(before, after, defaults) {
  const typeIn = (list, name) => parseType(list.find((one) => one.name === name)?.type ?? "");
  for (const { name, type } of before) {
    const [had, has] = [parseType(type), typeIn(after, name)];
    need(had && has && assignable(had, has), `${name} as it was`, has?.text);
    need(has.kind !== "int" || (has.low <= had.low && had.high <= has.high), `${name} at least as wide`, has.text);
  }
  for (const { name, type } of after) {
    const fresh = !before.some((one) => one.name === name);
    need(!fresh || parseType(type)?.optional || defaults.includes(name), `a default for ${name}, or "?"`);
  }
}

function moveAll(step, old, now) {
  const named = new Map(now.module.states.flatMap((state) => state.replaces.map((name) => [name, state.name])));
  const targetOf = (name) => named.get(name) ?? (now.states.has(name) ? name : null);
  const living = old.module.states.filter((state) => state.clauses.length > 0).map((state) => state.name);
  for (const name of living) {
    if (targetOf(name) === null) throw new Refused("contract.no_migration", "a state to go to", name);
  }
  for (const id of step.overlay.instances(old.module.name)) {
    const instance = step.overlay.instance(id);
    if (instance.version === old.module.version && living.includes(instance.state)) move(step, instance, old, now, targetOf(instance.state));
  }
}

function move(step, instance, old, now, target) {
  const valueOf = (name) => (old.at.has(name) ? instance.values[old.at.get(name)] : now.initial.get(name) ?? null);
  const clauses = old.states.get(instance.state).clauses, duty = (one) => JSON.stringify([one.action, one.else?.name]);
  const done = instance.closed.map((at) => clauses[at]).filter((one) => one.kind === "must").map(duty);
  const closed = now.states.get(target).clauses.flatMap((one, at) => (one.kind === "must" && done.includes(duty(one)) ? [at] : []));
  const moved = { ...instance, version: now.module.version, state: target, values: now.fields.map(valueOf), closed };
  moved.timers = timersOf(now, moved);
  step.overlay.written.set(moved.id, moved);
  step.emit("migrated", moved, { from_version: instance.version, from_state: instance.state, to: target });
}
