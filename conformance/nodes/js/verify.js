// node verify.js FOLDER: answer every vector under a folder, and say which answers differ from what the vectors expect.

import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { answer, knows } from "./answers.js";
import { encode } from "./canonical.js";

if (Number(process.versions.node.split(".")[0]) < 20) {
  console.error(`this verifier needs node 20 or newer, this is ${process.versions.node}`);
  process.exit(2);
}

// What is due, without the values that only explain a refusal.
const due = ({ expect }) => (expect.refused ? { refused: { code: expect.refused.code } } : expect);

function files(folder) {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((one) => one.isFile() && one.name.endsWith(".jsonl"))
    .map((one) => join(one.parentPath ?? one.path, one.name)).sort();
}

let [answered, differing, skipped] = [0, 0, 0];
const folder = process.argv[2];
if (folder === undefined || !existsSync(folder)) {
  console.error("usage: node verify.js FOLDER-OF-VECTORS");
  process.exit(2);
}
for (const file of files(folder)) {
  const [, ...cases] = readFileSync(file, "utf8").trimEnd().split("\n").map((line) => JSON.parse(line));
  const inputs = new Map(cases.map((one) => [one.id, one.input]));
  for (const one of cases) {
    if (!knows(one.kind)) {
      skipped += 1;
      continue;
    }
    if (typeof one.input.program === "string") one.input.program = inputs.get(one.input.program);
    const [came, expected] = [answer(one), due(one)].map((value) => encode(value, Infinity));
    answered += 1;
    if (came !== expected) {
      differing += 1;
      console.log(`${file} ${one.id}: ${one.why}\n  expected ${expected}\n  answered ${came}`);
    }
  }
}
console.log(`${answered} answered, ${differing} differing, ${skipped} of kinds that this verifier does not know`);
process.exitCode = differing === 0 && answered > 0 ? 0 : 1;
