// A state under change: the map of the block before, and what this block has written so far. Keys are texts of one
// character a byte, so that the order of texts is the order of bytes (DAT-045).

import { bytesOf } from "./canonical.js";

export const keyOf = (...parts) => Buffer.from(parts.join("/"), "utf8").toString("latin1");
export const keyBytes = (key) => Buffer.from(key, "latin1");
export const textOf = (key) => keyBytes(key).toString("utf8");

export class Draft {
  constructor(base) {
    Object.assign(this, { base, writes: new Map(), undo: [] });
  }

  get(key) {
    return this.writes.has(key) ? this.writes.get(key) : this.base.get(key);
  }

  put(key, value) { // undefined removes
    this.undo.push([key, this.writes.has(key), this.writes.get(key)]);
    this.writes.set(key, value);
  }

  read(key) {
    const found = this.get(key);
    return found === undefined ? undefined : JSON.parse(found.toString("utf8"));
  }

  write(key, value) {
    this.put(key, bytesOf(value));
  }

  keys(prefix) { // ascending
    const found = [...this.base.keys()].filter((key) => key.startsWith(prefix) && !this.writes.has(key));
    for (const [key, value] of this.writes) if (value !== undefined && key.startsWith(prefix)) found.push(key);
    return found.sort();
  }

  mark() {
    this.undo = [];
  }

  back() { // to the mark
    for (const [key, had, value] of this.undo.reverse()) had ? this.writes.set(key, value) : this.writes.delete(key);
    this.undo = [];
  }

  committed() {
    const state = new Map(this.base);
    for (const [key, value] of this.writes) value === undefined ? state.delete(key) : state.set(key, value);
    return state;
  }
}
