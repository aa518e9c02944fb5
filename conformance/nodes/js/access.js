// Who may read what, and totals with small cells hidden (spec/contract.md, CTR-S18 to CTR-S23).

import { begin, evaluated, Step } from "./contracts.js";
import { encode } from "./canonical.js";
import { evaluate, holds, lineOf } from "./evaluate.js";
import { Overlay } from "./overlay.js";
import { conjuncts } from "./program.js";
import { Refused, refuseUnless } from "./refusal.js";
import { LIMITS, byCodePoint, conforms, parseType } from "./types.js";

// ---- decisions

// {contract, record, fields (of fields or groups), purpose, signers (the first reads)}: verdicts, what it leaves behind,
// and the code with which it is refused, if it is (CTR-S20, CTR-S21).
export function read(program, world, request) {
  const record = recordOf(world, request), [reader] = request.signers, { signers, purpose } = request;
  let step = new Step(program, new Overlay(world), world.now, signers), verdicts = [], code = null;
  try {
    verdicts = decide(program, world, record, request);
    const refused = verdicts.find((one) => one.outcome !== "allow");
    if (refused) code = `access.${refused.outcome}`;
    else createDuties(step, record, request, verdicts);
  } catch (refused) {
    if (!(refused instanceof Refused)) throw refused;
    [code, step] = [refused.code, new Step(program, new Overlay(world), world.now, signers)];
  }
  const fields = verdicts.map((one) => [one.field, one.outcome]), bare = code?.slice(code.indexOf(".") + 1) ?? null;
  step.emit("read", record, { reader, signers: [...signers], purpose, fields, code: bare });
  return { verdicts, changes: step.overlay.changes(step.now), code };
}

function recordOf(world, { contract, record, signers, fields }) {
  const found = world.instance(record);
  refuseUnless(found?.contract === contract, "contract.unknown_name", `a ${contract}`, record);
  refuseUnless(signers.length > 0, "contract.not_authorized", "a reader", "nobody");
  refuseUnless(signers.length <= LIMITS.signers && fields.length <= LIMITS.fields, "contract.limit_exceeded", "fewer", "more");
  return found;
}

function decide(program, world, record, request) { // CTR-S18, CTR-S19
  const policy = program.policyOf.get(request.contract), asked = asksFor(policy?.groups ?? [], request.fields);
  const { purpose, signers } = request, [reader] = signers;
  refuseUnless(purpose === null || program.purposes.includes(purpose), "contract.bad_arguments", "a purpose", purpose);
  const place = { program, world, now: world.now, signers, record: record.id, reader, purpose };
  const kind = world.node(reader)?.kind, groups = new Set(asked.map(([, group]) => group));
  const found = (policy?.rules ?? [])
    .filter((rule) => rule.reader === kind && rule.groups.some((one) => groups.has(one)))
    .map((rule) => [rule, lacking(rule, place)]);
  return asked.map(([field, group]) => verdict(field, found.filter(([rule]) => rule.groups.includes(group))));
}

function asksFor(groups, names) { // [field, group], each field once
  const home = new Map(groups.flatMap((group) => group.fields.map((field) => [field, group.name]))), found = new Map();
  for (const name of names) {
    const group = groups.find((one) => one.name === name);
    refuseUnless(group || home.has(name), "contract.bad_arguments", "a field or group", name);
    for (const field of group?.fields ?? [name]) found.set(field, home.get(field));
  }
  return [...found];
}

function lacking(rule, place) { // how much keeps a rule from matching, group and type apart
  const missed = conjuncts(rule.when).filter((one) => !holds(one, place)).length;
  return missed + (rule.purposes !== null && !rule.purposes.includes(place.purpose) ? 1 : 0);
}

function verdict(field, rules) {
  const says = (outcome, more) => ({ field, outcome, permits: [], forbids: [], nearest: null, ...more });
  const permits = rules.filter(([rule]) => rule.kind === "permit");
  const forbids = rules.filter(([rule, lacks]) => rule.kind === "forbid" && lacks === 0).map(([rule]) => rule.name);
  const allowing = permits.filter(([rule, lacks]) => lacks === 0 && forbids.every((one) => rule.overrides.includes(one)));
  if (allowing.length > 0) return says("allow", { permits: allowing.map(([rule]) => rule.name) });
  if (forbids.length > 0) return says("forbidden", { forbids });
  const least = Math.min(...permits.map(([, lacks]) => lacks));
  return says("not_permitted", { nearest: permits.find(([, lacks]) => lacks === least)?.[0].name ?? null });
}

