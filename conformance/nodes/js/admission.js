// Members that change while the ledger runs (spec/data.md, DAT-073 to DAT-078).

import { keyOf } from "./draft.js";
import { check, count, list, member, shaped } from "./fields.js";
import { LIMITS, isMemberEntry, judgeMembers } from "./ledger.js";
import { Refused, refuseUnless } from "./refusal.js";
import { checkKey } from "./signatures.js";

export const MEMBERS = "members";
const RENEWING = new Set(["hotstuff", "pbft", "solo", "streamlet", "tendermint"]); // DAT-078

// The members that a transaction brought into force, and since when: {members, since}; undefined while they are the genesis's.
export const membersIn = (draft) => draft.read(MEMBERS);

export const rulesOf = ({ engine, parameters }) => ({ engine, open: parameters.open === true });

// Whether a payload needs no quorum: newcomers without a vote, and who leaves by their own signature (DAT-077).
export function isFree(draft, { payload, signers }, inForce) {
  const present = membersIn(draft)?.members ?? inForce, of = (name) => present.find((one) => one.member === name);
  try {
    const { changes, removed } = wanted(payload);
    return changes.every((one) => one.role === "member" && of(one.member) === undefined) &&
      removed.every((name) => of(name)?.role === "member" && signers.includes(name));
  } catch (refused) {
    if (!(refused instanceof Refused)) throw refused;
    return false;
  }
}

function wanted(payload) { // DAT-073
  shaped(payload, { changes: list, evidence: (one) => one === null || count(one), removed: list });
  const { changes, removed } = payload;
  check(changes.length <= LIMITS.members && removed.length <= LIMITS.members, "at most 128 of either");
  check(changes.every(isMemberEntry) && removed.every(member), "members");
  check(changes.length + removed.length > 0, "somebody to change or remove", "nobody");
  return payload;
}

// Carries out an approved payload; its events.
export function changeMembers(draft, { payload, suite }, inForce, since, { engine }) {
  const { changes, evidence, removed } = wanted(payload), present = membersIn(draft)?.members ?? inForce;
  const names = changes.map((one) => one.member), kept = present.filter((one) => ![...names, ...removed].includes(one.member));
  const result = [...kept, ...changes].sort((a, b) => (a.member < b.member ? -1 : 1));
  check(new Set(result.map((one) => one.member)).size <= LIMITS.members, "at most 128 members then", result.length);
  for (const one of changes) checkKey(suite, Buffer.from(one.pub, "hex"));
  const named = [...names, ...removed];
  refuseUnless(new Set(named).size === named.length, "member.duplicate", "each member once"); // DAT-074
  judgeMembers(suite, result); // DAT-075
  const voting = (members) => JSON.stringify(members.filter((one) => one.role === "validator").map((one) => [one.member, one.pub, one.weight]));
  refuseUnless(RENEWING.has(engine) || voting(present) === voting(result), "member.not_authorized", "the validators as they are");
  refuseUnless(evidence === null || draft.get(keyOf("instance", String(evidence).padStart(10, "0"))) !== undefined,
    "contract.unknown_name", "an instance", evidence);
  const validators = result.filter((one) => one.role === "validator").length;
  refuseUnless(engine !== "solo" || validators === 1, "consensus.not_alone", "one validator", validators);
  for (const name of removed) refuseUnless(present.some((one) => one.member === name), "query.not_found", "a member", name);
  draft.write(MEMBERS, { members: result, since }); // DAT-076
  return [{ changed: names.sort(), evidence, kind: "membership", removed: [...removed].sort() }];
}
