// The canonical bytes of a value (DAT-001 to DAT-008), as text: RFC 8785 over integers, texts, lists and objects with
// ASCII keys. Whatever is outside the profile throws. It must not know what a value means.
export function canonical(value, depth = 0) {
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "number") {
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) throw new TypeError("no integer within 2^53 - 1");
    return String(value);
  }
  if (typeof value === "string") {
    if (!value.isWellFormed()) throw new TypeError("a lone surrogate");
    return JSON.stringify(value);
  }
  if (typeof value !== "object" || depth >= 128) throw new TypeError("no value of the profile");
  if (Array.isArray(value)) return `[${value.map((one) => canonical(one, depth + 1)).join(",")}]`;
  const names = Object.keys(value).sort();
  if (names.some((name) => /[^\x00-\x7f]/.test(name))) throw new TypeError("a key that is not ASCII");
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonical(value[name], depth + 1)}`).join(",")}}`;
}
