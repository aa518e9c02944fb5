// Answers three kinds of vectors, with nothing but the standard library: node verify.js VECTORS
const { createHash } = require("crypto"), fs = require("fs"), path = require("path");
const sha = (...parts) => createHash("sha256").update(Buffer.concat(parts)).digest();
const bytes = (hex) => Buffer.from(hex, "hex"), leaf = (data) => sha(Buffer.from([0]), data), inner = (a, b) => sha(Buffer.from([1]), a, b);
const root = (leaves) => {
  if (leaves.length < 2) return leaves.length ? leaf(leaves[0]) : sha();
  const half = 2 ** Math.floor(Math.log2(leaves.length - 1));
  return inner(root(leaves.slice(0, half)), root(leaves.slice(half)));
};
const included = ({ index: at, size, proof, root: top }, node) => {
  let last = size - 1;
  if (at > last) return false;
  for (const other of proof.map(bytes)) {
    if (!last) return false;
    const left = at % 2 === 1 || at === last;
    while (left && at % 2 === 0 && at) [at, last] = [at >> 1, last >> 1];
    [node, at, last] = [left ? inner(other, node) : inner(node, other), at >> 1, last >> 1];
  }
  return last === 0 && node.equals(bytes(top));
};
const answer = {
  "digest": (given) => ({ ok: { digest: sha(Buffer.from(given.tag), Buffer.from([0]), bytes(given.bytes)).toString("hex") } }),
  "merkle.root": (given) => ({ ok: { root: root(given.leaves.map(bytes)).toString("hex") } }),
  "merkle.inclusion": (given) => (included(given, leaf(bytes(given.leaf))) ? { ok: {} } : { refused: { code: "wire.bad_proof" } }),
};
const files = fs.readdirSync(process.argv[2]).flatMap((area) => (fs.statSync(path.join(process.argv[2], area)).isDirectory()
  ? fs.readdirSync(path.join(process.argv[2], area)).map((name) => path.join(process.argv[2], area, name)) : []));
const cases = files.flatMap((file) => fs.readFileSync(file, "utf8").trim().split("\n").map((line) => JSON.parse(line))).filter((one) => answer[one.kind]);
const right = cases.filter((one) => JSON.stringify(answer[one.kind](one.input)) === JSON.stringify(one.expect));
console.log(`javascript: ${right.length} of ${cases.length} cases`);
process.exit(cases.length && right.length === cases.length ? 0 : 1);