function createDuties(step, record, { contract, purpose, signers }, verdicts) { // CTR-S20
  const policy = step.program.policyOf.get(contract), owed = new Set();
  for (const { permits } of verdicts) {
    const rules = policy.rules.filter((rule) => permits.includes(rule.name));
    if (rules.every((rule) => rule.do.length > 0)) for (const rule of rules) owed.add(rule);
  }
  const place = { program: step.program, world: step.overlay, now: step.now, signers, record: record.id, reader: signers[0], purpose };
  for (const rule of policy.rules) {
    for (const duty of owed.has(rule) ? rule.do : []) {
      begin(step, duty.contract, duty.action, evaluated(duty.args, place), policy.name);
    }
  }
}

// ---- views

// {policy, view, cell (values of `group`, then the node), signers}: one number for each column (CTR-S22).
export function viewCell(program, world, { policy: name, view: viewName, cell, signers }) {
  const policy = program.policies.get(name), view = policy?.views.find((one) => one.name === viewName);
  refuseUnless(view, "contract.unknown_name", "a view", viewName);
  const paths = [...view.group, ...(view.rollup === null ? [] : [view.rollup])], [reader] = signers;
  const fits = cell.length === paths.length && signers.length > 0 &&
    paths.every((path, at) => conforms(cell[at], parseType(path.type), program, world));
  refuseUnless(fits, "contract.bad_arguments", "a value for each path of the cell", cell.length);
  const values = new Map(paths.map((path, at) => [JSON.stringify(path.path), cell[at]]));
  const told = world.node(reader)?.kind === view.to && holds(view.when, { program, world, now: world.now, signers, reader, cell: values });
  refuseUnless(told, "access.not_permitted", view.to, reader);
  const key = encode(cell.slice(0, view.group.length));
  let rows = rowsOf(program, world, policy.of, view).filter((row) => row.key === key), hidden = rows.length < view.k;
  if (view.rollup !== null) {
    const node = cell.at(-1), tree = treeOf(world, rows);
    hidden = suppressed(tree, view.k).has(node) || (!tree.has(node) && view.k > 0);
    rows = rows.filter((row) => lineOf(world, row.node).includes(node));
  }
  refuseUnless(!hidden, "access.suppressed", `at least ${view.k}`, "fewer");
  return view.show.map(({ op }, at) => (op === "count" ? rows.length : rows.reduce((sum, row) => sum + row.numbers[at], 0)));
}

function rowsOf(program, world, contract, view) {
  const places = world.instances(contract).map((record) => ({ program, world, now: world.now, signers: [], record }));
  return places.filter((place) => holds(view.where, place)).map((place) => ({
    key: encode(view.group.map((path) => evaluate(path, place))),
    node: view.rollup === null ? null : evaluate(view.rollup, place),
    numbers: view.show.map(({ path }) => (path === null ? 1 : evaluate(path, place) ?? 0)),
  }));
}

function treeOf(world, rows) { // nodes with rows at or below them
  const tree = new Map();
  for (const { node } of rows) {
    const line = lineOf(world, node);
    line.forEach((name, at) => {
      if (!tree.has(name)) tree.set(name, { count: 0, own: 0, children: new Set(), root: at === line.length - 1 });
      const found = tree.get(name);
      found.count += 1;
      if (at === 0) found.own += 1;
      else found.children.add(line[at - 1]);
    });
  }
  return tree;
}

function suppressed(tree, k) { // CTR-S23
  const hidden = new Set();
  const hide = (name) => { hidden.add(name); tree.get(name).children.forEach(hide); };
  const down = (name) => {
    if (hidden.has(name)) return;
    hiddenChildren(tree, name, k).forEach(hide);
    tree.get(name).children.forEach(down);
  };
  const roots = [...tree.keys()].filter((name) => tree.get(name).root);
  roots.filter((name) => tree.get(name).count < k).forEach(hide);
  roots.forEach(down);
  return hidden;
}

function hiddenChildren(tree, name, k) {
  const { children, own } = tree.get(name);
  const sizes = [...children].map((child) => [child, tree.get(child).count]);
  if (own > 0) sizes.push([name, own]);
  sizes.sort(([a, m], [b, n]) => m - n || byCodePoint(a, b));
  let taken = sizes.filter(([, count]) => count < k).length;
  const sum = () => sizes.slice(0, taken).reduce((total, [, count]) => total + count, 0);
  while (taken > 0 && taken < sizes.length && sum() < k) taken += 1;
  return sizes.slice(0, taken).map(([child]) => child).filter((child) => child !== name);
}
