// The rules beyond types: states, time, payments, calls, policies and views (CTR-T6 to CTR-T13).

import { conjuncts, outcomes } from "./program.js";
import { LIMITS, alwaysFits, parseType } from "./types.js";
import { mentions, need } from "./typing.js";
import { expectedAt, namesOf, startsFor } from "./verify-types.js";

const BASIS = 10000; // basis points in the whole

// ---- calls and creations form no circle and no deep chain (CTR-T9)

export function callGraph(program) {
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

export function contractRules(program, contract) {
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

export function policyRules(program, policy) {
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
