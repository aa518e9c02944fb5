// What this node answers to each kind of vector (conformance/vectors/README.md).

import { read, viewCell } from "./access.js";
import { decode, encode } from "./canonical.js";
import { advance, command } from "./contracts.js";
import { deploy } from "./deployment.js";
import { digest, root, stateRoot, verifyConsistency, verifyInclusion, verifyState } from "./hashes.js";
import {
  blockId, checkBlock, checkCertificate, checkGenesis, checkTransaction, genesisId, membershipDigest, receiptsRoot,
} from "./ledger.js";
import { moduleId } from "./program.js";
import { Refused, refuseUnless } from "./refusal.js";
import { checkKey, verifies } from "./signatures.js";
import { Snapshot } from "./snapshot.js";
import { loadProgram } from "./verify-program.js";

const hex = (value) => Buffer.from(value, "hex");
const pairs = (entries) => entries.map(([key, value]) => [hex(key), hex(value)]);

// Bytes of a case: a text, hex, or parts [text, how often].
function given(input) {
  if (input.hex !== undefined) return hex(input.hex);
  if (input.parts !== undefined) return Buffer.from(input.parts.map(([part, times]) => part.repeat(times)).join(""));
  return Buffer.from(input.text, "utf8");
}

// A program as the case that has it gives it, or as the kit does in its place; loaded once.
const loaded = new WeakMap();
function programOf(given) {
  if (!loaded.has(given)) loaded.set(given, loadProgram(given.modules, given.retired));
  return loaded.get(given);
}
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
  "genesis.check": (input) => {
    const bytes = given(input), { members } = checkGenesis(bytes, input.suites);
    return { id: genesisId(bytes), membership: membershipDigest(members) };
  },
  "tx.check": (input) => checkTransaction(given(input), input),
  "block.check": (input) => ({ id: blockId(checkBlock(given(input), input).header) }),
  "cert.check": (input) => checkCertificate(input.text === null ? null : given(input), input),
  "receipts.root": (input) => ({ root: receiptsRoot(input.receipts) }),
  "contract.program": (input) => {
    programOf(input);
    return { ids: input.modules.map((one) => ({ id: moduleId(one), name: one.name, version: one.version })) };
  },
  "contract.step": ({ program, ledger, command: order, advance: t }) => {
    const [ruled, world] = [programOf(program), new Snapshot(ledger)];
    return order === undefined ? advance(ruled, world, t) : command(ruled, world, order);
  },
  "contract.deploy": ({ program, ledger, deploy: arriving }) => {
    const { modules, retired } = programOf(program);
    return deploy(modules, arriving, new Snapshot(ledger), retired).changes;
  },
  "access.decide": ({ program, ledger, read: request }) => {
    const { verdicts, changes, code } = read(programOf(program), new Snapshot(ledger), request);
    return { verdicts, changes, code: bare(code) };
  },
  "access.view": ({ program, ledger, view }) => ({ values: viewCell(programOf(program), new Snapshot(ledger), view) }),
};
const WITHOUT_AREA = ["contract", "access"]; // kinds whose cases name codes without it

export const knows = (kind) => Object.hasOwn(ANSWERS, kind);

// {ok} or {refused: {code}} to a case that has its program, if it needs one, in place.
export function answer({ kind, input }) {
  try {
    return { ok: ANSWERS[kind](input) };
  } catch (refused) {
    if (!(refused instanceof Refused)) throw refused;
    return { refused: { code: WITHOUT_AREA.includes(kind.split(".")[0]) ? bare(refused.code) : refused.code } };
  }
}
