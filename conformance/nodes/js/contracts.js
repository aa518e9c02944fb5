// What time does to contracts and what a command does (spec/contract.md, parts 3 and 6). Changes are returned, never made.

import { evaluate, fieldOf, holds, percent } from "./evaluate.js";
import { Overlay } from "./overlay.js";
import { conjuncts, versionOf } from "./program.js";
import { Refused } from "./refusal.js";
import { LIMITS, byCodePoint, conforms, parseType } from "./types.js";
import { mentions } from "./typing.js";

// The order of the checks (CTR-S7); a refusal remembers how far its clause came.
const [KNOWN, OPEN, TYPED, SIGNED, WHERE, DUTY, WHEN, KEY, EFFECTS] = Array(9).keys();
const refuse = (check, code, expected, got) => { throw Object.assign(new Refused(code, expected, got), { check }); };

// What one step works with.
export class Step {
  constructor(program, overlay, now, signers = []) {
    Object.assign(this, { program, overlay, now, signers });
  }

  on(overlay) { return new Step(this.program, overlay, this.now, this.signers); }

  place(instance, parameters = new Map()) {
    return { program: this.program, world: this.overlay, now: this.now, signers: this.signers, instance, parameters };
  }

  emit(kind, instance, body) {
    const count = versionOf(this.program, instance).module.parties.length;
    const parties = [...new Set(instance.values.slice(0, count).filter((one) => one !== null))].sort(byCodePoint);
    const { id, contract, version } = instance, directory = this.overlay.directoryDigest();
    this.overlay.events.push({ kind, at: this.now, contract, version, instance: id, parties, directory, body });
  }
}

// ---- time

export function advance(program, world, t) { // CTR-S1
  if (t < world.now) throw new Refused("block.time_backwards", world.now, t);
  const overlay = new Overlay(world);
  for (let [due] = overlay.timersBefore(t); due; [due] = overlay.timersBefore(t)) {
    const step = new Step(program, new Overlay(overlay), due.deadline); // CTR-S2
    fire(step, overlay.instance(due.instance), due);
    overlay.merge(step.overlay);
  }
  return overlay.changes(t);
}

function fire(step, instance, { clause: at, deadline }) {
  const { state, entered } = instance, clause = versionOf(step.program, instance).states.get(state).clauses[at];
  if (clause.kind === "wait") {
    step.emit("elapsed", instance, { state, clause: at, to: clause.to });
    return outcome(step, instance, { ...clause, close: at }, new Map());
  }
  const { name } = clause.else;
  if (couldPerform(step, instance, clause)) { // CTR-S5
    const debtors = clause.actors.map((actor) => fieldOf(step.program, instance, actor));
    step.emit("violation", instance, { name, debtors, state, clause: at, entry: entered, deadline });
  } else step.emit("impossible", instance, { name, state, clause: at });
  return outcome(step, instance, { ...clause.else, close: at }, new Map());
}

function couldPerform(step, instance, duty) {
  if (duty.actors.some((actor) => fieldOf(step.program, instance, actor) === null)) return false;
  const free = conjuncts(duty.when).filter((one) => !duty.params.some(({ name }) => mentions(one, ["param", name])));
  try {
    return free.every((one) => holds(one, step.place(instance)));
  } catch (refused) {
    if (!(refused instanceof Refused)) throw refused;
    return false;
  }
}

export function timersOf(contract, { state, entered, values, closed }) { // CTR-S4, CTR-S6
  const running = contract.states.get(state).clauses.flatMap((clause, at) => {
    const due = clause.kind === "may" || closed.includes(at) ? null : deadlineOf(contract, entered, values, clause.limit);
    return due === null ? [] : [[due, at]];
  });
  return running.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
}

function deadlineOf(contract, entered, values, { within, until }) {
  if (until === undefined) return entered + within;
  const value = values[contract.at.get(until)];
  return value === null ? null : Math.max(entered, value);
}

// ---- commands

// {contract, action, arguments [[name, value]], instance (null begins one), signers}: CTR-S7.
export function command(program, world, order) {
  if (order.signers.length > LIMITS.signers) throw new Refused("contract.limit_exceeded", LIMITS.signers);
  const step = new Step(program, new Overlay(world), world.now, order.signers);
  if (order.instance === null) begin(step, order.contract, order.action, order.arguments, null);
  else {
    const instance = world.instance(order.instance);
    if (!instance || instance.contract !== order.contract) refuse(KNOWN, "contract.unknown_name", "an instance", order.instance);
    act(step, instance, order.action, order.arguments, null);
  }
  return step.overlay.changes(step.now);
}

