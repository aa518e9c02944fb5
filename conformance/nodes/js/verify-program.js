// Whether modules make a program: every static rule, on the IR (CTR-T1 to CTR-T15). What is refused is
// `contract.bad_package`, and nothing of it is deployed (CTR-D03).

import { bytesOf } from "./canonical.js";
import { conjuncts, link, outcomes } from "./program.js";
import { shapedModule } from "./shapes.js";
import { LIMITS, alwaysFits, byCodePoint, isName, parseType } from "./types.js";
import { Scope, mentions, need } from "./typing.js";

const BASIS = 10000;

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

function distinct(names) {
  for (const name of names) need(isName(name), "a name", name);
  need(new Set(names).size === names.length, "names that differ", names.join(", "));
}
const namesOf = (list) => list.map((one) => one.name);

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
  const fields = namesOf([...module.parties, ...module.data]);
  distinct([...fields, ...namesOf(module.states)]);
  need(fields.length <= LIMITS.fields && module.states.length <= LIMITS.states, "a contract within the limits");
  need(module.states.every((one) => one.clauses.length <= LIMITS.clauses), "states within the limits");
  distinct(module.key);
  need(module.start.length > 0 && module.key.every((one) => fields.includes(one)), "a start, and a key of fields");
}

// ---- types of everything

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

