// Whether everything in a module that is in force has the type it must have (CTR-T1 to CTR-T6, CTR-T9, CTR-T13).

import { LIMITS, alwaysFits, isName, parseType } from "./types.js";
import { Scope, need } from "./typing.js";

export function distinct(names) {
  for (const name of names) need(isName(name), "a name", name);
  need(new Set(names).size === names.length, "names that differ", names.join(", "));
}
export const namesOf = (list) => list.map((one) => one.name);

function declared(program, text) {
  const type = parseType(text);
  need(type !== null, "a type", text);
  if (type.kind === "enum" || (type.kind === "set" && type.name !== "purpose")) need(program.enums.has(type.name), "an enum", text);
  else if (type.kind === "contract") need(program.contracts.has(type.name), "a contract", text);
  else if (type.name && type.kind !== "set") {
    need(program.kinds.has(type.name) && program.parties.has(type.name) === (type.kind === "party"), "a declared kind", text);
  }
  return type;
}

export const typed = {
  schema(program, module) {
    for (const kind of [...module.entities, ...module.parties]) {
      for (const { type } of kind.attributes) {
        need(!["contract", "state", "duration"].includes(declared(program, type).kind), "a type of the directory", type);
      }
    }
  },

  contract(program, module) {
    const contract = program.versions.get(`${module.name} ${module.version}`), fields = new Map();
    for (const { name, type } of module.parties) {
      const found = declared(program, type);
      need(found.kind === "party" && found.name !== "", "a party type", type);
      fields.set(`party ${name}`, found);
    }
    for (const { name, type } of module.data) {
      const found = declared(program, type);
      need(found.kind !== "state" && found.kind !== "duration", "a type that can be stored", type);
      fields.set(`data ${name}`, found);
    }
    const scope = new Scope(program, { fields, contract: module.name });
    for (const { init, name } of module.data) {
      if (init === null) continue;
      need(init.op === "lit", "a literal for a default", name);
      need(alwaysFits(new Scope(program).whole(init), contract.types.get(name)), "a default that fits", name);
    }
    for (const one of module.key) need(!contract.types.get(one).optional && !contract.set.has(one), "a key that is there and stays", one);
    for (const { name, where } of module.parties) { // it is asked of a party that is there
      scope.with({ there: new Set([JSON.stringify([["party", name]])]) }).condition(where);
    }
    for (const clause of module.start) {
      need(clause.to !== null, "a start that leads to a state", clause.action);
      clauseTyped(program, contract, scope, clause);
    }
    for (const state of module.states) {
      need(state.replaces.length === 0 || module.replaces !== null, "nothing replaced where nothing is", state.name);
      for (const clause of state.clauses) clauseTyped(program, contract, scope, clause);
    }
    for (const check of module.checks) contractCheck(contract, scope, check);
  },

  policy(program, module) {
    need(program.contracts.has(module.of), "a contract", module.of);
    const groups = namesOf(module.groups), forbids = namesOf(module.rules.filter((one) => one.kind === "forbid"));
    const reader = (kind) => {
      need(program.parties.has(kind), "a party type", kind);
      return new Scope(program, { record: module.of, reader: kind });
    };
    const listed = (of, purposes) => {
      distinct(of);
      for (const one of of) need(groups.includes(one), "a group of the policy", one);
      distinct(purposes ?? []);
      for (const one of purposes ?? []) need(program.purposes.includes(one), "a purpose", one);
    };
    for (const rule of module.rules) {
      const scope = reader(rule.reader);
      listed(rule.groups, rule.purposes);
      scope.condition(rule.when);
      for (const one of rule.overrides) need(forbids.includes(one), "a forbid to override", one);
      need(rule.kind === "permit" || rule.overrides.length + rule.do.length === 0, "a forbid without consequences", rule.name);
      for (const effect of rule.do) creation(program, module.name, scope.knowing(rule.when), effect);
    }
    for (const view of module.views) viewTyped(program, module, view, reader(view.to));
    for (const check of module.checks) {
      if (check.form === "always" || check.form === "never") new Scope(program, { record: module.of }).condition(check.condition);
      else {
        need(check.form === "always_reads" || check.form === "never_reads", "no check of runs in a policy", check.form);
        listed(check.groups, check.purposes);
        reader(check.reader).condition(check.when);
      }
    }
  },
};

function clauseTyped(program, contract, scope, clause) {
  if (clause.kind === "wait") {
    limitTyped(contract, clause.limit);
    return outcomeTyped(program, contract, scope, clause.do, clause.to);
  }
  distinct([clause.action]);
  distinct(namesOf(clause.params));
  for (const { name } of clause.params) need(!contract.at.has(name) && !contract.states.has(name), "a parameter of its own name", name);
  const inner = scope.with({ parameters: new Map(clause.params.map((one) => [one.name, declared(program, one.type)])) });
  inner.condition(clause.when);
  distinct(clause.actors);
  const parties = namesOf(contract.module.parties), caller = clause.caller ?? null;
  for (const one of clause.actors) need(parties.includes(one), "a party of the contract", one);
  need(clause.actors.length > 0 === (caller === null), "either actors or a caller", clause.action);
  need(caller === null || program.contracts.has(caller) || program.policies.has(caller), "a deployed caller", caller);
  outcomeTyped(program, contract, inner.knowing(clause.when), clause.do, clause.to);
  if (clause.kind !== "must") return undefined;
  limitTyped(contract, clause.limit);
  distinct([clause.else.name]);
  return outcomeTyped(program, contract, scope, clause.else.do, clause.else.to);
}