export function begin(step, name, action, given, caller) {
  const contract = step.program.contracts.get(name);
  if (contract === undefined) refuse(KNOWN, "contract.unknown_name", "a contract", name);
  if (step.program.retired.has(name)) refuse(KNOWN, "contract.retired", "a contract that takes new instances", name);
  const usable = reserved(contract.module.start.map((clause) => [clause]), action, caller);
  firstUnrefused(step, usable, (inner, [clause]) => started(inner, contract, clause, given));
}

function act(step, instance, action, given, caller) {
  const clauses = versionOf(step.program, instance).states.get(instance.state).clauses.map((clause, at) => [clause, at]);
  const usable = reserved(clauses, action, caller);
  firstUnrefused(step, usable, (inner, [clause, at]) => performed(inner, instance, clause, at, given));
}

function reserved(clauses, action, caller) { // CTR-S10
  const named = clauses.filter(([clause]) => clause.kind !== "wait" && clause.action === action);
  if (named.length === 0) refuse(OPEN, "contract.no_such_clause", "an action of this state", action);
  const usable = named.filter(([clause]) => (clause.caller ?? null) === caller);
  if (usable.length === 0) refuse(OPEN, "contract.not_callable", named[0][0].caller, caller);
  return usable;
}

function firstUnrefused(step, clauses, attempt) { // CTR-S7
  let latest = null;
  for (const clause of clauses) {
    const inner = step.on(new Overlay(step.overlay));
    try {
      attempt(inner, clause);
      return step.overlay.merge(inner.overlay);
    } catch (refused) {
      if (!(refused instanceof Refused)) throw refused;
      if (latest === null || refused.check > latest.check) latest = refused;
    }
  }
  throw latest;
}

const paramTypes = (clause) => new Map(clause.params.map((one) => [one.name, parseType(one.type)]));

function started(step, contract, clause, args) {
  const { module, types, initial, fields, at } = contract, expected = new Map([...types, ...paramTypes(clause)]);
  const given = typed(step, args, expected, (name) => initial.has(name));
  const values = fields.map((name) => given.get(name) ?? (given.has(name) ? null : initial.get(name) ?? null)); // CTR-S8
  const draft = {
    id: step.overlay.next, contract: module.name, version: module.version, state: "", entered: step.now, values, closed: [], timers: [],
  };
  signed(step, draft, clause);
  for (const party of module.parties) fulfils(step, draft, party, WHERE);
  when(step, draft, clause, given);
  if (module.key.length > 0) { // CTR-S14
    const key = module.key.map((name) => values[at.get(name)]), holder = step.overlay.keyHolder(module.name, key);
    if (holder !== null) refuse(KEY, "contract.duplicate_key", "a key of its own", holder);
    step.overlay.keys.push({ contract: module.name, key, instance: draft.id });
  }
  for (const field of fields) {
    const value = values[at.get(field)], found = step.program.fixed.get(module.name).includes(field);
    if (found && value !== null && !Array.isArray(value)) {
      step.overlay.indexed.push({ contract: module.name, field, value, instance: draft.id });
    }
  }
  step.emit("started", draft, { action: clause.action, by: [...step.signers], arguments: pairs(given), to: clause.to });
  effectsOf(step, draft, { ...clause, close: null }, given);
}

function performed(step, instance, clause, at, args) {
  const given = typed(step, args, paramTypes(clause), () => false);
  signed(step, instance, clause);
  if (clause.kind === "must") { // CTR-S6
    const due = deadlineOf(versionOf(step.program, instance), instance.entered, instance.values, clause.limit);
    if (instance.closed.includes(at) || (due !== null && due < step.now)) refuse(DUTY, "contract.duty_closed", "an open duty", due);
  }
  when(step, instance, clause, given);
  const { action, to } = clause, { state } = instance;
  step.emit("acted", instance, { action, by: [...step.signers], arguments: pairs(given), state, clause: at, to });
  effectsOf(step, instance, { ...clause, close: clause.kind === "must" ? at : null }, given);
}

const pairs = (given) => [...given].sort(([a], [b]) => byCodePoint(a, b));