const typed = {
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
const startsFor = (target, action, caller) => target.module.start.filter((one) => one.action === action && one.caller === caller);
const paramTypes = (clause) => clause.params.map((one) => [one.name, parseType(one.type)]);
const expectedAt = (target, clause) => new Map([...target.types, ...paramTypes(clause)]);

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

// ---- calls and creations form no circle and no deep chain (CTR-T9)

function callGraph(program) {
  const uses = new Map([...program.contracts].map(([name, contract]) => [name, callees(contract)]));
  const depth = (name, above) => {
    need(!above.includes(name), "calls without circle", name);
    return 1 + Math.max(0, ...uses.get(name).map((callee) => depth(callee, [...above, name])));
  };
  for (const name of uses.keys()) need(depth(name, []) <= LIMITS.callDepth, "a chain of calls within the limit", name);
}

function callees(contract) {
  const effects = contract.clauses.flatMap(outcomes).flatMap(([, done]) => done);
  const named = effects.flatMap((one) => (one.op === "create" ? [one.contract] : one.op === "call" ? [parseType(one.on.type).name] : []));
  return [...new Set(named)];
}

// ---- rules of a contract (CTR-T6, CTR-T7, CTR-T8, CTR-T10, CTR-T11)

function contractRules(program, contract) {
  const { module, states } = contract;
  const reached = reach(states, module.start.map((one) => one.to), false);
  for (const { name, clauses } of module.states) {
    need(reached.has(name), "a state that something leads to", name);
    need(!reach(states, clauses.flatMap((clause) => next(clause, true)), true).has(name), "no circle by time alone", name);
  }
  const signed = signedOnEntry(contract);
  for (const [home, clause] of located(module)) {
    for (const [timer, effects] of outcomes(clause)) {
      for (const effect of effects) {
        if (timer) need(!refusable(program, contract, module.name, effect), "an effect that cannot be refused", effect.op);
        if (effect.op === "pay") payment(effect, [...(signed.get(home) ?? []), ...(timer ? [] : signers(clause))]);
      }
    }
  }
}

const next = (clause, byTime) =>
  outcomes(clause).filter(([timer, , to]) => to !== null && (timer || !byTime)).map(([, , to]) => to);

function reach(states, names, byTime) {
  const seen = new Set(), waiting = [...names];
  while (waiting.length > 0) {
    const name = waiting.pop();
    if (seen.has(name)) continue;
    seen.add(name);
    waiting.push(...states.get(name).clauses.flatMap((clause) => next(clause, byTime)));
  }
  return seen;
}

function payment(pay, known) {
  const rests = pay.shares.filter((share) => share.bp === null).length, total = pay.shares.reduce((sum, share) => sum + (share.bp ?? 0), 0);
  need(rests === 1 && total <= BASIS, "one rest and shares of at most the whole");
  const [[kind, name]] = pay.from.path;
  need(kind === "party" && known.includes(name), "a payer who has signed", name);
}

function signers(clause) { // whose signatures performing a clause takes
  if (clause.kind === "wait") return [];
  const asked = conjuncts(clause.when).filter((one) => one.op === "signed").map((one) => one.args[0]);
  const parties = asked.filter((one) => one.op === "path" && one.path.length === 1 && one.path[0][0] === "party");
  return [...clause.actors, ...parties.map((one) => one.path[0][1])];
}

const located = (module) => [
  ...module.start.map((clause) => ["", clause]),
  ...module.states.flatMap((state) => state.clauses.map((clause) => [state.name, clause])),
];

// Per state, who has signed on every way into it: the greatest solution, found from above.
function signedOnEntry({ module }) {
  const known = new Map(module.states.map((state) => [state.name, new Set(namesOf(module.parties))]));
  for (let changed = true; changed;) {
    changed = false;
    for (const [home, clause] of located(module)) {
      for (const [timer, effects, to] of outcomes(clause)) {
        const target = known.get(to ?? home), lost = namesOf(effects.filter((one) => one.op === "set"));
        const have = [...(home === "" ? [] : known.get(home)), ...(timer ? [] : signers(clause))].filter((one) => !lost.includes(one));
        for (const one of target ?? []) if (!have.includes(one)) changed = target.delete(one);
      }
    }
  }
  return known;
}

// Whether an effect of time, or of reading, might be refused (CTR-T8, CTR-T12). `contract` is null in a policy.
function refusable(program, contract, caller, effect) {
  const direct = (e) => e.op === "lit" || e.op === "path";
  if (effect.op === "set" && contract !== null) {
    const guarded = contract.module.parties.some((one) => one.name === effect.name && one.where !== null);
    return !direct(effect.value) || !alwaysFits(parseType(effect.value.type), contract.types.get(effect.name)) || guarded;
  }
  if (effect.op === "pay") {
    const { amount } = effect;
    return !direct(amount.op === "pct" && (amount.by ?? 0) <= BASIS ? amount.args[0] : amount);
  }
  if (effect.op !== "create") return true;
  const target = program.contracts.get(effect.contract), starts = startsFor(target, effect.action, caller);
  if (target.module.key.length > 0 || target.module.parties.some((one) => one.where !== null)) return true;
  if (!starts.some((one) => one.when === null)) return true;
  return starts.some((clause) => {
    const expected = expectedAt(target, clause);
    const fits = effect.args.every(({ name, value }) => direct(value) && alwaysFits(parseType(value.type), expected.get(name)));
    return !fits || clause.do.some((inner) => refusable(program, target, effect.contract, inner));
  });
}

// ---- rules of a policy (CTR-T12, CTR-T13)

function policyRules(program, policy) {
  const mine = [...program.policies.values()].filter((one) => one.of === policy.of);
  need(mine.length === 1, "one policy a contract", policy.of);
  const fields = policy.groups.flatMap((group) => group.fields);
  need(new Set(fields).size === fields.length, "each field in one group");
  const forbids = new Map(policy.rules.filter((one) => one.kind === "forbid").map((one) => [one.name, one]));
  for (const rule of policy.rules) {
    for (const name of rule.overrides) need(forbids.get(name)?.reader === rule.reader, "a forbid for the same readers", name);
    const dutiful = rule.do.some((create) => leadsToDuty(program, policy.name, create));
    need(rule.overrides.length === 0 || dutiful, "an override that creates a duty", rule.name);
    for (const duty of rule.do) need(!refusable(program, null, policy.name, duty), "a duty that cannot be refused", rule.name);
  }
  for (const view of policy.views) viewRules(program, view);
}

function leadsToDuty(program, caller, create) {
  const target = program.contracts.get(create.contract), starts = startsFor(target, create.action, caller);
  return starts.length > 0 && starts.every(({ to }) => target.states.get(to)?.clauses.some((one) => one.kind === "must"));
}

function viewRules(program, view) {
  for (const path of view.group) {
    const type = parseType(path.type);
    need(["bool", "int", "enum", "entity"].includes(type.kind) && !type.optional, "a path to group by", path.type);
  }
  if (view.rollup !== null) {
    const type = parseType(view.rollup.type);
    need(type.kind === "entity" && !type.optional && program.kinds.get(type.name)?.tree, "a tree to roll up along", type.text);
  }
  if (view.when === null) return;
  const allowed = [...view.group, ...(view.rollup ? [view.rollup] : [])].map((one) => JSON.stringify(one.path));
  const check = (e) => {
    if (e.op === "path" && e.path[0][0] === "record") need(allowed.includes(JSON.stringify(e.path)), "a path of the cell");
    for (const arg of e.args ?? []) check(arg);
  };
  check(view.when);
  need(!mentions(view.when, ["purpose", ""]), "no purpose in a view");
}
