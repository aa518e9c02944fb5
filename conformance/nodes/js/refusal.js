// What is refused, with its code from spec/errors.toml. Nothing else is ever thrown for an input.

export class Refused extends Error {
  constructor(code, expected, got) {
    super(`${code}: expected ${expected}, got ${got}`);
    this.code = code;
  }
}

export function refuseUnless(holds, code, expected, got = "something else") {
  if (!holds) throw new Refused(code, expected, got);
}