function typed(step, args, expected, hasDefault) {
  const given = new Map();
  for (const [name, value] of args) {
    const type = expected.get(name);
    const fits = type !== undefined && !given.has(name) && conforms(value, type, step.program, step.overlay);
    if (!fits) refuse(TYPED, "contract.bad_arguments", type?.text ?? "no such argument", name);
    given.set(name, value);
  }
  for (const [name, type] of expected) {
    if (!given.has(name) && !type.optional && !hasDefault(name)) refuse(TYPED, "contract.bad_arguments", type.text, name);
  }
  return given;
}

function signed(step, instance, clause) { // CTR-S9
  const missing = clause.actors.filter((actor) => !step.signers.includes(fieldOf(step.program, instance, actor)));
  if (missing.length > 0) refuse(SIGNED, "contract.not_authorized", "the signature of each actor", missing.join());
}

function fulfils(step, instance, party, check) { // CTR-S11, CTR-S15
  if (party.where === null || fieldOf(step.program, instance, party.name) === null) return;
  const met = decided(check, () => conjuncts(party.where).every((one) => holds(one, step.place(instance))));
  if (!met) refuse(check, "contract.where_false", "the `where` of a party", party.name);
}

function when(step, instance, clause, parameters) {
  const met = decided(WHEN, () => conjuncts(clause.when).every((one) => holds(one, step.place(instance, parameters))));
  if (!met) refuse(WHEN, "contract.condition_false", "the `when` of the action", clause.action);
}

// A limit met on the way counts as the check in which it was met.
function decided(check, work) {
  try {
    return work();
  } catch (refused) {
    if (refused instanceof Refused) refused.check = check;
    throw refused;
  }
}

// ---- effects

const effectsOf = (step, instance, result, parameters) => decided(EFFECTS, () => outcome(step, instance, result, parameters));

function outcome(step, instance, result, parameters) { // CTR-S11
  const place = step.place(instance, parameters), contract = versionOf(step.program, instance);
  const later = result.do.flatMap((effect) => (effect.op === "set" ? [] : [prepared(step, instance, effect, place)]));
  const values = [...instance.values], assigned = new Set();
  for (const effect of result.do) {
    if (effect.op !== "set") continue;
    assigned.add(effect.name);
    values[contract.at.get(effect.name)] = storable(contract.types.get(effect.name), evaluate(effect.value, place));
  }
  const changed = after(contract, instance, values, result, step.now);
  step.overlay.written.set(changed.id, changed);
  for (const party of contract.module.parties) if (assigned.has(party.name)) fulfils(step, changed, party, EFFECTS);
  for (const work of later) work();
}

function storable(type, value) { // CTR-S13
  const ranged = Number.isInteger(value) && ["int", "money", "time"].includes(type.kind);
  if (ranged && (value < type.low || value > type.high)) throw new Refused("contract.out_of_range", type.text, value);
  return value;
}

function after(contract, instance, values, { to, close }, now) { // CTR-S4, CTR-S6
  let { state, entered, closed } = instance;
  if (to !== null) [state, entered, closed] = [to, now, []];
  else if (close !== null) closed = [...new Set([...closed, close])].sort((a, b) => a - b);
  const changed = { ...instance, state, entered, values, closed };
  return { ...changed, timers: timersOf(contract, changed) };
}

function prepared(step, instance, effect, place) {
  if (effect.op === "pay") return payment(step, instance, effect, place);
  const given = evaluated(effect.args, place);
  if (effect.op === "create") return () => begin(step, effect.contract, effect.action, given, instance.contract);
  const target = evaluate(effect.on, place);
  return () => act(step, step.overlay.instance(target), effect.action, given, instance.contract);
}

export const evaluated = (args, place) => // what is absent is not given
  args.map(({ name, value }) => [name, evaluate(value, place)]).filter(([, value]) => value !== null);

function payment(step, instance, effect, place) { // CTR-S12
  const amount = evaluate(effect.amount, place);
  if (!Number.isInteger(amount) || amount < 0 || amount > LIMITS.money) throw new Refused("contract.out_of_range", "an amount", amount);
  const payer = evaluate(effect.from, place), payees = effect.shares.map(({ to }) => evaluate(to, place));
  const parts = effect.shares.map(({ bp }) => (bp === null ? null : percent(amount, bp)));
  const rest = amount - parts.reduce((sum, part) => sum + (part ?? 0), 0);
  const shares = payees.map((payee, at) => [payee, parts[at] ?? rest]);
  return () => {
    for (const [payee, part] of shares) step.overlay.transfers.push({ payer, payee, amount: part });
    step.emit("paid", instance, { payer, amount, shares });
  };
}