function limitTyped(contract, { within, until }) {
  need((within === undefined) !== (until === undefined), "one deadline");
  if (within !== undefined) return need(0 <= within && within <= LIMITS.duration, "a duration", within);
  const datum = contract.module.data.some((one) => one.name === until);
  return need(datum && contract.types.get(until).kind === "time", "a time of the contract", until);
}

function outcomeTyped(program, contract, scope, effects, to) {
  need(to === null || contract.states.has(to), "a state", to);
  need(effects.length <= LIMITS.effects, `at most ${LIMITS.effects} effects`, effects.length);
  distinct(namesOf(effects.filter((one) => one.op === "set")));
  for (const effect of effects) {
    if (effect.op === "set") {
      need(contract.at.has(effect.name) && !contract.module.key.includes(effect.name), "a field to set", effect.name);
      scope.stored(effect.value, contract.types.get(effect.name));
    } else if (effect.op === "pay") {
      scope.stored(effect.amount, parseType("money"));
      for (const party of [effect.from, ...effect.shares.map((share) => share.to)]) {
        need(party.op === "path" && party.path?.length === 1, "a party by its name");
        scope.stored(party, parseType("party"));
      }
      need(effect.shares.every(({ bp }) => bp === null || bp >= 0), "shares of at least nothing");
    } else if (effect.op === "create") creation(program, contract.module.name, scope, effect);
    else callTyped(program, contract.module.name, scope, effect);
  }
}

function creation(program, caller, scope, effect) { // CTR-T9
  const target = program.contracts.get(effect.contract);
  need(target !== undefined, "a contract", effect.contract);
  const starts = startsFor(target, effect.action, caller);
  need(starts.length > 0, `a start of ${effect.contract} for ${caller}`, effect.action);
  const optional = target.fields.filter((name) => target.types.get(name).optional || target.initial.has(name));
  for (const clause of starts) argumentsTyped(scope, effect.args, expectedAt(target, clause), optional);
}
export const startsFor = (target, action, caller) => target.module.start.filter((one) => one.action === action && one.caller === caller);
const paramTypes = (clause) => clause.params.map((one) => [one.name, parseType(one.type)]);
export const expectedAt = (target, clause) => new Map([...target.types, ...paramTypes(clause)]);

function callTyped(program, caller, scope, effect) { // CTR-T9
  const found = scope.whole(effect.on);
  need(effect.on.op === "path" && found.kind === "contract" && !found.optional, "an instance", found.text);
  const clauses = program.contracts.get(found.name).module.states.flatMap((state) => state.clauses);
  const mine = clauses.filter((one) => one.kind === "may" && one.action === effect.action && one.caller === caller);
  need(mine.length > 0, `a clause of ${found.name} for ${caller}`, effect.action);
  for (const clause of mine) argumentsTyped(scope, effect.args, new Map(paramTypes(clause)), []);
}

function argumentsTyped(scope, args, expected, optional) {
  distinct(namesOf(args));
  for (const { name, value } of args) {
    need(expected.has(name), "a known argument", name);
    scope.stored(value, expected.get(name));
  }
  for (const [name, type] of expected) {
    need(type.optional || optional.includes(name) || args.some((one) => one.name === name), `an argument ${name}`);
  }
}

function contractCheck(contract, scope, check) {
  switch (check.form) {
    case "always": case "never": return scope.condition(check.condition);
    case "always_after": case "never_after": {
      const actions = contract.clauses.filter((one) => one.kind !== "wait").map((one) => one.action);
      return need(actions.includes(check.action) && actions.includes(check.earlier), "actions", check.name);
    }
    case "reaches": return need(check.states.every((one) => contract.states.has(one)) && check.within >= 0, "states", check.name);
    default: return need(false, "no check of reading in a contract", check.form);
  }
}

function viewTyped(program, policy, view, reader) { // CTR-T13
  const rows = new Scope(program, { record: policy.of });
  rows.condition(view.where);
  const known = rows.knowing(view.where);
  need(view.show.length > 0, "something to show", view.name);
  for (const { op, path } of view.show) {
    need((op === "sum") === (path !== null), "a path in `sum` alone", op);
    if (path === null) continue;
    const found = known.whole(path);
    need(["int", "money"].includes(found.kind) && !found.optional, "a number", found.text);
  }
  for (const path of [...view.group, ...(view.rollup ? [view.rollup] : [])]) {
    need(path.op === "path", "a path to group by");
    known.whole(path);
  }
  need(view.k >= 0, "a number to suppress by", view.k);
  reader.with({ there: known.there }).condition(view.when);
}
