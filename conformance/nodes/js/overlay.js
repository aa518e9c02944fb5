// A world with changes on top: what a step has done so far, seen by the rest of the step; dropped, it never happened.
//
// A world has now, next (the id of the next instance), instance(id), instances(contract), find(contract, field, value),
// keyHolder(contract, key), timersBefore(t), node(name) {kind, parent, attributes} and directoryDigest().

import { encode } from "./canonical.js";

export const byTimer = (a, b) => a.deadline - b.deadline || a.instance - b.instance || a.clause - b.clause; // CTR-S1
const ascending = (numbers) => [...new Set(numbers)].sort((a, b) => a - b);

export class Overlay {
  constructor(base) {
    Object.assign(this, { base, written: new Map(), keys: [], indexed: [], transfers: [], events: [] });
  }

  merge(fork) {
    for (const [id, instance] of fork.written) this.written.set(id, instance);
    for (const list of ["keys", "indexed", "transfers", "events"]) this[list].push(...fork[list]);
  }

  changes(now) { // part 6
    const instances = ascending(this.written.keys()).map((id) => this.written.get(id));
    return { now, instances, keys: this.keys, indexed: this.indexed, transfers: this.transfers, events: this.events };
  }

  get now() { return this.base.now; }
  get next() { return Math.max(this.base.next, ...[...this.written.keys()].map((id) => id + 1)); }
  instance(id) { return this.written.get(id) ?? this.base.instance(id); }
  node(name) { return this.base.node(name); }
  directoryDigest() { return this.base.directoryDigest(); }

  instances(contract) {
    const mine = [...this.written.values()].filter((one) => one.contract === contract).map((one) => one.id);
    return ascending([...this.base.instances(contract), ...mine]);
  }

  find(contract, field, value) {
    const mine = this.indexed.filter((one) => one.contract === contract && one.field === field && one.value === value);
    return ascending([...this.base.find(contract, field, value), ...mine.map((one) => one.instance)]);
  }

  keyHolder(contract, key) {
    const mine = this.keys.find((one) => one.contract === contract && encode(one.key) === encode(key));
    return mine ? mine.instance : this.base.keyHolder(contract, key);
  }

  timersBefore(t) {
    const kept = this.base.timersBefore(t).filter((timer) => !this.written.has(timer.instance));
    const mine = [...this.written.values()].flatMap((one) =>
      one.timers.filter(([deadline]) => deadline < t).map(([deadline, clause]) => ({ deadline, instance: one.id, clause })));
    return [...kept, ...mine].sort(byTimer);
  }
}
