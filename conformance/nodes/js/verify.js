// node verify.js FOLDER: answer every vector under a folder, and say which answers differ from what the vectors expect.

import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { read, viewCell } from "./access.js";
import { decode, encode } from "./canonical.js";
import { advance, command } from "./contracts.js";
import { deploy } from "./deployment.js";
import { digest, root, stateRoot, verifyConsistency, verifyInclusion, verifyState } from "./hashes.js";
import { checkBlock, checkCertificate, checkGenesis, checkTransaction, receiptsRoot } from "./ledger.js";
import { Refused, refuseUnless } from "./refusal.js";
import { moduleId } from "./program.js";
import { checkKey, verifies } from "./signatures.js";
import { Snapshot } from "./snapshot.js";
import { loadProgram } from "./verify-program.js";

if (Number(process.versions.node.split(".")[0]) < 20) {
  console.error(`this verifier needs node 20 or newer, this is ${process.versions.node}`);
  process.exit(2);
}

const hex = (value) => Buffer.from(value, "hex");
const pairs = (entries) => entries.map(([key, value]) => [hex(key), hex(value)]);

// Bytes of a case: a text, hex, or parts [text, how often].
function given(input) {
  if (input.hex !== undefined) return hex(input.hex);
  if (input.parts !== undefined) return Buffer.from(input.parts.map(([part, times]) => part.repeat(times)).join(""));
  return Buffer.from(input.text, "utf8");
}

// Programs by the id of the case that has them; the cases of a file refer to those before them.
const programs = new Map();
const bare = (code) => code && code.slice(code.indexOf(".") + 1);

const ANSWERS = {
  "json.canonical": (input) => ({ text: encode(input.value) }),
  "json.decode": (input) => ({ value: decode(given(input), 1048576) }),
  digest: (input) => ({ digest: digest(input.tag, hex(input.bytes)).toString("hex") }),
  "merkle.root": (input) => ({ root: root(input.leaves.map(hex)).toString("hex") }),
  "merkle.inclusion": (input) => {
    verifyInclusion(hex(input.leaf), input.index, input.size, input.proof.map(hex), hex(input.root));
    return {};
  },
  "merkle.consistency": (input) => {
    const [first, second] = input.sizes, [before, after] = input.roots.map(hex);
    verifyConsistency(first, second, input.proof.map(hex), before, after);
    return {};
  },
  "statemap.root": (input) => ({ root: stateRoot(pairs(input.entries)).toString("hex") }),
  "statemap.proof": (input) => {
    const value = input.value === null ? null : hex(input.value);
    verifyState(hex(input.key), value, input.proof, hex(input.root));
    return {};
  },
  "sig.verify": (input) => {
    const good = verifies(input.suite, hex(input.pub), hex(input.digest), hex(input.signature));
    refuseUnless(good, "bad_signature", "a signature of this key");
    return {};
  },
  "key.enrol": (input) => (checkKey(input.suite, hex(input.pub)), {}),
  "genesis.check": (input) => checkGenesis(given(input), input.suites),
  "tx.check": (input) => checkTransaction(given(input), input),
  "block.check": (input) => checkBlock(given(input), input),
  "cert.check": (input) => checkCertificate(input.text === null ? null : given(input), input),
  "receipts.root": (input) => ({ root: receiptsRoot(input.receipts) }),
  "contract.program": ({ modules, retired }, id) => {
    programs.set(id, loadProgram(modules, retired));
    return { ids: modules.map((one) => ({ id: moduleId(one), name: one.name, version: one.version })) };
  },
  "contract.step": ({ program, ledger, command: order, advance: t }) => {
    const [ruled, world] = [programs.get(program), new Snapshot(ledger)];
    return order === undefined ? advance(ruled, world, t) : command(ruled, world, order);
  },
  "contract.deploy": ({ program, ledger, deploy: arriving }) => {
    const { modules, retired } = programs.get(program);
    return deploy(modules, arriving, new Snapshot(ledger), retired).changes;
  },
  "access.decide": ({ program, ledger, read: request }) => {
    const { verdicts, changes, code } = read(programs.get(program), new Snapshot(ledger), request);
    return { verdicts, changes, code: bare(code) };
  },
  "access.view": ({ program, ledger, view }) => ({ values: viewCell(programs.get(program), new Snapshot(ledger), view) }),
};
const WITHOUT_AREA = ["contract", "access"]; // kinds whose cases name codes without it

function answer({ kind, input, id }) {
  try {
    return { ok: ANSWERS[kind](input, id) };
  } catch (refused) {
    if (!(refused instanceof Refused)) throw refused;
    return { refused: { code: WITHOUT_AREA.includes(kind.split(".")[0]) ? bare(refused.code) : refused.code } };
  }
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
  for (const one of cases) {
    if (!(one.kind in ANSWERS)) {
      skipped += 1;
      continue;
    }
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
