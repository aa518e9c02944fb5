// A ledger of contracts as a vector carries it, whole, as a world for the interpreter (conformance/vectors/README.md).

import { encode } from "./canonical.js";
import { byTimer } from "./overlay.js";

export class Snapshot {
  constructor(ledger) {
    this.ledger = ledger;
    this.now = ledger.now;
    this.next = Math.max(-1, ...ledger.instances.map((one) => one.id)) + 1;
    this.stored = new Map(ledger.instances.map((one) => [one.id, one]));
    this.nodes = new Map(ledger.directory.map(({ name, kind, parent, attributes }) =>
      [name, { kind, parent, attributes: new Map(attributes.map((one) => [one.name, one.value])) }]));
  }

  instance(id) { return this.stored.get(id); }
  instances(contract) { return this.ledger.instances.filter((one) => one.contract === contract).map((one) => one.id); }
  node(name) { return this.nodes.get(name); }
  directoryDigest() { return this.ledger.directory_digest; }

  find(contract, field, value) {
    const found = this.ledger.index.find((one) => one.contract === contract && one.field === field && one.value === value);
    return found?.instances ?? [];
  }

  keyHolder(contract, key) {
    const found = this.ledger.keys.find((one) => one.contract === contract && encode(one.key) === encode(key));
    return found?.instance ?? null;
  }

  timersBefore(t) {
    const all = this.ledger.instances.flatMap((one) =>
      one.timers.map(([deadline, clause]) => ({ deadline, instance: one.id, clause })));
    return all.filter((timer) => timer.deadline < t).sort(byTimer);
  }
}
